#!/usr/bin/env bash
# Runs W1 of a stored dataset (digits unless named) with helper and target on different engines and writes docs/reports/canoe-mixed.md.
# canoe-mixed.sh [DATASET]. Needs the reference data: FLAMEEDGE_DATA, else ../shared.
set -euo pipefail
cd "$(dirname "$0")/.."
shared=${FLAMEEDGE_DATA:-../shared}
dataset=${1:-digits}
changes=$([ -z "$(git status --porcelain -- src tests)" ] || echo " with changes")
dotnet build tests/FlameEdge.Benchmarks -c Release -v quiet --nologo
table=$(mktemp)
code=0
dotnet tests/FlameEdge.Benchmarks/bin/Release/net10.0/FlameEdge.Benchmarks.dll canoe-mixed "$shared/golden/canoe" "$shared/data" "$dataset" | tee "$table" || code=$?
{
  echo "# Canoe between engines"
  echo
  echo "Written by \`tests/canoe-mixed.sh${*:+ $*}\` on $(date -u +%F), commit $(git rev-parse --short HEAD)$changes. $dataset, W1, the stored streams, in memory, one batch of delay."
  echo "\`canoe\`: one engine (plain C#), one architecture, one start. \`canoe_other_architecture\`: helpers 96-48, target as the streams say, starts of their own."
  echo "\`canoe:HELPER>TARGET\`: the same with the networks on these engines. Batches to 95 % of what the isolated learner converges to; ratios to the isolated learner."
  echo
  cat "$table"
} > docs/reports/canoe-mixed.md
rm -f "$table"
exit "$code"
