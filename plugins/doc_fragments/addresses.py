# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the address filters and tests have in common in their documentation."""

from __future__ import annotations


class ModuleDocFragment:
    """What the address filters and tests take."""

    DOCUMENTATION = r"""
options:
  _input:
    description:
      - Addresses in any form - a CIDR, an inclusive range C(first-last), a single address, a list of these, lists in
        lists, a mapping of lists, or text with commas, semicolons or line breaks between the entries, as a survey of
        AWX returns it. In text, C(#) begins a comment.
      - Both IP families may stand side by side. Below the keys V(ipv4) and V(ipv6) of a mapping only that family may
        stand.
      - An empty list is the empty set. Anything that is no address is an error that quotes it, with its position and
        the fix; nothing is skipped.
    type: raw
    required: true
"""

    FAMILY = r"""
options:
  family:
    description: Take the addresses of this family only.
    type: str
    choices: [ipv4, ipv6]
"""
