# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an apply changes: which objects differ, which fields and objects are left over, and how to show it.

Objects of a plan carry a label with its name. What carries it and is not wanted any more goes; nothing else is ever
deleted. Namespaces and CustomResourceDefinitions do not carry it: with them, objects of others would go.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from . import crds, rbac

LABEL = "baremetal.dualstack/plan"
NAMESPACE, CRD, SECRET = "Namespace", "CustomResourceDefinition", "Secret"
FOUNDATION = (NAMESPACE, CRD)  # what must be there before the others can be looked at
HIDDEN = "(hidden)"
Object = dict[str, Any]
_SERVERS = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# Kinds that a plan may have objects of, as kubectl names them.
KINDS = (
    *(f"{plural}.{crds.GROUP}" for plural in crds.CONFIGURATION),
    *("secrets", "services", "serviceaccounts", "configmaps", "daemonsets.apps", "deployments.apps"),
    "poddisruptionbudgets.policy",
    "validatingwebhookconfigurations.admissionregistration.k8s.io",
    *(f"{plural}.{rbac.GROUP}" for plural in ("roles", "rolebindings", "clusterroles", "clusterrolebindings")),
)


class Identity(NamedTuple):
    """What an object is known by; the version does not count."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Change(NamedTuple):
    """An object that differs; ``before`` is None for a new one, ``after`` for one that goes."""

    identity: Identity
    before: Object | None
    after: Object | None

    def diff(self) -> dict[str, str]:
        """In the shape of Ansible's diff mode, without the content of Secrets."""
        old, new = _hidden(self.before, None), _hidden(self.after, self.before)
        return {
            "before_header": str(self.identity),
            "after_header": str(self.identity),
            "before": _text(old),
            "after": _text(new),
        }


def identity(item: Mapping[str, Any]) -> Identity:
    """Of an object as it is written or read."""
    group, _slash, _version = str(item["apiVersion"]).rpartition("/")
    metadata = item["metadata"]
    return Identity(group, str(item["kind"]), str(metadata.get("namespace") or ""), str(metadata["name"]))


def labelled(items: Iterable[Object], plan: str) -> list[Object]:
    """The objects with the label of the plan, where they may be deleted with it."""
    return [item if item["kind"] in FOUNDATION else _with_label(item, plan) for item in items]


def plain(item: Mapping[str, Any]) -> Object:
    """An object without what the API server keeps about it."""
    metadata = {key: value for key, value in item["metadata"].items() if key not in _SERVERS}
    notes = {key: value for key, value in (metadata.pop("annotations", None) or {}).items() if key != _LAST_APPLIED}
    rest = {key: value for key, value in item.items() if key not in ("metadata", "status")}
    return {**rest, "metadata": {**metadata, **({"annotations": notes} if notes else {})}}


def changes(before: Iterable[Object], after: Iterable[Object]) -> list[Change]:
    """What differs between the objects as they are and as an apply would leave them, in the order of the latter."""
    known = {identity(item): plain(item) for item in before}
    found = ((identity(item), plain(item)) for item in after)
    return [Change(key, known.get(key), item) for key, item in found if known.get(key) != item]


def stale(labelled_ones: Iterable[Object], wanted: Iterable[Object]) -> list[Change]:
    """The objects with the plan's label that are not wanted any more."""
    kept = {identity(item) for item in wanted}
    return [Change(identity(item), plain(item), None) for item in labelled_ones if identity(item) not in kept]


def replacements(before: Iterable[Object], wanted: Sequence[Object]) -> list[Object]:
    """Objects that a server-side apply can't bring to what is wanted, as they are to be replaced.

    It leaves the fields that others own and that are not stated. In our kinds, a field that is not stated has a
    meaning; in a CustomResourceDefinition the webhook of another conversion makes the whole invalid.
    """
    live = {identity(item): item for item in before}
    found = []
    for item in wanted:
        old = live.get(identity(item))
        if old is not None and _has_leftovers(old, item):
            metadata = {key: value for key, value in old["metadata"].items() if key not in _SERVERS}
            given = item["metadata"]
            labels = {**metadata.get("labels", {}), **given.get("labels", {})}
            notes = {**metadata.get("annotations", {}), **given.get("annotations", {})}
            notes.pop(_LAST_APPLIED, None)
            metadata.update({"labels": labels, "annotations": notes})
            found.append({**item, "metadata": {key: value for key, value in metadata.items() if value}})
    return found


def _has_leftovers(old: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    if wanted["kind"] == CRD:
        before, after = ((item["spec"].get("conversion") or {}).get("webhook") for item in (old, wanted))
        return bool(before) and not after
    if identity(wanted).group != crds.GROUP:
        return False
    usual = crds.defaults(str(wanted["kind"]))
    spec = old.get("spec") or {}
    return any(spec[key] != usual.get(key) for key in set(spec) - set(wanted["spec"]))


def _with_label(item: Object, plan: str) -> Object:
    metadata = item["metadata"]
    return {**item, "metadata": {**metadata, "labels": {**metadata.get("labels", {}), LABEL: plan}}}


def _hidden(item: Object | None, before: Object | None) -> Object | None:
    """A Secret with its values hidden; those that are not as before are marked."""
    if item is None or item["kind"] != SECRET:
        return item
    old = (before or {}).get("data") or {}
    data = {
        key: HIDDEN if before is None or old.get(key) == value else f"{HIDDEN} changed"
        for key, value in (item.get("data") or {}).items()
    }
    return {**item, "data": data}


def _text(item: Object | None) -> str:
    return "" if item is None else json.dumps(item, indent=2, sort_keys=True) + "\n"
