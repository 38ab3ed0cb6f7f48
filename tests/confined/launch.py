# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Becomes a command under containerd's default seccomp profile: ``launch.py COMMAND…``, on amd64.

``containerd.json`` holds the profile; libseccomp makes the filter of it, as it does for runc. What is in no rule fails
with EPERM. System calls that this libseccomp does not know are passed over, as runc does.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import sys
from pathlib import Path

# seccomp.h
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
OPERATORS = {"SCMP_CMP_NE": 1, "SCMP_CMP_EQ": 4, "SCMP_CMP_MASKED_EQ": 7}
UNKNOWN = -1


class Comparison(ctypes.Structure):
    """struct scmp_arg_cmp; of a masked comparison, the first datum is the mask, and the second one 0."""

    _fields_ = (
        ("index", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def confine() -> None:
    """Puts this process under the profile, for good."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = (ctypes.c_uint32,)
    library.seccomp_load.argtypes = (ctypes.c_void_p,)
    array = ctypes.POINTER(Comparison)
    library.seccomp_rule_add_array.argtypes = (ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, array)
    found = library.seccomp_init(ERRNO | errno.EPERM)
    for rule in json.loads(Path(__file__).with_name("containerd.json").read_text(encoding="utf-8"))["rules"]:
        action = ERRNO | rule["errno"] if "errno" in rule else ALLOW
        given = [rule["argument"]] if "argument" in rule else []
        compared = [Comparison(each["index"], OPERATORS[each["operator"]], each["value"], 0) for each in given]
        for name in rule["names"]:
            number = library.seccomp_syscall_resolve_name(name.encode())
            if number == UNKNOWN:
                continue
            failed = library.seccomp_rule_add_array(
                found, action, number, len(compared), (Comparison * len(compared))(*compared)
            )
            if failed:
                raise OSError(-failed, f"no rule for {name}")
    failed = library.seccomp_load(found)
    if failed:
        raise OSError(-failed, "the filter can't be loaded")


if __name__ == "__main__":
    confine()
    os.execvp(sys.argv[1], sys.argv[1:])
