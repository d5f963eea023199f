#!/usr/bin/env bash
# Runs W1 of the beijing-air streams with PM2.5 itself in place of its bands (beijing-air-bands unless named) and writes docs/reports/canoe-regression.md.
# canoe-regression.sh [DATASET]. Needs the reference data: FLAMEEDGE_DATA, else ../shared.
set -euo pipefail
cd "$(dirname "$0")/.."
shared=${FLAMEEDGE_DATA:-../shared}
dataset=${1:-beijing-air-bands}
changes=$([ -z "$(git status --porcelain -- src tests)" ] || echo " with changes")
dotnet build tests/FlameEdge.Benchmarks -c Release -v quiet --nologo
table=$(mktemp)
code=0
dotnet tests/FlameEdge.Benchmarks/bin/Release/net10.0/FlameEdge.Benchmarks.dll canoe-regression "$shared/golden/canoe" "$shared/data" "$dataset" | tee "$table" || code=$?
{
  echo "# Canoe for a number"
  echo
  echo "Written by \`tests/canoe-regression.sh${*:+ $*}\` on $(date -u +%F), commit $(git rev-parse --short HEAD)$changes. $dataset, W1, the stored streams; values ln(1 + PM2.5) − 4, in memory, one batch of delay."
  echo "Error: mean over the regions present of the mean absolute error on the test rows. Batches: to within a tenth of what the isolated learner of the same seed converges to, three in a row."
  echo
  cat "$table"
} > docs/reports/canoe-regression.md
rm -f "$table"
exit "$code"
