# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces, bridges, links and addresses. A change is the difference of two topologies, for all verbs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .commands import in_parallel, run
from .errors import LabError
from .state import Lab
from .topology import MANAGEMENT, MANAGEMENT_NETWORK, Host, Interface, Topology, bridge, port

NAMESPACES = Path("/run/netns")
MANAGEMENT_BRIDGE = "s-mgmt0"

# No duplicate address detection: addresses are the plan's, and hosts shall be ready at once.
COMMON = {"net.ipv6.conf.default.accept_dad": 0, "net.ipv6.conf.default.accept_ra": 0, "net.ipv4.ip_forward": 0}
SYSCTLS = {
    "router": COMMON,
    # What kube-proxy's strict ARP sets: no answer for an address that is not on the asked interface.
    "node": {**COMMON, "net.ipv4.conf.all.arp_ignore": 1, "net.ipv4.conf.all.arp_announce": 2},
    "client": COMMON,
    "switch": {"net.ipv6.conf.default.disable_ipv6": 1, "net.ipv6.conf.all.disable_ipv6": 1},
}


def _sysctls(host: Host) -> dict[str, int]:
    return COMMON if host.kubernetes else SYSCTLS[host.kind]  # with Kubernetes, settings are the roles' business


def existing(prefix: str) -> list[str]:
    return sorted(path.name for path in NAMESPACES.glob(f"{prefix}*")) if NAMESPACES.is_dir() else []


def present(lab: Lab) -> list[Host]:
    """The hosts that have a network: those that are switched on."""
    names = set(existing(lab.prefix))
    return [host for host in lab.topology.hosts if lab.namespace(host.name) in names]


def enter(namespace: str) -> list[str]:
    return ["nsenter", f"--net={NAMESPACES / namespace}"]


def require_free(prefix: str) -> None:
    """Raises LabError when the names are taken: by a lab of the same name whose record lies in another cache folder."""
    if taken := existing(prefix):
        raise LabError(
            f"network namespaces of another lab of this name exist: {', '.join(taken)};"
            " destroy that lab, or choose another name"
        )


def create_base(lab: Lab) -> None:
    """The switch and the controller, joined by the management bridge."""
    _add_namespace(lab.switch, SYSCTLS["switch"])
    _add_namespace(lab.controller, COMMON)
    _batch(
        lab.switch, _bridge(MANAGEMENT_BRIDGE) + _veth(lab.controller, MANAGEMENT, "p-controller", MANAGEMENT_BRIDGE)
    )
    _batch(
        lab.controller,
        ["link set lo up", f"link set {MANAGEMENT} up", _address(f"{MANAGEMENT_NETWORK[1]}/64", MANAGEMENT)],
    )


def change(lab: Lab, old: Topology, new: Topology) -> None:
    """Makes the old topology's network the new one's; what both have stays. `lab.numbers` must know all new hosts."""
    before = {host.name: host for host in old.hosts}
    after = {host.name: host for host in new.hosts}
    for name in before.keys() - after.keys():
        # At once: with its namespace a link goes some time later, or not while a process is still in it.
        links = [*(interface.name for interface in before[name].interfaces), MANAGEMENT]
        _batch(lab.switch, [f"link del {port(name, link)}" for link in links])
        run(["ip", "netns", "del", lab.namespace(name)])
    added = [host for host in new.hosts if host.name not in before]
    in_parallel(lambda host: _add_namespace(lab.namespace(host.name), _sysctls(host)), added)

    switch = [line for segment in new.segments if segment not in old.segments for line in _bridge(bridge(segment))]
    for host in new.hosts:
        namespace = lab.namespace(host.name)
        known = {i.name: i for i in before[host.name].interfaces} if host.name in before else {}
        for interface in host.interfaces:
            if interface.name not in known or known[interface.name].segment != interface.segment:
                if interface.name in known:
                    switch.append(f"link del {port(host.name, interface.name)}")
                switch += _veth(namespace, interface.name, port(host.name, interface.name), bridge(interface.segment))
        if host in added:
            switch += _veth(namespace, MANAGEMENT, port(host.name, MANAGEMENT), MANAGEMENT_BRIDGE)
        switch += [f"link del {port(host.name, name)}" for name in known.keys() - {i.name for i in host.interfaces}]
    switch += [f"link del {bridge(segment)}" for segment in old.segments if segment not in new.segments]
    _batch(lab.switch, switch)
    in_parallel(lambda host: _change_host(lab, before.get(host.name), host), new.hosts)


def _change_host(lab: Lab, old: Host | None, new: Host) -> None:
    lines = []
    if old is None:
        lines += ["link set lo up", f"link set {MANAGEMENT} up", _address(f"{lab.address(new.name)}/64", MANAGEMENT)]
    known = {i.name: i for i in old.interfaces} if old else {}
    fresh = set()
    for interface in new.interfaces:
        present: Interface | None = known.get(interface.name)
        if present is None or present.segment != interface.segment:
            fresh.add(interface.name)
            lines += [_address(address, interface.name) for address in interface.addresses] + [
                f"link set {interface.name} up"
            ]
        else:
            lines += _addresses(present.addresses, interface.addresses, interface.name)
    lines += _addresses(old.loopback if old else (), new.loopback, "lo")
    _batch(lab.namespace(new.name), lines)
    gone = known.keys() - {i.name for i in new.interfaces}
    if old is None or old.gateways != new.gateways or fresh or gone:
        _set_default_routes(lab.namespace(new.name), old.gateways if old else (), new.gateways)


def _set_default_routes(namespace: str, old: Iterable[tuple[str, str]], new: Iterable[tuple[str, str]]) -> None:
    for family, colon in (("-4", False), ("-6", True)):
        hops = [
            word
            for address, name in new
            if (":" in address) is colon
            for word in ("nexthop", "via", address, "dev", name)
        ]
        if hops:
            run(["ip", "-n", namespace, family, "route", "replace", "default", *hops])
        elif any((":" in address) is colon for address, _unused in old):
            run(["ip", "-n", namespace, family, "route", "flush", "default"])


def _addresses(old: Iterable[str], new: Iterable[str], device: str) -> list[str]:
    gone = [f"address del {address} dev {device}" for address in old if address not in new]
    return gone + [_address(address, device) for address in new if address not in old]


def _address(address: str, device: str) -> str:
    return f"address add {address} dev {device}{' nodad' if ':' in address else ''}"


def _bridge(name: str) -> list[str]:
    return [f"link add {name} type bridge mcast_snooping 0", f"link set {name} up"]


def _veth(namespace: str, name: str, other: str, master: str) -> list[str]:
    return [f"link add {other} type veth peer name {name} netns {namespace}", f"link set {other} master {master} up"]


def _add_namespace(name: str, sysctls: dict[str, int]) -> None:
    run(["ip", "netns", "add", name])
    script = "\n".join(f"echo {value} > /proc/sys/{key.replace('.', '/')}" for key, value in sysctls.items())
    run([*enter(name), "sh", "-euc", script])


def _batch(namespace: str, lines: list[str]) -> None:
    if lines:
        run(["ip", "-n", namespace, "-batch", "-"], stdin="\n".join(lines) + "\n")


def remove(lab: Lab) -> None:
    for name in existing(lab.prefix):
        run(["ip", "netns", "del", name])
