# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the allocator says of a Service, with the reasons of MetalLB's events."""

from __future__ import annotations

from typing import NamedTuple

NORMAL, WARNING = "Normal", "Warning"
ALLOCATED = "IPAllocated"
FAILED = "AllocationFailed"
CLEARED = "ClearAssignment"
ADDITIONAL_FAILED = "AdditionalAssignFailed"
UNREADABLE = "LoadBalancerFailed"
TOO_FEW_CLUSTER_IPS = "not enough clusterips"
NO_CLUSTER_IPS = "noclusterIPsIPFamily"
DEPRECATED = "deprecatedAnnotation"
FOREIGN = "ForeignAddress"  # ours: MetalLB clears what it did not write


class Event(NamedTuple):
    """An event on the Service: type (Normal, Warning), reason, message."""

    type: str
    reason: str
    message: str


class Verdict(NamedTuple):
    """What must become of a Service.

    ``write``: its status must hold just ``addresses`` (in this order, each with ``ip_mode``) and its annotation
    ip-allocated-from-pool ``note``; without addresses both go. ``pools``: each once, in the order of the addresses.
    """

    key: str
    addresses: tuple[str, ...]
    pools: tuple[str, ...]
    write: bool
    events: tuple[Event, ...]
    ip_mode: str = "VIP"

    @property
    def note(self) -> str:
        """The text of the annotation ip-allocated-from-pool."""
        return ",".join(self.pools)
