# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All stacks, each as the two Debian releases of the lab package it."""

from __future__ import annotations

from interop.peers.bird import Bird
from interop.peers.exabgp import ExaBgp
from interop.peers.frr import Frr
from interop.peers.gobgp import GoBgp
from interop.peers.shape import Stack

STACKS: tuple[type[Stack], ...] = (Frr, Bird, GoBgp, ExaBgp)
