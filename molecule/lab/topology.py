# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to build: a plan's segments, hosts, addresses, routes and services as plain frozen data. Pure."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from .errors import LabError

MANAGEMENT = "mgmt0"
MANAGEMENT_NETWORK = ipaddress.IPv6Network("fd6d:676d:7400::/64")

Kind = Literal["router", "node", "client"]


@dataclass(frozen=True)
class Interface:
    name: str
    segment: str
    addresses: tuple[str, ...]  # with prefix length


@dataclass(frozen=True)
class Backend:
    """The stand-in for kube-proxy and pods on a node."""

    ports: tuple[int, ...]
    services: tuple[tuple[str, str], ...]  # address, namespace/name
    blocks: tuple[str, ...]  # CIDRs whose every address the node takes for its own, without answering ARP or NDP for it


@dataclass(frozen=True)
class Kubernetes:
    """What a node that runs Kubernetes has images of."""

    version: str
    repository: str
    control_plane: bool


@dataclass(frozen=True)
class Host:
    name: str
    kind: Kind
    interfaces: tuple[Interface, ...]
    loopback: tuple[str, ...]
    gateways: tuple[tuple[str, str], ...]  # address, interface: the default route of the address's family
    backend: Backend | None
    kubernetes: Kubernetes | None = None  # then kube-proxy and pods are real, and there is no backend


@dataclass(frozen=True)
class Topology:
    segments: tuple[str, ...]
    hosts: tuple[Host, ...]

    def host(self, name: str) -> Host:
        for host in self.hosts:
            if host.name == name:
                return host
        raise LabError(f"the lab has no host {name!r}: it has {', '.join(host.name for host in self.hosts)}")


def short(name: str, limit: int = 15) -> str:
    """The name itself, or a beginning of it and a hash when it is longer than the kernel allows."""
    if len(name) <= limit:
        return name
    return f"{name[: limit - 5]}-{hashlib.sha256(name.encode()).hexdigest()[:4]}"


def port(host: str, interface: str) -> str:
    """The name, in the switch, of the other end of a host's interface."""
    return f"p{hashlib.sha256(f'{host}/{interface}'.encode()).hexdigest()[:12]}"


def bridge(segment: str) -> str:
    return "s-" + short(segment, 13)


def from_plan(plan: dict[str, Any]) -> Topology:
    """The topology of a plan (docs/architecture.md). Raises LabError when interfaces of a host would share a name."""
    backend = _backend(plan)
    kinds: list[tuple[str, Kind]] = [(name, "router") for name in plan["routers"]]
    kinds += [(name, "node") for name in plan["nodes"]]
    kinds += [(name, "client") for name in plan["clients"]]
    for name, segment in plan["segments"].items():
        for network in segment["networks"].values():
            if ipaddress.ip_network(network).overlaps(MANAGEMENT_NETWORK):
                raise LabError(f"segment {name} ({network}) overlaps the lab's management network {MANAGEMENT_NETWORK}")
    hosts = []
    for name, kind in kinds:
        interfaces = tuple(_interfaces(plan, name))
        names = [interface.name for interface in interfaces]
        if len(set(names)) != len(names) or MANAGEMENT in names:
            raise LabError(
                f"{name}: interface names clash: {', '.join(sorted(names))}; state `interface` in the intent"
            )
        kubernetes = _kubernetes(plan, name) if kind == "node" else None
        loopback = plan["routers"][name].get("loopback") or {} if kind == "router" else {}
        hosts.append(
            Host(
                name=name,
                kind=kind,
                interfaces=interfaces,
                loopback=tuple(str(ipaddress.ip_interface(address)) for address in loopback.values()),
                gateways=() if kind == "router" else tuple(_gateways(plan, interfaces)),
                backend=backend if kind == "node" and not kubernetes else None,
                kubernetes=kubernetes,
            )
        )
    return Topology(segments=tuple(plan["segments"]), hosts=tuple(hosts))


def _interfaces(plan: dict[str, Any], host: str) -> Iterator[Interface]:
    for name, segment in plan["segments"].items():
        member = segment["members"].get(host)
        if member is None:
            continue
        label = name
        if segment["kind"] == "link":
            (label,) = (other for other in segment["members"] if other != host)
        addresses = (
            f"{address}/{ipaddress.ip_network(segment['networks'][family]).prefixlen}"
            for family, address in member["addresses"].items()
        )
        yield Interface(name=member["interface"] or short(label), segment=name, addresses=tuple(addresses))


def _gateways(plan: dict[str, Any], interfaces: tuple[Interface, ...]) -> Iterator[tuple[str, str]]:
    """Every router on the host's segments, in the families that the host has an address of there."""
    for interface in interfaces:
        versions = {ipaddress.ip_interface(address).version for address in interface.addresses}
        for name, member in plan["segments"][interface.segment]["members"].items():
            if name in plan["routers"]:
                for address in member["addresses"].values():
                    if ipaddress.ip_address(address).version in versions:
                        yield address, interface.name


def _backend(plan: dict[str, Any]) -> Backend:
    services = plan["services"]
    return Backend(
        ports=tuple(sorted({p["port"] for s in services for p in s["ports"] if p.get("protocol", "TCP") == "TCP"})),
        services=tuple((a, f"{s['namespace']}/{s['name']}") for s in services for a in s["addresses"]),
        blocks=tuple(
            cidr for pool in plan["pools"] for blocks in pool["blocks"].values() for b in blocks for cidr in _cidrs(b)
        ),
    )


def _kubernetes(plan: dict[str, Any], node: str) -> Kubernetes | None:
    own = plan["nodes"][node].get("kubernetes")
    if not own:
        return None
    clusters = (plan["cluster"], *plan["clusters"].values())
    (told,) = (cluster["kubernetes"] for cluster in clusters if cluster["name"] == plan["nodes"][node]["cluster"])
    return Kubernetes(told["version"], told["image_repository"], own["control_plane"])


def _cidrs(block: str) -> Iterator[str]:
    first, dash, last = block.partition("-")
    if not dash:
        yield str(ipaddress.ip_network(block))
        return
    # Both ends come out of one plan, so they are of one family.
    low, high = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
    yield from (str(network) for network in ipaddress.summarize_address_range(low, high))


def suites(topology: Topology, wanted: dict[str, str], present: dict[str, str]) -> dict[str, str]:
    """Host to Debian suite: as wanted, else as it is, else alternating within the kind in the plan's order."""
    unknown = sorted(set(wanted) - {host.name for host in topology.hosts})
    if unknown:
        raise LabError(f"--suite: the plan has no host {', '.join(unknown)}")
    chosen: dict[str, str] = {}
    count: dict[Kind, int] = {}
    for host in topology.hosts:
        turn = count.get(host.kind, 0)
        count[host.kind] = turn + 1
        default = ("bookworm", "trixie")[turn % 2] if host.kind != "client" else "bookworm"
        if host.kubernetes:
            default = "trixie"  # nft of bookworm (1.0.6) crashes on tables of a newer kube-proxy: kubernetes#136786
        chosen[host.name] = wanted.get(host.name) or present.get(host.name) or default
    return chosen
