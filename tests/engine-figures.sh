#!/usr/bin/env bash
# Measures both engines side by side (one thread, processes that take turns) and writes docs/reports/engines.md.
# Usage: tests/engine-figures.sh [repeats] [seconds of processor time per run] [steps of the growth run]
set -euo pipefail
cd "$(dirname "$0")/.."
changes=$([ -z "$(git status --porcelain -- src tests)" ] || echo " with changes")
dotnet build tests/FlameEdge.Benchmarks -c Release -v quiet --nologo
table=$(mktemp)
code=0
dotnet tests/FlameEdge.Benchmarks/bin/Release/net10.0/FlameEdge.Benchmarks.dll engines "$@" | tee "$table" || code=$?
{
  echo "# Both engines side by side"
  echo
  echo "Written by \`tests/engine-figures.sh $*\` on $(date -u +%F), commit $(git rev-parse --short HEAD)$changes, $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)."
  echo
  echo "MLP 784-128-10 and the declared LeNet on 28 × 28, SGD with momentum, one thread, a process of its own per run, onnx and torch taking turns; medians, the ratio's"
  echo "range in brackets. Processor time and memory are the whole process's, the managed part included."
  echo
  cat "$table"
} > docs/reports/engines.md
rm -f "$table"
exit "$code"
