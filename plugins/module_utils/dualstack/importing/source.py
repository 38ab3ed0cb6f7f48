# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is imported: manifests as they were read, and the kinds that configure the cluster itself.

Left out on purpose: ConfigMaps that hold such configuration as text (kubeadm-config, kube-proxy).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ..findings import Finding
from ..resources import rules, write
from ..resources.model import Resources
from ..resources.rules.rule import Case
from ..resources.shapes import listing, mapping
from ..resources.write import Object

SETTINGS = {  # kind → its API group
    "KubeProxyConfiguration": "kubeproxy.config.k8s.io",
    "ClusterConfiguration": "kubeadm.k8s.io",
    "ServiceCIDR": "networking.k8s.io",
}
Specs = dict[str, dict[str, Object]]


@dataclass(frozen=True)
class Source:
    """Everything that is imported.

    ``specs``: kind → name → spec of the metallb.io kinds as ``resources.write`` has them: only what is not a default.
    ``settings``: objects of the kinds in ``SETTINGS``; ``others``: all other objects. ``findings``: what the rules say.
    """

    case: Case
    findings: list[Finding] = field(default_factory=list)
    specs: Specs = field(default_factory=dict)
    settings: list[Mapping[str, Any]] = field(default_factory=list)
    others: list[Any] = field(default_factory=list)

    def of(self, kind: str) -> dict[str, Object]:
        """The specs of a kind by name."""
        return self.specs.get(kind, {})

    @cached_property
    def aliases(self) -> dict[str, str]:
        """The names of communities and their values, over all Community objects."""
        return {alias: value for entry in self.case.resources.communities.values() for alias, value in entry.values}

    @cached_property
    def nodes(self) -> dict[str, Mapping[str, Any]]:
        """The Nodes as they were given, by name."""
        return dict(sorted((key.name, given) for key, given in self.case.objects if key.kind == "Node"))

    @cached_property
    def pool_entries(self) -> dict[str, Sequence[Any]]:
        """The addresses of each IPAddressPool as they were written."""
        return {
            key.name: listing(mapping(given.get("spec")).get("addresses"))
            for key, given in self.case.objects
            if key.kind == "IPAddressPool"
        }


def read(objects: Iterable[Any], mode: str) -> Source:
    """The objects, lists unfolded and empty documents passed over."""
    given = list(_unfolded(objects))
    settings = [item for item in given if _is_setting(item)]
    others = [item for item in given if not _is_setting(item)]
    case, _unused = rules.read(others, mode)
    return Source(case, rules.check(others, mode), specs_of(case.resources), settings, others)


def specs_of(resources: Resources) -> Specs:
    """Kind → name → spec of the metallb.io kinds among resources; annotations that count stand in it too."""
    result: Specs = {}
    for item in write.objects(replace(resources, nodes={}, secrets={}, services={})):
        said = {key: item["metadata"][key] for key in ("annotations",) if key in item["metadata"]}
        result.setdefault(item["kind"], {})[item["metadata"]["name"]] = {**item["spec"], **said}
    return result


def _unfolded(objects: Iterable[Any]) -> Iterator[Any]:
    for item in objects:
        if isinstance(item, Mapping) and str(item.get("kind", "")).endswith("List") and "items" in item:
            yield from _unfolded(listing(item["items"]))
        elif item is not None:
            yield item


def _is_setting(item: Any) -> bool:
    given = mapping(item)
    group, _unused, _version = str(given.get("apiVersion")).rpartition("/")
    return SETTINGS.get(str(given.get("kind"))) == group
