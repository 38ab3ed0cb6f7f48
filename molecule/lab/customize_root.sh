#!/bin/sh
# Makes a fresh root file system ($1) one that many hosts can share: no identity, nothing running that a role should start.
set -eu
root=$1

: > "$root/etc/machine-id"
rm -f "$root"/etc/ssh/ssh_host_*
rm -f "$root/etc/hostname" "$root/etc/resolv.conf"
cat > "$root/etc/ssh/sshd_config.d/lab.conf" <<'CONF'
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PasswordAuthentication no
UseDNS no
MaxStartups 100
CONF
install -d -m 0700 "$root/root/.ssh"

chroot "$root" systemctl --quiet set-default multi-user.target
chroot "$root" systemctl --quiet disable frr.service bird.service gobgpd.service exabgp.service
# Not for a host without devices of its own.
chroot "$root" systemctl --quiet mask sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount \
    systemd-udevd.service console-getty.service
# A lab must not start maintenance work while something is measured.
chroot "$root" systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    e2scrub_reap.service fstrim.timer logrotate.timer ssh.socket
