# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports of Services kube-proxy leads somewhere, by what the kernel's rules list: ``10.96.0.10 udp 53``.

Of nftables these are keys of two maps (``pkg/proxy/nftables`` of kubernetes/kubernetes), of iptables rules of the chain
KUBE-SERVICES in the tables nat and, of Services without endpoints, filter. Left out: IPVS, which keeps them elsewhere.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Collection, Iterator
from typing import Any

TABLE = "kube-proxy"
MAPS = ("service-ips", "no-endpoint-services")
CHAIN = "KUBE-SERVICES"
KEPT = 500  # ports that a node tells of a family, at most
# A protocol without a name in /etc/protocols is listed by its number.
_NAMES = {"6": "tcp", "17": "udp", "132": "sctp"}
_RULE = re.compile(rf"^-A {CHAIN} -d (\S+)/\d+ -p (\S+) .*--dport (\d+) ", re.MULTILINE)


def port(address: str, protocol: Any, number: Any) -> str:
    """A port of a Service; the address in its one form, in which nft and iptables tell it."""
    return f"{address} {_NAMES.get(str(protocol), str(protocol).lower())} {number}"


def of_nftables(text: str) -> set[str]:
    """The keys of maps as ``nft --json list map`` lists them."""
    return {port(*key) for one in json.loads(text)["nftables"] for key in _keys(one.get("map") or {})}


def _keys(listed: dict[str, Any]) -> Iterator[list[Any]]:
    for key, _verdict in listed.get("elem") or ():
        yield key.get("elem", {"val": key})["val"]["concat"]


def of_iptables(text: str) -> set[str]:
    """What the rules of ``iptables-save`` lead to, or refuse for want of endpoints."""
    return {port(*found) for found in _RULE.findall(text)}


def told(ports: Collection[str]) -> dict[str, Any]:
    """``{"one_of", "ports"}``: all, or of more than ``KEPT`` the same sample on every node, one of so many."""
    one_of, kept = 1, sorted(ports)
    while len(kept) > KEPT:
        one_of *= 2
        kept = [each for each in kept if sampled(each, one_of)]
    return {"one_of": one_of, "ports": kept}


def sampled(each: str, one_of: int) -> bool:
    """Whether a port is in the sample of one of so many (a power of two)."""
    return zlib.crc32(each.encode()) % one_of == 0
