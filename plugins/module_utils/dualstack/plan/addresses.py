# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of Services: pinned ones, shared ones, else the first free one of the pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..addresses import blocks
from ..addresses.blocks import FAMILIES, FAMILY_NAME, Block
from ..allocation.first_free import Cursor
from ..findings import ERROR, WARNING, Finding
from ..intent.shapes import Report, error

Ports = Sequence[Mapping[str, Any]]


class Allocator:
    """Gives out the addresses of pools, each to one Service, or to several with one sharing key and different ports."""

    def __init__(self, pools: Sequence[Mapping[str, Any]]) -> None:
        self._blocks = {
            (pool["name"], family): [blocks.parse(text) for text in texts]
            for pool in pools
            for family, texts in pool["blocks"].items()
        }
        self._cursors = {
            (pool["name"], family): Cursor(texts, pool["avoid_buggy_ips"])
            for pool in pools
            for family, texts in pool["blocks"].items()
        }
        self._owner: dict[str, dict[int, str]] = {family: {} for family in FAMILIES}
        self._sharing: dict[tuple[str, int], str] = {}
        self._ports: dict[tuple[str, int], set[tuple[str, int]]] = {}
        self._shared: dict[tuple[str, str, str], list[int]] = {}

    def give(
        self,
        service: Mapping[str, Any],
        ports: Ports,
        pools: Mapping[str, Mapping[str, Any]],
        path: str,
        report: Report,
        one_will_do: bool = False,
    ) -> list[str]:
        """One address per family of ``pools`` (family -> planned pool), in their order; reports what can't be had.

        ``one_will_do``: a family without a free address is a warning as long as another one has been given
        (PreferDualStack, as MetalLB since 0.14.9).
        """
        owner = f"{service['namespace']}/{service['name']}"
        given: list[str] = []
        used_up: list[tuple[str, str]] = []
        for family, pool in pools.items():
            pinned = (service["addresses"] or {}).get(family)
            if pinned is not None:
                value = self._pin(owner, service, ports, pool, blocks.parse_address(pinned), path, report)
            else:
                value = self._shareable(service, ports, pool["name"], family)
                if value is None:
                    value = self._cursors[pool["name"], family].take(self._owner[family])
                if value is None:
                    used_up.append((family, pool["name"]))
            if value is not None:
                self._keep(owner, service, ports, pool["name"], family, value)
                given.append(blocks.address_text(family, value))
        severity = WARNING if one_will_do and given else ERROR
        for family, name in used_up:
            reason = f"pool {name} has no free {FAMILY_NAME[family]} address left"
            fix = "Enlarge the pool or choose another."
            report(Finding("pool-full", severity, f"{path}.pool", name, reason, fix))
        return given

    def _keep(self, owner: str, service: Mapping[str, Any], ports: Ports, pool: str, family: str, value: int) -> None:
        self._owner[family].setdefault(value, owner)
        self._ports.setdefault((family, value), set()).update(_wanted(ports))
        if service["sharing_key"]:
            self._sharing[family, value] = _key(service)
            shared = self._shared.setdefault((pool, family, _key(service)), [])
            if value not in shared:
                shared.append(value)

    def _shareable(self, service: Mapping[str, Any], ports: Ports, pool: str, family: str) -> int | None:
        """The first address of the pool that Services with the same key hold and whose ports are free."""
        if not service["sharing_key"]:
            return None
        held = self._shared.get((pool, family, _key(service)), [])
        return next((value for value in held if not self._ports[family, value] & _wanted(ports)), None)

    def _pin(
        self,
        owner: str,
        service: Mapping[str, Any],
        ports: Ports,
        pool: Mapping[str, Any],
        address: Block,
        path: str,
        report: Report,
    ) -> int | None:
        text = blocks.address_text(address.family, address.first)
        where = f"{path}.addresses"
        pool_blocks = self._blocks[pool["name"], address.family]
        if not any(block.contains(address) for block in pool_blocks):
            reason = f"is not in pool {pool['name']} ({', '.join(map(str, pool_blocks))})"
            error(
                report, "pin-outside", where, text, reason, "Choose an address of the pool, or the pool that holds it."
            )
            return None
        holder = self._owner[address.family].get(address.first)
        place = (address.family, address.first)
        if holder is None:
            return address.first
        if service["sharing_key"] and self._sharing.get(place) == _key(service):
            twice = self._ports[place] & _wanted(ports)
            if not twice:
                return address.first
            reason = (
                f"{holder} has port {', '.join(f'{number}/{protocol}' for protocol, number in sorted(twice))} of it"
            )
            error(report, "sharing-port", where, text, reason, "Use another port, or another address.")
            return None
        reason = f"belongs to {holder}, which stands earlier in the list"
        share = "give both the same sharing_key"
        if service["sharing_key"] and (self._sharing.get(place) or "").split(" ")[0] == service["sharing_key"]:
            share = "give both traffic_policy: Cluster or the same selector"
        fix = f"Choose another address, {share}, or pin {holder} elsewhere knowingly."
        error(report, "pin-taken", where, text, reason, fix)
        return None


def _key(service: Mapping[str, Any]) -> str:
    """Sharing key and backends: with Local only Services with the same pods may share (MetalLB's allocator)."""
    backends = "" if service["traffic_policy"] == "Cluster" else repr(sorted(service["selector"].items()))
    return f"{service['sharing_key']} {backends}"


def _wanted(ports: Ports) -> set[tuple[str, int]]:
    return {(port["protocol"], port["port"]) for port in ports}
