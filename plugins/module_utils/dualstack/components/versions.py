# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of Kubernetes, and the one table of what changes with them.

Left out on purpose: pre-releases and the suffixes of distributions; what matters here changes with the minor version.
1.37 is known from documentation alone (KEP-4033, KEP-5343).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ..addresses.blocks import IPV4, IPV6

_TEXT = re.compile(r"v?1\.(\d+)\.(\d+)")
OLDEST, NEWEST = 20, 37
NEEDED, HARMLESS, REFUSED = "needed", "harmless", "refused"


class Version(NamedTuple):
    """A version of Kubernetes, as ``1.36.3``; the major version has always been 1."""

    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Reads ``1.36.3`` or ``v1.36.3``. Raises ValueError for everything else."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no version of Kubernetes; write it as 1.36.3")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"1.{self.minor}.{self.patch}"


class Rules(NamedTuple):
    """What holds for a minor version.

    ``dual_stack_gate``: whether IPv6DualStack is NEEDED (for two families), HARMLESS or REFUSED by all components.
    ``kubeadm_writes``, ``kubeadm_reads``: versions of kubeadm's API. ``service_host_bits``: the most that
    kube-apiserver takes, by family. ``containerd``: the oldest (major, minor).
    """

    dual_stack_gate: str
    kubeadm_gate: bool
    kubeadm_writes: str
    kubeadm_reads: tuple[str, ...]
    arguments_as_list: bool
    skip_phases: bool
    proxy_disabled: bool
    masks_of_one_family: bool
    service_host_bits: dict[str, int]
    service_cidr_objects: bool
    proxy_modes: tuple[str, ...]
    proxy_default: str
    ipvs_deprecated: bool
    cri_scheme: bool
    control_plane_taints: tuple[str, ...]
    containerd: tuple[int, int]
    fail_cgroup_v1: bool
    strict_addresses: bool


class Change(NamedTuple):
    """From minor version ``since`` on (OLDEST: always) the rule ``key`` is ``value``."""

    since: int
    key: str
    value: Any
    words: str
    source: str


ROLES = "node-role.kubernetes.io/{master,control-plane}"
MASTER, CONTROL_PLANE = "node-role.kubernetes.io/master", "node-role.kubernetes.io/control-plane"
_GATE = "kubernetes/website feature-gates/IPv6DualStack"
_KUBEADM = "kubeadm: apis/kubeadm"
_MASKS = "kubernetes/kubernetes#104691"
_PROXY = "kube-proxy: proxy/apis/config/validation"

CHANGES: tuple[Change, ...] = (
    Change(20, "dual_stack_gate", NEEDED, "two families need the feature gate IPv6DualStack in every component", _GATE),
    Change(21, "dual_stack_gate", HARMLESS, "IPv6DualStack is on by itself", _GATE),
    Change(25, "dual_stack_gate", REFUSED, "IPv6DualStack is unknown: no component starts with it", _GATE),
    Change(20, "kubeadm_gate", True, "kubeadm hands featureGates.IPv6DualStack to all components", _KUBEADM),
    Change(24, "kubeadm_gate", False, "kubeadm refuses featureGates.IPv6DualStack", "kubernetes/kubernetes#106648"),
    Change(20, "kubeadm_writes", "v1beta2", "kubeadm's documents are v1beta2", _KUBEADM),
    Change(22, "kubeadm_writes", "v1beta3", "kubeadm's documents are v1beta3", _KUBEADM),
    Change(31, "kubeadm_writes", "v1beta4", "kubeadm's documents are v1beta4", f"{_KUBEADM}/v1beta4/doc.go"),
    Change(20, "kubeadm_reads", ("v1beta1", "v1beta2"), "kubeadm reads v1beta1 and v1beta2", _KUBEADM),
    Change(22, "kubeadm_reads", ("v1beta2", "v1beta3"), "kubeadm reads v1beta2 and v1beta3", _KUBEADM),
    Change(27, "kubeadm_reads", ("v1beta3",), "kubeadm reads v1beta3 alone", _KUBEADM),
    Change(
        31,
        "kubeadm_reads",
        ("v1beta3", "v1beta4"),
        "kubeadm reads v1beta3 (from 1.36 on with a warning) and v1beta4",
        _KUBEADM,
    ),
    Change(20, "arguments_as_list", False, "extraArgs are a mapping", _KUBEADM),
    Change(31, "arguments_as_list", True, "extraArgs are a list of {name, value}", f"{_KUBEADM}/v1beta4/doc.go"),
    Change(20, "skip_phases", False, "kubeadm's documents can't skip phases", _KUBEADM),
    Change(22, "skip_phases", True, "kubeadm's documents have skipPhases", f"{_KUBEADM}/v1beta3/doc.go"),
    Change(20, "proxy_disabled", False, "only skipped phases leave kube-proxy out", _KUBEADM),
    Change(31, "proxy_disabled", True, "ClusterConfiguration has proxy.disabled", f"{_KUBEADM}/v1beta4/doc.go"),
    Change(20, "masks_of_one_family", False, "--node-cidr-mask-size-* of a family need two", _MASKS),
    Change(
        23,
        "masks_of_one_family",
        True,
        "--node-cidr-mask-size-* go with one family too",
        _MASKS,
    ),
    Change(
        20,
        "service_host_bits",
        {IPV4: 20, IPV6: 20},
        "service CIDRs have at most 20 host bits: /12 and /108",
        "kube-apiserver: app/options/validation.go",
    ),
    Change(
        34,
        "service_host_bits",
        {IPV4: 32, IPV6: 64},
        "IPv6 service CIDRs go up to /64, IPv4 ones have any size (kubeadm keeps to 20 host bits)",
        "kube-apiserver: registry/core/service/ipallocator/cidrallocator.go",
    ),
    Change(20, "service_cidr_objects", False, "service CIDRs are flags alone", "KEP-1880"),
    Change(33, "service_cidr_objects", True, "ServiceCIDR objects are there (networking.k8s.io/v1)", "KEP-1880"),
    Change(20, "proxy_modes", ("iptables", "ipvs"), "kube-proxy has the modes iptables and ipvs", _PROXY),
    Change(31, "proxy_modes", ("nftables", "iptables", "ipvs"), "nftables needs no feature gate any more", "KEP-3866"),
    Change(20, "proxy_default", "iptables", "iptables is what we choose for kube-proxy", "KEP-3866"),
    Change(33, "proxy_default", "nftables", "nftables is generally available, and what we choose", "KEP-3866"),
    Change(20, "ipvs_deprecated", False, "ipvs is supported", "KEP-5495"),
    Change(35, "ipvs_deprecated", True, "ipvs is deprecated", "KEP-5495"),
    Change(20, "cri_scheme", False, "sockets of the CRI are paths", "kubernetes/kubernetes#107295"),
    Change(24, "cri_scheme", True, "sockets of the CRI are URLs (unix://)", "kubernetes/kubernetes#107295"),
    Change(20, "control_plane_taints", (MASTER,), f"kubeadm taints control planes: {MASTER}", "KEP-2067"),
    Change(
        24,
        "control_plane_taints",
        (MASTER, CONTROL_PLANE),
        f"kubeadm taints control planes: both of {ROLES}",
        "KEP-2067",
    ),
    Change(25, "control_plane_taints", (CONTROL_PLANE,), f"kubeadm taints control planes: {CONTROL_PLANE}", "KEP-2067"),
    Change(20, "containerd", (1, 4), "containerd 1.4 and later", "containerd: releases.md"),
    Change(
        26, "containerd", (1, 6), "containerd 1.6 and later: kubelet speaks CRI v1 alone", "containerd: releases.md"
    ),
    Change(37, "containerd", (2, 0), "containerd 2.0 and later: the CRI says the cgroup driver", "KEP-4033"),
    Change(20, "fail_cgroup_v1", False, "kubelet runs with cgroup v1", "KEP-5573"),
    Change(35, "fail_cgroup_v1", True, "kubelet refuses cgroup v1 unless failCgroupV1 is false", "KEP-5573"),
    Change(20, "strict_addresses", False, "addresses with leading zeros are taken", "KEP-4858"),
    Change(36, "strict_addresses", True, "addresses in new objects are strict (StrictIPCIDRValidation)", "KEP-4858"),
)


def rules(version: Version) -> Rules:
    """What holds for a version. Raises ValueError for one that is older or newer than the table."""
    if not OLDEST <= version.minor <= NEWEST:
        raise ValueError(f"Kubernetes {version} is not known; the table has 1.{OLDEST} to 1.{NEWEST}")
    return Rules(**{change.key: change.value for change in CHANGES if change.since <= version.minor})


def nearest(version: Version) -> Rules:
    """The rules of a version, or those of the nearest one that the table has."""
    return rules(version._replace(minor=min(max(version.minor, OLDEST), NEWEST)))
