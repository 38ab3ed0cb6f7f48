# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of one status kind, as they should be and as they are: which write brings them together. No I/O.

ServiceL2Status and ServiceBGPStatus have the same frame (MetalLB `api/v1beta1`, 0.16): labels name node and Service,
the status repeats them, a list says by what. One object per node and Service; of ServiceL2Status one per Service at
all, so whoever answers takes away those that others have left.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dualstack.resources.shapes import listing, mapping

from ..kube import kinds
from .sharing import Sharing

NODE, NAME, NAMESPACE = "metallb.io/node", "metallb.io/service-name", "metallb.io/service-namespace"
NOTE = "baremetal.dualstack/announced"


class Kind(NamedTuple):
    """``names``: the field of the status that lists by what; ``exclusive``: one object per Service in the cluster."""

    where: kinds.Kind
    prefix: str
    names: str
    exclusive: bool


L2_STATUS = Kind(kinds.KINDS["ServiceL2Status"], "l2-", "interfaces", True)
BGP_STATUS = Kind(kinds.KINDS["ServiceBGPStatus"], "bgp-", "peers", False)


class Report(NamedTuple):
    """What an object says beside node and Service: names (sorted), and the annotation, which has the families."""

    names: tuple[str, ...]
    note: str


class Held(NamedTuple):
    """An object that is there. ``sound``: node and Service stand in its status as the labels have them, or not yet."""

    name: str
    node: str
    service: str
    report: Report
    filled: bool
    sound: bool


class Create(NamedTuple):
    """An object to make; its status is written by a Fill afterwards, as it is a resource of its own."""

    service: str
    body: dict[str, Any]


class Fill(NamedTuple):
    """A merge-patch of an object's status (``status`` True) or of its annotation."""

    service: str
    name: str
    status: bool
    body: dict[str, Any]


class Delete(NamedTuple):
    """An object to take away."""

    service: str
    name: str


class Ledger:
    """The objects of one kind from the view of one node."""

    def __init__(self, kind: Kind, node: str) -> None:
        self.kind = kind
        self._node = node
        self._wanted: dict[str, Report] = {}
        self._held: dict[str, Held] = {}
        self._of: dict[str, tuple[Held, ...]] = {}  # by Service, in the order of their names
        self._dirty: OrderedDict[str, None] = OrderedDict()
        self._share = Sharing()

    @property
    def wanted(self) -> Mapping[str, Report]:
        """What should stand there, by Service."""
        return self._wanted

    def own(self) -> Iterator[tuple[str, Report]]:
        """What stands there of this node: Service and report."""
        return ((held.service, held.report) for held in self._held.values() if held.node == self._node)

    def want(self, service: str, report: Report | None) -> None:
        """What this node has to say about a Service; None: nothing."""
        if report == self._wanted.get(service):
            return
        if report is None:
            del self._wanted[service]
        else:
            self._wanted[service] = self._share(report)
        self._dirty[service] = None

    def saw(self, given: Mapping[str, Any]) -> None:
        """An object is there."""
        held = self._read(given)
        self.gone(held.name)
        self._held[held.name] = held
        self._of[held.service] = tuple(sorted((*self._of.get(held.service, ()), held)))
        self._dirty[held.service] = None

    def gone(self, name: str) -> None:
        """An object is there no more."""
        held = self._held.pop(name, None)
        if held is not None:
            among = tuple(entry for entry in self._of.pop(held.service) if entry.name != name)
            if among:
                self._of[held.service] = among
            self._dirty[held.service] = None

    def listed(self, objects: list[Mapping[str, Any]]) -> None:
        """These are all there are."""
        names = set()
        for given in objects:
            held = self._read(given)
            names.add(held.name)
            if self._held.get(held.name) != held:
                self.saw(given)
        for name in [name for name in self._held if name not in names]:
            self.gone(name)

    def next(self, owner: Mapping[str, Any] | None) -> Create | Fill | Delete | None:
        """The next write, None when everything is as it should be. ``owner``: the ownerReference of new objects."""
        while self._dirty:
            service = next(iter(self._dirty))
            step = self._step(service, owner)
            if step is not None:
                return step
            del self._dirty[service]
        return None

    def put_off(self, service: str) -> None:
        """A write about a Service failed: others first."""
        if service in self._dirty:
            self._dirty.move_to_end(service)

    def look(self, service: str) -> None:
        """Something may be to be done about a Service."""
        self._dirty[service] = None

    def give_up(self, service: str) -> None:
        """The API server does not want what should stand there: not tried again before it changes."""
        self._dirty.pop(service, None)

    def _step(self, service: str, owner: Mapping[str, Any] | None) -> Create | Fill | Delete | None:
        wanted = self._wanted.get(service)
        held = self._of.get(service, ())
        own = [entry for entry in held if entry.node == self._node]
        keep = next((entry for entry in own if entry.sound), None) if wanted is not None else None
        spare = [entry for entry in own if entry is not keep]
        if wanted is None:
            return Delete(service, spare[0].name) if spare else None
        if keep is None:
            return Create(service, self._object(service, wanted, owner))
        if not keep.filled or keep.report.names != wanted.names:
            return Fill(service, keep.name, True, {"status": self._status(service, wanted)})
        if keep.report.note != wanted.note:
            return Fill(service, keep.name, False, {"metadata": {"annotations": {NOTE: wanted.note or None}}})
        if self.kind.exclusive:
            spare += [entry for entry in held if entry.node != self._node]
        return Delete(service, spare[0].name) if spare else None

    def _object(self, service: str, report: Report, owner: Mapping[str, Any] | None) -> dict[str, Any]:
        namespace, _unused, name = service.partition("/")
        labels = {NODE: self._node, NAME: name, NAMESPACE: namespace}
        metadata: dict[str, Any] = {"generateName": self.kind.prefix, "labels": labels}
        if report.note:
            metadata["annotations"] = {NOTE: report.note}
        if owner is not None:
            metadata["ownerReferences"] = [dict(owner)]
        return {"apiVersion": self.kind.where.api_version, "kind": self.kind.where.name, "metadata": metadata}

    def _status(self, service: str, report: Report) -> dict[str, Any]:
        namespace, _unused, name = service.partition("/")
        names: list[Any] = list(report.names)
        if self.kind.names == "interfaces":
            names = [{"name": text} for text in names]
        return {"node": self._node, "serviceName": name, "serviceNamespace": namespace, self.kind.names: names}

    def _read(self, given: Mapping[str, Any]) -> Held:
        metadata = given["metadata"]
        labels, status = mapping(metadata.get("labels")), mapping(given.get("status"))
        node = sys.intern(str(labels.get(NODE, "")))
        service = sys.intern(f"{labels.get(NAMESPACE, '')}/{labels.get(NAME, '')}")
        entries = listing(status.get(self.kind.names))
        names = tuple(str(entry.get("name") if isinstance(entry, Mapping) else entry) for entry in entries)
        said = (status.get("node"), f"{status.get('serviceNamespace')}/{status.get('serviceName')}")
        report = self._share(Report(names, str(mapping(metadata.get("annotations")).get(NOTE, ""))))
        filled = "node" in status
        return Held(metadata["name"], node, service, report, filled, not filled or said == (node, service))
