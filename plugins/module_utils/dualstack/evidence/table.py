# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence as text: a table for the terminal, and the breaks by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..addresses.blocks import FAMILY_NAME
from . import rows

SIGNS = {"green": "✓", "red": "✗", "not reached": "·", "not asked": "-"}
FEW = 3  # VIPs that are named; more are counted
_FLOWS = re.compile(r"\d+ of \d+ flows answered, .*?\. ")
_HEAD = ("VIP", "family", "service", "mode", "chain")
_CLUSTER_HEAD = ("cluster", "family", "seen")


class Cause(NamedTuple):
    """What broke chains at the same links; ``text`` tells it for the first of ``vips``."""

    links: list[str]
    families: list[str]
    vips: list[str]
    text: str

    @property
    def where(self) -> str:
        """The links and families."""
        return f"{', '.join(self.links)} ({', '.join(FAMILY_NAME[family] for family in self.families)})"

    def __str__(self) -> str:
        who = ", ".join(self.vips) if len(self.vips) <= FEW else f"{len(self.vips)} VIPs"
        return f"{who} broken at {self.where}: {self.text}"


def table(result: Mapping[str, Any]) -> list[str]:
    """Lines: one per VIP and family, then those of the cluster itself, one per thing and family, then every cause of a
    break once, and at last ``evidence: N of M green``."""
    vips = [_HEAD, *(_row(vip) for vip in result["vips"])]
    cluster = [_CLUSTER_HEAD, *(_group(group) for group in rows.groups(result["rows"]))]
    shown = [part for part, here in ((vips, result["vips"] or not result["rows"]), (cluster, result["rows"])) if here]
    return [*(line for part in shown for line in _columns(part)), *breaks(result), summary(result)]


def _columns(lines: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]


def _group(group: rows.Group) -> tuple[str, ...]:
    """What is red and behind it by node, what is green by number; why it was not asked, where nobody was."""
    said = []
    for state in (rows.RED, rows.NOT_REACHED, rows.GREEN):
        nodes = group.of(state)
        named = state != rows.GREEN and len(nodes) <= rows.FEW
        if nodes:
            said.append(f"{SIGNS[state]} {', '.join(nodes) if named or nodes == [rows.WHOLE] else len(nodes)}")
    if not said:
        said = [f"{SIGNS[rows.NOT_ASKED]} {group.rows[0]['seen']}"]
    return group.id, group.family_name, "  ".join(said)


def summary(result: Mapping[str, Any]) -> str:
    """``evidence: N of M green``."""
    return f"evidence: {result['summary']['green']} of {result['summary']['total']} green"


def breaks(result: Mapping[str, Any]) -> list[str]:
    """One text per cause: which VIPs or nodes it broke, at which link or row, what was expected and seen."""
    of_cluster = [f"{where}: {text}" for where, text in rows.causes(result["rows"])]
    return [*(str(cause) for cause in causes(result)), *of_cluster]


def causes(result: Mapping[str, Any]) -> list[Cause]:
    """Reasons that differ in nothing but the VIP, put together: one cause often breaks many chains."""
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for vip in result["vips"]:
        if vip["broken_at"]:
            reason = next(str(link["reason"]) for link in vip["links"] if link["link"] == vip["broken_at"])
            for text in reason.splitlines():
                found.setdefault(_key(text, vip), []).append((text, vip))
    causes = [_cause(told[0][0], [vip for _unused, vip in told]) for told in found.values()]
    return sorted(causes, key=lambda cause: -len(cause.vips))


def _key(text: str, vip: Mapping[str, Any]) -> str:
    """A reason without what differs between VIPs: their names, and what became of the single flows of a probe."""
    return _FLOWS.sub("", text.replace(vip["vip"], "").replace(vip["service"], ""))


def _cause(text: str, vips: list[Mapping[str, Any]]) -> Cause:
    links, families, addresses = (
        list(dict.fromkeys(vip[key] for vip in vips)) for key in ("broken_at", "family", "vip")
    )
    return Cause(links, families, addresses, text)


def _row(vip: Mapping[str, Any]) -> tuple[str, ...]:
    chain = "  ".join(f"{SIGNS[link['state']]} {link['link']}" for link in vip["links"])
    return vip["vip"], FAMILY_NAME[vip["family"]], vip["service"], vip["mode"], chain
