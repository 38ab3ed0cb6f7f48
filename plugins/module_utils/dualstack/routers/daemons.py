# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of ``/etc/frr/daemons``: which of FRR's daemons run. Everything else in the file is kept.

zebra and staticd (in 10.x also mgmtd) always run and have no switch of their own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_SWITCH = re.compile(r"^(?P<daemon>[a-z0-9]+d)=(?P<value>\S*)[ \t]*$", re.M)
ALWAYS = frozenset({"zebra", "staticd", "mgmtd", "watchfrr"})


def switch(text: str, wanted: Collection[str]) -> str:
    """``text`` with exactly the daemons ``wanted`` switched on; those that it does not mention are appended."""

    def value(found: re.Match[str]) -> str:
        daemon = found["daemon"]
        return f"{daemon}={'yes' if daemon in wanted or daemon in ALWAYS else 'no'}"

    missing = [daemon for daemon in wanted if daemon not in ALWAYS and daemon not in _switches(text)]
    switched = _SWITCH.sub(value, text)
    if missing and switched and not switched.endswith("\n"):
        switched += "\n"
    return switched + "".join(f"{daemon}=yes\n" for daemon in missing)


def running(shown: str) -> set[str]:
    """The daemons that vtysh is connected to (``show daemons``)."""
    return set(shown.split())


def must_restart(connected: Iterable[str], wanted: Collection[str]) -> bool:
    """Whether the daemons that run are others than wanted. Only a restart of FRR can change that."""
    return set(connected) - ALWAYS != set(wanted) - ALWAYS


def _switches(text: str) -> set[str]:
    return {found["daemon"] for found in _SWITCH.finditer(text)}
