#!/usr/bin/env bash
# Publishes every class that runs an agent, and the sample of a user's own program, installs each into an empty root twice, makes its package and has dpkg install it, asks systemd about its service, and writes docs/reports/profiles.md.
#   tests/publish-profiles.sh [CLASS…]      all classes unless some are named
# Needs what docs/agent.md says of publishing, dpkg-deb and systemd-analyze; root, for dpkg in a throw-away copy of this machine. Exit code 0 only where all is well.
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

# The real dpkg, on top of a copy of this machine that lives in memory and ends with its name space: installed, used, installed again, removed, purged. Says what went wrong.
installed() {
  unshare --mount --propagation private bash -s -- "$1" "$2" 2>&1 <<'OUTSIDE'
    over=$(mktemp -d) && mount -t tmpfs none "$over" && mkdir "$over/upper" "$over/work" "$over/root" &&
      mount -t overlay overlay -o "lowerdir=/,upperdir=$over/upper,workdir=$over/work" "$over/root" || { echo "no overlay can be mounted"; exit 3; }
    # A program under .NET reads its own memory map before anything else.
    mount --bind /proc "$over/root/proc" && mount --bind /dev "$over/root/dev" || { echo "no /proc can be mounted"; exit 3; }
    cp "$1" "$over/root/agent.deb"
    chroot "$over/root" /bin/sh -s -- "$2" <<'INSIDE'
      export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
      # What is built for another machine is unpacked and configured here, and not run.
      [ "$1" = here ] && force= || force=--force-architecture,depends
      check() { "$@" >/tmp/said 2>&1 || { echo "$*: $(tail -1 /tmp/said)"; exit 1; }; }
      check dpkg ${force:+$force} -i /agent.deb
      check getent passwd flameedge
      [ "$1" != here ] || check flame-edge-agent --version
      check test "$(stat -c %U:%G:%a /etc/flameedge/agent.json)" = root:flameedge:640
      check test "$(stat -c %U:%G:%a /var/lib/flameedge)" = flameedge:flameedge:700
      echo '{"name":"mine"}' > /etc/flameedge/agent.json
      check dpkg ${force:+$force} -i /agent.deb
      check grep -q mine /etc/flameedge/agent.json
      check dpkg -r flame-edge-agent
      check test ! -e /usr/lib/flameedge
      check grep -q mine /etc/flameedge/agent.json
      check dpkg -P flame-edge-agent
      check test ! -e /etc/flameedge -a ! -e /var/lib/flameedge
INSIDE
OUTSIDE
}

for class in "${classes[@]}"; do
  echo "== $class"
  project=src/FlameEdge.Agent
  [ "$class" = trainer-x64-torch ] && project=src/FlameEdge.Agent.Torch
  out=$work/$class root=$work/$class.root problems=""
  began=$SECONDS
  if ! dotnet publish "$project" -c Release -p:FirmwareProfile="$class" -o "$out" -v quiet --nologo -p:RunAnalyzers=false -nodeReuse:false > "$work/log" 2>&1; then
    tail -20 "$work/log"
    lines+=("| $class | publish failed | | | | | |"); failed=1
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
  where=elsewhere
  [ "$kind" = 3e ] && { where=here; version=$("$out/$program" --version 2>&1) || problems+="does not start; "; }
  dpkg="installed, removed, purged"
  if [ "$(id -u)" = 0 ]; then
    found=$(installed "$work/$class.deb" "$where")
    case $? in 0) ;; 3) dpkg="not tried: $found" ;; *) dpkg=$found problems+="dpkg; " ;; esac
  else
    dpkg="not tried: not root"
  fi
  "$out/install.sh" --root "$root" --uninstall && [ ! -e "$root/usr/lib/flameedge" ] && [ -e "$root/etc/flameedge/agent.json" ] || problems+="uninstall; "
  "$out/install.sh" --root "$root" --purge && [ ! -e "$root/etc/flameedge" ] || problems+="purge; "
  [ -z "$problems" ] || failed=1
  lines+=("| $class | $(du -sm "$out" | cut -f1) MB | $(du -sm "$work/$class.deb" | cut -f1) MB | $level | $version | $dpkg | ${problems:-sound} |")
  echo "${lines[-1]} ($took s)"
  rm -rf "$out" "$root" "$work/$class.deb"
done

echo "== a program of a user's own"
dotnet build tests/FlameEdge.Agent.Tests -c Release -v quiet --nologo &&
  dotnet tests/FlameEdge.Agent.Tests/bin/Release/net10.0/FlameEdge.Agent.Tests.dll -noColor -explicit only -class FlameEdge.Agent.Tests.PublishTests || failed=1

controller=$(exposure src/FlameEdge.Cli/Package/flame-edge-controller.service)
{
  echo "# Every class published and installed"
  echo
  echo "Written by \`tests/publish-profiles.sh${*:+ $*}\` on $(date -u +%Y-%m-%d), commit $(git rev-parse --short HEAD)$([ -z "$(git status --porcelain -uno)" ] || echo ' with changes'), $(systemd-analyze --version | head -1)."
  echo
  echo "| class | folder | package | exposure (at most 3.0) | starts | the package, by dpkg | the folder: installed twice, verified, packaged, removed, purged |"
  echo "|---|---:|---:|---:|---|---|---|"
  printf '%s\n' "${lines[@]}"
  echo
  echo "Exposure is \`systemd-analyze security --offline=true\` of the service as installed; the controller's is $controller."
} > docs/reports/profiles.md
cat docs/reports/profiles.md
exit $failed
