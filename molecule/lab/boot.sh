#!/bin/sh
# boot.sh CGROUP… -- COMMAND…: joins the host's own cgroups, then boots the host, with nothing left of an earlier boot:
# kubelet would look for the containers of the groups that it finds.
# 133 is systemd-nspawn's exit code for "the guest rebooted": start it again.
groups=
while [ "$1" != -- ]; do
    echo $$ > "$1/cgroup.procs" || exit 1
    groups="$groups $1"
    shift
done
shift
while :; do
    # shellcheck disable=SC2086 # paths of the machine's own making, without spaces
    find $groups -mindepth 1 -depth -type d -exec rmdir {} + 2> /dev/null
    "$@"
    code=$?
    [ "$code" = 133 ] || exit "$code"
done
