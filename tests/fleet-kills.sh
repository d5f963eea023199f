#!/usr/bin/env bash
# The long form of the fleet's kill tests: agents, controller, broker, agent and broker, and an aggregator's agent for good; docs/reports/fleet-kills.md is written from what came out.
#   tests/fleet-kills.sh [--kills N] [--seed S]
# At least N kills of each kind (10 unless told). Needs mosquitto. Exit code 0 only where every job ended with the undisturbed bits and nothing ever ran twice at once.
set -u
cd "$(dirname "$0")/.."
kills=10 seed=1
while [ $# -gt 0 ]; do
  case $1 in
    --kills) kills=$2; shift 2 ;;
    --seed) seed=$2; shift 2 ;;
    *) sed -n 2,4p "$0"; exit 2 ;;
  esac
done
command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || { echo "mosquitto is not installed"; exit 1; }

dotnet build tests/FlameEdge.Scenarios -c Release -v quiet --nologo || exit 1
table=$(mktemp)
changes=$(git status --porcelain -uno -- src tests)
FLAMEEDGE_KILL_CYCLES=$kills FLAMEEDGE_KILL_SEED=$seed FLAMEEDGE_KILL_REPORT=$table CI=true \
  dotnet tests/FlameEdge.Scenarios/bin/Release/net10.0/FlameEdge.Scenarios.dll -noColor -explicit only -trait kill=fleet-cycles
code=$?
if [ -s "$table" ]; then
  mkdir -p docs/reports
  {
    echo "# Kills in a fleet"
    echo
    echo "A controller, four agents (three with a dataset each, one spare) and a persistent mosquitto, each a process of its own, run a job of 30 rounds whose every round must count"
    echo "every trainer; the aggregator may run anywhere. Somebody is killed with SIGKILL at random moments and comes back. A run passes where the job completes, every round has the bits and"
    echo "verdicts of a run that nobody disturbed (so no update was lost or counted twice), and no worker ever found its lock held by another process (so nothing ran twice at once)."
    echo "Written by \`tests/fleet-kills.sh --kills $kills --seed $seed\` on $(date -u +%Y-%m-%d), commit $(git rev-parse --short HEAD)$([ -z "$changes" ] || echo ' with changes')."
    echo
    cat "$table"
  } > docs/reports/fleet-kills.md
fi
rm -f "$table"
exit $code
