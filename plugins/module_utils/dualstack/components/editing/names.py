# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and addresses in certificates: which are lacking, however they are written (RFC 5280 section 4.2.1.6)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable


def lacking(wanted: Iterable[str], found: Iterable[str]) -> list[str]:
    """Those of ``wanted`` that are not among ``found``, each once, in their order.

    Addresses are compared as such, names without regard to case.
    """
    known, missing = {_plain(each) for each in found}, []
    for each in wanted:
        if _plain(each) not in known:
            known.add(_plain(each))
            missing.append(each)
    return missing


def _plain(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name.strip()))
    except ValueError:
        return name.strip().lower()
