#!/bin/sh
# boot.sh CGROUP… -- COMMAND…: joins the host's own cgroups, then boots the host.
# 133 is systemd-nspawn's exit code for "the guest rebooted": start it again.
while [ "$1" != -- ]; do
    echo $$ > "$1/cgroup.procs" || exit 1
    shift
done
shift
while :; do
    "$@"
    code=$?
    [ "$code" = 133 ] || exit "$code"
done
