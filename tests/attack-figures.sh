#!/usr/bin/env bash
# Hostile trainers against every robust rule, as jobs over the broker: writes docs/reports/attacks.md. Needs the reference data (FLAMEEDGE_DATA).
#   tests/attack-figures.sh
set -u
cd "$(dirname "$0")/.."
dotnet build tests/FlameEdge.Scenarios -c Release -v quiet --nologo || exit 1
table=$(mktemp)
FLAMEEDGE_ATTACK_REPORT=$table dotnet tests/FlameEdge.Scenarios/bin/Release/net10.0/FlameEdge.Scenarios.dll -noColor -explicit only -trait figures=attacks || exit 1
[ -s "$table" ] || { echo "no reference data: set FLAMEEDGE_DATA"; exit 1; }
changes=$(git status --porcelain -uno -- src tests)
{
  echo "# Hostile trainers"
  echo
  echo "Accuracy after twenty rounds of softmax regression on 6000 images of MNIST in equal blocks, over the embedded broker, with three trainers of ten hostile: *sign flip* sends the change"
  echo "five times as long the other way, *scaling* twenty times as long, *label flip* learns every label turned round, *nan* sends what is not a number. What is not finite is refused before any rule sees"
  echo "it, and a rule then fears as many attackers fewer. Written by \`tests/attack-figures.sh\` on $(date -u +%Y-%m-%d), commit $(git rev-parse --short HEAD)$([ -z "$changes" ] || echo ' with changes')."
  echo
  cat "$table"
  echo
  echo "Bulyan is defined for n ≥ 4 f + 3 updates: it cannot promise anything against three of ten. The last two lines show it within its condition (three of fifteen) and beyond it (six of twenty where four are feared)."
} > docs/reports/attacks.md
rm -f "$table"
