# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an intent does not hold, and whose it stays: nothing is passed over in silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..findings import HINT, Finding
from ..resources import extensions, foreign
from ..resources.collection import METALLB
from ..resources.model import Key
from ..resources.shapes import mapping
from ..resources.wishes import ADDRESSES, ALLOCATED_FROM, LAST_APPLIED, OLD_PREFIX, POOL, PREFIX, SHARING, authored
from ..resources.words import BASIC_AUTH
from . import settings
from .source import Source

_READ = ("type", "loadBalancerIP", "loadBalancerClass", "externalTrafficPolicy", "ipFamilyPolicy", "ipFamilies")
_SERVICE = {*_READ, "ports", "selector"}
# what the API server fills in, and the defaults that it writes
_ASSIGNED = {"clusterIP", "clusterIPs", "healthCheckNodePort"}
_DEFAULTS = {"sessionAffinity": "None", "internalTrafficPolicy": "Cluster", "allocateLoadBalancerNodePorts": True}
_ANNOTATIONS = {
    *(f"{prefix}/{suffix}" for prefix in (PREFIX, OLD_PREFIX) for suffix in (POOL, ADDRESSES, SHARING, ALLOCATED_FROM)),
    *map(extensions.annotation, extensions.NUMBERS),
    LAST_APPLIED,
}


def told(source: Source) -> list[Finding]:
    """A hint for each object, or part of one, that the intent does not take over."""
    return list(_told(source))


def _told(source: Source) -> Iterator[Finding]:
    for given in source.settings:
        yield from settings.told(given)
    used = {peer.password_secret for peer in source.case.resources.peers.values()}
    for key, given in source.case.objects:
        if key.kind == "Secret" and given["apiVersion"] == "v1":
            if "BGPPeer" in source.case.unread:
                continue  # who needs it is not known
            yield _secret(source, key, used)
        elif foreign.is_foreign(given):
            yield _left(str(key), "", "is no part of an intent, so it is left out", "Keep it where it is kept today.")
        elif key.kind == "Service" and f"{key.namespace}/{key.name}" in source.case.wishes:
            yield from _rest(str(key), "spec", _of_service(mapping(given.get("spec"))))
            others = [name for name in _annotations(given) if not authored(name)]
            yield from _rest(str(key), "metadata.annotations", others)
        elif given["apiVersion"].partition("/")[0] == METALLB:
            place = f"{key.kind} {key.name}"
            yield from _rest(place, "metadata.annotations", _annotations(given))
            labels = mapping(mapping(given.get("metadata")).get("labels"))
            if key.kind != "IPAddressPool":
                yield from _rest(place, "metadata.labels", sorted(map(str, labels)))


def _secret(source: Source, key: Key, used: Iterable[str | None]) -> Finding:
    if key.name in used and source.case.foreign.secrets.get(key) == BASIC_AUTH:
        fix = f"Put its password into dualstack_secrets.{key.name}, in a vault."
        return _left(str(key), "", "an intent names secrets and never holds one", fix)
    return _left(str(key), "", "no peer names it, so it is left out", "Keep it where it is kept today.")


def _of_service(spec: Mapping[str, Any]) -> list[str]:
    keys = {str(name) for name in spec if _DEFAULTS.get(str(name)) != spec[name]}
    return sorted(keys - _SERVICE - _ASSIGNED)


def _annotations(given: Mapping[str, Any]) -> list[str]:
    annotations = mapping(mapping(given.get("metadata")).get("annotations"))
    return sorted({str(name) for name in annotations} - _ANNOTATIONS)


def _rest(place: str, where: str, names: list[str]) -> Iterator[Finding]:
    if names:
        fix = "Keep it where the object is written."
        yield _left(f"{place}: {where}", ", ".join(names), "an intent does not say this, so it is left out", fix)


def _left(place: str, value: str, reason: str, fix: str) -> Finding:
    return Finding("left-out", HINT, place, value, reason, fix)
