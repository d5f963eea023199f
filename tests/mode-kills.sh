#!/usr/bin/env bash
# The long form of the modes' kill tests: in every mode trainer and aggregator die at labelled points and at random (hybrid: a group's leader and another member), and docs/reports/mode-kills.md is written from what came out.
#   tests/mode-kills.sh [--mode NAME]
# Only modes whose name contains NAME. Needs mosquitto. Exit code 0 only where every run was as it must be.
set -u
cd "$(dirname "$0")/.."
mode=
while [ $# -gt 0 ]; do
  case $1 in
    --mode) mode=$2; shift 2 ;;
    *) sed -n 2,4p "$0"; exit 2 ;;
  esac
done
command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || { echo "mosquitto is not installed"; exit 1; }

dotnet build tests/FlameEdge.Scenarios -c Release -v quiet --nologo || exit 1
tables=$(mktemp)
FLAMEEDGE_KILL_MODE=$mode FLAMEEDGE_KILL_REPORT=$tables CI=true \
  dotnet tests/FlameEdge.Scenarios/bin/Release/net10.0/FlameEdge.Scenarios.dll -noColor -explicit only -trait kill=modes
code=$?
if [ -s "$tables" ]; then
  mkdir -p docs/reports
  changes=$(git status --porcelain -uno -- src tests)
  {
    echo "# Kills in every mode"
    echo
    echo "Processes killed with SIGKILL and brought back with \`--resume\`. Where the bits do not depend on order or presence they are compared with a run nobody disturbed;"
    echo "elsewhere the job must end completed with every round told, samples that add up, models that follow one another, and no more privacy spent than undisturbed."
    echo "Written by \`tests/mode-kills.sh${mode:+ --mode $mode}\` on $(date -u +%Y-%m-%d), commit $(git rev-parse --short HEAD)$([ -z "$changes" ] || echo ' with changes')."
    echo
    cat "$tables"
  } > docs/reports/mode-kills.md
fi
rm -f "$tables"
exit $code
