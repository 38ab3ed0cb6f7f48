# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service CIDRs: what kube-apiserver accepts, and whether there is room for the Services."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..addresses.blocks import BITS, IPV4, IPV6, network
from ..components.versions import Version, nearest
from ..findings import ERROR
from ..intent.load import Intent
from .kubernetes import SERVICE_RANGE, Cidr, cidrs
from .rule import Plan, Problem, rule

MOST_HOST_BITS = 20
LEAST_SERVICES = 10
USUAL_LENGTHS = {IPV4: 16, IPV6: 112}


@rule("service-cidr-large", ERROR)
def service_large(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A service CIDR has at most 20 host bits: /12 of IPv4, /108 of IPv6.

    Source: kube-apiserver --service-cluster-ip-range up to Kubernetes 1.33, kubeadm in every version. From 1.34 on
    kube-apiserver alone takes larger ones, IPv6 up to /64; with a shorter IPv6 prefix it starts without a word, and
    every IPv6 Service fails with "range is full".
    """
    del plan
    for cidr in cidrs(intent, "services"):
        host_bits = BITS[cidr.family] - (cidr.block.prefix_length or 0)
        most = _most_host_bits(cidr)
        if host_bits > most:
            reason = f"has {host_bits} host bits; {SERVICE_RANGE} takes {most}"
            part = network(cidr.family, cidr.block.first, USUAL_LENGTHS[cidr.family])
            yield Problem(cidr.path, cidr.text, reason, f"Use a part of it, as {part}.")


@rule("service-cidr-small", ERROR)
def service_small(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A service CIDR has ten addresses and more: the first is the API server's, the tenth the cluster DNS's.

    Source: kube-apiserver --service-cluster-ip-range (eight in the primary range), kubeadm (ten in each).
    """
    del plan
    for cidr in cidrs(intent, "services"):
        if cidr.block.size < LEAST_SERVICES:
            reason = f"has {cidr.block.size} addresses; {SERVICE_RANGE} wants at least {LEAST_SERVICES}"
            yield Problem(cidr.path, cidr.text, reason, f"Use a /{USUAL_LENGTHS[cidr.family]}.")


@rule("service-cidr-full", ERROR)
def service_full(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A service CIDR has an address for each Service of the intent, the primary one for API server and DNS besides.

    Source: kube-apiserver gives each family of a Service a clusterIP; the network's own addresses are left out.
    """
    wanted = Counter((each["cluster"], family) for each in plan["services"] for family in each["families"])
    for cidr in cidrs(intent, "services"):
        room = cidr.block.size - (2 if cidr.family == IPV4 else 1)
        primary = (cidr.cluster["families"] or intent.families)[0]
        needed = wanted[cidr.cluster["name"], cidr.family] + (2 if cidr.family == primary else 0)
        if cidr.block.size >= LEAST_SERVICES and needed > room:
            length = BITS[cidr.family] - (2 * needed + 1).bit_length()
            reason = f"has room for {room} Services, and {needed} are wanted"
            yield Problem(cidr.path, cidr.text, reason, f"Use a /{length} or larger in {SERVICE_RANGE}.")


def _most_host_bits(cidr: Cidr) -> int:
    """What is taken by whoever reads the CIDR: kubeadm, or kube-apiserver alone in a version that is stated."""
    kubernetes = cidr.cluster["kubernetes"]
    if kubernetes is None or kubernetes["run_by"] == "kubeadm":
        return MOST_HOST_BITS
    return nearest(Version.parse(kubernetes["version"])).service_host_bits[cidr.family]


RULES = (service_large, service_small, service_full)
