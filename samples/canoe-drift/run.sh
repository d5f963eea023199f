#!/bin/sh
# The same five machines twice, with and without borrowing, and what that was worth. Ends with exit code 0.
set -eu
cd "$(dirname "$0")/../.."
out=${OUT:-out/canoe-drift}
tool=src/FlameEdge.Cli/bin/Release/net10.0/flame-edge
[ -n "${NO_BUILD:-}" ] || dotnet build src/FlameEdge.Cli -c Release -v quiet --nologo
"$tool" run samples/canoe-drift --out "$out/helped"
# Alone a machine learns best at its own rate.
"$tool" run samples/canoe-drift --out "$out/alone" --set canoe.collaborates=false --set canoe.learningRate=0.05
"$tool" canoe story "$out/helped" "$out/alone" --plot "$out/accuracy.png"
