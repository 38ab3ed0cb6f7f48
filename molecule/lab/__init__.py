# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds a fabric of real hosts on one machine, from a plan.

Every host is a network namespace with its own root file system; nodes and routers boot systemd in it (systemd-nspawn),
clients run an sshd only. Segments are bridges in a namespace of the lab's own, so that nothing of the machine's network
is touched. Left out on purpose: routing anything to the outside, VLANs, bonds.
"""
