#!/bin/sh
# Everything on one machine: three simulated sensors, a broker, two trainers and an aggregator. Ends with exit code 0 where the model was learned.
set -eu
cd "$(dirname "$0")/../.."
port=${PORT:-21883} out=${OUT:-out/telemetry-to-model}
tool=src/FlameEdge.Cli/bin/Release/net10.0/flame-edge
[ -n "${NO_BUILD:-}" ] || dotnet build src/FlameEdge.Cli -c Release -v quiet --nologo
# It waits for the broker that the run below brings along.
"$tool" sensor simulate firmware-profiles/esp32 --broker "mqtt://127.0.0.1:$port" --device press-1 --device press-2 --device press-3 --seed 1 --speed 20 --dwell 2 --for 120 &
sensors=$!
trap 'kill "$sensors" 2>/dev/null || true' EXIT
"$tool" run samples/telemetry-to-model/job.yaml --telemetry samples/telemetry-to-model/telemetry.json --port "$port" --out "$out"
