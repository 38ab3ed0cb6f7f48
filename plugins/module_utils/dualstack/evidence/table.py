# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence as text: a table for the terminal, and the breaks by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..addresses.blocks import FAMILY_NAME

SIGNS = {"green": "✓", "red": "✗", "not reached": "·"}
_HEAD = ("VIP", "family", "service", "mode", "chain")


class Cause(NamedTuple):
    """What broke one or more chains of a family at the same link; ``text`` tells it for the first of ``vips``."""

    link: str
    family: str
    text: str
    vips: list[str]

    def __str__(self) -> str:
        return f"{', '.join(self.vips)} ({FAMILY_NAME[self.family]}) broken at {self.link}: {self.text}"


def table(result: Mapping[str, Any]) -> list[str]:
    """Lines: one per VIP and family, then every cause of a break once, and at last ``evidence: N of M green``."""
    rows = [_HEAD, *(_row(vip) for vip in result["vips"])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return [*lines, *breaks(result), summary(result)]


def summary(result: Mapping[str, Any]) -> str:
    """``evidence: N of M green``."""
    return f"evidence: {result['summary']['green']} of {result['summary']['total']} green"


def breaks(result: Mapping[str, Any]) -> list[str]:
    """One text per cause: which VIPs it broke, at which link, where, what was expected and seen."""
    return [str(cause) for cause in causes(result)]


def causes(result: Mapping[str, Any]) -> list[Cause]:
    """Breaks that differ in nothing but the VIP, put together: one cause often breaks many chains."""
    found: dict[tuple[str, str, str], Cause] = {}
    for vip in result["vips"]:
        if vip["broken_at"]:
            text = next(str(link["reason"]) for link in vip["links"] if link["link"] == vip["broken_at"])
            text = text.replace("\n", " | ")
            key = (vip["broken_at"], vip["family"], text.replace(vip["vip"], "").replace(vip["service"], ""))
            found.setdefault(key, Cause(vip["broken_at"], vip["family"], text, [])).vips.append(vip["vip"])
    return list(found.values())


def _row(vip: Mapping[str, Any]) -> tuple[str, ...]:
    chain = "  ".join(f"{SIGNS[link['state']]} {link['link']}" for link in vip["links"])
    return vip["vip"], FAMILY_NAME[vip["family"]], vip["service"], vip["mode"], chain
