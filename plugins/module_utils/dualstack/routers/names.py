# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name lines of a configuration. FRR (8.4 to 10.3) shows the kernel's names there, whatever its file says."""

from __future__ import annotations

import re

NO_DOMAIN = "(none)"
_NAMES = re.compile(r"^(?:hostname|domainname) [^\n]*\n", re.M)
_HEAD = re.compile(r"\A(?:[!#][^\n]*\n|frr [^\n]*\n)*")


def named(text: str, hostname: str, domainname: str = NO_DOMAIN) -> str:
    """``text`` with the host's names (of uname) where FRR writes them: behind its version and defaults."""
    lines = f"hostname {hostname}\n"
    if domainname != NO_DOMAIN:
        lines += f"domainname {domainname}\n"
    bare = _NAMES.sub("", text)
    head = _HEAD.match(bare)
    position = head.end() if head else 0
    return bare[:position] + lines + bare[position:]
