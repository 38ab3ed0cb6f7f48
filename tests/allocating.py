# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster as the allocator sees it, for tests: what is decided is written at once, and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dualstack.addresses.blocks import parse
from dualstack.allocation.allocator import Allocator
from dualstack.allocation.verdict import Verdict
from dualstack.resources.metallb import ranges_of
from dualstack.resources.model import Allocation, Pool
from dualstack.resources.selectors import IN, Requirement, Selector
from dualstack.resources.wishes import ServicePort, ServiceWish

DUAL = ("ipv4", "ipv6")
PREFER, REQUIRE = "PreferDualStack", "RequireDualStack"


def pool(name: str, *texts: str, **fields: Any) -> Pool:
    """An IPAddressPool with these entries."""
    blocks = tuple(map(parse, texts))
    return Pool(name, blocks=blocks, ranges=ranges_of(texts, blocks), **fields)


def serving(*namespaces: str, priority: int = 0, by: str = "", services: str = "") -> Allocation:
    """A serviceAllocation; ``by`` and ``services`` are selectors as KEY=VALUE."""
    return Allocation(priority, namespaces, _selectors(by), _selectors(services))


def _selectors(text: str) -> tuple[Selector, ...]:
    key, _unused, value = text.partition("=")
    return (Selector((Requirement(key, IN, (value,)),)),) if text else ()


def service(name: str, families: tuple[str, ...] = DUAL, **fields: Any) -> ServiceWish:
    """A Service with ClusterIPs of these families; two of them come with PreferDualStack unless a policy is given."""
    namespace, _unused, bare = name.rpartition("/")
    ports = tuple(ServicePort(port) for port in fields.pop("ports", (80,)))
    policy = fields.pop("policy", PREFER if len(families) == 2 else None)
    given = {"families": families, "cluster_families": families, "policy": policy, "ports": ports, **fields}
    return ServiceWish(namespace=namespace or "default", name=bare, **given)


def as_written(wish: ServiceWish, verdict: Verdict) -> ServiceWish:
    """A Service after the controller has written what a verdict says."""
    return replace(
        wish,
        assigned=verdict.addresses,
        allocated_from=verdict.note or None,
        held_mode=verdict.ip_mode if verdict.addresses else "VIP",
        hostnames=False,
        old_annotations=tuple(key for key in wish.old_annotations if not key.endswith("ip-allocated-from-pool")),
    )


class Cluster:
    """``events`` holds (name, reason, message) of all that was told since it was emptied."""

    def __init__(
        self, *pools: Pool, rest: float = 0.0, namespaces: Mapping[str, Mapping[str, str]] | None = None, **options: Any
    ) -> None:
        self._options = {"rest": rest, **options}
        self.now = 0.0
        self.namespaces: Mapping[str, Mapping[str, str]] = namespaces or {"default": {}}
        self.pools = pools
        self.wishes: dict[str, ServiceWish] = {}
        self.events: list[tuple[str, str, str]] = []
        self.writes = 0
        self.allocator = Allocator(**self._options)
        self._configure()

    def _configure(self) -> None:
        self.allocator.configure({entry.name: entry for entry in self.pools}, self.namespaces)

    def configure(self, *pools: Pool, namespaces: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """Other pools, perhaps other namespaces."""
        self.pools = pools
        self.namespaces = self.namespaces if namespaces is None else namespaces
        self._configure()
        self.settle()

    def restart(self) -> None:
        """Another controller, which knows nothing but what the Services hold."""
        self.allocator = Allocator(**self._options)
        self._configure()
        for wish in self.wishes.values():
            self.allocator.put(wish)
        self.settle()

    def put(self, *wishes: ServiceWish) -> None:
        """Services that are new or that their authors changed, at once; the status stays as it was."""
        for wish in wishes:
            old = self.wishes.get(wish.key)
            if old is not None and not wish.assigned:
                kept = {name: getattr(old, name) for name in ("assigned", "allocated_from", "held_mode", "hostnames")}
                wish = replace(wish, **kept)
            self.wishes[wish.key] = wish
            self.allocator.put(wish)
        self.settle()

    def change(self, name: str, **fields: Any) -> None:
        """Other fields of a Service."""
        self.put(replace(self.wishes[_key(name)], **fields))

    def drop(self, name: str) -> None:
        """A Service is deleted."""
        del self.wishes[_key(name)]
        self.allocator.drop(_key(name))
        self.settle()

    def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds
        self.settle()

    def settle(self) -> None:
        """Decide, write, and see that nothing is left to be said."""
        while verdicts := self.allocator.settle(self.now):
            for verdict in verdicts:
                name = verdict.key.partition("default/")[2] or verdict.key
                self.events += [(name, event.reason, event.message) for event in verdict.events]
                if verdict.write:
                    self.writes += 1
                    self.wishes[verdict.key] = as_written(self.wishes[verdict.key], verdict)
                    self.allocator.put(self.wishes[verdict.key])

    def held(self, name: str) -> list[str]:
        """The addresses in the status of a Service."""
        return list(self.wishes[_key(name)].assigned)

    def note(self, name: str) -> str | None:
        """The annotation ip-allocated-from-pool of a Service."""
        return self.wishes[_key(name)].allocated_from

    def reasons(self, name: str) -> list[str]:
        """The reasons of the events of a Service, in order."""
        return [reason for told, reason, _message in self.events if told == name]

    def message(self, name: str) -> str:
        """The last event of a Service."""
        return [message for told, _reason, message in self.events if told == name][-1]


def _key(name: str) -> str:
    return name if "/" in name else f"default/{name}"
