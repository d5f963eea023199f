#!/usr/bin/env bash
# Runs every workload with every method on ten fresh streams of each dataset and writes docs/reports/canoe.md with its pictures.
# canoe-figures.sh [DATASET…]: all, else those named, whose parts are written anew. Needs the reference data: FLAMEEDGE_DATA, else ../shared.
# A quarter of an hour on a free core for all but MNIST, and as long again for that. SEEDS=N: other than ten. Digits also over a broker, a process per site.
set -eu
cd "$(dirname "$0")/.."
data=${FLAMEEDGE_DATA:-../shared}/data
changes=$([ -z "$(git status --porcelain -- src)" ] || echo " with changes")
commit="$(git rev-parse --short HEAD)$changes"
[ -n "${NO_BUILD:-}" ] || dotnet build src/FlameEdge.Cli -c Release -v quiet --nologo
tool=${TOOL:-src/FlameEdge.Cli/bin/Release/net10.0/flame-edge.dll}
parts=docs/reports/canoe
[ $# -gt 0 ] || set -- digits sensors beijing-air-bands wisdm-har beijing-air mnist
for dataset in "$@"; do
  out=$(mktemp -d)
  over=$([ "$dataset" = digits ] && echo 2 || echo 0)
  nice -n 10 dotnet "$tool" canoe bench all --data "$data" --dataset "$dataset" --seeds "${SEEDS:-10}" --broker-seeds "$over" --out "$out"
  mkdir -p "$parts"
  # Pictures of the introduction and of what shows most elsewhere; the tables have the rest.
  cp "$out/canoe/$dataset"-W1-*.png "$out/canoe/$dataset-W2-accuracy.png" "$parts/"
  sed -e "1s/.*/# Canoe bench: $dataset/" -e "2s/.*/\nWritten by \`tests\/canoe-figures.sh $dataset\` on $(date -u +%F), commit $commit.\n/" -e '/^!\[/{/-W1-\|-W2-accuracy/!d;s/(canoe\//(/}' "$out/canoe.md" > "$parts/$dataset.md"
  rm -rf "$out"
done
{
  cat docs/reports/canoe-notes.md
  echo
  echo "## Against what it must show"
  echo
  echo "Ten fresh seeds a dataset; each row is measured in the dataset's own report."
  echo
  echo "| dataset | claim | measured | must | aim | |"
  echo "|---|---|---|---|---|---|"
  for dataset in digits sensors mnist wisdm-har beijing-air-bands beijing-air; do
    [ ! -f "$parts/$dataset.md" ] || awk -v start="| $dataset " '/^## / { inside = /^## Against/ } inside && index($0, start) == 1' "$parts/$dataset.md"
  done
  echo
  echo "## Reports"
  echo
  for dataset in digits sensors mnist wisdm-har beijing-air-bands beijing-air; do
    [ ! -f "$parts/$dataset.md" ] || echo "- [$dataset](canoe/$dataset.md): $(sed -n 's/^Written by .* on \(.*\)\.$/\1/p' "$parts/$dataset.md")"
  done
} > docs/reports/canoe.md
