#!/usr/bin/env bash
# The long form of the kill tests: every labelled point twice, then kills at random, and docs/reports/kill-cycles.md written from what came out.
#   tests/kill-cycles.sh [--cycles N] [--minutes M] [--seed S] [--no-matrix]
# N kills at random (200 unless told), no new run after M minutes. Needs mosquitto. Exit code 0 only where every run was bit-identical.
set -u
cd "$(dirname "$0")/.."
cycles=200 minutes=1440 seed=1 matrix=1
while [ $# -gt 0 ]; do
  case $1 in
    --cycles) cycles=$2; shift 2 ;;
    --minutes) minutes=$2; shift 2 ;;
    --seed) seed=$2; shift 2 ;;
    --no-matrix) matrix=0; shift ;;
    *) sed -n 2,4p "$0"; exit 2 ;;
  esac
done
command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || { echo "mosquitto is not installed"; exit 1; }

dotnet build tests/FlameEdge.Scenarios -c Release -v quiet --nologo || exit 1
table=$(mktemp)
FLAMEEDGE_KILL_CYCLES=$cycles FLAMEEDGE_KILL_MINUTES=$minutes FLAMEEDGE_KILL_SEED=$seed FLAMEEDGE_KILL_MATRIX=$matrix FLAMEEDGE_KILL_REPORT=$table CI=true \
  dotnet tests/FlameEdge.Scenarios/bin/Release/net10.0/FlameEdge.Scenarios.dll -noColor -explicit only -trait kill=cycles
code=$?
if [ -s "$table" ]; then
  mkdir -p docs/reports
  changes=$(git status --porcelain -uno -- src tests)
  {
    echo "# Kill cycles"
    echo
    echo "Processes killed with SIGKILL, at labelled points and at random, and brought back with \`--resume\`; compared bit by bit, round by round, with a run nobody"
    echo "disturbed. A cycle is one kill and one return. Written by \`tests/kill-cycles.sh --cycles $cycles --minutes $minutes --seed $seed$([ $matrix = 1 ] || echo ' --no-matrix')\`"
    echo "on $(date -u +%Y-%m-%d), commit $(git rev-parse --short HEAD)$([ -z "$changes" ] || echo ' with changes')."
    echo
    cat "$table"
  } > docs/reports/kill-cycles.md
fi
rm -f "$table"
exit $code
