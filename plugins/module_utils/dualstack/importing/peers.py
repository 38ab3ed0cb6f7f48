# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers: BGPPeers as routers of others, their common terms as the fabric's or as peer groups, and BFDProfiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..addresses.blocks import FAMILIES, family_of
from ..findings import ERROR, WARNING, Finding
from ..intent.shapes import Report
from ..resources.model import HIGHEST_TTL, Peer, Timers
from ..resources.modes import WITH_FRR
from ..resources.write import Object
from .source import Source
from .tables import renamed

FRR_TIMERS = Timers(180, 60, 120)  # FRR's own, "frr defaults traditional"; MetalLB leaves them where none is stated
_FIELDS = {
    "peerASN": "asn",
    "dynamicASN": "dynamic_asn",
    "interface": "interface",
    "nodeSelectors": "node_selectors",
    "peerPort": "port",
    "dualStackAddressFamily": "both_families",
    "sourceAddress": "source_address",
    "localASN": "local_asn",
    "routerID": "router_id",
    "vrf": "vrf",
}
_PROFILE = {
    "receiveInterval": "receive_interval",
    "transmitInterval": "transmit_interval",
    "detectMultiplier": "detect_multiplier",
    "echoMode": "echo",
    "echoInterval": "echo_interval",
    "minimumTtl": "minimum_ttl",
    "passiveMode": "passive",
}


class Terms(NamedTuple):
    """How a session runs: what the two ends agree on."""

    timers: Timers
    secret: str | None
    bfd: str | None
    graceful_restart: bool
    ttl_security: int | None

    def facts(self) -> dict[str, Any]:
        """As a peer group has them, and the fabric: that has no ttl_security."""
        timers = {"keepalive": self.timers.keepalive, "hold": self.timers.hold, "connect": self.timers.connect}
        result: dict[str, Any] = {"timers": timers}
        if self.secret is not None:
            result["password"] = {"secret": self.secret}
        if self.bfd is not None:
            result["bfd"] = self.bfd
        if self.graceful_restart:
            result["graceful_restart"] = True
        if self.ttl_security is not None:
            result["ttl_security"] = self.ttl_security
        return result


class Peers(NamedTuple):
    """``fabric``: peers, and the terms of their sessions. ``names``: BGPPeer → peer of the intent."""

    fabric: dict[str, Any]
    names: dict[str, str]


def peers(source: Source, report: Report) -> Peers:
    """What ``dualstack.fabric`` says about peers, by name."""
    names = dict(_names(source))
    terms = {name: _terms(source, name, report) for name in source.of("BGPPeer")}
    groups: dict[Terms, str] = {}
    for name in terms:
        groups.setdefault(terms[name], names[name])
    grouped = len(groups) > 1 or any(group.ttl_security for group in groups)
    entries: dict[str, dict[str, Any]] = {}
    for name, spec in source.of("BGPPeer").items():
        entry = entries.setdefault(names[name], {"name": names[name], **renamed(spec, _FIELDS)})
        if "peerAddress" in spec:
            entry.setdefault("addresses", []).append(spec["peerAddress"])
        if spec.get("ebgpMultiHop"):
            entry["multihop"] = source.case.resources.peers[name].ttl or HIGHEST_TTL
        if grouped:
            entry["peer_group"] = groups[terms[name]]
    if not entries:
        return Peers({}, {})
    facts = {name: group.facts() for group, name in groups.items()}
    common = {"peer_groups": facts} if grouped else next(iter(facts.values()))
    return Peers({**common, "peers": list(entries.values())}, names)


def bfd_profiles(source: Source) -> dict[str, dict[str, Any]]:
    """``dualstack.bfd_profiles``."""
    return {name: renamed(spec, _PROFILE) for name, spec in source.of("BFDProfile").items()}


def stated(peer: Peer, mode: str) -> Timers:
    """The timers that a session has in a mode, those included that nobody stated."""
    if mode not in WITH_FRR:
        return peer.timers
    if peer.hold_time is None and peer.keepalive_time is None:
        return FRR_TIMERS._replace(connect=peer.connect_time or FRR_TIMERS.connect)
    return peer.timers._replace(connect=peer.connect_time or FRR_TIMERS.connect)


def _terms(source: Source, name: str, report: Report) -> Terms:
    peer = source.case.resources.peers[name]
    timers = stated(peer, source.case.mode)
    if timers.hold == 0:
        reason = "0s switches the hold timer off: a dead router would keep its routes; an intent does not say that"
        fix = "State a holdTime of at least 3s, and keepaliveTime."
        report(Finding("no-hold-timer", ERROR, f"BGPPeer {name}: spec.holdTime", "0s", reason, fix))
    secret = peer.password_secret
    if peer.password is not None:
        secret = _secret_for(source, peer)
        reason = "an intent names secrets and never holds one"
        fix = f"Put the password into dualstack_secrets.{secret}, in a vault."
        report(Finding("password-named", WARNING, f"BGPPeer {name}: spec.password", "(hidden)", reason, fix))
    return Terms(timers, secret, peer.bfd_profile, peer.graceful_restart, peer.ttl_security)


def _secret_for(source: Source, peer: Peer) -> str:
    """A name for a password in clear: peers with the same one share it."""
    alike = [name for name, other in sorted(source.case.resources.peers.items()) if other.password == peer.password]
    return f"{alike[0]}-password"


def _names(source: Source) -> Iterator[tuple[str, str]]:
    """BGPPeer → peer: two that differ only in the family of their address become one with both."""
    specs = source.of("BGPPeer")
    paired = {}
    for name in specs:
        base = name[: -len("-ipv4")]
        other = f"{base}-ipv6"
        if name.endswith("-ipv4") and base and base not in specs and other in specs and _alike(source, name, other):
            paired.update({name: base, other: base})
    for name in specs:
        yield name, paired.get(name, name)


def _alike(source: Source, one: str, other: str) -> bool:
    """Whether two BGPPeers are the two families of one router, also for every advertisement that names peers."""
    specs = source.of("BGPPeer")
    for name, family in zip((one, other), FAMILIES):
        spec = specs[name]
        if "sourceAddress" in spec or "peerAddress" not in spec or family_of(spec["peerAddress"]) != family:
            return False
    adverts = source.of("BGPAdvertisement").values()
    together = all((one in spec.get("peers", ())) == (other in spec.get("peers", ())) for spec in adverts)
    return together and _without_address(specs[one]) == _without_address(specs[other])


def _without_address(spec: Mapping[str, Any]) -> Object:
    return {key: value for key, value in spec.items() if key != "peerAddress"}
