# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What BGPPeers, advertisements and IPAddressPools say to us alone: annotations, as the kinds have no field for it.

MetalLB reads none of them. Annotations are text: whole numbers in decimal digits, true or false, words with commas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from ..addresses.blocks import FAMILIES, AddressError, family_of, parse_address, parse_network
from ..findings import WARNING, Finding, nearest
from ..intent.shapes import INVALID, Integer, Report, error
from ..intent.words import INTERFACE
from .model import BGPAdvertisement, L2Advertisement, Peer, Pool

AdvertisementT = TypeVar("AdvertisementT", BGPAdvertisement, L2Advertisement)

PREFIX = "baremetal.dualstack/"
NUMBERS = {  # attribute of the model: annotation, bounds
    "ttl": ("ttl", Integer(1, 255)),
    "ttl_security": ("ttl-security", Integer(1, 254)),
}
SWITCHES = {"passive": "passive"}  # attribute of the model: annotation
PAIR, USE_EDGES = PREFIX + "pair", PREFIX + "use-edges"
EXTENDED_COMMUNITIES = PREFIX + "extended-communities"
SOURCE, ADVERTISED = PREFIX + "source", PREFIX + "families"
IP_MODE, DRAIN = PREFIX + "ip-mode", PREFIX + "drain"  # of Services (``held``), of Nodes (``cluster``)
_SWITCH = {"true": True, "false": False}
_RAW = re.compile(r"0x[0-9A-Fa-f]{16}", re.ASCII)
_NAMED = re.compile(r"(?:rt|soo):([0-9.]{1,15}):([0-9]{1,10})", re.ASCII)
_DIGITS = 20  # more are no number within any bounds, and Python reads no more than 4300


def annotation(attribute: str) -> str:
    """The annotation that gives an attribute of a Peer."""
    if attribute == "source":
        return SOURCE
    return PREFIX + (SWITCHES[attribute] if attribute in SWITCHES else NUMBERS[attribute][0])


OF_PEERS = (*NUMBERS, *SWITCHES, "source")  # attributes of a Peer that annotations give
_KNOWN: dict[str, tuple[str, ...]] = {
    "BGPPeer": tuple(map(annotation, OF_PEERS)),
    "BGPAdvertisement": (EXTENDED_COMMUNITIES, ADVERTISED),
    "IPAddressPool": (PAIR, USE_EDGES),
    "L2Advertisement": (ADVERTISED,),
    "Service": (IP_MODE,),
    "Node": (DRAIN,),
}


def unheard(kind: str, given: Mapping[str, Any], path: str, report: Report) -> None:
    """Reports annotations under our prefix that mean nothing on an object of this kind; the object counts all the same.

    MetalLB says nothing of misspelled annotations.
    """
    for key in given:
        if key.startswith(PREFIX) and kind in _KNOWN and key not in _KNOWN[kind]:
            elsewhere = ", ".join(other for other, known in _KNOWN.items() if key in known)
            reason = f"means something on a {elsewhere}, not on a {kind}" if elsewhere else "is no annotation of ours"
            fix = f"Remove it, or write it as it is spelled: {nearest(key, _KNOWN[kind])}"
            report(Finding("unknown-annotation", WARNING, f"{path}: metadata.annotations.{key}", "", reason, fix))


def extended(peer: Peer, given: Mapping[str, Any], path: str, report: Report) -> Peer | None:
    """The peer with what its annotations say; None after reporting one that can't be read."""
    known = {annotation(attribute): attribute for attribute in (*NUMBERS, *SWITCHES)}
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            continue
        attribute, where, text = known[key], f"{path}: metadata.annotations.{key}", str(value)
        if attribute in SWITCHES:
            if text not in _SWITCH:
                error(report, "syntax", where, value, "is neither true nor false", 'Write it in quotes: "true".')
                return None
            found[attribute] = _SWITCH[text]
            continue
        if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
            error(report, "syntax", where, value, "is not a whole number", 'Write digits in quotes: "1".')
            return None
        number = NUMBERS[attribute][1].read(int(text), where, report)
        if number is INVALID:
            return None
        found[attribute] = number
    if {"ttl", "ttl_security"} <= set(found):
        where = f"{path}: metadata.annotations.{annotation('ttl')}"
        error(report, "ttl", where, found["ttl"], "stands beside ttl-security, which sends 255", "Keep one of the two.")
        return None
    if SOURCE in given:
        found["source"] = _source(peer, str(given[SOURCE]), f"{path}: metadata.annotations.{SOURCE}", report)
        if found["source"] is None:
            return None
    return replace(peer, **found)


def _source(peer: Peer, text: str, where: str, report: Report) -> str | None:
    """An interface or a network of the node, or None after reporting what can't be one for this peer."""
    if peer.address is None:
        reason = "is for peers with an address: one that is known by its interface is spoken to from there"
        error(report, "source", where, text, reason, "Remove it, or give peerAddress.")
        return None
    if peer.source_address is not None:
        error(report, "source", where, text, "stands beside spec.sourceAddress", "Keep one of the two.")
        return None
    if "/" not in text:
        if _is_address(text):
            fix = "Write spec.sourceAddress for one address; here an interface, or a network with its length."
            error(report, "source", where, text, "is an address, not an interface or a network", fix)
            return None
        found = INTERFACE.read(text, where, report)
        return None if found is INVALID else str(found)
    try:
        network = parse_network(text)
    except AddressError as problem:
        error(report, "source", where, text, str(problem), 'Write a network such as "192.0.2.0/24", or an interface.')
        return None
    if network.family != family_of(peer.address):
        reason = f"is of another family than the peer {peer.address}"
        error(report, "source", where, text, reason, "Write a network of the family of peerAddress.")
        return None
    return str(network)


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except AddressError:
        return False
    return True


def of_families(advert: AdvertisementT, given: Mapping[str, Any], path: str, report: Report) -> AdvertisementT | None:
    """The advertisement for the families of its annotation alone; None after reporting one that can't be read."""
    if ADVERTISED not in given:
        return advert
    words = str(given[ADVERTISED]).replace(",", " ").split()
    if not words or not set(words) <= set(FAMILIES):
        where = f"{path}: metadata.annotations.{ADVERTISED}"
        reason = "is neither ipv4 nor ipv6 nor both"
        error(report, "syntax", where, str(given[ADVERTISED]), reason, 'Write "ipv4", "ipv6" or "ipv4,ipv6".')
        return None
    return replace(advert, families=tuple(family for family in FAMILIES if family in words))


def said_of_advert(advert: BGPAdvertisement | L2Advertisement) -> dict[str, str]:
    """The annotations that say what the advertisement's fields can't."""
    said = {} if advert.families == FAMILIES else {ADVERTISED: ",".join(advert.families)}
    if isinstance(advert, BGPAdvertisement) and advert.extended_communities:
        said[EXTENDED_COMMUNITIES] = ",".join(advert.extended_communities)
    return said


def of_pool(pool: Pool, given: Mapping[str, Any], path: str, report: Report) -> Pool | None:
    """The pool with what its annotations say; None after reporting one that can't be read."""
    text = str(given.get(USE_EDGES, "false"))
    if text not in _SWITCH:
        where = f"{path}: metadata.annotations.{USE_EDGES}"
        error(report, "syntax", where, text, "is neither true nor false", 'Write it in quotes: "true".')
        return None
    return replace(pool, pair=str(given.get(PAIR) or "") or None, use_edges=_SWITCH[text])


def said_of_pool(pool: Pool) -> dict[str, str]:
    """The annotations that say what the pool's fields can't."""
    return {**({PAIR: pool.pair} if pool.pair else {}), **({USE_EDGES: "true"} if pool.use_edges else {})}


def communities(
    advert: BGPAdvertisement, given: Mapping[str, Any], path: str, report: Report
) -> BGPAdvertisement | None:
    """The advertisement with the extended communities of its annotation; None after reporting one that is none.

    RFC 4360 sections 3 to 5, RFC 5668: the texts that the wire takes (docs/architecture.md, "speaker and wire").
    """
    found = []
    for text in str(given.get(EXTENDED_COMMUNITIES, "")).replace(",", " ").split():
        if not _is_community(text):
            fix = 'Write "rt:64512:1", "soo:64512:1", "rt:10.0.0.1:1", or 0x and 16 hexadecimal digits; commas between.'
            where = f"{path}: metadata.annotations.{EXTENDED_COMMUNITIES}"
            error(report, "community", where, text, "is no extended community", fix)
            return None
        found.append(text)
    return replace(advert, extended_communities=tuple(found))


def _is_community(text: str) -> bool:
    if _RAW.fullmatch(text):
        return True
    match = _NAMED.fullmatch(text)
    if not match:
        return False
    who, number = match.groups()
    if "." in who:
        octets = who.split(".")
        written = len(octets) == 4 and all(octet and str(int(octet)) == octet for octet in octets)
        return written and max(map(int, octets)) <= 0xFF and int(number) <= 0xFFFF
    return int(who) <= 0xFFFFFFFF and int(number) <= (0xFFFFFFFF if int(who) <= 0xFFFF else 0xFFFF)


def said(peer: Peer) -> dict[str, str]:
    """The annotations that say what the peer's fields can't."""
    values = {attribute: getattr(peer, attribute) for attribute in NUMBERS}
    values["source"] = peer.source
    numbers = {annotation(attribute): str(value) for attribute, value in values.items() if value is not None}
    return {**numbers, **{annotation(attribute): "true" for attribute in SWITCHES if getattr(peer, attribute)}}
