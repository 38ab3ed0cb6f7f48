# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the named collections, and nothing else, out of a wheel of the package ``ansible``.

    unpack_collections.py WHEEL LIST FOLDER

LIST has one collection a line and comments; FOLDER becomes a collections path.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path


def main(wheel: str, names: str, folder: str) -> None:
    lines = (line.split("#")[0].strip() for line in Path(names).read_text(encoding="utf-8").splitlines())
    with zipfile.ZipFile(wheel) as archive:
        for name in filter(None, lines):
            prefix = f"ansible_collections/{name.replace('.', '/')}/"
            members = [member for member in archive.namelist() if member.startswith(prefix)]
            if not members:
                sys.exit(f"{wheel} has no collection {name}")
            archive.extractall(folder, members)


if __name__ == "__main__":
    main(*sys.argv[1:])
