# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lays links to this checkout under which its parts are importable by their names, without an installation.

    <cache>/links/<hash of the checkout's path>/lib/dualstack                    → plugins/module_utils/dualstack
                                               /lib/dualstack_speaker            → speaker/dualstack_speaker
                                               /ansible_collections/baremetal/dualstack → the checkout

As a program it prints the folder. Standard library only: it also runs on the oldest Python that hosts have.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def cache() -> Path:
    """The folder of what is built once and kept: ``$BAREMETAL_DUALSTACK_CACHE``, or one in the home folder."""
    named = os.environ.get("BAREMETAL_DUALSTACK_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "baremetal-dualstack"


def make(checkout: Path = CHECKOUT) -> Path:
    """Make the links (again) and return the folder that holds ``lib`` and ``ansible_collections``."""
    folder = cache() / "links" / hashlib.sha256(str(checkout).encode()).hexdigest()[:12]
    targets = {
        "lib/dualstack": checkout / "plugins" / "module_utils" / "dualstack",
        "lib/dualstack_speaker": checkout / "speaker" / "dualstack_speaker",
        "ansible_collections/baremetal/dualstack": checkout,
    }
    for name, target in targets.items():
        link = folder / name
        if link.is_symlink() and os.readlink(link) == str(target):
            continue
        link.parent.mkdir(parents=True, exist_ok=True)
        fresh = link.with_name(f"{link.name}.{os.getpid()}")
        fresh.symlink_to(target)
        os.replace(fresh, link)
    return folder


if __name__ == "__main__":
    print(make())
