#!/bin/sh
# Installs the FlameEdge agent of this folder as a service: program to /usr/lib/flameedge, configuration to /etc/flameedge, state to /var/lib/flameedge, user flameedge.
#   ./install.sh [--root DIR] [--start]   again and again: updates the program, never a configuration that is there
#   ./install.sh --uninstall [--root DIR] takes program and service away; configuration, identity and state stay
#   ./install.sh --purge [--root DIR]     takes those too
# DIR is the root of an image; nothing is started and no service manager is asked there. The service is not started before /etc/flameedge/agent.json names a broker.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root= action=install start=no
while [ $# -gt 0 ]; do
  case $1 in
    --root) [ $# -gt 1 ] || { echo "--root needs a folder" >&2; exit 2; }; root=${2%/}; shift ;;
    --start) start=yes ;;
    --uninstall) action=uninstall ;;
    --purge) action=purge ;;
    *) sed -n '2,6p' "$0" | cut -c3- >&2; exit 2 ;;
  esac
  shift
done
[ -n "$root" ] || [ "$(id -u)" = 0 ] || { echo "this installs a service: run it as root, or into an image with --root DIR" >&2; exit 1; }
[ -z "$root" ] || [ -d "$root" ] || { echo "$root is no folder: make it, or name the image's root" >&2; exit 1; }

lib=$root/usr/lib/flameedge etc=$root/etc/flameedge state=$root/var/lib/flameedge unit=$root/usr/lib/systemd/system/flame-edge-agent.service
# The service manager of this machine, where it runs and the root is its own.
manager() { if [ -z "$root" ] && [ -d /run/systemd/system ]; then systemctl "$@"; fi; }
# In an image the user is made at the first boot, by systemd-sysusers.
own() { if [ -z "$root" ]; then chown "$1" "$2"; fi; }

if [ "$action" != install ]; then
  manager disable --now flame-edge-agent.service 2>/dev/null || true
  rm -rf "$lib" "$unit" "$root/usr/lib/sysusers.d/flameedge.conf" "$root/usr/bin/flame-edge-agent"
  if [ "$action" = purge ]; then
    rm -rf "$etc" "$state"
    if [ -z "$root" ] && getent passwd flameedge >/dev/null; then userdel flameedge; fi
  fi
  manager daemon-reload
  exit 0
fi

program=$(sed -n 's|^ExecStart=/usr/lib/flameedge/\([^ ]*\).*|\1|p' "$here/flame-edge-agent.service")
[ -x "$here/$program" ] || { echo "$here/$program is not there: run install.sh in the folder that dotnet publish made" >&2; exit 1; }
was=$(manager is-active flame-edge-agent.service 2>/dev/null || true)

# The user, from the same line that an image's first boot reads.
mkdir -p "$root/usr/lib/sysusers.d" "$(dirname "$unit")" "$root/usr/bin"
printf 'u flameedge - "FlameEdge agent" /var/lib/flameedge /usr/sbin/nologin\n' > "$root/usr/lib/sysusers.d/flameedge.conf"
if [ -z "$root" ] && ! getent passwd flameedge >/dev/null; then
  useradd --system --user-group --home-dir /var/lib/flameedge --no-create-home --shell /usr/sbin/nologin flameedge
fi

# A new folder beside the old one and then a rename: a power cut leaves one of them whole.
rm -rf "$lib.new" "$lib.old"
mkdir -p "$lib.new"
cp -R "$here/." "$lib.new/"
chmod -R u=rwX,go=rX "$lib.new"
[ ! -e "$lib" ] || mv "$lib" "$lib.old"
mv "$lib.new" "$lib"
rm -rf "$lib.old"
ln -sf "/usr/lib/flameedge/$program" "$root/usr/bin/flame-edge-agent"
install -m 644 "$here/flame-edge-agent.service" "$unit"

mkdir -p "$etc/credentials" "$etc/conf.d" "$state"
chmod 750 "$etc" "$etc/conf.d"; chmod 700 "$etc/credentials" "$state"
own root:flameedge "$etc"; own root:flameedge "$etc/conf.d"; own flameedge:flameedge "$state"
if [ ! -e "$etc/agent.json" ]; then
  install -m 640 "$here/agent.example.json" "$etc/agent.json"
  own root:flameedge "$etc/agent.json"
fi

manager daemon-reload
if grep -q '"mqtts\{0,1\}://broker\.example' "$etc/agent.json"; then
  echo "installed. Next: name broker and agent in $etc/agent.json, then systemctl enable --now flame-edge-agent"
elif [ "$start" = yes ]; then
  manager enable flame-edge-agent.service
  manager restart flame-edge-agent.service
elif [ "$was" = active ]; then
  manager restart flame-edge-agent.service
  echo "updated and restarted"
else
  echo "installed. Next: systemctl enable --now flame-edge-agent"
fi
