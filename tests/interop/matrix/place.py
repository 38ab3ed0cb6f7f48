# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a stack and wire meet: a node and a router on one link, and a gate through which they also reach each other."""

from __future__ import annotations

from collections.abc import Iterable

from interop.matrix.cases import Case
from interop.peers.shape import FAMILIES
from interop.stage import Host, Stage, ip

_GATE = {"ipv4": "10.0.9.1", "ipv6": "2001:db8:dc:9::1"}
_LENGTH = {"ipv4": "24", "ipv6": "64"}
_FAR_NODE = {"ipv4": "10.0.8.0/24", "ipv6": "2001:db8:dc:8::/64"}
_FAR_ROUTER = {"ipv4": "10.0.9.0/24", "ipv6": "2001:db8:dc:9::/64"}


class Place:
    """Namespaces with the addresses of some sessions."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self.stage = Stage()
        try:
            self.router, self.node, self._gate = map(self.stage.host, ("router", "node", "gate"))
            self._connect()
            for case in cases:
                if case.interface:
                    self._link(case, case.interface)
                    continue
                for family in FAMILIES:
                    node = (case.ours(family), "lo" if case.far else "rack1")
                    router = (case.theirs(family), "far" if case.far else "rack1")
                    _address(self.node, family, *node)
                    _address(self.router, family, *router)
        except BaseException:
            self.end()
            raise

    def _connect(self) -> None:
        """The gate forwards between the link and the router's other interface, ``far``."""
        router, gate = self.router.namespace, self._gate.namespace
        ip("-n", gate, "link", "add", "far", "type", "veth", "peer", "name", "far", "netns", router)
        self._gate.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        for namespace in (gate, router):
            ip("-n", namespace, "link", "set", "far", "up")
        for family in FAMILIES:
            option = "-4" if family == "ipv4" else "-6"
            _address(self._gate, family, _GATE[family], "far")
            connected = ["dev", "far"] if family == "ipv6" else ["dev", "far", "scope", "link"]
            ip(option, "-n", router, "route", "add", _FAR_ROUTER[family], *connected)
            ip(option, "-n", router, "route", "add", _FAR_NODE[family], "via", _GATE[family])
            ip(option, "-n", gate, "route", "add", _FAR_NODE[family], "via", self.node.address(family))
            ip(
                option,
                "-n",
                self.node.namespace,
                "route",
                "add",
                _FAR_ROUTER[family],
                "via",
                self._gate.address(family),
            )

    def _link(self, case: Case, name: str) -> None:
        """A link of its own, with the one link-local address at each end that the session has."""
        node, router = self.node.namespace, self.router.namespace
        ip("-n", node, "link", "add", name, "type", "veth", "peer", "name", name, "netns", router)
        for namespace, address in ((node, case.ours("ipv6")), (router, case.theirs("ipv6"))):
            ip("-n", namespace, "link", "set", name, "addrgenmode", "none", "up")
            ip("-n", namespace, "address", "add", f"{address}/64", "dev", name, "nodad")

    def end(self) -> None:
        """Takes everything away."""
        self.stage.end()


def _address(host: Host, family: str, address: str, interface: str) -> None:
    quick = ["nodad"] if family == "ipv6" else []
    length = _LENGTH[family] if interface != "lo" else ("32" if family == "ipv4" else "128")
    ip("-n", host.namespace, "address", "add", f"{address}/{length}", "dev", interface, *quick)
