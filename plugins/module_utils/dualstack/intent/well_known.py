# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Communities that mean the same everywhere, by the names of their RFCs (IANA, "BGP Well-known Communities").

Capitals and underscores are as good as what stands here. MetalLB knows none of them: what is rendered holds numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

WELL_KNOWN = {
    "graceful-shutdown": "65535:0",  # RFC 8326
    "accept-own": "65535:1",  # RFC 7611
    "llgr-stale": "65535:6",  # RFC 9494
    "no-llgr": "65535:7",  # RFC 9494
    "blackhole": "65535:666",  # RFC 7999
    "no-export": "65535:65281",  # RFC 1997, as the next two
    "no-advertise": "65535:65282",
    "no-export-subconfed": "65535:65283",
    "local-as": "65535:65283",  # its name on routers
    "no-peer": "65535:65284",  # RFC 3765
}


def well_known(text: str) -> str | None:
    """The numbers behind a name; None when it is none."""
    return WELL_KNOWN.get(text.lower().replace("_", "-"))


def numbers(text: str, named: Mapping[str, str]) -> str:
    """What a community of an advertisement stands for: a name of the intent, a well-known one, or itself."""
    return named.get(text) or well_known(text) or text
