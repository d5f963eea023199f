#!/bin/sh
# Makes a Debian package of a published folder: ./make-deb.sh [OUT.deb]. Needs dpkg-deb.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
command -v dpkg-deb >/dev/null || { echo "dpkg-deb is not installed (apt-get install -y dpkg)" >&2; exit 1; }
. "$here/package.conf"
out=${1:-flame-edge-agent_${VERSION}_${ARCHITECTURE}.deb}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
"$here/install.sh" --root "$work" >/dev/null
# State and credentials belong to the machine, not to the package.
rm -rf "$work/var" "$work/etc/flameedge/credentials"
rmdir "$work/etc/flameedge/conf.d"
mkdir "$work/DEBIAN"
cat > "$work/DEBIAN/control" <<CONTROL
Package: flame-edge-agent
Version: $VERSION
Architecture: $ARCHITECTURE
Maintainer: The FlameEdge developers <flameedge@localhost>
Installed-Size: $(du -sk "$work/usr" | cut -f1)
Depends: libc6, libssl3, adduser
Section: net
Priority: optional
Description: FlameEdge agent for devices of the class $PROFILE
 Learning on fleets of edge devices over MQTT, as a systemd service.
CONTROL
echo /etc/flameedge/agent.json > "$work/DEBIAN/conffiles"
cat > "$work/DEBIAN/postinst" <<'POSTINST'
#!/bin/sh
set -e
if ! getent passwd flameedge >/dev/null; then
  adduser --system --group --home /var/lib/flameedge --no-create-home --shell /usr/sbin/nologin flameedge
fi
mkdir -p /etc/flameedge/credentials /etc/flameedge/conf.d /var/lib/flameedge
chmod 750 /etc/flameedge /etc/flameedge/conf.d
chmod 700 /etc/flameedge/credentials /var/lib/flameedge
chmod 640 /etc/flameedge/agent.json
chown root:flameedge /etc/flameedge /etc/flameedge/conf.d /etc/flameedge/agent.json
chown flameedge:flameedge /var/lib/flameedge
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl try-restart flame-edge-agent.service
fi
POSTINST
cat > "$work/DEBIAN/prerm" <<'PRERM'
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl disable --now flame-edge-agent.service || true
fi
PRERM
cat > "$work/DEBIAN/postrm" <<'POSTRM'
#!/bin/sh
set -e
if [ "$1" = purge ]; then
  rm -rf /var/lib/flameedge /etc/flameedge
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
fi
POSTRM
chmod 755 "$work/DEBIAN/postinst" "$work/DEBIAN/prerm" "$work/DEBIAN/postrm"
# The middle way of xz: a tenth larger, and a gigabyte of libtorch is packed in minutes instead of an hour on a small machine.
dpkg-deb --root-owner-group -Zxz -z2 --build "$work" "$out" >/dev/null
echo "$out"
