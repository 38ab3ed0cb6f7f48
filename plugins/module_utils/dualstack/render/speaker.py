# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemons of one node are given: their configuration and the resources, as JSON files.

Passwords are not among them: the Secrets that BGPPeers name are written on the host (``secrets``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..plan import clusters
from ..resources.cluster import BASIC_AUTH
from ..resources.modes import SPEAKER
from . import resources
from .resources.hosts import addresses

CONFIG_FOLDER = "/etc/dualstack"
RUNTIME_FOLDER = "/run/dualstack"
RESOURCES = "resources"
METRICS_PORT = 7473  # on loopback; next to MetalLB's 7472, so that both can run on a node
REALTIME_PRIORITY = 5


def render(
    plan: Mapping[str, Any], node: str, listen_port: int | None = None, layer2_refresh: int | None = None
) -> dict[str, str]:
    """``{path below CONFIG_FOLDER: text}`` for a node of the plan; nothing where MetalLB announces.

    ``listen_port``: where peers may dial the node (None: nowhere). ``layer2_refresh``: seconds until a layer-2 address
    is announced again (None: what ``wire`` has of its own). Raises KeyError when the node is not in the plan.
    """
    wire = {"listen_port": listen_port, "layer2_refresh": layer2_refresh}
    cluster = plan["nodes"][node]["cluster"]
    return _files(plan, node, _resources(plan, cluster), wire) if _ours(plan, cluster) else {}


def every(plan: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each node of our speakers with its files; what the nodes of a cluster share is rendered once."""
    for cluster in clusters.every(plan):
        if _ours(plan, cluster["name"]):
            shared = _resources(plan, cluster["name"])
            for node, facts in plan["nodes"].items():
                if facts["cluster"] == cluster["name"]:
                    yield node, _files(plan, node, shared, {})


def secrets(plan: Mapping[str, Any], node: str) -> list[str]:
    """The names of the secrets that the node's sessions need, sorted."""
    return sorted(
        {
            session["password"]["secret"]
            for session in plan["sessions"]
            if session["password"] and any(end["host"] == node for end in session["ends"])
        }
    )


def secret_object(name: str, password: str) -> dict[str, Any]:
    """The Secret that a BGPPeer's passwordSecret names."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": resources.NAMESPACE},
        "type": BASIC_AUTH,
        "stringData": {"password": password},
    }


def _ours(plan: Mapping[str, Any], cluster: str) -> bool:
    return bool(clusters.named(plan, cluster)["load_balancer"] == SPEAKER)


def _files(
    plan: Mapping[str, Any], node: str, shared: Mapping[str, str], wire: Mapping[str, int | None]
) -> dict[str, str]:
    own = {"speaker.json": _pretty(_speaker(plan, node)), "wire.json": _pretty(_wire(wire))}
    return {**own, **shared}


def _resources(plan: Mapping[str, Any], cluster: str) -> dict[str, str]:
    groups: dict[str, list[resources.Object]] = {}
    for item in resources.render(plan, cluster):
        groups.setdefault(_file(item), []).append(item)
    return {f"{RESOURCES}/{name}": _lines(groups[name]) for name in sorted(groups)}


def _speaker(plan: Mapping[str, Any], node: str) -> dict[str, Any]:
    return {
        "node": node,
        "router_id": plan["nodes"][node]["router_id"],
        "addresses": addresses(plan, node),
        "resources": f"{CONFIG_FOLDER}/{RESOURCES}",
        "wire_socket": f"{RUNTIME_FOLDER}/wire.sock",
        "status_socket": f"{RUNTIME_FOLDER}-speaker/status.sock",
        "metrics": f"127.0.0.1:{METRICS_PORT}",
    }


def _wire(given: Mapping[str, int | None]) -> dict[str, Any]:
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
