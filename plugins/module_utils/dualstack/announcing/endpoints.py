# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the endpoints of Services are: EndpointSlices by Service and family."""

from __future__ import annotations

from collections.abc import Mapping

from ..resources.model import EndpointSlice

_NOWHERE: frozenset[str] = frozenset()


class Endpoints:
    """EndpointSlices by the Service that they belong to (``namespace/name``)."""

    def __init__(self) -> None:
        self._slices: dict[str, EndpointSlice] = {}
        self._of: dict[str, dict[str, EndpointSlice]] = {}

    def replace(self, slices: Mapping[str, EndpointSlice]) -> set[str]:
        """Take over all slices. Returns the Services whose slices changed."""
        concerned: set[str] = set()
        for name in [name for name in self._slices if name not in slices]:
            concerned |= self.put(name, None)
        for name, entry in slices.items():
            if self._slices.get(name) is not entry:
                concerned |= self.put(name, entry)
        return concerned

    def put(self, name: str, entry: EndpointSlice | None) -> set[str]:
        """Take over one slice, None when it is gone. Returns the Services concerned."""
        before = self._slices.pop(name, None)
        if before == entry:
            if entry is not None:
                self._slices[name] = entry
            return set()
        concerned = set()
        if before is not None:
            concerned.add(before.service)
            of_service = self._of[before.service]
            del of_service[name]
            if not of_service:
                del self._of[before.service]
        if entry is not None:
            concerned.add(entry.service)
            self._slices[name] = entry
            self._of.setdefault(entry.service, {})[name] = entry
        return concerned

    def nodes(self, service: str, family: str) -> frozenset[str]:
        """The nodes that have a serving endpoint of this family."""
        found = [entry.nodes for entry in self._of.get(service, {}).values() if entry.family == family]
        return frozenset().union(*found) if found else _NOWHERE

    def serving(self, service: str, family: str) -> bool:
        """Whether there is a serving endpoint of this family, be its node known or not."""
        return any(entry.serving and entry.family == family for entry in self._of.get(service, {}).values())
