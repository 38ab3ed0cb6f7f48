# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings that the intent declares not to matter, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..findings import ERROR, HINT, Finding, has_errors, nearest
from ..intent.load import Intent
from .rule import Rule


def apply(intent: Intent, rules: Sequence[Rule], findings: Sequence[Finding]) -> list[Finding]:
    """The findings, silenced ones with the intent's reason, and findings about entries of ``dualstack.silence``."""
    silenceable = {rule.id: rule.silenceable for rule in rules}
    entries = [entry for entry in intent.silence if silenceable.get(entry["rule"])]
    used: set[str] = set()
    result = []
    for finding in findings:
        entry = next(
            (each for each in entries if each["rule"] == finding.id and _below(finding.path, each["path"])),
            None,
        )
        if entry is not None:
            used.add(entry["at"])
            finding = replace(finding, silenced=entry["reason"])
        result.append(finding)
    for entry in intent.silence:
        where, name = f"{entry['at']}.rule", entry["rule"]
        if name not in silenceable:
            fix = f"Correct it: {nearest(name, silenceable)}"
            result.append(Finding("silence-unknown", ERROR, where, name, "no rule has this id", fix))
        elif not silenceable[name]:
            reason = "a finding of this rule leaves nothing that could be built, so it can't be silenced"
            result.append(Finding("silence-refused", ERROR, where, name, reason, "Mend what the finding names."))
        elif entry["at"] not in used and not has_errors(result):
            fix = "Remove the entry."
            result.append(Finding("silence-unused", HINT, where, name, "silences nothing any more", fix))
    return result


def _below(path: str, place: str | None) -> bool:
    """Whether ``path`` is ``place`` or lies in it: racks.rack1 does not stand for racks.rack10."""
    return not place or (path.startswith(place) and path[len(place) : len(place) + 1] in ("", ".", "[", ":"))
