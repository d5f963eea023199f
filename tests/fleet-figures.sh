#!/usr/bin/env bash
# Measures a fleet and writes docs/reports/fleet-figures.md: the idle native agent, ten of them at once, and 500 agents under one controller.
#   tests/fleet-figures.sh [--runs N] [--program PATH] [--agents N] [--rounds N]
# N runs of the idle agent (9 unless told), of which medians are taken; PATH is an agent that was published already, else it is published here;
# 500 agents in four processes, 5 rounds, unless told. Needs mosquitto and its clients (apt-get install -y mosquitto mosquitto-clients).
# Exit code 0 only where every target is met and the job has completed.
set -u
cd "$(dirname "$0")/.."
runs=9 program= agents=500 rounds=5
while [ $# -gt 0 ]; do
  case $1 in
    --runs) runs=$2; shift 2 ;;
    --program) program=$(realpath "$2"); shift 2 ;;
    --agents) agents=$2; shift 2 ;;
    --rounds) rounds=$2; shift 2 ;;
    *) sed -n 2,6p "$0"; exit 2 ;;
  esac
done
export PATH=$PATH:/usr/sbin
command -v mosquitto >/dev/null && command -v mosquitto_sub >/dev/null || { echo "mosquitto or mosquitto_sub is not installed"; exit 1; }
# Each agent has two connections.
ulimit -n 8192 || { echo "8192 open files are needed: ulimit -n 8192"; exit 1; }

work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
if [ -z "$program" ]; then
  dotnet publish src/FlameEdge.Agent -c Release -r linux-x64 -o "$work/agent" -v quiet --nologo || exit 1
  program=$work/agent/flame-edge-agent
fi
dotnet build tests/FlameEdge.Benchmarks -c Release -v quiet --nologo && dotnet build src/FlameEdge.Cli -c Release -v quiet --nologo || exit 1
crowd=$PWD/tests/FlameEdge.Benchmarks/bin/Release/net10.0/FlameEdge.Benchmarks.dll tool=$PWD/src/FlameEdge.Cli/bin/Release/net10.0/flame-edge.dll
changes=$(git status --porcelain -uno -- src tests/FlameEdge.Benchmarks)
load=$(cut -d' ' -f1 /proc/loadavg)

port=$((20000 + RANDOM % 20000)) url=
url=mqtt://127.0.0.1:$port
printf 'listener %d 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n' "$port" > "$work/broker.conf"
mosquitto -c "$work/broker.conf" >"$work/broker.log" 2>&1 &
broker=$!
sleep 1
median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
resident() { awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$1/status"; }
mb() { awk -v b="$1" 'BEGIN { printf "%.1f", b / 1e6 }'; }
verdict() { awk -v is="$1" -v most="$2" 'BEGIN { print is <= most ? "met" : "missed" }'; }
since() { awk -v from="$1" -v to="$2" 'BEGIN { printf "%.0f", (to - from) * 1000 }'; }
births() { mosquitto_sub -p "$port" -t "$1/fleet/+/birth" -R -C "$2" -W "$3" -F %U; }
serve() { "$program" serve --broker "$url" --prefix "$1" --name "$2" --state "$work/$1/$2" > "$work/$1-$2.log" 2>&1 & }

# From the process being asked for to its birth at a subscriber of the broker; memory once nothing has happened for three seconds.
for run in $(seq "$runs"); do
  mkdir -p "$work/idle$run"
  births "idle$run" 1 60 > "$work/birth" &
  listener=$!
  sleep 0.3
  started=$EPOCHREALTIME
  serve "idle$run" device
  device=$!
  wait "$listener"
  since "$started" "$(cat "$work/birth")" >> "$work/idle-births"; echo >> "$work/idle-births"
  sleep 3
  resident "$device" >> "$work/idle-memory"
  kill "$device"; wait "$device" 2>/dev/null
done

# Ten at once.
mkdir -p "$work/ten"
births ten 10 60 > "$work/births" &
listener=$!
sleep 0.3
started=$EPOCHREALTIME
devices=()
for device in $(seq 10); do serve ten "device$device"; devices+=($!); done
wait "$listener"
ten=$(since "$started" "$(tail -1 "$work/births")")
[ "$(wc -l < "$work/births")" = 10 ] || { echo "only $(wc -l < "$work/births") of ten agents joined"; exit 1; }
kill "${devices[@]}"; wait "${devices[@]}" 2>/dev/null

# The crowd: groups of 25 trainers, an aggregator for each, one above them.
groups=$(((agents + 24) / 25)) processes=4
cat > "$work/job.json" <<JOB
{ "job": "crowd",
  "topology": { "roles": [ { "name": "trainer", "isDataConsumer": true }, { "name": "middle" }, { "name": "top" } ],
    "channels": [ { "name": "leaves", "pair": [ "trainer", "middle" ], "groupBy": { "label": "group" } }, { "name": "trunk", "pair": [ "middle", "top" ] } ] },
  "datasets": [ { "name": "rows", "onBoard": "rows-*" } ], "model": { "kind": "softmax", "input": [ 8 ], "classes": 2 },
  "rounds": { "count": $rounds, "quorum": "80%", "deadline": "1m", "patience": "5m" }, "fleet": { "lease": "1m", "deadline": "15m" } }
JOB
mosquitto_sub -p "$port" -t 'flameedge/job/#' -F '%U %t %p' > "$work/heard" &
mkdir -p "$work/crowd"
dotnet "$tool" controller --broker "$url" --state "$work/controller" > "$work/controller.log" 2>&1 &
controller=$!
sleep 3
births flameedge "$agents" 300 > "$work/births" &
listener=$!
started=$EPOCHREALTIME
crowds=()
for process in $(seq 0 $((processes - 1))); do
  first=$((agents * process / processes)) next=$((agents * (process + 1) / processes))
  dotnet "$crowd" crowd "$url" "$first" "$((next - first))" "$work/crowd" > "$work/crowd$process.log" 2>&1 &
  crowds+=($!)
done
wait "$listener"
joined=$(wc -l < "$work/births")
[ "$joined" = "$agents" ] || { echo "only $joined of $agents agents joined"; tail -n 5 "$work"/crowd?.log "$work/broker.log"; exit 1; }
join=$(since "$started" "$(tail -1 "$work/births")")

submitted=$EPOCHREALTIME
mosquitto_pub -V 5 -p "$port" -t flameedge/job/crowd/figures/desired -f "$work/job.json"
phase() { grep "/controller/event " "$work/heard" | grep "\"state\":\"$1\"" | head -1 | cut -d' ' -f1; }
while [ -z "$(phase completed; phase failed; phase stopped; phase refused)" ] && kill -0 "$controller"; do sleep 0.5; done
grep '/round ' "$work/heard" | grep -v '/round $' | cut -d' ' -f1 > "$work/rounds"
running=$(phase running) ended=$(phase completed)
if [ -z "$running" ] || [ -z "$ended" ]; then
  echo "the job did not complete"; grep "/controller/state " "$work/heard" | tail -n 1; tail -n 5 "$work/controller.log" "$work"/crowd?.log
  exit 1
fi

deploy=$(since "$(phase submitted)" "$running")
round=$(awk 'NR > 1 { printf "%.0f\n", ($1 - last) * 1000 } { last = $1 }' "$work/rounds" | median)
total=$(since "$submitted" "$ended")
controlled=$(resident "$controller") brokered=$(resident "$broker")
crowded=0; for process in "${crowds[@]}"; do crowded=$((crowded + $(resident "$process"))); done
start=$(median < "$work/idle-births") memory=$(median < "$work/idle-memory")
workers=$(grep '/controller/spec ' "$work/heard" | tail -1 | grep -o '"workers":{[^}]*}' | cut -d: -f2-)
mkdir -p docs/reports
{
  echo "# A fleet in figures"
  echo
  echo "\`$("$program" --version)\`, written by \`tests/fleet-figures.sh --runs $runs --agents $agents --rounds $rounds\` on $(date -u +%Y-%m-%d), commit $(git rev-parse --short HEAD)$([ -z "$changes" ] || echo ' with changes'),"
  echo "$(nproc) cores of $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), load average before $load, broker $(mosquitto -h | head -1)."
  echo
  echo "| figure | value | target | |"
  echo "|---|---:|---:|---|"
  echo "| idle agent: start to birth, median | $start ms | 500 ms | $(verdict "$start" 500) |"
  echo "| idle agent: resident, median | $(mb "$memory") MB | 60 MB | $(verdict "$memory" 60000000) |"
  echo "| ten agents started at once: until all have joined | $ten ms | 1000 ms | $(verdict "$ten" 1000) |"
  echo "| $agents agents in $processes processes: until all have joined | $join ms | | |"
  echo "| submitted until every worker runs | $deploy ms | | |"
  echo "| a round, median | $round ms | | |"
  echo "| submitted until completed, $rounds rounds | $total ms | | |"
  echo "| controller: resident | $(mb "$controlled") MB | | |"
  echo "| the $processes processes of agents: resident | $(mb "$crowded") MB, $(mb $((crowded / agents))) MB an agent | | |"
  echo "| broker: resident | $(mb "$brokered") MB | | |"
  echo
  echo "Joined: the agent's birth has reached a subscriber of the broker, from the moment the process was asked for. The job has two levels, $groups groups of at most 25 trainers: $workers."
  echo "Its workers learn nothing (engine \`none\`, a model of 18 parameters): what is measured is the framework, over one broker, on one machine that runs all of them."
} > docs/reports/fleet-figures.md
cat docs/reports/fleet-figures.md
! grep -q missed docs/reports/fleet-figures.md
