# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the running kernel under /proc/sys, by keys as sysctl has them: with dots, or with slashes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence


def file_of(key: str) -> str:
    """Where a setting is. In a key without a slash, dots separate its parts."""
    return "/proc/sys/" + (key if "/" in key else key.replace(".", "/"))


def exists(key: str) -> bool:
    """Whether this kernel, in this namespace, has the setting."""
    return os.path.exists(file_of(key))


def read(key: str) -> str:
    """The value, its words separated by single blanks."""
    with open(file_of(key), encoding="ascii") as stream:
        return " ".join(stream.read().split())


def write(key: str, value: str) -> None:
    """Sets a value. Raises OSError with a reason that names the setting."""
    try:
        with open(file_of(key), "w", encoding="ascii") as stream:
            stream.write(value)
    except OSError as error:
        raise OSError(error.errno, f"cannot set {key} to {value}: {error.strerror}") from None


def stale(settings: Mapping[str, str]) -> list[str]:
    """The keys whose running value is another one."""
    return [key for key, value in settings.items() if read(key) != " ".join(value.split())]


def diff(keys: Sequence[str], settings: Mapping[str, str]) -> dict[str, str]:
    """What changes in the running kernel, in the shape of Ansible's diff mode."""
    before = "".join(f"{key} = {read(key)}\n" for key in keys)
    after = "".join(f"{key} = {' '.join(settings[key].split())}\n" for key in keys)
    return {"before_header": "kernel", "after_header": "kernel", "before": before, "after": after}
