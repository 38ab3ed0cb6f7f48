# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layer-2 addresses and the nodes that may answer for them, on the link."""

from __future__ import annotations

from typing import Any

from ..base.addresses import link_local, show
from ..base.model import Candidate, Node, Vip
from . import fields
from .errors import LinkError
from .fields import Fields
from .routes import Decoder

MOST_CANDIDATES = 1000
_MOST_NAME = 253  # octets of a node's name
_MOST_ADDRESSES = 8


def vips(entries: dict[str, Any], decoder: Decoder) -> dict[bytes, Vip | None]:
    """Addresses, the interfaces that answer and who may; neighbouring entries mostly say the same."""
    found: dict[bytes, Vip | None] = {}
    before: Any = None
    vip: Vip | None = None
    for text, value in entries.items():
        if value != before:
            before, vip = value, None if value is None else _vip(f"layer2.{text}", value)
        found[decoder.address(f"layer2.{text}", text)] = vip
    return found


def nodes(entries: dict[str, Any]) -> dict[str, Node | None]:
    """The other nodes."""
    return {name: None if value is None else _node(name, value) for name, value in entries.items()}


def encode_vip(vip: Vip) -> dict[str, Any]:
    """An address's entry."""
    entry: dict[str, Any] = {"interfaces": list(vip.interfaces)}
    if vip.candidates is not None:
        entry["candidates"] = [[one.node, list(one.interfaces)] for one in vip.candidates]
    return entry


def encode_node(node: Node) -> dict[str, Any]:
    """A node's entry."""
    return {"addresses": [show(address) for address in node.addresses], "ready": node.ready}


def _vip(where: str, value: Any) -> Vip:
    given = Fields(where, value)
    names = given.texts("interfaces")
    candidates = given.take("candidates", None)
    given.end()
    return Vip(
        tuple(sorted(set(names))), None if candidates is None else _candidates(f"{where}.candidates", candidates)
    )


def _candidates(where: str, value: Any) -> tuple[Candidate, ...]:
    if not isinstance(value, list) or len(value) > MOST_CANDIDATES:
        raise LinkError(f"{where}: a list of up to {MOST_CANDIDATES} nodes with their interfaces is expected")
    found = []
    for number, pair in enumerate(value):
        if not isinstance(pair, list) or len(pair) != 2:
            raise LinkError(f"{where}[{number}]: a name and a list of interfaces are expected")
        name, interfaces = pair
        _check_name(f"{where}[{number}]", name)
        if not isinstance(interfaces, list) or not all(isinstance(one, str) for one in interfaces):
            raise LinkError(f"{where}[{number}]: a name and a list of interfaces are expected")
        found.append(Candidate(name, tuple(sorted(set(interfaces)))))
    if len({one.node for one in found}) < len(found):
        raise LinkError(f"{where}: a node stands there twice")
    return tuple(found)


def _node(name: str, value: Any) -> Node:
    where = f"nodes.{name}"
    _check_name("nodes", name)
    given = Fields(where, value)
    addresses = tuple(fields.address(f"{where}.addresses", text) for text in given.texts("addresses"))
    ready = given.flag("ready")
    given.end()
    if len(addresses) > _MOST_ADDRESSES:
        raise LinkError(f"{where}.addresses: more than {_MOST_ADDRESSES}")
    for address in addresses:
        if link_local(address):
            raise LinkError(f"{where}.addresses: {show(address)} is link-local, it means nothing without an interface")
    return Node(addresses, ready)


def _check_name(where: str, name: Any) -> None:
    if not fields.fits(name, _MOST_NAME):
        raise LinkError(f"{where}: {name!r} is no name of 1 to {_MOST_NAME} octets")
