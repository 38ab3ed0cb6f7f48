# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ASNs and timers of sessions."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import ERROR
from ..intent.load import Intent, host_path
from .rule import Plan, Problem, rule

RESERVED = {23456: "AS_TRANS (RFC 6793 section 9)", 65535: "reserved (RFC 7300)", 4294967295: "reserved (RFC 7300)"}


@rule("asn-reserved", ERROR)
def reserved(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No ASN is one that must not be used; 0 is refused by the schema.

    Source: RFC 7607, RFC 6793 section 9, RFC 7300.
    """
    del plan
    for path, asn in _asns(intent):
        if asn in RESERVED:
            fix = "Choose a private ASN: 64512-65534 or 4200000000-4294967294 (RFC 6996)."
            yield Problem(path, str(asn), f"is {RESERVED[asn]}", fix)


@rule("timers-keepalive", ERROR)
def keepalive(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """KEEPALIVE messages come at least three times in the hold time.

    Source: RFC 4271 section 4.4.
    """
    fabric = intent.fabric["timers"]
    places = [("dualstack.fabric.timers", fabric)]
    for name, group in intent.fabric["peer_groups"].items():
        own = {key: value for key, value in (group["timers"] or {}).items() if value is not None}
        if own:
            places.append((f"dualstack.fabric.peer_groups.{name}.timers", {**fabric, **own}))
    del plan
    for path, values in places:
        if values["keepalive"] * 3 > values["hold"]:
            reason = f"is more than a third of hold ({values['hold']} s)"
            fix = f"Use at most {max(1, values['hold'] // 3)}."
            yield Problem(f"{path}.keepalive", str(values["keepalive"]), reason, fix)


RULES = (reserved, keepalive)


def _asns(intent: Intent) -> Iterator[tuple[str, int | None]]:
    yield "dualstack.fabric.node_asn", intent.fabric["node_asn"]
    for name, rack in intent.fabric["racks"].items():
        yield f"dualstack.fabric.racks.{name}.node_asn", rack["node_asn"]
    for cluster in intent.clusters:
        yield f"{cluster['at']}.node_asn", cluster["node_asn"]
    for peer in intent.fabric["peers"]:
        yield f"{peer['at']}.asn", peer["asn"]
        yield f"{peer['at']}.local_asn", peer["local_asn"]
    for group in (intent.routers, intent.nodes):
        for host, facts in group.items():
            yield f"{host_path(host)}.asn", facts["asn"]
