# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules that install our daemons have in common in their documentation."""

from __future__ import annotations


class ModuleDocFragment:
    """The programs, and what runs them."""

    DOCUMENTATION = r"""
options:
  bundles:
    description:
      - File names of the programs, as M(baremetal.dualstack.speaker_bundle) returns them in
        RV(baremetal.dualstack.speaker_bundle#module:names).
    type: dict
    required: true
  digests:
    description: SHA-256 of the programs, as it returns them in RV(baremetal.dualstack.speaker_bundle#module:digests).
    type: dict
    required: true
  contents:
    description:
      - The programs in base64, as it returns them in RV(baremetal.dualstack.speaker_bundle#module:contents).
      - Without them, those that the host has are used. Where one is missing, or is another one by its digest, nothing
        is done, and RV(ignore:lacking) says so.
    type: dict
    default: {}
  access:
    description:
      - Where the token of a daemon is. The daemons renew the file themselves, and a good one is never touched. The file
        and its folder belong to the daemon, and nobody else can read them.
    type: dict
    suboptions:
      path:
        description: The file.
        type: path
        required: true
      account:
        description: The ServiceAccount, as C(NAMESPACE:NAME). Empty, there is to be no token.
        type: str
        default: ''
      uid:
        description: The UID of the account, as M(baremetal.dualstack.cluster_access) returns it. Empty if not known.
        type: str
        default: ''
      token:
        description:
          - A new token, written where one is needed. Where one is and none is given, nothing is done, and
            RV(ignore:lacking) says so. In check mode, an empty one stands for the one that there would be.
        type: str
  run:
    description: Whether the units are enabled, started and replaced, as M(baremetal.dualstack.speaker_service) does.
    type: bool
    default: false
  restart:
    description: With O(run), whether a restart that is noticed is done; otherwise RV(ignore:pending) names the units.
    type: bool
    default: true
  python:
    description: The Python (3.9 or later) that runs the programs.
    type: path
    default: /usr/bin/python3
"""
