#!/usr/bin/env bash
# The long form of Canoe's kill tests: target, helper, directory and broker are killed at every labelled point and at random moments, ten times each or more; writes docs/reports/canoe-kills.md.
#   tests/canoe-kills.sh
# Needs mosquitto and the reference data. Exit code 0 only where every run was whole.
set -u
cd "$(dirname "$0")/.."
[ $# = 0 ] || { sed -n 2,4p "$0"; exit 2; }
command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || { echo "mosquitto is not installed"; exit 1; }

commit="$(git rev-parse --short HEAD)$([ -z "$(git status --porcelain -- src)" ] || echo " with changes")"
[ -n "${NO_BUILD:-}" ] || dotnet build tests/FlameEdge.Scenarios -c Release -v quiet --nologo || exit 1
table=$(mktemp)
FLAMEEDGE_KILL_REPORT=$table CI=true dotnet tests/FlameEdge.Scenarios/bin/Release/net10.0/FlameEdge.Scenarios.dll -noColor -explicit only -trait canoe-kill=cycles
code=$?
if [ -s "$table" ]; then
  mkdir -p docs/reports
  {
    echo "# Canoe: kills"
    echo
    echo "Six processes over mosquitto play the stored stream W1 of the digits, seed 0, at ten batches a second: a target, four other sites and a directory. Each victim is killed with"
    echo "SIGKILL at the point named (the broker when the target has told the event) and started again; the broker comes back empty. In the runs with seconds, at five batches a second, each"
    echo "is killed so long after the start. Whole: the target came back with every specialist that had been acknowledged, uses both new classes, ends its stream, and is as good at its end"
    echo "as a run nobody disturbed. Written by \`tests/canoe-kills.sh\` on $(date -u +%Y-%m-%d), commit $commit."
    echo
    cat "$table"
  } > docs/reports/canoe-kills.md
fi
rm -f "$table"
exit $code
