# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a speaker says in events: transitions of Services and bad resources, each once. No I/O.

Reasons nodeAssigned and announceFailed are MetalLB's (`speaker/main.go`, 0.16); there every pass over a Service says
nodeAssigned again, here only the beginning does. ConfigurationError is a condition's reason there, here an event too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from dualstack.findings import ERROR, Finding

from ..kube.kinds import KINDS
from .conditions import CONFIGURATION_ERROR
from .correlation import NORMAL, WARNING, Occasion, Reference
from .told import Told

COMPONENT = "metallb-speaker"
ASSIGNED, FAILED = "nodeAssigned", "announceFailed"
DISPUTED = "addressConflict"  # MetalLB does not notice
CONFIGURATION_WARNING = "ConfigurationWarning"
_OF_SEVERAL = {"unknown-name", "selects-nothing", "excluded-nodes", "peer-twice"}  # no object shows it alone
_PLACE = re.compile(r"([A-Za-z0-9]+) (?:([^ /:]+)/)?([^ /:]+)(?::|$)")


def service_reference(key: str, uid: str) -> Reference:
    """A Service by ``namespace/name``."""
    namespace, _unused, name = key.partition("/")
    return Reference("v1", "Service", namespace, name, uid)


def of_service(about: Reference, node: str, before: Told, now: Told, lasting: bool) -> Iterator[Occasion]:
    """What is new about a Service since the last look; ``lasting``: whether its dark addresses were so for a while."""
    known = announced(before)
    for protocol, is_ in announced(now).items():
        if is_ and not known[protocol]:
            yield Occasion(about, NORMAL, ASSIGNED, f'announced from node "{node}" with protocol "{protocol}"')
    if now.dark and lasting:
        text = ", ".join(now.dark)
        yield Occasion(
            about,
            WARNING,
            FAILED,
            f"nobody answers for {text}: no node of the election has an interface that the L2Advertisements allow and "
            f'that works; the first is "{node}". Correct their interfaces, or bring one up.',
        )
    for text in now.disputed if now.disputed != before.disputed else ():
        yield Occasion(
            about,
            WARNING,
            DISPUTED,
            f'node "{node}" answers for {text}. Two nodes that do not hear each other, or a host with this address: '
            "see whether heartbeats pass between the nodes (dualstack-speaker status), and who has that MAC.",
        )


def announced(told: Told) -> dict[str, bool]:
    """Protocol → whether at least one peer or interface has the Service."""
    bgp = told.bgp is not None and '["' in told.bgp.note  # a peer for any family
    return {"bgp": bgp, "layer2": told.layer2 is not None}


def of_findings(findings: Iterable[Finding], said: Collection[Finding], namespace: str) -> Iterator[Occasion]:
    """An event for each new error about an object that is known by name; every node would say the same.

    Of warnings those that take several objects to see; all others stand in the condition alone.
    """
    for finding in findings:
        place = _PLACE.match(finding.path)
        wrong = finding.severity == ERROR
        told = wrong or finding.id in _OF_SEVERAL
        if not told or finding in said or place is None or place[1] not in KINDS:
            continue
        kind = KINDS[place[1]]
        inside = (place[2] or namespace) if kind.namespaced else ""
        about = Reference(kind.api_version, kind.name, inside, place[3])
        reason = CONFIGURATION_ERROR if wrong else CONFIGURATION_WARNING
        yield Occasion(about, WARNING, reason, str(finding), common=True)
