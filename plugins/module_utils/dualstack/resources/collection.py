# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A collection of resources that changes object by object.

A bad object never harms another one: its findings are kept, and the last good version of it stays in force.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from ..findings import ERROR, WARNING, Finding, has_errors, nearest
from . import cluster, extensions, metallb
from .model import BGPAdvertisement, Key, L2Advertisement, Labels, Namespace, Peer, Pool, Resource, Resources
from .shapes import mapping

METALLB = "metallb.io"
_Reader = Callable[[str, Labels, Any, str, Callable[[Finding], None]], "Resource | None"]
Judge = Callable[[Mapping[str, Any], Resource], Iterable[Finding]]
_METALLB: dict[str, tuple[str, dict[str, _Reader]]] = {
    "IPAddressPool": ("pools", {"v1beta1": metallb.pool}),
    "L2Advertisement": ("l2_advertisements", {"v1beta1": metallb.l2_advertisement}),
    "BGPAdvertisement": ("bgp_advertisements", {"v1beta1": metallb.bgp_advertisement}),
    "BGPPeer": ("peers", {"v1beta2": metallb.peer, "v1beta1": metallb.peer_v1beta1}),
    "Community": ("communities", {"v1beta1": metallb.communities}),
    "BFDProfile": ("bfd_profiles", {"v1beta1": metallb.bfd_profile}),
}
_GONE = {"AddressPool": "Write an IPAddressPool, and an L2Advertisement or a BGPAdvertisement for it."}
_STATUS_KINDS = ("ServiceL2Status", "ServiceBGPStatus", "ConfigurationState")
_CORE = {
    "Secret": ("secrets", "v1"),
    "Node": ("nodes", "v1"),
    "Namespace": ("namespaces", "v1"),
    "Service": ("services", "v1"),
    "EndpointSlice": ("endpoint_slices", "discovery.k8s.io/v1"),
}
_FIELDS = {kind: entry[0] for kind, entry in [*_METALLB.items(), *_CORE.items()]}
_CLUSTER_WIDE = ("Node", "Namespace")
_NAMESPACED = ("Service", "EndpointSlice")  # of all namespaces
_MANY = ("services", "endpoint_slices")


class UnnamedObject(ValueError):
    """An object without kind or name: it can't be told from others; the message says what is missing."""


def key_of(given: Mapping[str, Any]) -> Key:
    """The key of a plain object. Raises UnnamedObject."""
    if not isinstance(given, Mapping):
        raise UnnamedObject("is not an object")
    metadata = mapping(given.get("metadata"))
    kind, name, namespace = given.get("kind"), metadata.get("name"), metadata.get("namespace")
    if not all(isinstance(text, str) and text for text in (given.get("apiVersion"), kind, name)):
        raise UnnamedObject("an object needs apiVersion, kind and metadata.name")
    return Key(str(kind), "" if kind in _CLUSTER_WIDE else str(namespace or "default"), str(name))


def _content(given: Mapping[str, Any], resource: Resource) -> Iterable[Finding]:
    """The judge that accepts whatever can be read."""
    del given, resource
    return ()


class Collection:
    """All objects by key. ``put`` and ``drop`` change it, ``resources`` shows it, ``findings`` tells what is wrong.

    ``judge`` sees each object that could be read, and says what is wrong with it for whom the collection is; an object
    with an error is refused.
    """

    def __init__(self, judge: Judge = _content) -> None:
        self._judge = judge
        self._parts: dict[str, dict[str, Any]] = {name: {} for name in _FIELDS.values()}
        self._findings: dict[Key, tuple[Finding, ...]] = {}
        self._shown: dict[str, Mapping[str, Any]] = {}
        self._lost: set[Key] = set()
        self._touched: set[Key] = set()

    @property
    def lost(self) -> bool:
        """Whether an object is refused of which no good version was ever seen."""
        return bool(self._lost)

    @property
    def lost_keys(self) -> frozenset[Key]:
        """The objects that are refused and of which no good version was ever seen."""
        return frozenset(self._lost)

    def touched(self) -> set[Key]:
        """The objects by which the resources changed since the last call."""
        touched, self._touched = self._touched, set()
        return touched

    def findings(self) -> list[Finding]:
        """Everything that is wrong with single objects, by key."""
        return [finding for key in sorted(self._findings) for finding in self._findings[key]]

    def put(self, given: Mapping[str, Any]) -> bool:
        """Take an object over, or note why not. Returns whether the resources changed. Raises UnnamedObject."""
        key = key_of(given)
        found: list[Finding] = []
        resource = _read(key, given, found.append)
        if resource is not None:
            found += self._judge(given, resource)
        self._note(key, found)
        part = self._part(key)
        if has_errors(found):
            if part is not None and _name(key) not in part:
                self._lost.add(key)
            return False
        self._lost.discard(key)
        if resource is None or part is None:
            return self._remove(key)
        if part.get(_name(key)) == resource:
            return False
        part[_name(key)] = resource
        self._changed(key)
        return True

    def drop(self, key: Key) -> bool:
        """Forget an object. Returns whether the resources changed."""
        self._note(key, [])
        self._lost.discard(key)
        return self._remove(key)

    def resources(self) -> Resources:
        """The resources as they are now. Services and EndpointSlices, which may be many, change with the collection;
        of every other kind the mapping stays as it is, and is the same one until an object of the kind changes.
        """
        for name, part in self._parts.items():
            if name not in self._shown:
                self._shown[name] = MappingProxyType(part) if name in _MANY else dict(part)
        return Resources(**self._shown)

    def _part(self, key: Key) -> dict[str, Any] | None:
        return self._parts.get(_FIELDS.get(key.kind, ""))

    def _remove(self, key: Key) -> bool:
        part = self._part(key)
        if part is None or part.pop(_name(key), None) is None:
            return False
        self._changed(key)
        return True

    def _changed(self, key: Key) -> None:
        self._touched.add(key)
        if _FIELDS[key.kind] not in _MANY:
            self._shown.pop(_FIELDS[key.kind], None)

    def _note(self, key: Key, findings: list[Finding]) -> None:
        self._findings.pop(key, None)
        if findings:
            self._findings[key] = tuple(findings)


def parse(objects: Iterable[Mapping[str, Any]], judge: Judge = _content) -> tuple[Resources, list[Finding]]:
    """All objects at once: the resources that are sound, and the findings of the others."""
    collection = Collection(judge)
    unnamed = []
    for index, given in enumerate(objects):
        try:
            collection.put(given)
        except UnnamedObject as problem:
            unnamed.append(unnamed_finding(index, problem))
    return collection.resources(), unnamed + collection.findings()


def read_loosely(objects: Iterable[tuple[Key, Mapping[str, Any]]]) -> tuple[Resources, list[Finding], frozenset[str]]:
    """Everything that can be read at all, also of objects with errors: for those who tell all that is wrong.

    The third value names the kinds of which an object could not be read.
    """
    parts: dict[str, dict[str, Any]] = {name: {} for name in _FIELDS.values()}
    findings: list[Finding] = []
    unread = set()
    for key, given in objects:
        found: list[Finding] = []
        resource = _read(key, given, found.append)
        findings += found
        if resource is not None and key.kind in _FIELDS:
            parts[_FIELDS[key.kind]][_name(key)] = resource
        elif has_errors(found):
            unread.add(key.kind)
    return Resources(**parts), findings, frozenset(unread)


def unnamed_finding(index: int, problem: UnnamedObject) -> Finding:
    """What is said of an object that can't be told from others."""
    return Finding("object", ERROR, f"[{index}]", "", str(problem), "Add what is missing.")


def _name(key: Key) -> str:
    return f"{key.namespace}/{key.name}" if key.kind in _NAMESPACED else key.name


def _read(key: Key, given: Mapping[str, Any], report: Callable[[Finding], None]) -> Resource | None:
    group, _unused, version = str(given["apiVersion"]).rpartition("/")
    path = str(key)
    given_labels = mapping(mapping(given.get("metadata")).get("labels"))
    labels = {sys.intern(str(name)): str(value) for name, value in given_labels.items()}
    extensions.unheard(key.kind, mapping(mapping(given.get("metadata")).get("annotations")), path, report)
    if group == METALLB:
        return _read_metallb(key, given, version, labels, report)
    if key.kind in _CORE and given["apiVersion"] == _CORE[key.kind][1]:
        return _read_core(key, given, labels, report)
    reason = f"{given['apiVersion']} {key.kind} is not used"
    report(Finding("unused-kind", WARNING, path, "", reason, "Take it out of these resources."))
    return None


def _read_core(
    key: Key, given: Mapping[str, Any], labels: Labels, report: Callable[[Finding], None]
) -> Resource | None:
    if key.kind == "Service":
        return cluster.service(key.namespace, key.name, labels, given, str(key), report)
    if key.kind == "EndpointSlice":
        return cluster.endpoint_slice(key.namespace, key.name, labels, given)
    if key.kind == "Namespace":
        return Namespace(key.name, labels)
    if key.kind == "Node":
        return cluster.node(key.name, labels, given, str(key), report)
    return cluster.secret(key.name, given, str(key), report)


def _read_metallb(
    key: Key, given: Mapping[str, Any], version: str, labels: Labels, report: Callable[[Finding], None]
) -> Resource | None:
    path = str(key)
    if key.kind in _STATUS_KINDS:
        return None
    if key.kind in _GONE:
        reason = "MetalLB reads this kind no more (since 0.14)"
        report(Finding("old-kind", ERROR, path, key.kind, reason, _GONE[key.kind]))
        return None
    if key.kind not in _METALLB:
        fix = nearest(key.kind, _METALLB)
        report(Finding("unknown-kind", ERROR, path, key.kind, "is no kind of metallb.io", fix[0].upper() + fix[1:]))
        return None
    readers = _METALLB[key.kind][1]
    if version not in readers:
        newest = next(iter(readers))
        fix = f"Write apiVersion: {METALLB}/{newest}."
        report(Finding("version", ERROR, f"{path}: apiVersion", version, f"is not {newest}", fix))
        return None
    unknown = [name for name in given if name not in ("apiVersion", "kind", "metadata", "spec", "status")]
    for name in unknown:
        fix = f"Remove it, or {nearest(str(name), ('metadata', 'spec'))}"
        report(Finding("unknown-key", ERROR, f"{path}: {name}", "", "unknown key", fix))
    if unknown:
        return None
    spec = given.get("spec")
    resource = readers[version](key.name, labels, {} if spec is None else spec, f"{path}: spec", report)
    annotations = mapping(mapping(given.get("metadata")).get("annotations"))
    if isinstance(resource, Peer):
        return extensions.extended(resource, annotations, path, report)
    if isinstance(resource, Pool):
        return extensions.of_pool(resource, annotations, path, report)
    if isinstance(resource, L2Advertisement):
        return extensions.of_families(resource, annotations, path, report)
    if isinstance(resource, BGPAdvertisement):
        advert = extensions.communities(resource, annotations, path, report)
        return None if advert is None else extensions.of_families(advert, annotations, path, report)
    return resource
