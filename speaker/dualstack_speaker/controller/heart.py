# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The heart of the controller: objects in, decisions and writes out. It owns no socket, no thread and no clock.

Services are kept by the allocator alone; here stands only what a write needs to know of each. What the watch brings
later than the answer to a write of ours is not looked at again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dualstack.allocation.allocator import Allocator
from dualstack.allocation.supply import Count
from dualstack.allocation.verdict import DEPRECATED, WARNING, Event, Verdict
from dualstack.findings import ERROR, Finding, has_errors
from dualstack.resources import readings
from dualstack.resources.collection import Collection
from dualstack.resources.held import held_wish
from dualstack.resources.model import Key

from .ordering import Ordering, Target, Write

_Object = Mapping[str, Any]
POOL, SERVICE = "IPAddressPool", "Service"
MOST_REMARKS = 1000  # that a standby keeps
REMARK = "InvalidAnnotation"  # reason of an event; MetalLB has no such annotations
OVERWRITTEN = "StatusOverwritten"  # reason of an event; MetalLB does not notice
OTHERS_FOR = 600.0  # seconds for which it is told that somebody else wrote a status
MOST_OTHERS = 100  # Services of which that is remembered
_ANOTHER = (
    "somebody else has written this status. Where that goes on, two controllers serve one class: stop the other one "
    "(such as MetalLB's: kubectl get deployments -A), or give each a loadBalancerClass of its own."
)


class Record(NamedTuple):
    """A Service as the API server last told it."""

    version: int
    uid: str
    addresses: tuple[str, ...]
    noted: bool  # whether it carries our annotation


class News(NamedTuple):
    """An event of a Service, to be told."""

    key: str
    uid: str
    event: Event


class Heart:
    """A sink for Services, IPAddressPools and Namespaces. ``acting``: whether this process is the active one."""

    def __init__(self, load_balancer_class: str | None, rest: float) -> None:
        self._class, self._rest = load_balancer_class, rest
        self._collection = Collection(readings.judge)
        self._records: dict[str, Record] = {}
        self._findings: dict[str, tuple[Finding, ...]] = {}
        self._pool_statuses: dict[str, _Object] = {}
        self._renew()
        self.acting = False
        self._engaged = False  # whether a term has begun and not ended; it may be interrupted
        self.deprecated = 0  # events about deprecated annotations

    def _renew(self) -> None:
        self._allocator = Allocator(self._class, self._rest)
        self.ordering = Ordering()
        self.checks: set[str] = set()  # Services that left the watch: whether they are gone must be asked
        self._touched: set[str] = set()
        self._waiting: dict[str, list[Event]] = {}  # events that are told once their write was taken
        self._remarks: list[
            tuple[str, Finding]
        ] = []  # about Services that are read all the same; errors: the allocator
        self._configured = False
        self._overwritten: list[tuple[str, Event]] = []
        self._others: dict[str, tuple[float, str]] = {}  # Services whose status somebody else wrote, when, and what
        self.newest = 0  # the highest resourceVersion of a Service: everything up to it was seen

    # what comes in

    def put(self, given: _Object) -> bool:
        """An object as it is now. Returns whether it was news. Raises UnnamedObject."""
        if given.get("kind") == SERVICE:
            return self._put_service(given)
        if given.get("kind") == POOL:
            self._pool_statuses[given["metadata"]["name"]] = given.get("status") or {}
        found = len(self._collection.findings())
        if self._collection.put(given):
            self._configured = False
            return True
        return found > 0 or bool(self._collection.findings())

    def drop(self, key: Key) -> bool:
        """An object left the watch."""
        if key.kind == SERVICE:
            return self._drop_service(f"{key.namespace}/{key.name}")
        if key.kind == POOL:
            self._pool_statuses.pop(key.name, None)
        self._collection.drop(key)
        self._configured = False
        return True

    def gone(self, key: str, version: int) -> None:
        """A Service that left the watch is no more; of no meaning where there is another one of its name by now."""
        record = self._records.get(key)
        if record is not None and record.version == version:
            self._forget(key)

    def version(self, key: str) -> int:
        """The resourceVersion of a Service as last told; 0 where there is none."""
        record = self._records.get(key)
        return record.version if record else 0

    def record(self, key: str) -> Record | None:
        """What is known of a Service."""
        return self._records.get(key)

    # the Lease

    def begin(self) -> None:
        """From now on this process acts. Everything must be known by now that was written before."""
        self.acting = self._engaged = True

    def interrupt(self) -> None:
        """This process may not act for now, but nobody else does: ``begin`` goes on, or ``end`` ends."""
        self.acting = False

    def end(self) -> None:
        """Somebody else may act from now on: what was decided here is void, and Services must be listed anew."""
        self.acting = self._engaged = False
        self._records.clear()
        self._findings.clear()
        self._renew()

    # what goes out

    def settle(self, now: float) -> list[News]:
        """Decides, and puts writes into ``ordering``. Returns the events that can be told at once."""
        if not self.acting:
            del self._remarks[:-MOST_REMARKS]
            return []
        if not self._configured:
            self._configure()
        told = [*((key, _remark(found)) for key, found in self._remarks), *self._overwritten]
        news = [News(key, self._records[key].uid, event) for key, event in told if key in self._records]
        for key, event in self._overwritten:
            self._others.pop(key, None)
            self._others[key] = (now, f"Service {key}: {event.message}")
        while len(self._others) > MOST_OTHERS:
            del self._others[next(iter(self._others))]
        self._remarks.clear()
        self._overwritten.clear()
        written = set()
        for verdict in self._allocator.settle(now):
            news += self._take(verdict)
            if verdict.write:
                written.add(verdict.key)
        touched, self._touched = self._touched, set()
        for key in touched - written:
            record = self._records.get(key)
            if record is not None:
                self._content(key, record)
        return news

    def written(self, write: Write, answer: _Object) -> list[News]:
        """The API server has taken a write; ``answer`` is the Service now. ``settle`` must follow before ``take``."""
        self.ordering.acknowledged(write)
        self._put_service({**answer, "apiVersion": "v1", "kind": SERVICE}, ours=True)
        record = self._records.get(write.key)
        events = self._waiting.pop(write.key, []) if write.final else []
        return [News(write.key, record.uid if record else "", event) for event in events]

    @property
    def due(self) -> float | None:
        """When to settle though nothing came in."""
        return self._allocator.due if self.acting else None

    # what is shown

    def counts(self) -> dict[str, dict[str, Count]]:
        """Pool → family → addresses in use and left."""
        return self._allocator.counts()

    def pool_status(self, name: str) -> _Object | None:
        """The status of an IPAddressPool as last told; None where there is none of this name."""
        return self._pool_statuses.get(name)

    def pool_written(self, name: str, answer: _Object) -> None:
        """The status of an IPAddressPool was written; ``answer`` is the pool now."""
        if name in self._pool_statuses:
            self._pool_statuses[name] = answer.get("status") or {}

    def waiting(self) -> dict[str, str]:
        """The Services that lack an address, or can't be read, and why."""
        if not self.acting:
            return {}
        unread = {key: str(found[0]) for key, found in self._findings.items() if has_errors(found)}
        return dict(sorted({**self._allocator.waiting(), **unread}.items()))

    def without_addresses(self) -> list[str]:
        """The Services whose status holds no address."""
        return [key for key, record in self._records.items() if not record.addresses]

    def services(self) -> tuple[int, int]:
        """How many Services there are, and how many of them have an address in their status."""
        return len(self._records), sum(bool(record.addresses) for record in self._records.values())

    def findings(self) -> list[Finding]:
        """What is wrong with pools; what is wrong with a Service is no matter of the configuration."""
        return [*self._collection.findings(), *self._allocator.findings()]

    def findings_of_services(self) -> dict[str, tuple[Finding, ...]]:
        """What is wrong with Services."""
        return self._findings

    def others(self, now: float) -> list[str]:
        """What somebody else wrote into statuses of Services a while ago, while this process was the active one."""
        return [text for at, text in self._others.values() if now - at < OTHERS_FOR]

    def _overwrites(self, key: str, held: tuple[str, ...]) -> str:
        """What somebody else has made of the addresses in a status; empty where it was us, or nothing.

        In a status may stand what stood there, what the Service is to have, and what a write under way may have put.
        """
        record = self._records.get(key)
        if not self.acting or record is None or held == record.addresses:
            return ""
        strange = {*held} - {*record.addresses, *self._allocator.addresses(key), *self.ordering.may_hold(key)}
        if strange or (key not in self.ordering and not held):
            return f"{', '.join(held) or 'nothing'} in place of {', '.join(record.addresses) or 'nothing'}"
        return ""

    def _put_service(self, given: _Object, ours: bool = False) -> bool:
        metadata = given["metadata"]
        key = f"{metadata['namespace']}/{metadata['name']}"
        version = int(metadata["resourceVersion"])
        if version <= self.version(key):
            return False
        self.newest = max(self.newest, version)
        found: list[Finding] = []
        wish = held_wish(given, found.append)
        self.checks.discard(key)
        if wish is None:
            self._forget(key)
            return True
        other = "" if ours else self._overwrites(key, wish.assigned)
        if other:
            self._overwritten.append((key, Event(WARNING, OVERWRITTEN, f"{other}: {_ANOTHER}")))
        self._records[key] = Record(version, str(metadata.get("uid")), wish.assigned, wish.allocated_from is not None)
        known = self._findings.pop(key, ())
        if found:
            self._findings[key] = tuple(found)
        self._remarks += [(key, remark) for remark in found if remark.severity != ERROR and remark not in known]
        self._allocator.put(wish)
        self._touched.add(key)
        return True

    def _drop_service(self, key: str) -> bool:
        record = self._records.get(key)
        if record is None:
            return False
        if self._engaged and (record.addresses or record.noted):
            self.checks.add(key)
        else:
            self._forget(key)
        return True

    def _forget(self, key: str) -> None:
        self.checks.discard(key)
        self._findings.pop(key, None)
        self._waiting.pop(key, None)
        if self._records.pop(key, None) is not None:
            self._allocator.drop(key)
            self._touched.discard(key)
            self.ordering.gone(key)

    def _configure(self) -> None:
        resources = self._collection.resources()
        labels = {name: namespace.labels for name, namespace in resources.namespaces.items()}
        unreadable = {key.name for key in self._collection.lost_keys if key.kind == POOL}
        self._allocator.configure(resources.pools, labels, frozenset(unreadable))
        self._configured = True

    def _take(self, verdict: Verdict) -> list[News]:
        record = self._records.get(verdict.key)
        if record is None:
            return []
        self.deprecated += sum(event.reason == DEPRECATED for event in verdict.events)
        if verdict.write:
            target = Target(verdict.addresses, verdict.note, verdict.ip_mode)
            self.ordering.want(verdict.key, target, record.addresses)
            self._waiting.setdefault(verdict.key, []).extend(verdict.events)
            return []
        self._content(verdict.key, record)
        self._waiting.pop(verdict.key, None)
        return [News(verdict.key, record.uid, event) for event in verdict.events]

    def _content(self, key: str, record: Record) -> None:
        """Nothing is to be written of a Service; one that can't be read may have been about to give an address away."""
        unread = has_errors(self._findings.get(key, ()))
        self.ordering.content(key, record.addresses, self._allocator.addresses(key) if unread else None)


def _remark(found: Finding) -> Event:
    """A finding about a Service as an event of it."""
    place = found.path.partition(": ")[2] or found.path
    return Event(WARNING, REMARK, f"{place}: {found.value}: {found.reason}. {found.fix}")
