# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Masquerading per family: a table of nft of our own, as text, and held against what nft lists.

It masquerades what the node's own pods send to others than pods, nodes and Services. Each node does it for its own
pods, so that what it forwards for others is not touched. kube-proxy's tables are not touched either: a packet whose
destination kube-proxy has changed has a pod's address by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...addresses.blocks import IPV4, Block, parse, parse_network
from ...addresses.sets import merge
from .bridge import BRIDGE

TABLE = "dualstack_pods"
RULES = "rules"

_WORD = {IPV4: "ip"}
_KIND = {IPV4: "ipv4_addr"}


def rules(network: Mapping[str, Any]) -> str:
    """A file for ``nft --file`` that makes the table anew in one transaction; without masquerading it only goes."""
    lines = [f"table inet {TABLE}", f"delete table inet {TABLE}"]
    if network["masquerade"]:
        lines.append(f"table inet {TABLE} {{")
        for family, kept in network["masquerade"].items():
            elements = f"flags interval; elements = {{ {', '.join(kept)} }}"
            lines.append(f"  set kept_{family} {{ type {_KIND.get(family, 'ipv6_addr')}; {elements} }}")
        lines += ["  chain postrouting {", "    type nat hook postrouting priority srcnat; policy accept;"]
        for family in network["masquerade"]:
            word, source = _WORD.get(family, "ip6"), network["cidrs"][family]
            own = f'{word} saddr {source} {word} daddr != @kept_{family} oifname != "{BRIDGE}"'
            lines.append(f"    {own} masquerade fully-random")
        lines += ["  }", "}"]
    return "\n".join(lines) + "\n"


def expected(network: Mapping[str, Any]) -> dict[str, list[str]]:
    """What ``found`` gives once the rules are loaded."""
    result = {f"kept_{family}": list(kept) for family, kept in network["masquerade"].items()}
    if not result:
        return {}
    written = []
    for family in network["masquerade"]:
        word, (address, length) = _WORD.get(family, "ip6"), network["cidrs"][family].split("/")
        written.append(
            f"match op == left payload protocol {word} field saddr right prefix addr {address} len {length} "
            f"match op != left payload protocol {word} field daddr right @kept_{family} "
            f"match op != left meta key oifname right {BRIDGE} masquerade flags fully-random"
        )
    return {**result, RULES: written}


def found(ruleset: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Of ``nft --json list table``: each set's elements as CIDRs and ranges, and each rule as words."""
    result: dict[str, list[str]] = {}
    for entry in ruleset:
        if "set" in entry:
            elements = entry["set"].get("elem", [])
            result[entry["set"]["name"]] = [str(block) for block in merge(_block(element) for element in elements)]
        elif "rule" in entry:
            result.setdefault(RULES, []).append(_words(entry["rule"]["expr"]))
    return result


def text(table: Mapping[str, Iterable[str]]) -> str:
    """A table for people, in lines."""
    return "".join(f"{name} {line}\n" for name, lines in sorted(table.items()) for line in lines)


def _block(element: str | Mapping[str, Any]) -> Block:
    if isinstance(element, str):
        return parse(element)
    if "prefix" in element:
        return parse_network(f"{element['prefix']['addr']}/{element['prefix']['len']}")
    first, last = element["range"]
    return parse(f"{first}-{last}")


def _words(value: Any) -> str:
    """All keys and values of an expression: equal rules have equal words, whatever version of nft lists them."""
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_words(item)}".strip() for key, item in value.items())
    if isinstance(value, list):
        return " ".join(_words(item) for item in value)
    return "" if value is None else str(value)
