# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said when the API server is away, refuses something, or does not know a kind: since when, why, what to do."""

from __future__ import annotations

import time
from collections.abc import Iterable

from dualstack.findings import ERROR, WARNING, Finding

from ..kube.query import Query
from ..kube.reflector import Trouble

UNAUTHORIZED = 401
_FIXES = {
    UNAUTHORIZED: "Renew the token or the client certificate; the files are read again by themselves.",
    403: "Grant list and watch on {resource}{scope} to the user that the message names{role}.",
    404: "Install the CustomResourceDefinition of {resource}; it is looked for again by itself.",
    429: "It is tried again; look at the load of the API server if it lasts.",
}
_IDS = {
    UNAUTHORIZED: "kubernetes-credentials",
    403: "kubernetes-forbidden",
    404: "kubernetes-kind",
}


def troubles(url: str, states: Iterable[tuple[Query, Trouble]]) -> list[Finding]:
    """One finding for a server that does not answer, and one for each query that it refuses."""
    away: dict[str, float] = {}
    found = []
    strangers: list[tuple[Query, Trouble]] = []
    for query, trouble in states:
        if trouble.status == UNAUTHORIZED:
            strangers.append((query, trouble))
        elif trouble.status:
            found.append(_refused(query, trouble))
        else:
            away[trouble.reason] = min(trouble.since, away.get(trouble.reason, trouble.since))
    if strangers:
        first = min(strangers, key=lambda entry: (entry[1].since, str(entry[0])))
        found.insert(0, _refused(*first, more=len(strangers) - 1))
    if away:
        why, since = min(away.items(), key=lambda entry: (entry[1], entry[0]))
        reason = f"does not answer since {_clock(since)}: {why}"
        fix = "What was known stays in force; what changes meanwhile is caught up by itself. Look at the API server."
        if "certificate" in why:
            fix = "Correct certificate-authority or tls-server-name in the kubeconfig, or the server's certificate."
        found.insert(0, Finding("kubernetes-away", WARNING, url, "", reason, fix))
    return found


def credentials(problem: str) -> Finding:
    """A file with settings or credentials that can't be used."""
    fix = "Correct it; its last good version stays in force, and it is read again by itself."
    place, _colon, reason = problem.partition(": ")
    return Finding("kubernetes-credentials", ERROR, place, "", reason or problem, fix)


def unnamed(query: Query, place: str, reason: str) -> Finding:
    """An object that can't be told from others."""
    return Finding("object", ERROR, f"{query.kind} {place}", "", reason, "Write it anew.")


def _refused(query: Query, trouble: Trouble, more: int = 0) -> Finding:
    """``more``: how many other queries are refused for the same."""
    scope = f" in the namespace {query.namespace}" if query.namespace else ""
    scope = f" {query.name}{scope}" if query.name else scope
    named = query.kind == "Secret" and query.name
    role = f" (role resources: resources_secret_names: [{query.name}])" if named else ""
    fix = _FIXES.get(trouble.status, "It is tried again.").format(resource=query.where.resource, scope=scope, role=role)
    reason = f"refused since {_clock(trouble.since)} ({trouble.status}): {trouble.reason}"
    name = _IDS.get(trouble.status, "kubernetes-refused")
    severity = ERROR if trouble.status in _IDS else WARNING  # a busy server, or one that begins
    return Finding(name, severity, f"list and watch {query}{f' and {more} more' if more else ''}", "", reason, fix)


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
