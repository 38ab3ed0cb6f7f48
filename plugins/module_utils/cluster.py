# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a cluster to what a plan wants: look, ask the API server what an apply would leave, then apply and remove."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .dualstack.kubernetes import applying
from .dualstack.kubernetes.applying import FOUNDATION, LABEL, Change, Identity
from .kubectl import Kubectl, KubectlError

Object = dict[str, Any]


PAUSE = 1.0  # seconds between two tries


def patiently(act: Callable[[], list[Change]], seconds: float) -> list[Change]:
    """What ``act`` returns, tried again for a time while a webhook does not answer. Raises KubectlError."""
    end = time.monotonic() + seconds
    while True:
        try:
            return act()
        except KubectlError as problem:
            if not problem.webhook or time.monotonic() >= end:
                raise
        time.sleep(PAUSE)


def converge(kubectl: Kubectl, wanted: Sequence[Object], plan: str, check: bool) -> list[Change]:
    """All changes, made or, with ``check``, only foreseen. The API server has judged them before the first is made,
    but for those that need a definition or a namespace that is not there yet. Raises KubectlError."""
    ground = [item for item in wanted if item["kind"] in FOUNDATION]
    rest = [item for item in wanted if item["kind"] not in FOUNDATION]
    if check and not ground and not kubectl.knows(rest):
        return [Change(applying.identity(item), None, applying.plain(item)) for item in rest]
    there = kubectl.existing(ground)
    found = _group(kubectl, ground, there, check=True, force=True)
    if check and len(there) < len(ground):
        return [*found, *(Change(applying.identity(item), None, applying.plain(item)) for item in rest)]
    if found and not check:
        _group(kubectl, ground, there, check=False, force=True)
        names = [f"crd/{item['metadata']['name']}" for item in ground if item["kind"] == applying.CRD]
        if names:
            kubectl.run("wait", "--for=condition=Established", "--timeout=60s", *names)
    return found + _rest(kubectl, rest, plan, check)


def told(found: Sequence[Change]) -> dict[str, list[str]]:
    """Changes by what became of their objects, for people."""
    result: dict[str, list[str]] = {"created": [], "changed": [], "deleted": []}
    for change in found:
        what = "created" if change.before is None else "deleted" if change.after is None else "changed"
        result[what].append(str(change.identity))
    return result


def _rest(kubectl: Kubectl, wanted: Sequence[Object], plan: str, check: bool) -> list[Change]:
    there = kubectl.existing(wanted)
    groups = (
        ([item for item in wanted if item["kind"] != "Service"], True),
        ([item for item in wanted if item["kind"] == "Service"], False),  # people own parts of them
    )
    found = [(group, force, _group(kubectl, group, there, check=True, force=force)) for group, force in groups]
    gone = applying.stale(kubectl.labelled(applying.KINDS, f"{LABEL}={plan}"), wanted)
    if not check:
        for group, force, changes in found:
            if changes:
                _group(kubectl, group, there, check=False, force=force)
        kubectl.delete([change.before for change in gone if change.before])
    return [*(change for _group_, _force, changes in found for change in changes), *gone]


def _group(
    kubectl: Kubectl, wanted: Sequence[Object], there: Sequence[Object], *, check: bool, force: bool
) -> list[Change]:
    """Replaces what can't be applied, then applies; a replaced object is applied only for real, to own its fields."""
    replaced = applying.replacements(there, wanted)
    after = kubectl.replace(replaced, dry=check)
    names = {applying.identity(item) for item in replaced} if check else set()
    applied = kubectl.apply([item for item in wanted if applying.identity(item) not in names], dry=check, force=force)
    results = {applying.identity(item): item for item in (*after, *applied)}
    return applying.changes(there, [_result(results, applying.identity(item)) for item in wanted])


def _result(results: Mapping[Identity, Object], wanted: Identity) -> Object:
    """What became of an object; one without a namespace may have got the usual one."""
    return results[wanted] if wanted in results else results[wanted._replace(namespace="default")]
