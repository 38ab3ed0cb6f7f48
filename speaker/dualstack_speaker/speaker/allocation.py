# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a Service has an address, or has none: asked of the allocator itself, with what the API server holds now.

The speaker does not allocate and watches neither wishes nor namespaces; so this reads them once, with the speaker's
credentials, and lets the same code decide that the controller runs (``dualstack.allocation``). It writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dualstack.allocation.allocator import Allocator
from dualstack.findings import ERROR
from dualstack.resources.collection import Collection, UnnamedObject
from dualstack.resources.held import held_wish

from ..kube.client import Client
from ..kube.errors import ApiError
from ..kube.kinds import KINDS
from .config import Kubernetes

PAGE = 500  # objects of a list
NOT_FOUND = 404
LEASE = "dualstack-controller"


class Allocation(NamedTuple):
    """``summary`` in a sentence; ``lines``: what belongs to it; ``fix``: what to change, empty when nothing is."""

    summary: str
    lines: tuple[str, ...]
    fix: str


def explain(client: Client, settings: Kubernetes, load_balancer_class: str | None, key: str) -> Allocation:
    """Why the Service ``key`` has the addresses that it has. Raises OSError (no answer) and ApiError (no right)."""
    namespace, _unused, name = key.partition("/")
    try:
        service = client.request("GET", KINDS["Service"].path(namespace, name)).body
    except ApiError as error:
        if error.status != NOT_FOUND:
            raise
        return Allocation("there is no such Service", (), "See kubectl get services -A for its name.")
    kind = (service.get("spec") or {}).get("type")
    if kind != "LoadBalancer":
        return Allocation(f"its type is {kind}", (), "Set spec.type to LoadBalancer.")
    lines = list(_said(client, namespace, name, str(service["metadata"].get("uid") or "")))
    allocator, unseen, refused = _allocator(client, settings, load_balancer_class)
    lines += unseen
    verdicts = {verdict.key: verdict for verdict in allocator.settle(0.0)}
    held = [str(entry.get("ip")) for entry in _ingress(service)]
    if refused:
        summary = f"has {', '.join(held)}" if held else "has no address"
        fix = f"Grant list on {' and '.join(refused)} (role resources), to see what it should have."
        return Allocation(summary, tuple(lines), fix)
    waiting = allocator.waiting().get(key)
    if waiting is not None:
        summary = f"has {', '.join(held)}, and more is wanted" if held else "gets no address"
        return Allocation(summary, (waiting, *lines), "")  # the reason names its fix
    verdict = verdicts.get(key)
    if verdict is not None and verdict.write and list(verdict.addresses) != held:
        wanted = ", ".join(verdict.addresses)
        fix = f"See whether a controller is active: kubectl get lease -n {settings.namespace} {LEASE}."
        return Allocation(f"{wanted or 'no address'} is due, and the controller has not written it", tuple(lines), fix)
    if not held:
        return Allocation("no address is due", tuple(lines), "See its loadBalancerClass, its ClusterIPs and the pools.")
    noted = str(((service["metadata"].get("annotations")) or {}).get("metallb.io/ip-allocated-from-pool", ""))
    return Allocation(f"has {', '.join(held)}{f' of {noted}' if noted else ''}", tuple(lines), "")


def _allocator(
    client: Client, settings: Kubernetes, load_balancer_class: str | None
) -> tuple[Allocator, list[str], list[str]]:
    """The allocator with everything in it, what could not be seen, and the resources that may not be read."""
    collection = Collection()
    unseen: list[str] = []
    refused: list[str] = []
    queries = (("IPAddressPool", settings.namespace), ("Namespace", None))
    for kind, namespace in queries:
        try:
            for given in _all(client, kind, namespace):
                collection.put({**given, "apiVersion": KINDS[kind].api_version, "kind": kind})
        except ApiError as error:
            unseen.append(f"without a look at {KINDS[kind].plural}: {error.message}")
            refused.append(KINDS[kind].plural)
        except UnnamedObject:
            continue
    unseen += [str(finding) for finding in collection.findings() if finding.severity == ERROR]
    resources = collection.resources()
    allocator = Allocator(load_balancer_class, rest=0.0)
    lost = frozenset(key.name for key in collection.lost_keys)
    allocator.configure(resources.pools, {name: one.labels for name, one in resources.namespaces.items()}, lost)
    for given in _all(client, "Service", None):
        wish = held_wish(given, lambda finding: None)
        if wish is not None:
            allocator.put(wish)
    return allocator, unseen, refused


def _said(client: Client, namespace: str, name: str, uid: str) -> Iterator[str]:
    """The newest event of each reason, as far as they may be read; not those of an earlier Service of this name."""
    fields = {"fieldSelector": f"involvedObject.kind=Service,involvedObject.name={name},involvedObject.uid={uid}"}
    try:
        items = client.request("GET", KINDS["Event"].path(namespace), query=fields).body.get("items") or []
    except ApiError:
        return
    newest: dict[str, Mapping[str, Any]] = {}
    for event in items:
        reason = str(event.get("reason"))
        if str(event.get("lastTimestamp")) >= str(newest.get(reason, {}).get("lastTimestamp") or ""):
            newest[reason] = event
    for reason in sorted(newest):
        source = (newest[reason].get("source") or {}).get("component") or "somebody"
        yield f"event {newest[reason].get('lastTimestamp')} {source} {reason}: {newest[reason].get('message')}"


def _all(client: Client, kind: str, namespace: str | None) -> Iterator[Mapping[str, Any]]:
    query = {"limit": str(PAGE)}
    while True:
        page = client.request("GET", KINDS[kind].path(namespace), query=query).body
        yield from page.get("items") or []
        more = (page.get("metadata") or {}).get("continue")
        if not more:
            return
        query["continue"] = str(more)


def _ingress(service: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
