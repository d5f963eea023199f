#!/usr/bin/env bash
# Measures the native agent and writes docs/reports/agent-figures.md: sizes, start to ready, memory while it trains.
#   tests/agent-figures.sh [--runs N] [--program PATH]
# N runs (9 unless told), of which medians are taken; PATH is an agent that was published already, else it is published here.
# Needs mosquitto and mosquitto_sub (apt-get install -y mosquitto mosquitto-clients). Exit code 0 only where every target is met.
set -u
cd "$(dirname "$0")/.."
runs=9 program=
while [ $# -gt 0 ]; do
  case $1 in
    --runs) runs=$2; shift 2 ;;
    --program) program=$(realpath "$2"); shift 2 ;;
    *) sed -n 2,5p "$0"; exit 2 ;;
  esac
done
export PATH=$PATH:/usr/sbin
command -v mosquitto >/dev/null && command -v mosquitto_sub >/dev/null || { echo "mosquitto or mosquitto_sub is not installed"; exit 1; }

work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
if [ -z "$program" ]; then
  dotnet publish src/FlameEdge.Agent -c Release -r linux-x64 -o "$work/agent" -v quiet --nologo || exit 1
  program=$work/agent/flame-edge-agent
fi
changes=$(git status --porcelain -uno -- src)

# A small job, so that what is measured is the program and not its data: 200 rows of 16 features, an MLP of 128.
awk 'BEGIN { srand(1); printf "label"; for (i = 0; i < 16; i++) printf ",p%d", i; print ""
  for (row = 0; row < 200; row++) { printf "%d", row % 4; for (i = 0; i < 16; i++) printf ",%.3f", rand() + (i % 4 == row % 4); print "" } }' > "$work/rows.csv"
cat > "$work/job.json" <<'JOB'
{ "job": "figures",
  "topology": { "roles": [ { "name": "trainer", "isDataConsumer": true, "datasets": [ "rows" ] }, { "name": "aggregator" } ], "channels": [ { "name": "param", "pair": [ "trainer", "aggregator" ] } ] },
  "datasets": [ { "name": "rows", "path": "rows.csv", "label": "label", "classes": 4, "partition": { "kind": "modulo", "parts": 2 } },
                { "name": "test", "path": "rows.csv", "label": "label", "classes": 4 } ],
  "evaluation": "test", "model": { "kind": "mlp", "hidden": [ 128 ] }, "training": { "epochs": 20 }, "rounds": { "count": 20 } }
JOB

port=$((20000 + RANDOM % 20000))
printf 'listener %d 127.0.0.1\nallow_anonymous true\n' "$port" > "$work/broker.conf"
mosquitto -c "$work/broker.conf" >"$work/broker.log" 2>&1 &
sleep 1
median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
agent() { "$program" run "$work/job.json" --broker "mqtt://127.0.0.1:$port" "$@"; }

# Ready is a trainer's presence at the broker: connected, state open, data and training graph loaded.
for run in $(seq "$runs"); do
  mosquitto_sub -p "$port" -t "start$run/here/#" -C 1 -F %U > "$work/ready" &
  listener=$!
  sleep 0.3
  started=$EPOCHREALTIME
  "$program" run "$work/job.json" --broker "mqtt://127.0.0.1:$port" --prefix "start$run" --worker trainer_0 --out "$work/start$run" > "$work/start.log" 2>&1 &
  device=$!
  wait "$listener"
  awk -v from="$started" -v to="$(cat "$work/ready")" 'BEGIN { printf "%.0f\n", (to - from) * 1000 }'
  awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$device/status" >> "$work/loaded"
  kill -9 "$device"; wait "$device" 2>/dev/null
done > "$work/starts"

# Memory is the most a trainer ever had resident, from start to the end of twenty rounds.
for run in $(seq "$runs"); do
  agent --prefix "train$run" --worker aggregator_0 --worker trainer_1 --out "$work/top$run" > "$work/top.log" 2>&1 &
  "$program" run "$work/job.json" --broker "mqtt://127.0.0.1:$port" --prefix "train$run" --worker trainer_0 --out "$work/device$run" > "$work/device.log" 2>&1 &
  device=$!
  most=0
  while line=$(grep VmHWM "/proc/$device/status" 2>/dev/null); do most=$(awk '{ print $2 }' <<<"$line"); sleep 0.01; done
  wait "$device" || { cat "$work/device.log" "$work/top.log"; exit 1; }
  echo $((most * 1024))
done > "$work/memory"

size=$(stat -c %s "$program") all=$(find "$(dirname "$program")" -type f -printf '%s\n' | awk '{ s += $1 } END { print s }')
start=$(median < "$work/starts") loaded=$(median < "$work/loaded") memory=$(median < "$work/memory")
mb() { awk -v b="$1" 'BEGIN { printf "%.1f", b / 1e6 }'; }
verdict() { [ "$1" -le "$2" ] && echo met || { echo missed; }; }
mkdir -p docs/reports
{
  echo "# The native agent in figures"
  echo
  echo "\`$("$program" --version)\`, written by \`tests/agent-figures.sh --runs $runs\` on $(date -u +%Y-%m-%d), commit $(git rev-parse --short HEAD)$([ -z "$changes" ] || echo ' with changes'),"
  echo "$(nproc) cores of $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), load average $(cut -d' ' -f1 /proc/loadavg)."
  echo
  echo "| figure | value | all runs | target | |"
  echo "|---|---:|---|---:|---|"
  echo "| executable | $(mb "$size") MB | | 20 MB | $(verdict "$size" 20000000) |"
  echo "| with its library | $(mb "$all") MB | | | |"
  echo "| start to ready, median | $start ms | $(sort -n "$work/starts" | tr '\n' ' ')ms | 150 ms | $(verdict "$start" 150) |"
  echo "| resident with the model loaded, median | $(mb "$loaded") MB | $(sort -n "$work/loaded" | while read -r b; do printf '%s ' "$(mb "$b")"; done)MB | 60 MB | $(verdict "$loaded" 60000000) |"
  echo "| most ever resident while training, median | $(mb "$memory") MB | $(sort -n "$work/memory" | while read -r b; do printf '%s ' "$(mb "$b")"; done)MB | | |"
  echo
  echo "Ready: a trainer's presence has reached a subscriber of the broker, from the moment the process was asked for; broker connected, state made, 100 rows read, training"
  echo "graph of an MLP (16-128-4) built and opened. Resident: \`VmRSS\` at that moment. Most ever: \`VmHWM\` over 20 rounds of 20 epochs."
} > docs/reports/agent-figures.md
cat docs/reports/agent-figures.md
! grep -q missed docs/reports/agent-figures.md
