# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemons of one node are given: their configuration and the resources, as JSON files.

Passwords are not among them: the Secrets that BGPPeers name are written on the host (``secrets``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..plan import clusters
from ..resources.modes import SPEAKER
from . import kubeconfig, resources
from .places import CONFIG_FOLDER, RESOURCES
from .resources.hosts import addresses

RUNTIME_FOLDER = "/run/dualstack"
METRICS_PORT = 7473  # on loopback; next to MetalLB's 7472, so that both can run on a node
REALTIME_PRIORITY = 5
KUBECONFIG = f"{CONFIG_FOLDER}/speaker.kubeconfig"
TOKEN = "/var/lib/dualstack/speaker.token"
HEARTBEAT_KEY = f"{CONFIG_FOLDER}/heartbeat.key"
IN_POD_KEY = "/etc/dualstack-heartbeat/key"


class Options(NamedTuple):
    """What a node's daemons are told that no plan says; None: nothing.

    ``listen_port``: where peers may dial the node. ``layer2_refresh``: seconds until a layer-2 address is announced
    again. ``heartbeat_port``: where wires tell each other that they live. ``health``: host:port of the pages of health.
    ``api``: the resources come from an API server, and not from files. ``load_balancer_class``: of the Services that
    are announced, None: those without one. ``ignore_exclude_label``: nodes with Kubernetes' label
    exclude-from-external-load-balancers announce too. ``endpoints``: of which Services they are watched, local or all.
    """

    listen_port: int | None = None
    layer2_refresh: int | None = None
    heartbeat_port: int | None = None
    health: str | None = None
    api: kubeconfig.Api | None = None
    load_balancer_class: str | None = None
    ignore_exclude_label: bool = False
    endpoints: str | None = None


USUAL = Options()


def render(plan: Mapping[str, Any], node: str, options: Options = USUAL) -> dict[str, str]:
    """``{path below CONFIG_FOLDER: text}`` for a node of the plan; nothing where MetalLB announces.

    Raises KeyError when the node is not in the plan.
    """
    cluster = plan["nodes"][node]["cluster"]
    if not _ours(plan, cluster):
        return {}
    api = options.api
    if api is None:
        return _files(plan, node, _resources(plan, cluster), options)
    shared = {} if api.in_pod else {KUBECONFIG[len(CONFIG_FOLDER) + 1 :]: kubeconfig.text(api, TOKEN)}
    return _files(plan, node, shared, options)


def every(plan: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each node of our speakers with its files; what the nodes of a cluster share is rendered once."""
    for cluster in clusters.every(plan):
        if _ours(plan, cluster["name"]):
            shared = _resources(plan, cluster["name"])
            for node, facts in plan["nodes"].items():
                if facts["cluster"] == cluster["name"]:
                    yield node, _files(plan, node, shared, USUAL)


def secrets(plan: Mapping[str, Any], node: str) -> list[str]:
    """The names of the secrets that the node's sessions need, sorted."""
    return sorted(
        {
            session["password"]["secret"]
            for session in plan["sessions"]
            if session["password"] and any(end["host"] == node for end in session["ends"])
        }
    )


def _ours(plan: Mapping[str, Any], cluster: str) -> bool:
    return bool(clusters.named(plan, cluster)["load_balancer"] == SPEAKER)


def _files(plan: Mapping[str, Any], node: str, shared: Mapping[str, str], options: Options) -> dict[str, str]:
    own = {"speaker.json": _pretty(_speaker(plan, node, options)), "wire.json": _pretty(_wire(node, options))}
    return {**own, **shared}


def _resources(plan: Mapping[str, Any], cluster: str) -> dict[str, str]:
    groups: dict[str, list[resources.Object]] = {}
    for item in resources.render(plan, cluster):
        groups.setdefault(_file(item), []).append(item)
    return {f"{RESOURCES}/{name}": _lines(groups[name]) for name in sorted(groups)}


def _speaker(plan: Mapping[str, Any], node: str, options: Options) -> dict[str, Any]:
    source: dict[str, Any] = {"resources": f"{CONFIG_FOLDER}/{RESOURCES}"}
    if options.api is not None:
        path = None if options.api.in_pod else KUBECONFIG
        source = {"kubernetes": {"kubeconfig": path, "namespace": options.api.namespace}}
        if options.endpoints:
            source["kubernetes"]["endpoints"] = options.endpoints
    return {
        "node": node,
        "router_id": plan["nodes"][node]["router_id"],
        "addresses": addresses(plan, node),
        **source,
        "wire_socket": f"{RUNTIME_FOLDER}/wire.sock",
        "status_socket": f"{RUNTIME_FOLDER}-speaker/status.sock",
        "metrics": f"127.0.0.1:{METRICS_PORT}",
        **({"health": options.health} if options.health else {}),
        **({"load_balancer_class": options.load_balancer_class} if options.load_balancer_class else {}),
        **({"ignore_exclude_label": True} if options.ignore_exclude_label else {}),
    }


def _wire(node: str, options: Options) -> dict[str, Any]:
    given: dict[str, Any] = {"listen_port": options.listen_port, "layer2_refresh": options.layer2_refresh}
    if options.heartbeat_port is not None:
        key = IN_POD_KEY if options.api is not None and options.api.in_pod else HEARTBEAT_KEY
        given["heartbeat"] = {"node": node, "port": options.heartbeat_port, "key_file": key}
    return {
        **{name: value for name, value in given.items() if value is not None},
        "socket": f"{RUNTIME_FOLDER}/wire.sock",
        "journal": f"{RUNTIME_FOLDER}/wire.journal",
        "realtime_priority": REALTIME_PRIORITY,
    }


def _file(item: Mapping[str, Any]) -> str:
    """One file per kind; Services by namespace, so that a change stays small."""
    kind = str(item["kind"]).lower()
    return f"{kind}-{item['metadata']['namespace']}.json" if kind == "service" else f"{kind}.json"


def _pretty(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2) + "\n"


def _lines(items: Iterable[Mapping[str, Any]]) -> str:
    """A JSON array with one object per line: small on disk, and a diff shows the object that changed."""
    return "[\n" + ",\n".join(json.dumps(item, separators=(", ", ": ")) for item in items) + "\n]\n"
