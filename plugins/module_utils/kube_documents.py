# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents inside ConfigMaps of a cluster, edited in place with kubectl; another writer in between is noticed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .dualstack.components import ranges
from .dualstack.components.editing import kubeadm_config, yaml_text
from .dualstack.components.editing.owned import EditError, Owned
from .kubectl import Kubectl, KubectlError, Object

_CLUSTER = "ClusterConfiguration"
_CONFLICT = "the object has been modified"
_ATTEMPTS = 5

OWNED = {
    "flags": {"type": "dict", "default": {}},
    "absent": {"type": "list", "elements": "str", "default": []},
    "gates": {"type": "dict", "default": {}},
}
DOCUMENT: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": "kube-system"},
    "key": {"type": "str", "required": True, "no_log": False},
    "fields": {"type": "dict", "default": {}},
    "arguments": {"type": "dict", "default": {}},
    "names": {"type": "list", "elements": "str", "default": []},
}


class Document(NamedTuple):
    """A document that changed, or would."""

    name: str
    before: str
    after: str

    def diff(self) -> dict[str, str]:
        """In the shape of Ansible's diff mode."""
        return {"before_header": self.name, "after_header": self.name, "before": self.before, "after": self.after}


def owned(given: Mapping[str, Any]) -> Owned:
    """What is owned, as filters hand it over: JSON without types of its own."""
    flags = {str(name): str(value) for name, value in (given.get("flags") or {}).items()}
    return Owned(flags, list(given.get("absent") or ()), dict(given.get("gates") or {}))


def keep(kubectl: Kubectl, wanted: Sequence[Mapping[str, Any]]) -> None:
    """That no ClusterConfiguration of kubeadm gets other CIDRs than a second family behind those that it has.

    Not asked where a component itself was looked at: then a ConfigMap that tells others is behind. Raises KubectlError.
    """
    for each in wanted:
        if each["key"] == _CLUSTER and any(path[0] == "networking" for path, _value in yaml_text.flat(each["fields"])):
            held = get(kubectl, each["namespace"], each["name"]).get("data", {}).get(each["key"], "")
            try:
                ranges.keep_networking(held, each["fields"])
            except (EditError, ranges.RangeError) as problem:
                raise KubectlError(f"{_place(each)}: {problem}") from None


def bring(kubectl: Kubectl, wanted: Sequence[Mapping[str, Any]], check: bool, note: str = "") -> list[Document]:
    """Brings documents to what is wanted; returns those that differed. Raises KubectlError, which names the ConfigMap.

    ``note``: an annotation that keeps the text of before, in the same write; one that is there already stays.
    """
    found = [_bring(kubectl, each, check, note) for each in wanted]
    return [each for each in found if each]


def get(kubectl: Kubectl, namespace: str, name: str) -> Object:
    """The ConfigMap. Raises KubectlError."""
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}}
    there = kubectl.existing([reference])
    if not there:
        raise KubectlError(f"there is no ConfigMap {namespace}/{name}")
    return there[0]


def _bring(kubectl: Kubectl, wanted: Mapping[str, Any], check: bool, note: str) -> Document | None:
    place = _place(wanted)
    for attempt in range(1, _ATTEMPTS + 1):
        held = get(kubectl, wanted["namespace"], wanted["name"])
        before = held.get("data", {}).get(wanted["key"])
        if before is None:
            raise KubectlError(f"{place}: there is no such key")
        try:
            parts = {name: owned(each) for name, each in wanted["arguments"].items()}
            after = kubeadm_config.edit(before, wanted["fields"], parts, wanted["names"])
        except EditError as problem:
            raise KubectlError(f"{place}: {problem}") from None
        if after == before:
            return None
        held["data"][wanted["key"]] = after
        if note:
            held["metadata"].setdefault("annotations", {}).setdefault(note, before)
        try:
            kubectl.replace([held], dry=check)  # with its resourceVersion: refused if somebody else wrote meanwhile
        except KubectlError as problem:
            if _CONFLICT not in str(problem) or attempt == _ATTEMPTS:
                raise
            time.sleep(attempt / 5)
            continue
        return Document(place, before, after)
    raise AssertionError("the loop returns or raises")


def _place(wanted: Mapping[str, Any]) -> str:
    return f"ConfigMap {wanted['namespace']}/{wanted['name']}, {wanted['key']}"
