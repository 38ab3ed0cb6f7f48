# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statuses of the metallb.io kinds, as MetalLB 0.16 has them (`config/crd/bases`)."""

from __future__ import annotations

from .schema import Rule, Schema, array, struct, text, whole

_FIXED = Rule("self == oldSelf", "can't be changed: delete the object, another one takes its place")


def nothing() -> Schema:
    """A status without fields."""
    return struct("What is observed.", {})


def pool() -> Schema:
    """IPAddressPool: how many addresses are given to Services, and how many are left."""
    counters = {
        f"{what}{family}": whole(f"{family} addresses that are {words}.", size="int64")
        for what, words in (("assigned", "given to Services"), ("available", "left"))
        for family in ("IPv4", "IPv6")
    }
    return struct("What is observed.", counters, list(counters))


def service_l2() -> Schema:
    """ServiceL2Status: who answers for a Service."""
    interface = struct("An interface.", {"name": text("Its name.")})
    return struct(
        "What is observed.",
        {**_service("answers"), "interfaces": array("The interfaces that answer. Empty: all.", interface)},
    )


def service_bgp() -> Schema:
    """ServiceBGPStatus: to whom a Service is announced."""
    peers = array("The BGPPeers to which it is announced.", text("The name of a BGPPeer."))
    return struct("What is observed.", {**_service("announces"), "peers": peers})


def configuration_state() -> Schema:
    """ConfigurationState: whether a process could use what it was given. Conditions are those of meta/v1."""
    condition = struct(
        "A condition.",
        {
            "type": text("What it is about.", maxLength=316),
            "status": text("Whether it holds.", enum=["True", "False", "Unknown"]),
            "reason": text("Why, in one word.", minLength=1, maxLength=1024),
            "message": text("Why, in a sentence.", maxLength=32768),
            "lastTransitionTime": text("Since when.", format="date-time"),
            "observedGeneration": whole("The generation of the object that was looked at.", 0, size="int64"),
        },
        ["lastTransitionTime", "message", "reason", "status", "type"],
    )
    conditions = {
        **array("Conditions, one of each type.", condition),
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    }
    return struct(
        "What is observed.",
        {
            "result": text("Valid when all conditions hold.", enum=["Valid", "Invalid", "Unknown"]),
            "errorSummary": text("What is wrong, a line for each thing."),
            "conditions": conditions,
        },
    )


def _service(does: str) -> dict[str, Schema]:
    return {
        "node": text(f"The node that {does}.", [_FIXED]),
        "serviceName": text("The name of the Service.", [_FIXED]),
        "serviceNamespace": text("The namespace of the Service.", [_FIXED]),
    }
