# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which neighbours get another TCP MD5 key than the configuration that was installed last gave them."""

from __future__ import annotations

import re

_NEIGHBOUR = re.compile(r"^\s*neighbor (\S+) (?:interface .*)?remote-as ", re.MULTILINE)
_PASSWORD = re.compile(r"^\s*neighbor (\S+) password (.*\S)", re.MULTILINE)


def changed(before: str, after: str) -> list[str]:
    """Neighbours of both configurations whose key is added, taken away or another one, in the order of ``before``.

    A key on one side alone ends the session (RFC 2385), so such a change concerns both ends.
    """
    kept = set(_NEIGHBOUR.findall(after))
    old, new = dict(_PASSWORD.findall(before)), dict(_PASSWORD.findall(after))
    return [name for name in _NEIGHBOUR.findall(before) if name in kept and old.get(name) != new.get(name)]
