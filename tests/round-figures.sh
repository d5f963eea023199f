#!/usr/bin/env bash
# Measures whole rounds whose trainers learn nothing, in separate processes against mosquitto on the loopback, and writes docs/reports/rounds.md.
#   tests/round-figures.sh [--rounds N] [--huge] [--only PART] [--program PATH]
# N rounds are counted of each case (5 unless told); --huge adds 40 MB × 50, 400 MB × 2 and 1 GB × 2; PART is rounds, codecs, crowds or kill (all unless told);
# PATH is a worker that was published already (tests/FlameEdge.RoundWorker), else it is published here. State and the floor's files lie in /dev/shm.
# Where it may (root), it measures in a network namespace of its own, so that nobody else's bytes are counted.
# Needs mosquitto and its clients (apt-get install -y mosquitto mosquitto-clients). Exit code 0 only where every case was played; targets that are missed are said in the report.
set -u
cd "$(dirname "$0")/.."
rounds=5 huge= only= program=
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=$2; shift 2 ;;
    --huge) huge=1; shift ;;
    --only) only=$2; shift 2 ;;
    --program) program=$(realpath "$2"); shift 2 ;;
    *) sed -n 2,8p "$0"; exit 2 ;;
  esac
done
export PATH=$PATH:/usr/sbin
command -v mosquitto >/dev/null && command -v mosquitto_sub >/dev/null || { echo "mosquitto or its clients are not installed"; exit 1; }
ulimit -n 8192 || { echo "8192 open files are needed: ulimit -n 8192"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "$program" ]; then
  dotnet publish tests/FlameEdge.RoundWorker -c Release -r linux-x64 -o "$work/worker" -v quiet --nologo || exit 1
  program=$work/worker/round-worker
fi
dotnet build tests/FlameEdge.Benchmarks -c Release -v quiet --nologo || exit 1
bench=$PWD/tests/FlameEdge.Benchmarks/bin/Release/net10.0/FlameEdge.Benchmarks.dll floor=$PWD/tests/round-floor.sh
alone=(); unshare -n true 2>/dev/null && command -v ip >/dev/null && alone=(unshare -n bash -c 'ip link set lo up && exec "$@"' bash)
wants() { [ -z "$only" ] || [ "$only" = "$1" ]; }
failed=0
# play FILE ARGUMENTS…: one part's rows, shown as they come.
play() { local rows=$1; shift; "${alone[@]}" dotnet "$bench" "$@" | tee "$work/$rows"; [ "${PIPESTATUS[0]}" = 0 ] || { echo "$rows: not every case was played"; failed=1; }; }
load() { cut -d' ' -f1-3 /proc/loadavg; }

before=$(load)
wants rounds && play rounds rounds "$program" "$floor" "$rounds" 0.1x2 0.1x10 0.1x50 4x2 4x10 4x50 40x2 40x10 4x10/2 40x10/2
[ -n "$huge" ] && wants rounds && play huge rounds "$program" "$floor" 1 40x50 400x2 1000x2
wants codecs && play codecs rounds "$program" "$floor" "$rounds" 4x10:float16 40x10:float16 4x10:int8 40x10:int8 40x10:top-k
wants crowds && play crowds rounds "$program" "" "$rounds" 0.01x125@4 0.01x250@4 0.01x500@4 0.01x1000@4 && play trees rounds "$program" "" "$rounds" 0.01x125/5@4 0.01x250/10@4 0.01x500/20@4 0.01x1000/40@4
wants kill && play kill rounds-killed "$program" "$rounds" 40x10
after=$(load)

# The rows of FILE, in the columns whose numbers are given.
rows() { [ -s "$work/$1" ] && awk -F' \\| ' -v columns="$2" '{ sub(/^\| /, ""); sub(/ \|$/, ""); n = split(columns, at, " "); line = "|"; for (i = 1; i <= n; i++) line = line " " $at[i] " |"; print line }' "$work/$1"; }
# cell FILE CASE COLUMN
cell() { [ -s "$work/$1" ] && awk -F' \\| ' -v name="| $2" -v column="$3" '$1 == name { print $column; exit }' "$work/$1"; }
# judge WHAT VALUE LIMIT UNIT: a row of the targets; what was not measured is said to be so.
judge() { if [ -n "$2" ]; then echo "| $1 | $2$4 | $3$4 | $(awk -v is="$2" -v most="$3" 'BEGIN { print is + 0 <= most + 0 ? "met" : "missed" }') |"; else echo "| $1 | not measured | $3$4 | |"; fi; }
head12='| model × trainers | round, s | floor, s | ratio | aggregator, CPU s | all workers, CPU s | broker, CPU s | loopback, MB | of (3N+1)·M | aggregator, peak MB | trainer, peak MB |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|'
all12="1 2 3 4 5 6 7 8 9 10 11"
mkdir -p docs/reports
{
  echo "# Rounds without training"
  echo
  echo "Written by \`tests/round-figures.sh\` (rounds counted per case: $rounds) on $(date -u +%Y-%m-%d), commit $(git rev-parse --short HEAD)$([ -z "$(git status --porcelain -uno -- src tests)" ] || echo ' with changes'),"
  echo "$(nproc) cores of $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), load average before $before and after $after (other work on the machine included), broker $(mosquitto -h | head -1), workers compiled natively for AVX2."
  echo "A round is the time from one durable round of the aggregator to the next; medians, the first two rounds of the processes left out. The floor is mosquitto's own clients, measured before and after each case"
  echo "against the same broker: one publish of the model to N subscribers, then N publishes to one, nothing parsed or added (\`tests/round-floor.sh\`). Read the ratios. Bytes are the loopback's own counters, headers included."
  echo
  echo "## Targets"
  echo
  echo "| what | measured | at most | |"
  echo "|---|---:|---:|---|"
  judge "40 MB × 10, float32: round over floor" "$(cell rounds '40 MB × 10' 4)" 1.3 ""
  judge "4 MB × 10" "$(cell rounds '4 MB × 10' 4)" 1.3 ""
  judge "0.1 MB × 10" "$(cell rounds '0.1 MB × 10' 4)" 1.0 ""
  judge "40 MB × 10, float16" "$(cell codecs '40 MB × 10, float16' 4)" 0.8 ""
  judge "40 MB × 10, int8" "$(cell codecs '40 MB × 10, int8' 4)" 0.5 ""
  judge "aggregator's CPU per float32 round, 40 MB × 10" "$(cell rounds '40 MB × 10' 5)" 1.5 " s"
  judge "bytes on the loopback over (3N+1)·M, 40 MB × 10" "$(cell rounds '40 MB × 10' 9)" 1.02 ""
  judge "aggregator's peak memory, 40 MB × 10 (60 MB + 4 models)" "$(cell rounds '40 MB × 10' 10)" 220 " MB"
  judge "aggregator's peak memory, 40 MB × 50" "$(cell huge '40 MB × 50' 10)" 220 " MB"
  judge "trainer's peak memory, 40 MB (60 MB + 3 models)" "$(cell rounds '40 MB × 10' 11)" 180 " MB"
  judge "sent again after the broker was killed, share of the uploads" "$(cell kill '40 MB × 10' 5 | tr -d %)" 10 " %"
  for part in rounds huge; do
    [ -s "$work/$part" ] || continue
    [ "$part" = rounds ] && echo -e "\n## Float32\n" || echo -e "\n## The large ones (one round counted)\n"
    echo "$head12"; rows "$part" "$all12"
  done
  if [ -s "$work/codecs" ]; then
    echo -e "\n## Codecs\n\nfloat16 both ways; int8 and top-k (1 %) upwards with the model's change in int8 downwards. The floor moves the whole model.\n"
    echo "$head12" | sed 's/ of (3N+1)·M |//; 2s/---:|$//'; rows codecs "1 2 3 4 5 6 7 8 10 11"
  fi
  if [ -s "$work/crowds" ]; then
    echo -e "\n## A crowd: 10 kB, four processes of trainers\n"
    echo "| model × trainers | round, s | aggregator, CPU s | all workers, CPU s | broker, CPU s | loopback, MB | segments on the loopback | aggregator, peak MB | trainers' processes, peak MB each | counted |"
    echo "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    rows crowds "1 2 5 6 7 8 13 10 11 12"; [ -s "$work/trees" ] && rows trees "1 2 5 6 7 8 13 10 11 12"
  fi
  if [ -s "$work/kill" ]; then
    echo -e "\n## The broker killed (-9) and started again in the middle of the uploads\n"
    echo -e "Bytes sent again: what the loopback carried beyond an undisturbed run of as many rounds, connects and presence included, over the uploads of one round (2·N·M).\n"
    echo "| model × trainers | undisturbed round, s | disturbed, s | more on the loopback, MB | of the uploads | counted | model after it |"
    echo "|---|---:|---:|---:|---:|---:|---|"
    cat "$work/kill"
  fi
  cat <<'PEERS'

## Peers

Measured once on a machine like this by the project's brief, seconds per round with trainers that learn nothing, in separate processes; their floor beside them.

| model × trainers | Flame over MQTT | Flame peer-to-peer | Flower 1.6 (gRPC) | Flower 1.28 | floor then |
|---|---:|---:|---:|---:|---:|
| 0.1 MB × 10 | 0.092 | 0.081 | 0.024 | 13.6 | 0.032 |
| 4 MB × 10 | 0.69 | 0.41 | 0.45 | – | 0.24 |
| 40 MB × 2 | 1.32 | 1.67 | 1.60 | 8.7 | 0.85 |
| 40 MB × 10 | 12.5 | 6.3 | 7.1 | – | 2.5 |
| peak memory of the aggregator, 40 MB × 10 | 1 748 MB | 1 928 MB | 3 064 MB | | |
| peak memory of a trainer, 40 MB | 590 MB | 542 MB | 684 MB | | |
| aggregator CPU per round, 40 MB × 10 | 4.8 s | 4.7 s | 5.2 s | | |
| bytes on loopback per round | 4·N·M | 2·N·M | 2·N·M | 5·N·M | (3·N+1)·M |
PEERS
} > docs/reports/rounds.md
sed -n '/^## Targets/,/^## Float32/p' docs/reports/rounds.md
exit "$failed"
