# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with an API server: refused settings, refused requests, no answer."""

from __future__ import annotations


class SettingsError(ValueError):
    """Connection settings that can't be used; the message names the file, the place and the fix, and no secret."""


class ApiError(Exception):
    """The API server's refusal: the fields of its Status object. ``retry_after``: seconds that it asks for, or None."""

    def __init__(self, status: int, reason: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after = retry_after


class Unreachable(OSError):
    """No answer, or half of one. ``sent`` is false where the request was surely not carried out."""

    def __init__(self, reason: str, sent: bool) -> None:
        super().__init__(reason)
        self.strerror = reason
        self.sent = sent
