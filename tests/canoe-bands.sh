#!/usr/bin/env bash
# Runs every stored stream of golden/canoe with every method and writes docs/reports/canoe-bands.md: where the figures stand in the reference's bands.
# canoe-bands.sh [DATASET…]: all, else those named. Needs the reference data: FLAMEEDGE_DATA, else ../shared. Half an hour on two free cores, most of it MNIST.
set -euo pipefail
cd "$(dirname "$0")/.."
shared=${FLAMEEDGE_DATA:-../shared}
changes=$([ -z "$(git status --porcelain -- src tests)" ] || echo " with changes")
dotnet build tests/FlameEdge.Benchmarks -c Release -v quiet --nologo
log=$(mktemp)
code=0
dotnet tests/FlameEdge.Benchmarks/bin/Release/net10.0/FlameEdge.Benchmarks.dll canoe "$shared/golden/canoe" "$shared/data" "$@" | tee "$log" || code=$?
{
  cat docs/reports/canoe-bands-notes.md
  echo
  echo "Written by \`tests/canoe-bands.sh${*:+ $*}\` on $(date -u +%F), commit $(git rev-parse --short HEAD)$changes."
  cat "$log"
} > docs/reports/canoe-bands.md
rm -f "$log"
exit "$code"
