#!/usr/bin/env bash
# Time to 90 % on fleets whose parts are not alike: a site behind a slow line, a slow aggregator, stragglers. Writes docs/reports/uneven.md.
# Needs the reference data: FLAMEEDGE_DATA, else ../shared. Some ten minutes.
#   tests/uneven-figures.sh [REPEATS]
set -eu
cd "$(dirname "$0")/.."
changes=$([ -z "$(git status --porcelain -uno -- src tests)" ] || echo " with changes")
dotnet build tests/FlameEdge.Benchmarks -c Release -v quiet --nologo
table=$(mktemp)
dotnet tests/FlameEdge.Benchmarks/bin/Release/net10.0/FlameEdge.Benchmarks.dll uneven "${FLAMEEDGE_DATA:-../shared}/data" "${1:-3}" > "$table"
{
  echo "# Fleets of unlike devices"
  echo
  echo "Time until the shared model is right on 90 % of 5000 test images of MNIST: ten devices with 1200 images each, a network 784-128-10 (0.41 MB), twenty steps of 20 a round. Every worker has an agent and a"
  echo "connection of its own to mosquitto. Lines are token buckets in the path, each way, shared by all who sit behind them: 8 MB/s, the slow one 0.8 MB/s. Devices are paced: training takes"
  echo "0.4 s, on three of ten 2 s. Seconds are the aggregator's, summed over the rounds; medians of ${1:-3} seeds. *Faster* is against the first line of each table. Written by \`tests/uneven-figures.sh\` on"
  echo "$(date -u +%F), commit $(git rev-parse --short HEAD)$changes, on two cores."
  echo
  cat "$table"
  echo "An asynchronous step takes in five updates, so that it counts as half a round. In the hybrid mode the ring of a site runs straight between its devices (\`backend: tcp\`) and only one of them uses the line."
} > docs/reports/uneven.md
rm -f "$table"
