# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests by which the controller changes objects: paths and bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dualstack.allocation.supply import Count
from dualstack.resources.wishes import ALLOCATED_FROM, PREFIX

from ..kube.kinds import KINDS
from .ordering import Target

NOTE = f"{PREFIX}/{ALLOCATED_FROM}"
OLD_NOTE = f"metallb.universe.tf/{ALLOCATED_FROM}"
_MOST = 2**63 - 1  # the counters are int64
_COUNTERS = {"ipv4": ("assignedIPv4", "availableIPv4"), "ipv6": ("assignedIPv6", "availableIPv6")}


def service_path(key: str, sub: str = "") -> str:
    """The path of a Service, ``namespace/name``, or of a part of it."""
    namespace, _slash, name = key.partition("/")
    return KINDS["Service"].path(namespace, name, sub)


def service_patch(target: Target, version: int) -> dict[str, Any]:
    """A merge patch of a Service's status; the version makes the server refuse it when the Service has changed."""
    ingress = [{"ip": text, "ipMode": target.ip_mode} for text in target.addresses]
    annotations = {NOTE: target.note if ingress else None, OLD_NOTE: None}
    return {
        "metadata": {"resourceVersion": str(version), "annotations": annotations},
        "status": {"loadBalancer": {"ingress": ingress or None}},
    }


def pool_status(counts: Mapping[str, Count]) -> dict[str, int]:
    """The status of an IPAddressPool; numbers that int64 can't hold are the largest that it can."""
    status = {}
    for family, (assigned, available) in _COUNTERS.items():
        count = counts.get(family, (0, 0))
        status[assigned], status[available] = (min(number, _MOST) for number in count[:2])
    return status
