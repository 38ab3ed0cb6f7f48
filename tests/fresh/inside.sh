#!/bin/sh
# inside.sh ROOT TARGET…: makes ROOT the root of this mount namespace and runs make's targets in the checkout there.
# A plain chroot would not do: systemd-nspawn moves the root of its guests, which the kernel refuses in a chroot.
set -eu
root=$1
shift

mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run
pivot_root . mnt
cd /root/collection
umount -l /mnt

status=0
for target in "$@"; do
    began=$(date +%s)
    if make "$target"; then result=passed; else result=FAILED status=1; fi
    echo "fresh: make $target: $result in $(($(date +%s) - began)) s"
done
make demo-down || status=1
exit $status
