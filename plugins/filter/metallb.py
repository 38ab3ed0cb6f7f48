# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MetalLB as the plan's load balancer. Each filter is documented in the file of its name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Callable

import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.findings import nearest
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.kubernetes import metallb
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.plan import clusters
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain
from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plans import opened


def metallb_objects(
    plan: Mapping[str, Any],
    text: str,
    checksum: str = "",
    cluster: str | None = None,
    namespace: str = "metallb-system",
    options: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """``kubernetes.metallb.manifests`` of the core, of a text whose SHA-256 is looked at first."""
    chosen = _cluster("metallb_objects", plan, cluster)
    given = str(plain(text))
    found = hashlib.sha256(given.encode()).hexdigest()
    wanted = str(checksum).rpartition(":")[2].lower()
    if wanted and wanted != found:
        raise AnsibleFilterError(f"metallb_objects: the manifests are others than stated: sha256 {found}, not {wanted}")
    try:
        objects = list(yaml.safe_load_all(given))
    except yaml.YAMLError as problem:
        raise AnsibleFilterError(f"metallb_objects: the manifests are no YAML: {problem}") from None
    flat = [each for each in objects if each]
    if not all(isinstance(each, Mapping) for each in flat):
        raise AnsibleFilterError("metallb_objects: the manifests hold something that is no Kubernetes object")
    try:
        return metallb.manifests(
            flat, chosen["load_balancer"], chosen["name"], str(namespace), _options("metallb_objects", options)
        )
    except ValueError as problem:
        raise AnsibleFilterError(f"metallb_objects: the manifests {problem}") from None


def metallb_values(
    plan: Mapping[str, Any], cluster: str | None = None, options: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """``kubernetes.metallb.values`` of the core."""
    chosen = _cluster("metallb_values", plan, cluster)
    try:
        return metallb.values(chosen["load_balancer"], _options("metallb_values", options))
    except ValueError as problem:
        raise AnsibleFilterError(f"metallb_values: {problem}") from None


def _cluster(face: str, plan: Mapping[str, Any], name: str | None) -> Mapping[str, Any]:
    known = {str(each["name"]): each for each in clusters.every(opened(face, plan))}
    if name and str(name) not in known:
        raise AnsibleFilterError(f"{face}: the plan has no cluster {str(name)!r}; it has {', '.join(known)}")
    return known[str(name)] if name else next(iter(known.values()))


def _options(face: str, given: Mapping[str, Any] | None) -> metallb.Options:
    values = plain(given or {})
    for name in values:
        if name not in metallb.Options._fields:
            raise AnsibleFilterError(f"{face}: options: {name}: unknown key; {nearest(name, metallb.Options._fields)}")
    return metallb.Options(**values)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return {"metallb_objects": metallb_objects, "metallb_values": metallb_values}
