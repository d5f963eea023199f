#!/bin/sh
# The same as a fleet, on one machine: mosquitto, a controller, three agents that each collect from their own sensor, and a job that is submitted. Exit code 0 where it was completed.
# Needs mosquitto (apt-get install -y mosquitto).
set -eu
cd "$(dirname "$0")/../.."
port=${PORT:-21884} out=${OUT:-out/telemetry-fleet} PATH=$PATH:/usr/sbin
broker=mqtt://127.0.0.1:$port
tool=src/FlameEdge.Cli/bin/Release/net10.0/flame-edge agent=src/FlameEdge.Agent/bin/Release/net10.0/flame-edge-agent
[ -n "${NO_BUILD:-}" ] || { dotnet build src/FlameEdge.Cli -c Release -v quiet --nologo; dotnet build src/FlameEdge.Agent -c Release -v quiet --nologo; }
rm -rf "$out" && mkdir -p "$out"
started=
trap 'kill $started 2>/dev/null || true; wait' EXIT
printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$port" > "$out/broker.conf"
mosquitto -c "$out/broker.conf" > "$out/broker.log" 2>&1 & started="$started $!"
sleep 1
"$tool" controller --broker "$broker" --state "$out/controller" > "$out/controller.log" 2>&1 & started="$started $!"
"$tool" sensor simulate firmware-profiles/esp32 --broker "$broker" --device press-1 --device press-2 --device press-3 --seed 1 --speed 20 --dwell 2 --for 300 > "$out/sensors.log" 2>&1 & started="$started $!"

# One agent beside each press. What it collects stands in its configuration; the third press's rows are the test set.
for press in 1 2 3; do
  name=press-$press
  [ "$press" -lt 3 ] || name=test
  cat > "$out/agent-$press.json" <<JSON
{ "name": "gateway-$press", "broker": { "url": "$broker" }, "state": "$out/gateway-$press", "labels": { "press": "$press" },
  "telemetry": [ { "name": "$name", "filter": "plant/press-$press/vibration", "fields": [ "vibration.x", "vibration.y", "vibration.z" ],
    "timeField": "t", "rateHz": 512, "deviceLevel": 1, "window": { "samples": 256 },
    "features": [ "std", "peakToPeak", "kurtosis" ], "bands": [ 4, 18, 32, 48, 80, 128, 256 ],
    "classes": [ "healthy", "imbalance", "bearing", "looseness" ], "label": { "topic": "plant/+/label" },
    "reservoir": { "capacity": 400, "balanced": true, "least": 200, "seed": $press } } ] }
JSON
  "$agent" serve --config "$out/agent-$press.json" > "$out/agent-$press.log" 2>&1 & started="$started $!"
done

"$tool" job submit samples/telemetry-to-model/job.yaml --broker "$broker" --watch
"$tool" job show telemetry-to-model --broker "$broker" --out "$out/results"
