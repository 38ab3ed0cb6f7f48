# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error that ends a session with a NOTIFICATION (RFC 4271 section 6)."""

from __future__ import annotations


class SessionError(Exception):
    """What to send (code, subcode, data) and what to tell the operator (text)."""

    def __init__(self, code: int, subcode: int, text: str, data: bytes = b"") -> None:
        super().__init__(text)
        self.code = code
        self.subcode = subcode
        self.text = text
        self.data = data
