#!/bin/sh
# Everything on one machine: three simulated sensors, a broker, two trainers and an aggregator. Ends with exit code 0 where the model was learned.
set -eu
cd "$(dirname "$0")/../.."
port=${PORT:-18831} out=${OUT:-out/telemetry-to-model}
flame_edge() { dotnet run -c Release --no-build --project src/FlameEdge.Cli -- "$@"; }
[ -n "${NO_BUILD:-}" ] || dotnet build src/FlameEdge.Cli -c Release -v quiet --nologo
# It waits for the broker that the run below brings along.
flame_edge sensor simulate firmware-profiles/esp32 --broker "mqtt://127.0.0.1:$port" --device press-1 --device press-2 --device press-3 --seed 1 --speed 20 --for 120 &
sensors=$!
trap 'kill "$sensors" 2>/dev/null || true' EXIT
flame_edge run samples/telemetry-to-model/job.yaml --telemetry samples/telemetry-to-model/telemetry.json --port "$port" --out "$out"
