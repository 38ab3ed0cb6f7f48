#!/bin/sh
# What a container may not do and a machine can, so that kubelet and runc find here what they find there. At each boot.
set -eu

# cgroup v1: the controllers are mounted read-only by systemd-nspawn.
for controller in cpu cpuacct cpu,cpuacct cpuset memory devices freezer blkio pids; do
    [ ! -d "/sys/fs/cgroup/$controller" ] || mount -o remount,bind,rw "/sys/fs/cgroup/$controller"
done

# Kernel settings that kubelet writes: stand-ins, as the machine's own are not a host's to change.
mkdir -p /run/lab
stand_in() {
    echo "$2" > "/run/lab/$(basename "$1")"
    mount --bind "/run/lab/$(basename "$1")" "/proc/sys/$1"
}
stand_in vm/overcommit_memory 1
stand_in kernel/panic 10
stand_in kernel/panic_on_oops 1

[ -e /dev/kmsg ] || mknod -m 600 /dev/kmsg c 1 11
