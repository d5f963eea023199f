#!/usr/bin/env bash
# The parameter kernels beside STREAM's triad in the same run; writes docs/reports/kernels.md.
set -eu
cd "$(dirname "$0")/.."
changes=$([ -z "$(git status --porcelain -- src tests)" ] || echo " with changes")
dotnet build tests/FlameEdge.Benchmarks -c Release -v quiet --nologo
table=$(mktemp)
code=0
load=$(cut -d' ' -f1 /proc/loadavg)
dotnet tests/FlameEdge.Benchmarks/bin/Release/net10.0/FlameEdge.Benchmarks.dll kernels "${1:-25}" > "$table" || code=$?
{
  echo "# Kernels against the machine's memory"
  echo
  echo "Written by \`tests/kernel-figures.sh\` on $(date -u +%F), commit $(git rev-parse --short HEAD)$changes: $(nproc) cores of $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), load"
  echo "$load before it began. Ten million values (40 MB as float32), every kernel in turn, ${1:-25} turns; GB/s counts each byte read or written once. *Best triad* is the fastest of"
  echo "STREAM's four: on one core and on all, with ordinary and with non-temporal stores. Whatever else the machine does slows all of them, the two-core ones more."
  echo
  cat "$table"
} > docs/reports/kernels.md
rm -f "$table"
exit "$code"
