#!/usr/bin/env bash
# Accuracy by round of every optimizer, mode, robust rule, selector, sampler and kind of privacy, as jobs over the broker: writes docs/reports/algorithms.md and its pictures.
# Needs the reference data: FLAMEEDGE_DATA, else ../shared. Some half an hour on two cores; names of families and datasets as arguments print theirs only.
#   tests/algorithm-figures.sh [optimizers|modes|robust|selectors|samplers|privacy|mnist|wisdm-har …]
set -eu
cd "$(dirname "$0")/.."
changes=$([ -z "$(git status --porcelain -uno -- src tests)" ] || echo " with changes")
dotnet build tests/FlameEdge.Benchmarks -c Release -v quiet --nologo
run() { dotnet tests/FlameEdge.Benchmarks/bin/Release/net10.0/FlameEdge.Benchmarks.dll algorithms "${FLAMEEDGE_DATA:-../shared}/data" docs/reports "$@"; }
if [ $# -gt 0 ]; then run "$@"; exit; fi
table=$(mktemp)
run > "$table"
{
  cat docs/reports/algorithms-notes.md
  echo
  echo "Written by \`tests/algorithm-figures.sh\` on $(date -u +%F), commit $(git rev-parse --short HEAD)$changes."
  echo
  cat "$table"
} > docs/reports/algorithms.md
rm -f "$table"
