# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All scenes by source."""

from __future__ import annotations

from typing import Any, Callable

from fuzz.scenes import linux, with_bird, with_exabgp, with_frr, with_gobgp

SOURCES: dict[str, dict[str, Callable[[Any], None]]] = {
    "frr": {
        "ebgp with wire": with_frr.sessions(64512),
        "ibgp with wire": with_frr.sessions(64500),
        "unnumbered": with_frr.unnumbered,
    },
    "bird": {
        "ebgp with wire": with_bird.sessions(64512),
        "ibgp with wire": with_bird.sessions(64500),
        "add-path with frr": with_bird.add_path,
    },
    "gobgp": {
        "ebgp with wire": with_gobgp.sessions(64512),
        "ibgp with wire": with_gobgp.sessions(64500),
        "families with frr": with_gobgp.families,
    },
    "exabgp": {
        "ebgp with wire": with_exabgp.sessions(64512),
        "ibgp with wire": with_exabgp.sessions(64500),
        "families with frr": with_exabgp.sessions(64510, True),
    },
    "linux": {"neighbours": linux.neighbours},
}
