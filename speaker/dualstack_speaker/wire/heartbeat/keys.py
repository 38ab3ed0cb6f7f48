# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key file of heartbeats: a key per line; the first one signs, all are accepted; read again when it changes."""

from __future__ import annotations

import os
import stat

LEAST = 16  # octets of a key
MOST = 4  # keys
_LARGEST = 65536  # octets of the file


class KeyFile:
    """``keys`` as they were read last; ``error`` says why there are none, or why a change was not taken over."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen: tuple[int, ...] = ()
        self.keys: tuple[bytes, ...] = ()
        self.error = "not read yet"

    def look(self) -> bool:
        """Reads the file if it is another one than at the last look; whether that was so."""
        try:
            found = os.stat(self._path)
            seen = (found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode)
            if seen == self._seen:
                return False
            self._seen = seen
            self.keys, self.error = self._read(), ""
        except OSError as error:
            self._seen = ()
            changed, self.error = self.error != str(error.strerror), str(error.strerror)
            return changed
        except ValueError as error:
            self.error = str(error)
        return True

    def _read(self) -> tuple[bytes, ...]:
        with open(self._path, "rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o007:
                raise ValueError("others may read or write it: mode 0640 or 0600 is expected")
            data = file.read(_LARGEST + 1)
        keys = tuple(line.strip() for line in data.splitlines() if line.strip())
        if not keys or len(keys) > MOST or len(data) > _LARGEST:
            raise ValueError(f"one to {MOST} lines with a key each are expected")
        if min(map(len, keys)) < LEAST:
            raise ValueError(f"a key has at least {LEAST} octets")
        return keys
