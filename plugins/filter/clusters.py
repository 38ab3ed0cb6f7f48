# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster and its controllers get, out of the plan. Each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.findings import nearest
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.kubernetes import objects, secrets
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.kubernetes.workloads import Workloads
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.plan import clusters
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.render import controller
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.api import api, whole
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plans import opened

NUMBERS = ("listen_port", "layer2_refresh", "heartbeat_port", "rest", "replicas")


def cluster_objects(
    plan: Mapping[str, Any],
    cluster: str | None = None,
    namespace: str = "metallb-system",
    secret_names: Sequence[str] = (),
    services: bool = False,
    pods: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """``kubernetes.objects.objects`` of the core."""
    given = opened("cluster_objects", plan)
    name = _cluster("cluster_objects", given, cluster)
    return objects.objects(given, name, str(namespace), plain(secret_names), bool(services), _pods(pods))


def cluster_secrets(plan: Mapping[str, Any], cluster: str | None = None) -> list[str]:
    """``kubernetes.secrets.named`` of the core."""
    given = opened("cluster_secrets", plan)
    return secrets.named(given, _cluster("cluster_secrets", given, cluster))


def controller_files(given: Mapping[str, Any], **options: Any) -> dict[str, str]:
    """``controller.render`` of the core; ``given`` is the API server, ``options`` are those of the core."""
    values = {name: value for name, value in plain(options).items() if value not in ("", None)}
    _known("controller_files", values, controller.Options._fields)
    if "rest" in values:
        values["rest"] = whole("controller_files: rest", values["rest"])
    if options.get("metrics") == "":
        values["metrics"] = None
    lease = {
        name: whole(f"controller_files: lease: {name}", text) or 0 for name, text in values.pop("lease", {}).items()
    }
    return controller.render(api("controller_files", given), controller.Options(**values, lease=lease))


def _cluster(face: str, plan: Mapping[str, Any], name: str | None) -> str:
    known = [str(each["name"]) for each in clusters.every(plan)]
    if name and str(name) not in known:
        raise AnsibleFilterError(f"{face}: the plan has no cluster {str(name)!r}; it has {', '.join(known)}")
    return str(name or known[0])


def _pods(given: Mapping[str, Any] | None) -> Workloads | None:
    if given is None:
        return None
    values = plain(given)
    _known("cluster_objects: pods", values, Workloads._fields)
    if not values.get("image"):
        raise AnsibleFilterError("cluster_objects: pods: image: is missing; name the image with our programs")
    for name in NUMBERS:
        if name in values:
            values[name] = whole(f"cluster_objects: pods: {name}", values[name])
    if values.get("heartbeat_port") == 0:
        values["heartbeat_port"] = None
    return Workloads(**values)


def _known(face: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            raise AnsibleFilterError(f"{face}: {name}: unknown key; {nearest(name, known)}")


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {
            "cluster_objects": cluster_objects,
            "cluster_secrets": cluster_secrets,
            "controller_files": controller_files,
        }
