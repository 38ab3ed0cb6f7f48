# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about a host's system: kernel, control groups, swap, container runtime, programs, disk, clock, name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ...findings import ERROR, HINT, WARNING
from ..versions import Version, nearest
from .said import Said
from .settings import modules, settings

Needs = Mapping[str, Any]
Facts = Mapping[str, Any]

OLDEST_KERNEL = (5, 13)  # k/k: pkg/proxy/nftables: an older kernel is taken for a sign of an nft before 1.0.1
BAD_NFT = "1.1.3"  # kubernetes/kubernetes#136786
READING_NFT = (1, 1)  # an older one ends with a segmentation fault where a newer one has made sets
SKEW, FATAL_SKEW = 60, 300  # seconds; certificates are valid from five minutes before they are made
PROGRAMS = {
    "nft": "nftables",
    "iptables": "iptables",
    "ip6tables": "iptables",
    "ip": "iproute2",
    "bridge": "iproute2",
    "mount": "mount",
    "losetup": "mount",
    "conntrack": "conntrack",
}
# Per cent that are free, of what: k/k: pkg/kubelet/apis/config/v1beta1/defaults_linux.go, DefaultEvictionHard.
EVICTS = {"/var/lib/kubelet": 10, "/var/lib/containerd": 15}
BEFORE_CONNTRACK_WENT = 32  # kubeadm: app/preflight/checks_linux.go
READING_MAPS = 33  # k/k: pkg/proxy/nftables: kube-proxy compares its maps by what nft lists, and emptied them before


def kernel(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """The kernel is new enough for kube-proxy's mode."""
    version = tuple(int(part) for part in re.findall(r"\d+", facts["kernel"])[:2])
    if needs["proxy"] == "nftables" and version < OLDEST_KERNEL:
        reason = "kube-proxy's mode nftables needs 5.13 or later"
        fix = "Use a newer kernel, or set dualstack.cluster.kubernetes.proxy.mode to iptables."
        yield Said("host-kernel", ERROR, "kernel", facts["kernel"], reason, fix)


def kernel_modules(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """Modules are loaded, built in, or can be loaded. A kernel that loads none has what it has."""
    for name in modules(needs):
        if facts["modules"].get(name) == "missing":
            reason = "the running kernel neither has it built in nor finds it among its modules"
            fix = "Install the package with the modules of this kernel, or reboot into the kernel that is installed."
            yield Said("host-module", ERROR, "kernel module", name, reason, fix)


def sysctls(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """A setting that must change can be changed."""
    for setting in settings(needs, facts):
        has = facts["sysctls"].get(setting.key)
        if setting.key in facts["read_only"] and str(has) != setting.value:
            severity = HINT if setting.harmless else ERROR
            reason = f"it is {has} and can't be written here, and {setting.value} is needed"
            fix = "Set it outside: this looks like a container." if not setting.harmless else "Nothing, in a container."
            yield Said("host-sysctl", severity, setting.key.replace("/", "."), str(has), reason, fix)


def swap(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """kubelet does not start with swap on, unless it is told to (failSwapOn)."""
    if facts["swap"] and needs["kubelet"].get("failSwapOn", True):
        reason = "swap is on, and kubelet does not start with it"
        fix = (
            "Turn it off (swapoff -a, and /etc/fstab or systemd's swap units), or set failSwapOn: false in "
            "dualstack.cluster.kubernetes.configuration.kubelet."
        )
        yield Said("host-swap", ERROR, "swap", ", ".join(facts["swap"]), reason, fix)


def control_groups(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """kubelet 1.35 and later does not start with cgroup v1, unless it is told to (failCgroupV1)."""
    refuses = nearest(Version.parse(needs["version"])).fail_cgroup_v1
    if facts["cgroup"] == 1 and needs["kubelet"].get("failCgroupV1", refuses):
        reason = f"the host runs with cgroup v1, with which kubelet {needs['version']} does not start"
        fix = (
            "Boot with cgroup v2 (systemd.unified_cgroup_hierarchy=1), or set failCgroupV1: false in "
            "dualstack.cluster.kubernetes.configuration.kubelet."
        )
        yield Said("host-cgroup-v1", ERROR, "cgroup", "v1", reason, fix)


def containerd(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """containerd, where it is there, is new enough."""
    has = facts["programs"].get("containerd", "")
    least = nearest(Version.parse(needs["version"])).containerd
    if has and tuple(int(part) for part in has.split(".")[:2]) < least:
        reason = f"Kubernetes {needs['version']} needs containerd {least[0]}.{least[1]} or later"
        yield Said("host-containerd", ERROR, "containerd", has, reason, "Install a newer containerd.")


def programs(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """What kubeadm, kube-proxy and the pod network call is there."""
    names = ["ip", "mount", "losetup"]
    if needs["proxy"] == "nftables" or needs["plugin"] == "bridge":
        names.append("nft")
    if needs["plugin"] == "bridge":
        names += ["bridge"]
    if needs["proxy"] in ("iptables", "ipvs"):
        names += ["iptables", "ip6tables"]
    if Version.parse(needs["version"]).minor < BEFORE_CONNTRACK_WENT:
        names.append("conntrack")
    for name in names:
        if name not in facts["programs"] and name not in installs and PROGRAMS[name] not in installs:
            fix = f"Install the package {PROGRAMS[name]} (its name in Debian)."
            yield Said("host-program", ERROR, "programs", name, "it is not there", fix)
    if needs["proxy"] == "nftables" and facts["programs"].get("nft") == BAD_NFT:
        reason = "kube-proxy without the repair of kubernetes/kubernetes#136786 ends when it calls this version"
        fix = "Run kube-proxy from its image, which has an nft of its own, or use another version of either."
        yield Said("host-nft", WARNING, "nft", BAD_NFT, reason, fix)


def old_nft(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """What lists rules on the host can read the tables that kube-proxy's newer nft makes."""
    has = facts["programs"].get("nft", "")
    if needs["proxy"] == "nftables" and has and tuple(int(part) for part in has.split(".")[:2]) < READING_NFT:
        reason = "once kube-proxy's image with a newer nft has made its tables, this one crashes when it lists rules"
        fix = (
            "Nothing for pods: their masquerading is made by iptables then. firewalld and scripts may need a newer nft."
        )
        yield Said("host-nft", HINT, "nft", has, reason, fix)


def protocols(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """Where kube-proxy is a unit of the host, nft there names protocols as it does. Images have a file of their own."""
    reads = needs["proxy"] == "nftables" and Version.parse(needs["version"]).minor >= READING_MAPS
    if reads and needs["run_by"] == "systemd" and not facts["protocols"]:
        reason = (
            "without it nft lists udp as 17, and kube-proxy takes its own entries for leftovers and deletes them: at "
            "times no Service leads anywhere"
        )
        fix = "Install the package netbase (its name in Debian; setup in Fedora), and restart kube-proxy where it runs."
        yield Said("host-protocols", ERROR, "/etc/protocols", "", reason, fix)


def disk(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """kubelet does not take the disk for full. An intent that states evictionHard has thresholds of its own."""
    if "evictionHard" in needs["kubelet"]:
        return
    for path, least in EVICTS.items():
        if facts["free"][path] < least:
            reason = (
                f"{facts['free'][path]}% of its file system are free: below {least}% kubelet evicts pods, and deletes "
                "images that nothing runs, after a loss of power all of them"
            )
            fix = (
                "Free some, or give it a file system of its own. Other thresholds: evictionHard and "
                "imageGCHighThresholdPercent in dualstack.cluster.kubernetes.configuration.kubelet."
            )
            yield Said("host-disk", WARNING, path, "", reason, fix)


def clock(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """The clock agrees with that of the host that runs Ansible."""
    skew = facts["skew"]
    if skew is not None and abs(skew) >= SKEW:
        way = "ahead of" if skew > 0 else "behind"
        reason = f"it is {abs(skew):.0f} s {way} that of the host that runs Ansible: certificates may not be valid"
        severity = ERROR if abs(skew) >= FATAL_SKEW else WARNING
        yield Said("host-clock", severity, "clock", "", reason, "Synchronise the clocks of all hosts (chrony).")


def name(needs: Needs, facts: Facts, installs: Collection[str]) -> Iterator[Said]:
    """The node's name is the host's; kubelet is told the former."""
    if facts["hostname"].lower().split(".")[0] != needs["node"].split(".")[0]:
        reason = f"the host calls itself {facts['hostname']}; its Node will be {needs['node']}"
        fix = "Nothing has to be done; with one name for both, logs are easier to read."
        yield Said("host-name", HINT, "host name", facts["hostname"], reason, fix)


RULES = (
    *(kernel, kernel_modules, sysctls, swap, control_groups, containerd, programs, old_nft, protocols, disk, clock),
    name,
)
