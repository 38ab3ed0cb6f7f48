# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observations out of what the gathering tasks brought back, whatever became of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .seen import NOT_GATHERED

_PARTS = {
    "nodes": ("status",),
    "routers": ("bgp", "fib", "neighbours", "sessions"),
    "clients": ("probes", "neighbours"),
}


def collect(results: Mapping[str, Mapping[str, Mapping[str, Any] | None]]) -> dict[str, dict[str, Any]]:
    """``{nodes|routers|clients: {host: result of its gathering task}}`` as observations.

    A host that could not be reached, a task that failed or was skipped, becomes the observation's ``error``. The
    neighbour entries that a router's own look-up (``resolved``) found replace those of its gathering. ``kubernetes``,
    where the cluster itself was asked, is ``{api, stand: result, hosts, paths: {host: result}}``.
    """
    observations: dict[str, dict[str, Any]] = {group: {} for group in _PARTS}
    for group, parts in _PARTS.items():
        for host, result in (results.get(group) or {}).items():
            observations[group][host] = _observation(result or {}, parts)
    for host, result in (results.get("resolved") or {}).items():
        if result and result.get("neighbours") is not None and host in observations["routers"]:
            router = observations["routers"][host]
            router["neighbours"] = {**(router.get("neighbours") or {}), **result["neighbours"]}
    if results.get("kubernetes"):
        observations["kubernetes"] = _kubernetes(results["kubernetes"])
    return observations


def _kubernetes(results: Mapping[str, Any]) -> dict[str, Any]:
    api, stand = results.get("api") or {}, results.get("stand") or {}
    cluster = api.get("cluster") or {"error": _error(api, ("cluster",))}
    return {
        "cluster": {**cluster, "no_probe": " ".join(str(stand.get("why") or stand.get("msg") or "").split())},
        "hosts": {
            host: {**((result or {}).get("node") or {}), "error": _error(result or {}, ("node",))}
            for host, result in (results.get("hosts") or {}).items()
        },
        "paths": {
            host: _observation(result or {}, ("probes",)) for host, result in (results.get("paths") or {}).items()
        },
    }


def _observation(result: Mapping[str, Any], parts: tuple[str, ...]) -> dict[str, Any]:
    return {**{part: result.get(part) for part in parts}, "error": _error(result, parts)}


def _error(result: Mapping[str, Any], parts: tuple[str, ...]) -> str:
    said = " ".join(str(result.get("error") or result.get("msg") or "").split())  # one line, as reasons are
    if result.get("unreachable"):
        return f"unreachable: {said}"
    if result.get("failed"):
        return said or "the task that gathers it failed"
    if result.get("error"):
        return said
    if result.get("failed_when_suppressed_exception"):
        return said or "the task that gathers it failed; with -vvv it says why"
    return "" if any(result.get(part) is not None for part in parts) else said or NOT_GATHERED
