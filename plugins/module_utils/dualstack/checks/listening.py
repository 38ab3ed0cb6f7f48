# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where components listen: the addresses that the operator states in their ``arguments`` and ``configuration``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ..addresses import blocks
from ..addresses.blocks import FAMILY_NAME, AddressError, Block
from ..findings import ERROR
from ..intent.load import Intent
from .places import among
from .rule import Plan, Problem, rule
from .running import Running, running
from .special import LOOPBACK

CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
ADDRESS, WITH_PORT = "address", "address and port"
FLAGS = {
    **{(component, "bind-address"): ADDRESS for component in (*CONTROL_PLANE, "kube-proxy")},
    **{("kube-proxy", name): WITH_PORT for name in ("healthz-bind-address", "metrics-bind-address")},
    **{("kubelet", name): ADDRESS for name in ("address", "healthz-bind-address")},
}
FIELDS = {
    ("kubelet", "address"): ADDRESS,
    ("kubelet", "healthzBindAddress"): ADDRESS,
    ("kube-proxy", "bindAddress"): ADDRESS,
    ("kube-proxy", "healthzBindAddress"): WITH_PORT,
    ("kube-proxy", "metricsBindAddress"): WITH_PORT,
}
# What is asked at the primary address of the node, or taken for it.
OF_THE_NODE = (
    ("kube-apiserver", "bind-address"),
    ("kube-proxy", "bind-address"),
    ("kube-proxy", "bindAddress"),
    ("kubelet", "address"),
)
_PORT = re.compile(r"\[(?P<six>[^\]]*)\]:(?P<port>[0-9]{1,5})|(?P<four>[^:]*):(?P<number>[0-9]{1,5})")


class Binding(NamedTuple):
    """A stated address: ``name`` is the flag or field at ``path``; ``hosts`` are those on which the component runs."""

    path: str
    component: str
    name: str
    text: str
    kind: str
    hosts: list[str]
    families: list[str]

    @property
    def of_the_node(self) -> bool:
        """Whether it is asked at the primary address of the node, or taken for it."""
        return (self.component, self.name) in OF_THE_NODE

    @property
    def address(self) -> Block | None:
        """What is stated, without its port; None: it is no address."""
        text, port = self.text, "1"
        split = _PORT.fullmatch(text) if self.kind == WITH_PORT else None
        if split:
            text = split["four"] if split["six"] is None else split["six"]
            port = split["port"] or split["number"]
        try:
            return blocks.parse_address(text) if 1 <= int(port) <= 65535 else None
        except AddressError:
            return None

    @property
    def everywhere(self) -> str:
        """How all addresses of all families are written."""
        return '"[::]:PORT"' if self.kind == WITH_PORT else '"::"'


@rule("bind-family", ERROR)
def bind_family(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A component listens on an address of a family of its cluster; kube-apiserver, kubelet and kube-proxy of the
    primary one.

    Source: their help on --bind-address: an unspecified address, 0.0.0.0 as well as ::, means all families, any other
    one itself alone. kube-apiserver is reached at its --advertise-address and the kubelet at the first InternalIP, both
    of the primary family; bindAddress of kube-proxy overrides it (cmd/kube-proxy: detectNodeIPs).
    """
    for each in _bindings(intent, plan):
        address = each.address
        if address is None:
            reason = f"is no {each.kind}"
            yield Problem(each.path, each.text, reason, f"Remove it, or write {each.everywhere} for all addresses.")
        elif _single(address) and not _loopback(address) and address.family not in each.families:
            told = " and ".join(FAMILY_NAME[one] for one in each.families)
            reason = f"is not {told}, over which {each.component} is asked"
            fix = f"Remove it, or write {each.everywhere} for all addresses of all families."
            yield Problem(each.path, each.text, reason, fix)


@rule("bind-hosts", ERROR)
def bind_hosts(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """An address to listen on is there on each host of the component, and others reach it where they have to.

    Source: arguments and configuration are of all hosts alike, and bind(2) fails where the address is not
    (EADDRNOTAVAIL). Nodes reach kube-apiserver over its address, kube-apiserver the kubelet; kube-proxy takes
    bindAddress for the address of its node.
    """
    for each in _bindings(intent, plan):
        address = each.address
        if address is None or not _single(address):
            continue
        fix = f"Remove it, or write {each.everywhere} for all addresses."
        if _loopback(address):
            if each.of_the_node:
                yield Problem(each.path, each.text, f"is loopback, and {each.component} is needed from outside", fix)
        elif len(each.hosts) > 1:
            reason = f"is an address of one host, and {each.component} would listen on it on {among(each.hosts)}"
            yield Problem(each.path, each.text, reason, fix)


RULES = (bind_family, bind_hosts)


def _bindings(intent: Intent, plan: Plan) -> Iterator[Binding]:
    for each in running(intent, plan):
        for table, key in ((FLAGS, "arguments"), (FIELDS, "configuration")):
            for (component, name), kind in table.items():
                text = each.stated[key].get(component, {}).get(name)
                if isinstance(text, str) and text:
                    path = f"{each.path}.{key}.{component}.{name}"
                    primary = (component, name) in OF_THE_NODE
                    families = each.families[:1] if primary else each.families
                    yield Binding(path, component, name, text, kind, _hosts(each, component), families)


def _hosts(each: Running, component: str) -> list[str]:
    return each.control_planes if component in CONTROL_PLANE else list(each.nodes)


def _single(address: Block) -> bool:
    return address.first != 0


def _loopback(address: Block) -> bool:
    return any(special.block.contains(address) for special in LOOPBACK)
