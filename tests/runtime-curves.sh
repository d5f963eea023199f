#!/usr/bin/env bash
# The long form of RuntimeTests: both runtimes in one job, and LeNet on all of MNIST on either; writes docs/reports/runtimes.md.
# Needs the reference data: FLAMEEDGE_DATA, else ../shared.
set -euo pipefail
cd "$(dirname "$0")/.."
changes=$([ -z "$(git status --porcelain -- src tests)" ] || echo " with changes")
dotnet build FlameEdge.sln -c Release -v quiet --nologo
log=$(mktemp)
code=0
FLAMEEDGE_LONG=1 dotnet tests/FlameEdge.Scenarios/bin/Release/net10.0/FlameEdge.Scenarios.dll -noColor -showLiveOutput \
  -class FlameEdge.Scenarios.Learning.RuntimeTests | tee "$log" || code=$?
{
  echo "# Both runtimes on real data"
  echo
  echo "Written by \`tests/runtime-curves.sh\` on $(date -u +%F), commit $(git rev-parse --short HEAD)$changes. Every job ran as processes over mosquitto: the tool with the"
  echo "aggregator and the ONNX trainers, the agent with TorchSharp for the others. Asserted: 1e-4 in loss between all-ONNX and mixed softmax regression (digits);"
  echo "the published band for the mixed MLP (MNIST, five and five devices); 0.985 within ten rounds for LeNet on all of MNIST, ten devices."
  echo
  echo '```'
  grep -E "largest difference|^ *(\[.*\] )?(onnx|torch): |0\.[0-9]{4} 0\.|Total:" "$log" | sed -E 's/^ *//; s/FlameEdge.Scenarios.Learning.RuntimeTests.//; s/ *\[OUTPUT\]/:/'
  echo '```'
} > docs/reports/runtimes.md
rm -f "$log"
exit "$code"
