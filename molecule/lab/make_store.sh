#!/bin/sh
# make_store.sh ROOT SCRATCH: imports SCRATCH/images.tar into SCRATCH/store, by the containerd of a root file system.
# Mounts and processes are in namespaces of their own and end with this script.
set -eu
root=$2/root
mount -t overlay store -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$root"
mkdir -p "$root/var/lib/containerd"
mount --bind "$2/store" "$root/var/lib/containerd"
mount -t proc proc "$root/proc"
mount -t tmpfs run "$root/run"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"

chroot "$root" containerd > "$2/log" 2>&1 &
daemon=$!
tries=0
until chroot "$root" ctr version > /dev/null 2>&1; do
    tries=$((tries + 1))
    if [ $tries -gt 300 ] || ! kill -0 $daemon 2> /dev/null; then
        echo "containerd did not start:" >&2
        tail -n 20 "$2/log" >&2
        exit 1
    fi
    sleep 0.1
done
chroot "$root" ctr --namespace k8s.io images import - < "$2/images.tar"
kill $daemon
wait $daemon || true
