# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The token of an account of ours, in a file of its daemon: looked at, written when it is needed, forgotten.

The daemons renew the file themselves; a good one is never touched. Nothing here shows a token.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from . import host_files
from .dualstack.kubernetes import tokens
from .host_files import HostFile

ARGUMENTS: dict[str, Any] = {
    "path": {"type": "path", "required": True},
    "account": {"type": "str", "default": ""},
    "uid": {"type": "str", "default": ""},
    "token": {"type": "str", "no_log": True},
}


class Access(NamedTuple):
    """The file, whose account (``namespace:name``) it is, and what is wrong with it; ``token``: a new one, if given.

    Without an account, there is to be no file.
    """

    path: str
    user: str
    account: str
    reason: str
    token: str | None

    @property
    def lacking(self) -> bool:
        """Whether a token must be asked for first."""
        return bool(self.reason) and self.token is None

    def changed(self, check: bool) -> bool:
        """Whether the file has to be written or removed. In a check, an empty token stands for the one to come."""
        if not self.account:
            return os.path.lexists(self.path)
        return bool(self.reason and (self.token or (check and self.token is not None)))

    def apply(self) -> None:
        """Write or remove it."""
        if not self.account:
            os.unlink(self.path)
            return
        folder = (os.path.dirname(self.path), 0o700, self.user, self.user)
        if not host_files.folder(*folder):
            host_files.make_folder(*folder)
        content = (self.token or "").strip().encode() + b"\n"
        host_files.write(HostFile(self.path, content, 0o600, self.user, self.user, opaque="(token)"))

    def diff(self) -> dict[str, str]:
        """In the shape of Ansible's diff mode."""
        if not self.account:
            return {"before": f"{self.path}\n", "after": ""}
        return {"before": f"{self.path}: {self.reason}\n", "after": f"{self.path}: a new token\n"}


def look(given: Mapping[str, Any], user: str) -> Access:
    """What ARGUMENTS gave, beside what is there."""
    path, account = given["path"], given["account"]
    reason = tokens.trouble(_read(path), account, given["uid"], time.time()) if account else ""
    return Access(path, user, account, reason, given["token"])


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""
