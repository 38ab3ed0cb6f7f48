# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over BGPPeers and BFDProfiles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ...addresses.blocks import IPV6
from ...findings import ERROR, WARNING, nearest
from .. import modes
from ..model import BFDProfile, Key, Peer
from ..relations import of_pool
from ..selectors import IN, selected
from ..words import BASIC_AUTH
from .rule import Case, Problem, rule

_NAME_OF_A_SECRET = re.compile(r"([a-z0-9]+-)*(secret|password|passwd|auth|credentials?)(-[a-z0-9]+)*")
_HOSTNAME = "kubernetes.io/hostname"


def _place(peer: Peer, field: str) -> str:
    return f"BGPPeer {peer.name}: spec.{field}"


def _peers(case: Case) -> list[Peer]:
    return [peer for _unused, peer in sorted(case.heard.peers.items())]


@rule("router-ids-differ", ERROR, only=modes.WITH_FRR)
def router_ids_differ(case: Case) -> Iterator[Problem]:
    """Peers of one node state the same router ID, or none of them does.

    Source: MetalLB `validation.go`: FRR has one router ID per instance; one that is stated differs from none.
    """
    yield from _differ(case, "routerID", lambda peer: peer.router_id, "have one router ID")


@rule("asns-differ", ERROR, only=modes.WITH_FRR)
def asns_differ(case: Case) -> Iterator[Problem]:
    """Peers of one node and VRF have the same ASN on the node's side.

    Source: MetalLB `validation.go`: FRR has one ASN per instance.
    """
    yield from _differ(case, "myASN", lambda peer: peer.my_asn, "and VRF have one ASN", same_vrf=True)


def _differ(
    case: Case, field: str, value: Callable[[Peer], Any], words: str, same_vrf: bool = False
) -> Iterator[Problem]:
    told = set()
    for one, two in case.neighbours:
        if value(one) != value(two) and not (same_vrf and one.vrf != two.vrf) and two.name not in told:
            told.add(two.name)
            stated = [str(value(peer)) if value(peer) is not None else "none" for peer in (two, one)]
            reason = f"BGPPeer {one.name} has {stated[1]}: with FRR all sessions of a node {words}"
            yield Problem(_place(two, field), stated[0], reason, "Write the same in both, or separate nodeSelectors.")


@rule("peer-twice", ERROR)
def peer_twice(case: Case) -> Iterator[Problem]:
    """A node has one session with an address or an interface, per VRF.

    Source: MetalLB `validation.go` refuses it with FRR; else the router ends one of the two (RFC 4271 section 6.8).
    """
    for one, two in case.neighbours:
        if (one.address, one.interface, one.vrf) == (two.address, two.interface, two.vrf):
            field = "peerAddress" if two.address else "interface"
            reason = f"BGPPeer {one.name} is the same neighbour on the same nodes"
            fix = "Remove one, or separate their nodeSelectors."
            yield Problem(_place(two, field), str(two.address or two.interface), reason, fix)


@rule("source-on-many-nodes", WARNING, only=(modes.SPEAKER, modes.NATIVE, modes.FRR))
def source_on_many_nodes(case: Case) -> Iterator[Problem]:
    """A peer with sourceAddress is for one node.

    Source: an address belongs to one node (RFC 5227); on the others the session never comes up, whatever MetalLB's
    manual says of a fallback.
    """
    for peer in _peers(case):
        if peer.source_address and not _one_node(case, peer):
            reason = "belongs to one node, and the peer is for several"
            fix = "Remove it, or write one BGPPeer per node with nodeSelectors."
            yield Problem(_place(peer, "sourceAddress"), peer.source_address, reason, fix)


def _one_node(case: Case, peer: Peer) -> bool:
    labels = case.node_labels()
    if labels:
        return sum(selected(peer.node_selectors, entry) for entry in labels) <= 1
    named = [
        requirement.values
        for selector in peer.node_selectors
        for requirement in selector.requirements
        if requirement.key == _HOSTNAME and requirement.operator == IN
    ]
    return len(peer.node_selectors) == 1 and any(len(values) == 1 for values in named)


# --- passwords; no text repeats one


@rule("password-like-a-name", ERROR)
def password_like_a_name(case: Case) -> Iterator[Problem]:
    """``password`` holds the password itself, not the name of a Secret.

    Source: MetalLB hands the text to TCP MD5 (RFC 2385) as it is, so that the session never comes up.
    """
    for peer in _peers(case):
        if peer.password is not None and _is_a_name(case, peer.password):
            reason = "looks like the name of a Secret; it would be used as the password itself"
            fix = "Write passwordSecret: {name: …} with the name of the Secret."
            yield Problem(_place(peer, "password"), "(hidden)", reason, fix)


@rule("password-in-clear", WARNING)
def password_in_clear(case: Case) -> Iterator[Problem]:
    """Passwords stand in Secrets.

    Source: whoever may read BGPPeers reads the password; MetalLB has passwordSecret for it.
    """
    for peer in _peers(case):
        if peer.password is not None and not _is_a_name(case, peer.password):
            fix = f"Put it into a Secret of the type {BASIC_AUTH}, and write passwordSecret: {{name: …}}."
            yield Problem(_place(peer, "password"), "(hidden)", "stands in the manifest", fix)


def _is_a_name(case: Case, password: str) -> bool:
    return bool(_NAME_OF_A_SECRET.fullmatch(password)) or any(key.name == password for key in case.foreign.secrets)


@rule("secret-of-peer", ERROR)
def secret_of_peer(case: Case) -> Iterator[Problem]:
    """The Secret of a password is of the type kubernetes.io/basic-auth.

    Source: MetalLB `config.go` passwordForPeer: every selected speaker rejects its whole configuration; no webhook says
    it before.
    """
    for peer in _peers(case):
        kind = case.foreign.secrets.get(Key("Secret", case.namespace, peer.password_secret or ""))
        if kind is not None and kind != BASIC_AUTH:
            reason = f"this Secret is of the type {kind}: the speakers reject their whole configuration"
            fix = f"Create it again with the type {BASIC_AUTH} and the key password; the type can't be changed."
            yield Problem(_place(peer, "passwordSecret.name"), str(peer.password_secret), reason, fix)


@rule("secret-missing", WARNING)
def secret_missing(case: Case) -> Iterator[Problem]:
    """The Secret of a password exists, beside MetalLB.

    Source: MetalLB `config.go` passwordForPeer looks in its own namespace alone.
    """
    names = {key.name for key in case.foreign.secrets if key.namespace == case.namespace}
    for peer in _peers(case):
        name = peer.password_secret
        if name is None or name in names:
            continue
        elsewhere = sorted(key.namespace for key in case.foreign.secrets if key.name == name)
        reason, fix = (
            "is not among these objects",
            f"Make sure that it exists in {case.namespace}; {nearest(name, names)}",
        )
        if elsewhere:
            reason, fix = (
                f"is in the namespace {elsewhere[0]}, where MetalLB does not look",
                f"Put it into {case.namespace}.",
            )
        yield Problem(_place(peer, "passwordSecret.name"), name, reason, fix)


# --- BFD


def _profiles(case: Case) -> list[BFDProfile]:
    return [case.resources.bfd_profiles[name] for name in sorted(case.resources.bfd_profiles)]


@rule("unknown-bfd-profile", ERROR, only=modes.WITH_BFD)
def unknown_bfd_profile(case: Case) -> Iterator[Problem]:
    """The BFDProfile that a peer names exists.

    Source: MetalLB `config.go`: the whole configuration waits for it; with our speaker, this session.
    """
    known = case.resources.bfd_profiles
    for peer in _peers(case):
        if peer.bfd_profile and peer.bfd_profile not in known and not case.there("BFDProfile", peer.bfd_profile):
            fix = f"Add the BFDProfile; {nearest(peer.bfd_profile, known)}"
            yield Problem(_place(peer, "bfdProfile"), peer.bfd_profile, "no BFDProfile has this name", fix)


@rule("bfd-echo-ipv6", ERROR, only=modes.WITH_FRR)
def bfd_echo_ipv6(case: Case) -> Iterator[Problem]:
    """A pool with IPv6 is not announced to a peer with BFD echo.

    Source: MetalLB `validation.go` validateConfig; FRR's bfdd has no echo over IPv6 (RFC 5881 section 4 has).
    """
    adverts = [case.resources.bgp_advertisements[name] for name in sorted(case.resources.bgp_advertisements)]
    for profile in _profiles(case):
        users = [peer.name for peer in _peers(case) if peer.bfd_profile == profile.name]
        if not profile.echo_mode or not users:
            continue
        for name in sorted(case.resources.pools):
            pool = case.resources.pools[name]
            reached = any(not advert.peers or set(users) & set(advert.peers) for advert in of_pool(adverts, pool))
            if reached and any(block.family == IPV6 for block in pool.blocks):
                reason = f"the pool {name} has IPv6 and is announced to {users[0]}: MetalLB refuses the configuration"
                fix = "Set echoMode: false; detection comes from transmitInterval and detectMultiplier."
                yield Problem(f"BFDProfile {profile.name}: spec.echoMode", "true", reason, fix)
                break


@rule("minimum-ttl-unused", WARNING, only=modes.WITH_BFD)
def minimum_ttl_unused(case: Case) -> Iterator[Problem]:
    """minimumTtl is set for multi-hop sessions; it is no interval.

    Source: MetalLB's BFDProfile; FRR `minimum-ttl` "for multi hop sessions only" (RFC 5883 section 5).
    """
    for profile in _profiles(case):
        users = [peer for peer in _peers(case) if peer.bfd_profile == profile.name]
        if profile.minimum_ttl is not None and not any(peer.multihop or peer.internal for peer in users):
            reason = "is the lowest TTL accepted from a peer several hops away, and no such peer uses this profile"
            fix = "Remove it; the echo interval is echoInterval (milliseconds), with echoMode."
            yield Problem(f"BFDProfile {profile.name}: spec.minimumTtl", str(profile.minimum_ttl), reason, fix)


@rule("echo-interval-unused", WARNING, only=modes.WITH_BFD)
def echo_interval_unused(case: Case) -> Iterator[Problem]:
    """echoInterval goes with echoMode.

    Source: FRR bfdd: without echo mode no echo packets are sent.
    """
    for profile in _profiles(case):
        if profile.echo_interval is not None and not profile.echo_mode:
            place = f"BFDProfile {profile.name}: spec.echoInterval"
            yield Problem(
                place, str(profile.echo_interval), "has no effect without echoMode", "Remove it, or set echoMode."
            )


RULES = (
    router_ids_differ,
    asns_differ,
    peer_twice,
    source_on_many_nodes,
    password_like_a_name,
    password_in_clear,
    secret_of_peer,
    secret_missing,
    unknown_bfd_profile,
    bfd_echo_ipv6,
    minimum_ttl_unused,
    echo_interval_unused,
)
