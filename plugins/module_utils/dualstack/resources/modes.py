# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which fields a mode refuses or passes over: our speaker, and MetalLB with its three BGP backends.

Sources: MetalLB 0.16 `internal/config/validation.go` (native refuses what only FRR can do), `internal/bgp/native`,
`internal/bgp/frrk8s` (what is not copied to an FRRConfiguration). A refusal is an error, what is passed over in silence
is a warning. Left out on purpose: what is wrong in every mode (``rules``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ..addresses.blocks import FAMILIES, IPV6, family_of
from ..findings import ERROR, WARNING, Finding
from . import extensions, readings
from .model import BFDProfile, BGPAdvertisement, L2Advertisement, Peer, Resource, Resources
from .relations import kind_of, of_pool

SPEAKER = "speaker"
NATIVE, FRR, FRR_K8S = "metallb-native", "metallb-frr", "metallb-frr-k8s"
MODES = (SPEAKER, NATIVE, FRR, FRR_K8S)
METALLB = (NATIVE, FRR, FRR_K8S)
WITH_FRR = (FRR, FRR_K8S)
WITH_BFD = (SPEAKER, *WITH_FRR)
LEAST_INTERVAL = 50  # milliseconds: below it, our speaker's BFD would fail paths that work


class _Gap(NamedTuple):
    """A field of a BGPPeer, the attribute of the model, and the modes that refuse it or pass over it."""

    field: str
    attribute: str
    refusing: tuple[str, ...]
    ignoring: tuple[str, ...] = ()
    fix: str = "Remove it."


_NEEDS_FRR = "Remove it, or let MetalLB use FRR (frr-k8s)."
_PEER = (
    _Gap("dynamicASN", "dynamic_asn", (NATIVE,), fix="Give peerASN."),
    _Gap("interface", "interface", (NATIVE,), fix="Give peerAddress."),
    _Gap("localASN", "local_asn", (NATIVE,), (FRR_K8S,), fix="Remove it, and give myASN the ASN that counts."),
    _Gap("vrf", "vrf", (SPEAKER, NATIVE)),
    _Gap("bfdProfile", "bfd_profile", (NATIVE,), fix=_NEEDS_FRR),
    _Gap("enableGracefulRestart", "graceful_restart", (NATIVE,), fix=_NEEDS_FRR),
    _Gap("connectTime", "connect_time", (NATIVE,), fix=_NEEDS_FRR),
    _Gap("keepaliveTime", "keepalive_time", (NATIVE,), fix="Remove it: native mode uses a third of holdTime."),
    _Gap("dualStackAddressFamily", "both_families", (NATIVE,), fix=_NEEDS_FRR),
    _Gap("disableMP", "disable_mp", (NATIVE,), (SPEAKER, *WITH_FRR)),
    _Gap("ebgpMultiHop", "multihop", (), (NATIVE,)),
    *(
        _Gap(f"annotations.{extensions.annotation(attribute)}", attribute, (), METALLB)
        for attribute in extensions.OF_PEERS
    ),
    _Gap(
        "sourceAddress", "source_address", (), (FRR_K8S,), "Remove it: the kernel chooses the address of the session."
    ),
    _Gap(
        "passwordSecret.namespace", "password_secret_namespace", (), MODES, "Remove it; keep the Secret with MetalLB."
    ),
)


def check(resources: Resources, mode: str) -> list[Finding]:
    """What ``mode`` (one of ``MODES``) refuses or ignores of these resources, in the order of the kinds and by name."""
    return list(_check(resources, mode))


def heard(resources: Resources, mode: str) -> Resources:
    """The resources as ``mode`` counts them, where that decides what is announced to whom, and on which terms.

    MetalLB reads no annotation that keeps an advertisement to a family; frr-k8s mode drops localASN.
    """
    if mode == SPEAKER:
        return resources
    bgp, layer2, peers = resources.bgp_advertisements, resources.l2_advertisements, resources.peers
    if mode == FRR_K8S:
        peers = {name: replace(entry, local_asn=None) for name, entry in peers.items()}
    return replace(
        resources,
        bgp_advertisements={name: replace(advert, families=FAMILIES) for name, advert in bgp.items()},
        l2_advertisements={name: replace(advert, families=FAMILIES) for name, advert in layer2.items()},
        peers=peers,
    )


def refuses_shared(mode: str, selecting: bool, matching: bool) -> bool:
    """Whether an L2Advertisement of its pool lets nobody answer for a Service that shares an address.

    ``selecting``: it has serviceSelectors, ``matching``: they match the Service. Source: MetalLB
    `speaker/layer2_controller.go` sharedIPWithServiceSelector; our speaker asks only those that match.
    """
    return selecting and (matching or mode != SPEAKER)


def speaker(given: Mapping[str, Any], resource: Resource) -> Iterable[Finding]:
    """The judge of a Collection that feeds our speaker."""
    if isinstance(resource, Peer):
        return peer(resource, SPEAKER)
    if isinstance(resource, BFDProfile):
        return bfd_profile(resource, stored=True)
    return readings.judge(given, resource)


def peer(entry: Peer, mode: str) -> list[Finding]:
    """What ``mode`` refuses or ignores of a BGPPeer."""
    findings = []
    for gap in _PEER:
        value = getattr(entry, gap.attribute)
        if not value or mode not in gap.refusing + gap.ignoring:
            continue
        part = "metadata" if gap.field.startswith("annotations.") else "spec"
        place, told = f"BGPPeer {entry.name}: {part}.{gap.field}", "" if value is True else str(value)
        if mode in gap.refusing:
            findings.append(Finding("unsupported", ERROR, place, told, f"is not supported by {_name(mode)}", gap.fix))
        else:
            findings.append(Finding("unused", WARNING, place, told, f"has no effect with {_name(mode)}", gap.fix))
    if mode == NATIVE and entry.address and family_of(entry.address) == IPV6:
        reason = "native mode can't dial an IPv6 address: the session never comes up"
        place = f"BGPPeer {entry.name}: spec.peerAddress"
        findings.append(Finding("unsupported", ERROR, place, entry.address, reason, "Use FRR (frr-k8s)."))
    return findings


def bfd_profile(entry: BFDProfile, stored: bool = False) -> list[Finding]:
    """What our speaker refuses or ignores of a BFDProfile: it has no echo, and its packets need a process to run.

    ``stored``: it is in the cluster, perhaps since MetalLB's time: short intervals are lengthened, as no session is to
    be lost by that; the slower end decides (RFC 5880 section 6.8.7).
    """
    findings = []
    for field, value in (("receiveInterval", entry.receive_interval), ("transmitInterval", entry.transmit_interval)):
        if value is not None and value < LEAST_INTERVAL:
            reason = f"is below {LEAST_INTERVAL} ms, the least of {_name(SPEAKER)}"
            reason += f": {LEAST_INTERVAL} ms count" if stored else ""
            fix = f"Use at least {LEAST_INTERVAL} ms, or MetalLB with FRR (frr-k8s)."
            place = f"BFDProfile {entry.name}: spec.{field}"
            severity = WARNING if stored else ERROR
            findings.append(Finding("unsupported", severity, place, str(value), reason, fix))
    if entry.echo_mode:
        reason = f"has no effect with {_name(SPEAKER)}: control packets alone watch the path"
        fix = "Remove it; detection comes from transmitInterval and detectMultiplier."
        findings.append(Finding("unused", WARNING, f"BFDProfile {entry.name}: spec.echoMode", "", reason, fix))
    return findings


def _check(resources: Resources, mode: str) -> Iterator[Finding]:
    for name in sorted(resources.peers):
        yield from peer(resources.peers[name], mode)
    if mode == SPEAKER:
        for name in sorted(resources.bfd_profiles):
            yield from bfd_profile(resources.bfd_profiles[name])
    if mode == NATIVE:
        yield from _native(resources)
    if mode in METALLB:
        for name in sorted(resources.bgp_advertisements):
            yield from _unread(resources.bgp_advertisements[name], mode)
        for name in sorted(resources.l2_advertisements):
            yield from _unread(resources.l2_advertisements[name], mode)
            if resources.l2_advertisements[name].preferences:
                place = f"L2Advertisement {name}: spec.preferredNodeSelectors"
                reason = "MetalLB 0.16.1 drops it: the field is newer"
                yield Finding("unused", WARNING, place, "", reason, "Remove it, or use a later version.")


def _unread(advert: BGPAdvertisement | L2Advertisement, mode: str) -> Iterator[Finding]:
    for annotation in extensions.said_of_advert(advert):
        place = f"{kind_of(advert)} {advert.name}: metadata.annotations.{annotation}"
        yield Finding("unused", WARNING, place, "", f"has no effect with {_name(mode)}", "Remove it.")


def _native(resources: Resources) -> Iterator[Finding]:
    for name in sorted(resources.bfd_profiles):
        yield _refused(f"BFDProfile {name}", "", "BFD profiles")
    for name in sorted(resources.communities):
        for index, (_unused, value) in enumerate(resources.communities[name].values):
            if value.startswith("large:"):
                yield _refused(f"Community {name}: spec.communities[{index}].value", value, "large communities")
    for name in sorted(resources.bgp_advertisements):
        for index, text in enumerate(resources.bgp_advertisements[name].communities):
            if text.startswith("large:"):
                yield _refused(f"BGPAdvertisement {name}: spec.communities[{index}]", text, "large communities")
    adverts = list(resources.bgp_advertisements.values())
    for name in sorted(resources.pools):
        for index, block in enumerate(resources.pools[name].blocks):
            if block.family == IPV6 and of_pool(adverts, resources.pools[name]):
                place = f"IPAddressPool {name}: spec.addresses[{index}]"
                yield _refused(place, str(block), "IPv6 in a pool that is announced by BGP")


def _refused(place: str, value: str, what: str) -> Finding:
    reason = f"native mode refuses {what}, and with it the whole configuration"
    return Finding("unsupported", ERROR, place, value, reason, _NEEDS_FRR)


def _name(mode: str) -> str:
    return "this speaker" if mode == SPEAKER else f"MetalLB ({mode[len('metallb-') :]} mode)"
