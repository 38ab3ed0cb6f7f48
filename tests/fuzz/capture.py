# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records what FRR, BIRD, GoBGP, ExaBGP and Linux say to wire and to each other, as input for the fuzzers (root).

``scripts/env test unshare --uts python3 tests/fuzz/capture.py [SUITE] [SOURCE …]`` records anew, a minute per source;
without names, everything of both suites. Sources: frr, bird, gobgp, exabgp, linux. Written to tests/fixtures/captures/.
Everything happens in network namespaces; the host is called ``router`` meanwhile, since some daemons tell its name.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import conftest  # noqa: E402, F401  pylint: disable=unused-import
from fuzz import captures  # noqa: E402
from fuzz.scenes.all import SOURCES  # noqa: E402
from fuzz.scenes.shared import version  # noqa: E402
from fuzz.tap import Item, Tap  # noqa: E402
from interop.stage import Host, Stage  # noqa: E402
from processes import Wire  # noqa: E402

SUITES = ("bookworm", "trixie")


class Set:
    """What a scene plays on: a router and a node on a switch, and a lab root whose daemons run on the router."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder = root, folder
        self.stage = Stage()
        self.router, self.node = self.stage.host("router"), self.stage.host("node")

    @contextmanager
    def wire(self, host: Host, **config: object) -> Iterator[Wire]:
        """A wire on a host."""
        wire = Wire(self.folder / f"wire-{host.namespace}", host.prefix, **config)
        try:
            wire.start()
            yield wire
        finally:
            wire.end()


def record(root: Path, play: Callable[[Set], None]) -> list[Item]:
    """Plays a scene; what was on the router's wire."""
    with tempfile.TemporaryDirectory() as name:
        scene = Set(root, Path(name))
        tap = Tap(scene.router.namespace, "rack1", Path(name))
        try:
            play(scene)
        finally:
            tap.close()
            scene.stage.end()
        return tap.items()


def main(words: list[str]) -> int:
    socket.sethostname("router")
    suites = [suite for suite in SUITES if suite in words] or list(SUITES)
    wanted = [name for name in SOURCES if name in words] or list(SOURCES)
    for suite in suites:
        command = [sys.executable, "molecule/lab", "roots", "--suite", suite]
        found = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        root = Path(found.stdout.strip())
        for source in wanted:
            release = version(root, source)
            heard = {}
            for scene, play in SOURCES[source].items():
                begun = time.monotonic()
                heard[scene] = record(root, play)
                if source != "linux" and scene != "unnumbered":  # the kernels' part is the same everywhere
                    heard[scene] = [item for item in heard[scene] if item.kind in ("bgp", "bfd")]
                kinds = [item.kind for item in heard[scene]]
                counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
                print(f"{source} {release}, {scene}: {counts} in {time.monotonic() - begun:.0f} s", flush=True)
            print(f"{source}-{release}: {captures.write(f'{source}-{release}', heard)} octets", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
