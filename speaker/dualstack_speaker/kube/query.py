# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a watch asks for, and the same question asked of an object, for servers that can't answer it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .kinds import KINDS, Kind


class Query(NamedTuple):
    """Objects of a kind: of one namespace or all, one by name or all, by selectors of fields and labels.

    Of a single object the name goes into the field selector: RBAC rules with resourceNames allow list and watch then.
    """

    kind: str
    namespace: str | None = None
    name: str | None = None
    field_selector: str = ""
    label_selector: str = ""

    @property
    def where(self) -> Kind:
        """The kind's place. Raises KeyError for one that is not known."""
        return KINDS[self.kind]

    @property
    def path(self) -> str:
        """The path of the list."""
        return self.where.path(self.namespace)

    def parameters(self, selecting: bool = True) -> dict[str, str]:
        """The selectors for the server; with ``selecting`` false those that every server knows."""
        terms = [f"metadata.name={self.name}"] if self.name else []
        terms += [self.field_selector] if self.field_selector and selecting else []
        found = {"fieldSelector": ",".join(terms), "labelSelector": self.label_selector}
        return {name: text for name, text in found.items() if text}

    def accepts(self, given: Mapping[str, Any]) -> bool:
        """Whether the field selector (terms of ``path=value``) takes an object."""
        for term in self.field_selector.split(",") if self.field_selector else ():
            path, _unused, wanted = term.partition("=")
            found: Any = given
            for name in path.split("."):
                found = found.get(name) if isinstance(found, Mapping) else None
            if found != wanted:
                return False
        return True

    def __str__(self) -> str:
        what = self.where.resource
        what += f" {self.name}" if self.name else ""
        return f"{what} in {self.namespace}" if self.namespace else what
