# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host must have to be a node: settings of its kernel, and what forbids to go on.

``needs`` is what the plan wants of one host; ``facts`` is what the host says of itself, in the shape that
``host_facts`` gathers. Both are plain data.
"""
