# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who this process is in the election, and who was here before it.

A file beside the status socket holds the identity, and a lock on it that the kernel takes away with the process. Who
gets the lock knows that the process whose identity stands there is dead, and need not wait until its Lease expires.
"""

from __future__ import annotations

import fcntl
import os
import uuid

NAME = "identity"  # of the file
_LONGEST = 1024  # octets


class Identity:
    """``name``: of this process, new each time; ``predecessor``: of the dead one, empty where none is known.

    Raises OSError where the folder can't be written, or another process has its place there (BlockingIOError).
    """

    def __init__(self, host: str, folder: str) -> None:
        self.name = f"{host}_{uuid.uuid4().hex[:12]}"
        path = os.path.join(folder, NAME)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise BlockingIOError(error.errno, "another controller runs with this file", path) from None
        self.predecessor = os.read(self._file, _LONGEST).decode(errors="replace")
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, self.name.encode(), 0)

    def close(self) -> None:
        """Gives the place up."""
        os.close(self._file)
