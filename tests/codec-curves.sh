#!/usr/bin/env bash
# Accuracy against uploaded bytes for each codec, on MNIST and on air quality; writes docs/reports/codecs.md and its pictures.
# Needs the reference data: FLAMEEDGE_DATA, else ../shared.
set -eu
cd "$(dirname "$0")/.."
changes=$([ -z "$(git status --porcelain -- src tests)" ] || echo " with changes")
dotnet build tests/FlameEdge.Benchmarks -c Release -v quiet --nologo
table=$(mktemp)
code=0
dotnet tests/FlameEdge.Benchmarks/bin/Release/net10.0/FlameEdge.Benchmarks.dll codecs "${FLAMEEDGE_DATA:-../shared}/data" docs/reports > "$table" || code=$?
{
  echo "# Accuracy against bytes"
  echo
  echo "Written by \`tests/codec-curves.sh\` on $(date -u +%F), commit $(git rev-parse --short HEAD)$changes. The same job ran once per codec and seed through the product's runner,"
  echo "aggregator and trainers on in-memory channels (\`tests/FlameEdge.Benchmarks/Codecs\`); *uploaded* is what the aggregator's channel counted, heads included,"
  echo "*payload* the parameters alone. Accuracies are means of the seeds after the last round. [codecs.md](../codecs.md) explains the codecs."
  echo
  cat "$table"
  echo "![mnist](codecs-mnist.png)"
  echo
  echo "![beijing-air](codecs-beijing-air.png)"
} > docs/reports/codecs.md
rm -f "$table"
exit "$code"
