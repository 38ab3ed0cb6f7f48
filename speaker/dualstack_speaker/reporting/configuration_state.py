# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The object ConfigurationState of one component: kept as it is wanted, made again when somebody deletes it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from dualstack.resources.shapes import mapping

from ..kube.errors import ApiError
from ..kube.kinds import KINDS
from ..observe.logs import Log
from .api import MERGE, NOT_FOUND, Api, made, transient
from .conditions import Condition, same, status_of
from .pace import Pace

_KIND = KINDS["ConfigurationState"]
LOOK = 30.0  # seconds between two looks whether the object is still there and as it was written
SETTLE = 1.0  # seconds that conditions may change before they are written: a session that flaps is one write


class ConfigurationState:
    """``want`` says what is to stand there; ``run`` writes it, for as long as it lives."""

    def __init__(
        self,
        api: Api,
        namespace: str,
        name: str,
        labels: Mapping[str, str],
        log: Log,
        look: float = LOOK,
        settle: float = SETTLE,
    ) -> None:
        self._api = api
        self._namespace = namespace
        self._name = name
        self._labels = dict(labels)
        self._log = log
        self._look = look
        self._settle = settle
        self._wanted: tuple[Condition, ...] | None = None
        self._owner: dict[str, Any] | None = None
        self._changed = asyncio.Event()
        self._pace = Pace()
        self._said = ""

    def want(self, conditions: Sequence[Condition], owner: Mapping[str, Any] | None = None) -> None:
        """From now on these are the conditions; ``owner``: the object's ownerReference, which only its making needs."""
        self._owner = dict(owner) if owner else None
        if self._wanted != tuple(conditions):
            self._wanted = tuple(conditions)
            self._changed.set()

    async def run(self) -> None:
        """Never ends."""
        while True:
            if self._wanted is not None:
                began = await self._pace.turn()
                self._changed.clear()
                try:
                    await self._bring(self._wanted)
                except (ApiError, OSError) as error:
                    self._failed(error)
                    continue
                self._pace.worked(began)
                self._said = ""
            try:
                await asyncio.wait_for(self._changed.wait(), None if self._wanted is None else self._look)
                await asyncio.sleep(self._settle)
            except asyncio.TimeoutError:
                pass  # time to look again

    def _failed(self, error: Exception) -> None:
        self._pace.failed()
        refused = isinstance(error, ApiError) and not transient(error.status)
        if refused and str(error) != self._said:  # who knows of an absent server tells it elsewhere
            self._log.write("warning", "state not written", {"object": self._name, "reason": str(error)})
            self._said = str(error)

    async def _bring(self, wanted: Sequence[Condition]) -> None:
        path = _KIND.path(self._namespace, self._name)
        try:
            held = made(await self._api.send("GET", path))
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            held = made(await self._api.send("POST", _KIND.path(self._namespace), self._object()))
        before = mapping(held.get("status"))
        status = status_of(wanted, before, time.time())
        if not self._labels.items() <= mapping(held["metadata"].get("labels")).items():
            await self._api.send("PATCH", path, {"metadata": {"labels": self._labels}}, content_type=MERGE)
        if not same(before, status):
            patch = {"status": {"errorSummary": None, **status}}
            await self._api.send("PATCH", _KIND.path(self._namespace, self._name, "status"), patch, content_type=MERGE)

    def _object(self) -> dict[str, Any]:
        metadata: dict[str, Any] = {"name": self._name, "labels": self._labels}
        if self._owner:
            metadata["ownerReferences"] = [self._owner]
        return {"apiVersion": _KIND.api_version, "kind": _KIND.name, "metadata": metadata}
