#!/usr/bin/env bash
# Publishes every class that runs an agent, installs each into an empty root twice, makes its package, asks systemd about its service, and writes docs/reports/profiles.md.
#   tests/publish-profiles.sh [CLASS…]      all classes unless some are named
# Needs what docs/agent.md says of publishing, dpkg-deb and systemd-analyze. Exit code 0 only where all is well.
set -u
cd "$(dirname "$0")/.."
[ "${1:-}" = --help ] && { sed -n 2,4p "$0"; exit 2; }
command -v dpkg-deb >/dev/null && command -v systemd-analyze >/dev/null || { echo "dpkg-deb or systemd-analyze is not installed (apt-get install -y dpkg systemd)"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
classes=("$@")
[ $# -gt 0 ] || for props in firmware-profiles/*/publish.props; do classes+=("$(basename "$(dirname "$props")")"); done
failed=0 lines=()

# The exposure systemd computes (10 is naked), and 1 where a unit is wrong, beside the machine's own units.
exposure() { systemd-analyze security --offline=true "$1" 2>/dev/null | sed -n 's/.*Overall exposure level for .*: \([0-9.]*\) .*/\1/p'; }
verify() {
  mkdir -p "$1/usr/lib/systemd/system" "$1/bin" "$1/usr/sbin"
  cp -rn /usr/lib/systemd/system/. "$1/usr/lib/systemd/system/"
  systemd-analyze verify --man=no --root="$1" "$2" 2>&1 | grep -F "$2" | grep -v 'Unit .* not found'
}

for class in "${classes[@]}"; do
  echo "== $class"
  project=src/FlameEdge.Agent
  [ "$class" = trainer-x64-torch ] && project=src/FlameEdge.Agent.Torch
  out=$work/$class root=$work/$class.root problems=""
  began=$SECONDS
  if ! dotnet publish "$project" -c Release -p:FirmwareProfile="$class" -o "$out" -v quiet --nologo -p:RunAnalyzers=false -nodeReuse:false > "$work/log" 2>&1; then
    tail -20 "$work/log"
    lines+=("| $class | publish failed | | | | |"); failed=1
    continue
  fi
  took=$((SECONDS - began))
  mkdir "$root"
  { "$out/install.sh" --root "$root" && echo '{"name":"mine","broker":{"url":"mqtt://here"}}' > "$root/etc/flameedge/agent.json" && "$out/install.sh" --root "$root"; } > "$work/log" || problems+="install; "
  grep -q '"mine"' "$root/etc/flameedge/agent.json" || problems+="configuration overwritten; "
  deb=$("$out/make-deb.sh" "$work/$class.deb") && dpkg-deb --info "$deb" >/dev/null || problems+="package; "
  found=$(verify "$root" flame-edge-agent.service) && problems+="unit: $found; "
  level=$(exposure "$root/usr/lib/systemd/system/flame-edge-agent.service")
  awk -v l="${level:-10}" 'BEGIN { exit !(l <= 3.0) }' || problems+="exposure; "
  program=$(sed -n 's|^ExecStart=/usr/lib/flameedge/\([^ ]*\).*|\1|p' "$out/flame-edge-agent.service")
  kind=$(head -c 20 "$out/$program" | od -An -tx1 -j18 -N1 | tr -d ' ')
  version="arm64, not run here"
  [ "$kind" = 3e ] && { version=$("$out/$program" --version 2>&1) || problems+="does not start; "; }
  "$out/install.sh" --root "$root" --uninstall && [ ! -e "$root/usr/lib/flameedge" ] && [ -e "$root/etc/flameedge/agent.json" ] || problems+="uninstall; "
  "$out/install.sh" --root "$root" --purge && [ ! -e "$root/etc/flameedge" ] || problems+="purge; "
  [ -z "$problems" ] || failed=1
  lines+=("| $class | $(du -sm "$out" | cut -f1) MB | $(du -sm "$work/$class.deb" | cut -f1) MB | $level | $version | ${problems:-sound} |")
  echo "${lines[-1]} ($took s)"
  rm -rf "$out" "$root" "$work/$class.deb"
done

controller=$(exposure src/FlameEdge.Cli/Package/flame-edge-controller.service)
{
  echo "# Every class published and installed"
  echo
  echo "Written by \`tests/publish-profiles.sh${*:+ $*}\` on $(date -u +%Y-%m-%d), commit $(git rev-parse --short HEAD)$([ -z "$(git status --porcelain -uno)" ] || echo ' with changes'), $(systemd-analyze --version | head -1)."
  echo
  echo "| class | folder | package | exposure (at most 3.0) | starts | installed twice, verified, packaged, removed, purged |"
  echo "|---|---:|---:|---:|---|---|"
  printf '%s\n' "${lines[@]}"
  echo
  echo "Exposure is \`systemd-analyze security --offline=true\` of the service as installed; the controller's is $controller."
} > docs/reports/profiles.md
cat docs/reports/profiles.md
exit $failed
