# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules over metallb.io manifests as people have them: MetalLB's own, and the traps that it does not tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ...findings import Finding
from .. import foreign, modes
from ..collection import METALLB, UnnamedObject, key_of, read_loosely, unnamed_finding
from ..model import Key
from ..wishes import ServiceWish, service_wish
from ..words import NAMESPACE
from . import advertisements, families, manifests, peers, pools, requested, services
from .rule import Case, Rule

RULES: tuple[Rule, ...] = (
    *manifests.RULES,
    *pools.RULES,
    *peers.RULES,
    *advertisements.RULES,
    *services.RULES,
    *families.RULES,
    *requested.RULES,
)


def check(objects: Iterable[Mapping[str, Any]], mode: str) -> list[Finding]:
    """Everything that is wrong with plain objects in ``mode`` (one of ``modes.MODES``): syntax, mode, rules.

    An object that can't be read is judged by what is wrong with it alone.
    """
    case, findings = read(objects, mode)
    return findings + modes.check(case.resources, mode) + [found for rule in RULES for found in rule(case)]


def read(objects: Iterable[Mapping[str, Any]], mode: str) -> tuple[Case, list[Finding]]:
    """The objects as rules look at them, and what is wrong with single ones."""
    findings: list[Finding] = []
    named: list[tuple[Key, Mapping[str, Any]]] = []
    for index, given in enumerate(objects):
        try:
            named.append((key_of(given), given))
        except UnnamedObject as problem:
            findings.append(unnamed_finding(index, problem))
    resources, found, unread = read_loosely(entry for entry in named if not foreign.is_foreign(entry[1]))
    findings += found
    wishes: dict[str, ServiceWish] = {}
    told = set(findings)
    for key, given in named:
        if key.kind == "Service" and given["apiVersion"] == "v1":
            found = []
            wish = service_wish(given, found.append)
            findings += [finding for finding in found if finding not in told]
            if wish is not None:
                wishes[wish.key] = wish
    case = Case(mode, tuple(named), resources, wishes, foreign.read(named), _namespace(named), unread)
    return case, findings


def _namespace(named: Iterable[tuple[Key, Mapping[str, Any]]]) -> str:
    """The namespace of most metallb.io objects."""
    found = Counter(key.namespace for key, given in named if given["apiVersion"].partition("/")[0] == METALLB)
    return found.most_common(1)[0][0] if found else NAMESPACE
