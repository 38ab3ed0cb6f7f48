# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All rows of a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import balancers, components, hosts, nodes, paths, policies, processes, proxy, services
from .case import Case
from .sheet import IDS, Sheet

_OF_THE_API = (nodes.check, services.check, balancers.check, components.control_plane)
_OF_HOSTS = (processes.flags, hosts.check, proxy.check)
_OF_PATHS = (paths.check, policies.check)
_BY_API = IDS[IDS.index("node addresses") :]


def judge(plan: Mapping[str, Any], observations: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of the plan's first cluster, in the order of ``IDS``.

    Each is ``{"id", "node", "family", "state", "expected", "seen", "fix"}``: ``node`` is empty where the cluster as a
    whole is meant, ``family`` null where it is of neither; ``state`` is ``green``, ``red``, ``not reached`` (what it
    needs is red) or ``not asked`` (``seen`` says why).
    """
    case, sheet = Case(plan, observations), Sheet()
    error = case.api.get("error")
    look = (
        "Is kube-apiserver up, does `kubectl get --raw /readyz?verbose` answer on the host of the group "
        "dualstack_kubernetes?"
    )
    sheet.judge([error] if error else [], ("api answers", "", None), "an answer", str(case.api.get("version")), look)
    for node in case.planned:
        said = case.host(node).get("error")
        key = ("host answers", node, None)
        sheet.judge([said] if said else [], key, "an answer", "it answers", "Is the host up, does ssh reach it?")
    for check in _OF_HOSTS:
        check(case, sheet)
    if error:
        for name in _BY_API:
            if name not in ("proxy mode", "proxy tables"):
                for family in case.families:
                    sheet.not_reached((name, "", family), "the API does not answer")
        return sheet.rows()
    for check in (*_OF_THE_API, *_OF_PATHS):
        check(case, sheet)
    return sheet.rows()
