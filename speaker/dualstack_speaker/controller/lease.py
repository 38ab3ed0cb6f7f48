# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who of several controllers is active: one candidate for a Lease (coordination.k8s.io/v1), without I/O and clock.

The rules are those of client-go's leader election. Clocks of hosts need not agree: a Lease has expired when nobody
changed it for its own duration, counted from when this candidate saw the change. Who holds it may act until the renew
deadline after it *sent* the last renewal that succeeded, which is shorter. Every write of the Lease carries the
resourceVersion that it is based on, so that of several candidates one succeeds. Unlike with client-go, a Lease that was
deleted while another held it counts as held until it would have expired, and who leaves notes its last write.
Left out on purpose: coordinated election (``spec.strategy``, ``preferredHolder``), as it needs kube-controller-manager.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from .config import Timing

LAST_WRITE = "baremetal.dualstack/last-write"  # resourceVersion of the last Service that a holder wrote before it left
_Object = Mapping[str, Any]


class Step(NamedTuple):
    """A request: GET without a body, POST of a new Lease, PUT of a changed one; ``patience`` in seconds."""

    method: str
    body: dict[str, Any] | None
    patience: float


class Candidate:
    """One candidate. ``step`` says what to send and ``due`` when; ``answered`` and ``failed`` tell what became of it.

    ``seen`` takes a Lease from anywhere, as from a watch. Times are seconds that go on while the machine sleeps.
    """

    def __init__(self, identity: str, name: str, namespace: str, timing: Timing) -> None:
        self.identity = identity
        self.predecessor = ""  # whose Lease need not expire, because it is known to be dead
        self.term = (
            0  # how often this candidate became the holder; not for a renewal that was late, if nobody else was it
        )
        self.since = 0.0  # when the last term began: its first write was acknowledged
        self.inherited = ""  # what the holder before noted of its last write, had it left in order
        self.due = 0.0  # when ``step`` has something to send
        self._name, self._namespace = name, namespace
        self._timing = timing
        self._lease: _Object | None = None
        self._known = False  # whether it is sure what the API server holds
        self._changed = 0.0  # when the Lease was last seen to have changed
        self._free = 0.0  # when a Lease that was deleted counts as expired
        self._in_term = False  # whether nobody else was the holder since this one was
        self._renewed: float | None = None  # when the last renewal that succeeded was sent
        self._sent = 0.0

    @property
    def holder(self) -> str:
        """Who holds the Lease as far as is known; empty for nobody."""
        return str(_spec(self._lease).get("holderIdentity") or "")

    def remaining(self, now: float) -> float:
        """For how many seconds this candidate may still act; 0 when it may not. From any thread."""
        renewed = self._renewed
        return 0.0 if renewed is None else max(0.0, renewed + self._timing.renew_deadline - now)

    def leading(self, now: float) -> bool:
        """Whether this candidate may act."""
        if not self.remaining(now):
            self._leave()
        return self._renewed is not None

    def step(self, now: float, wall: str) -> Step:
        """What to send now; ``wall`` is the time of day as the API writes it. One request at a time."""
        self._sent = now
        self.due = now + self._timing.retry_period
        patience = self._timing.renew_deadline / 2
        if self.leading(now):
            patience = min(1.5 * self._timing.retry_period, self.remaining(now))
        if not self._known or now < self._expiry():
            return Step("GET", None, patience)
        return Step("POST" if self._lease is None else "PUT", self._body(wall), patience)

    def answered(self, step: Step, now: float, status: int, body: _Object) -> None:
        """The API server's answer to the step."""
        if status in (200, 201):
            left = "" if self.holder else str((_metadata(self._lease).get("annotations") or {}).get(LAST_WRITE) or "")
            self.seen(body, now)
            if step.method != "GET" and self.holder == self.identity:
                self._begin(now, left)
            elif self.holder == self.identity:
                self.due = now
        elif status == 404 and step.method == "GET":
            self._free = 0.0 if self.holder == self.identity else self._expiry()
            self._lease, self._known = None, True
            self._leave(for_good=True)
            self.due = max(now, min(self.due, self._free))
        elif status in (404, 409):
            self._known = False  # somebody else was first, or has deleted it: look
            self.due = now

    def failed(self) -> None:
        """The step got no answer: whether it was carried out is not known."""
        self._known = False

    def seen(self, lease: _Object, now: float) -> None:
        """The Lease as the API server holds it; one that is older than what is known changes nothing."""
        if _version(lease) < _version(self._lease):
            return
        if self._lease is None or _version(lease) > _version(self._lease):
            self._changed = now
        self._lease, self._known = lease, True
        if self.holder != self.identity:
            self._leave(for_good=True)
        if self.holder not in ("", self.identity):
            self.due = max(now, min(self.due, self._expiry()))
        elif self._renewed is None:
            self.due = now

    def release(self, wall: str, last_write: str) -> Step | None:
        """What gives the Lease away; None for who does not hold it. Nothing may be written after this was called."""
        if self._renewed is None:
            return None
        body = self._body(wall)
        body["metadata"]["annotations"][LAST_WRITE] = last_write
        body["spec"].update(holderIdentity="", leaseDurationSeconds=1)
        self._leave()
        return Step("PUT", body, self._timing.retry_period)

    def _begin(self, now: float, left: str) -> None:
        if not self._in_term:
            self._in_term = True
            self.term += 1
            self.since, self.inherited = now, left
        self._renewed = self._sent
        self.due = self._sent + self._timing.retry_period

    def _leave(self, for_good: bool = False) -> None:
        self._renewed = None
        self._in_term = self._in_term and not for_good

    def _expiry(self) -> float:
        """When the Lease is to be had."""
        if self._lease is None:
            return self._free
        if self.holder in ("", self.identity, self.predecessor):
            return 0.0
        return self._changed + float(_spec(self._lease).get("leaseDurationSeconds") or 0)

    def _body(self, wall: str) -> dict[str, Any]:
        """The Lease with this candidate as its holder."""
        metadata = {"name": self._name, "namespace": self._namespace, **_metadata(self._lease)}
        metadata.pop("managedFields", None)
        annotations = {key: text for key, text in (metadata.get("annotations") or {}).items() if key != LAST_WRITE}
        before = _spec(self._lease)
        mine = self.holder == self.identity
        spec = {
            **before,
            "holderIdentity": self.identity,
            "leaseDurationSeconds": math.ceil(self._timing.duration),
            "acquireTime": before.get("acquireTime") if mine else wall,
            "renewTime": wall,
            "leaseTransitions": int(before.get("leaseTransitions") or 0) + (not mine and self._lease is not None),
        }
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {**metadata, "annotations": annotations},
            "spec": spec,
        }


def _spec(lease: _Object | None) -> _Object:
    return (lease or {}).get("spec") or {}


def _metadata(lease: _Object | None) -> _Object:
    return (lease or {}).get("metadata") or {}


def _version(lease: _Object | None) -> int:
    """The resourceVersion as a number (KEP-5504); 0 for none."""
    text = str(_metadata(lease).get("resourceVersion") or "")
    return int(text) if text.isascii() and text.isdigit() else 0
