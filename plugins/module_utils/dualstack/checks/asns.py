# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ASNs and timers of sessions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..findings import ERROR, Finding
from ..intent.load import Intent, host_path

RESERVED = {23456: "AS_TRANS (RFC 6793 section 9)", 65535: "reserved (RFC 7300)", 4294967295: "reserved (RFC 7300)"}


def reserved(intent: Intent, plan: Mapping[str, Any]) -> Iterator[Finding]:
    """ASN 0 is refused by the schema (RFC 7607); these are reserved as well."""
    del plan
    places = [("dualstack.fabric.node_asn", intent.fabric["node_asn"])]
    places += [
        (f"dualstack.fabric.racks.{name}.node_asn", rack["node_asn"]) for name, rack in intent.fabric["racks"].items()
    ]
    places += [
        (f"{host_path(host)}.asn", facts["asn"])
        for group in (intent.routers, intent.nodes)
        for host, facts in group.items()
    ]
    for path, asn in places:
        if asn in RESERVED:
            yield Finding(
                "asn-reserved",
                ERROR,
                path,
                str(asn),
                f"is {RESERVED[asn]}",
                "Choose a private ASN: 64512-65534 or 4200000000-4294967294 (RFC 6996).",
            )


def timers(intent: Intent, plan: Mapping[str, Any]) -> Iterator[Finding]:
    """KEEPALIVE at most a third of the hold time (RFC 4271 section 4.4)."""
    del plan
    values = intent.fabric["timers"]
    if values["keepalive"] * 3 > values["hold"]:
        reason = f"is more than a third of hold ({values['hold']} s)"
        yield Finding(
            "timers",
            ERROR,
            "dualstack.fabric.timers.keepalive",
            str(values["keepalive"]),
            reason,
            f"Use at most {max(1, values['hold'] // 3)}.",
        )
