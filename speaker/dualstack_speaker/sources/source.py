# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What whoever decides asks of a source, be it a folder or an API server."""

from __future__ import annotations

from typing import Protocol

from dualstack.findings import Finding


class Source(Protocol):
    """Where resources come from."""

    @property
    def loaded(self) -> bool:
        """Whether everything was read once."""

    @property
    def settled(self) -> bool:
        """Whether nothing is being read of which it is better to wait for the rest."""

    @property
    def lost(self) -> bool:
        """Whether something may be missing that was there before this process began."""

    def findings(self) -> list[Finding]:
        """What is wrong with the source itself."""
