#!/usr/bin/env bash
# Runs every workload with every method on ten fresh streams of each dataset and writes docs/reports/canoe.md with its pictures.
#   tests/canoe-figures.sh [--more] [DATASET…]
# All datasets, else those named, whose parts are written anew. --more: forty streams (of mnist thirty), Canoe and its helpers of another architecture alone, in parts of their own. SEEDS=N: so many instead.
# Needs the reference data: FLAMEEDGE_DATA, else ../shared. A quarter of an hour on a free core for all but MNIST, and as long again for that; with --more three times as long. Digits also over a broker, a process per site.
set -eu
cd "$(dirname "$0")/.."
data=${FLAMEEDGE_DATA:-../shared}/data
changes=$([ -z "$(git status --porcelain -- src)" ] || echo " with changes")
commit="$(git rev-parse --short HEAD)$changes"
[ -n "${NO_BUILD:-}" ] || dotnet build src/FlameEdge.Cli -c Release -v quiet --nologo
tool=${TOOL:-src/FlameEdge.Cli/bin/Release/net10.0/flame-edge.dll}
parts=docs/reports/canoe
more=
[ "${1:-}" != --more ] || { more=-more; shift; }
[ $# -gt 0 ] || set -- digits sensors beijing-air-bands wisdm-har beijing-air mnist
for dataset in "$@"; do
  out=$(mktemp -d)
  over=$([ "$dataset$more" = digits ] && echo 2 || echo 0)
  seeds=10
  [ -z "$more" ] || seeds=$([ "$dataset" = mnist ] && echo 30 || echo 40)
  methods=${more:+--methods canoe canoe_other_architecture}
  # shellcheck disable=SC2086 # the methods are words of their own
  nice -n 10 dotnet "$tool" canoe bench all --data "$data" --dataset "$dataset" --seeds "${SEEDS:-$seeds}" $methods --broker-seeds "$over" --out "$out"
  mkdir -p "$parts"
  # Pictures of the introduction and of what shows most elsewhere; the tables have the rest.
  kept='-W1-\|-W2-accuracy'
  [ -n "$more" ] && kept=none || cp "$out/canoe/$dataset"-W1-*.png "$out/canoe/$dataset-W2-accuracy.png" "$parts/"
  sed -e "1s/.*/# Canoe bench: $dataset/" -e "2s/.*/\nWritten by \`tests\/canoe-figures.sh ${more:+--more }$dataset\` on $(date -u +%F), commit $commit.\n/" -e "/^!\[/{/$kept/!d;s/(canoe\//(/}" "$out/canoe.md" > "$parts/$dataset$more.md"
  rm -rf "$out"
done
rows() {
  echo "| dataset | claim | measured | must | aim | |"
  echo "|---|---|---|---|---|---|"
  for dataset in digits sensors mnist wisdm-har beijing-air-bands beijing-air; do
    [ ! -f "$parts/$dataset$1.md" ] || awk -v start="| $dataset " '/^## / { inside = /^## Against/ } inside && index($0, start) == 1' "$parts/$dataset$1.md"
  done
  echo
}
{
  cat docs/reports/canoe-notes.md
  echo
  echo "## Against what it must show"
  echo
  echo "Ten fresh seeds a dataset; each row is measured in the dataset's own report."
  echo
  rows ""
  echo "## The same on more seeds"
  echo
  echo "Seeds 0 to 39, of mnist 0 to 29, which hold the ten above. A median is surer of four times as many; the worst of forty is worse than the worst of ten."
  echo
  rows -more
  echo "## Reports"
  echo
  for dataset in digits sensors mnist wisdm-har beijing-air-bands beijing-air; do
    for more in "" -more; do
      [ ! -f "$parts/$dataset$more.md" ] || echo "- [$dataset${more:+, more seeds}](canoe/$dataset$more.md): $(sed -n 's/^Written by .* on \(.*\)\.$/\1/p' "$parts/$dataset$more.md")"
    done
  done
} > docs/reports/canoe.md
