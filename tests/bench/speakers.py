# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The speakers that are measured, each driven by its fastest reasonable way, all started and asked alike."""

from __future__ import annotations

import json
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bgp_stage import NODE_ASN, BgpStage
from interop.peers.bird import Bird
from interop.peers.exabgp import ExaBgp
from interop.peers.frr import Frr
from interop.peers.gobgp import GoBgp
from interop.peers.shape import FAMILIES, Stack, by_family
from machine import PRIORITY
from processes import Link, Wire, until

from dualstack_speaker.speaker.delta import slices, told

BATCH = 500  # lines of FRR's configuration at a time
TABLE = 100  # of the kernel, away from what forwards


class Speaker(ABC):
    """A speaker on the node with all sessions of the stage. ``bulk``: whether many prefixes at once are measured."""

    bulk = True

    @property
    @abstractmethod
    def name(self) -> str:
        """As the table has it."""

    @property
    @abstractmethod
    def pids(self) -> list[int]:
        """Its processes."""

    @abstractmethod
    def announce(self, prefixes: Sequence[str]) -> None:
        """Announces more prefixes to every neighbour."""

    @abstractmethod
    def withdraw(self, prefixes: Sequence[str]) -> None:
        """Takes prefixes back."""

    @abstractmethod
    def kill(self) -> None:
        """Crashes it."""

    @abstractmethod
    def spawn(self) -> None:
        """Starts it again with the same sessions and does not wait."""


class OurWire(Speaker):
    """``wire``, by its link; after a crash by its journal."""

    name = "wire"

    def __init__(self, stage: BgpStage, folder: Path, stack: ExitStack) -> None:
        self._wire = Wire(folder, stage.node.prefix, realtime_priority=PRIORITY)
        stack.callback(self._wire.end)
        self._wire.start()
        self._link: Link = self._wire.link()
        peers = stage.peers()
        self._paths = [{"peers": list(peers)}]
        self._written = json.dumps(self._paths)
        self._answered = True
        self._link.full(peers=peers)
        until(self._wire.journal.exists, "the journal")

    @property
    def pids(self) -> list[int]:
        assert self._wire.process is not None
        return [self._wire.process.pid]

    def announce(self, prefixes: Sequence[str]) -> None:
        if len(prefixes) == 1:
            self._say(f'"routes":{{"{prefixes[0]}":{self._written}}}')
        else:
            self._change(dict.fromkeys(prefixes, self._paths))

    def withdraw(self, prefixes: Sequence[str]) -> None:
        self._change(dict.fromkeys(prefixes))

    def _change(self, routes: dict[str, Any]) -> None:
        """As ``speaker`` tells it."""
        for step in slices({"routes": routes}):
            self._say(json.dumps(told(step))[1:-1])

    def _say(self, parts: str) -> None:
        """A delta; the one before it must have been taken, its own answer is read with the next."""
        self._link.send(f'{{"op":"delta","seq":1,{parts}}}\n'.encode())
        if not self._answered:
            answer = self._link.answer()
            assert answer["ok"], answer
        self._answered = False

    def kill(self) -> None:
        assert self._wire.process is not None
        self._wire.process.kill()
        self._wire.process.wait()

    def spawn(self) -> None:
        self._wire.spawn()


class Other(Speaker):
    """A speaker of others, driven as its stack does it."""

    kind: type[Stack]
    way = ""

    def __init__(self, stage: BgpStage, folder: Path, stack: ExitStack) -> None:
        namespace, root = stage.node.namespace, stage.frr.root
        self.stack = self.kind(root, namespace, folder, NODE_ASN, stage.node.ipv4, stage.neighbours())
        stack.callback(self.stack.end)
        self._name = f"{self.stack.name} {self.stack.version}, {self.way}"

    @property
    def name(self) -> str:
        return self._name

    @property
    def pids(self) -> list[int]:
        return self.stack.pids

    def announce(self, prefixes: Sequence[str]) -> None:
        self.stack.announce(prefixes)

    def withdraw(self, prefixes: Sequence[str]) -> None:
        self.stack.withdraw(prefixes)

    def kill(self) -> None:
        self.stack.kill()

    def spawn(self) -> None:
        self.stack.spawn()


class _FrrNetworks(Frr):
    """Sends many lines before it reads the answers."""

    def _networks(self, word: str, prefixes: Iterable[str]) -> None:
        lines = ["configure terminal", f"router bgp {self.asn}"]
        for family, some in by_family(prefixes).items():
            if some:
                lines += [f"address-family {family} unicast", *(f"{word} {prefix}" for prefix in some)]
                lines.append("exit-address-family")
        lines.append("end")
        for at in range(0, len(lines), BATCH):
            self.vty.run_all(lines[at : at + BATCH])


class FrrNetworks(Other):
    kind, way = _FrrNetworks, "network statements"


class BirdConfigure(Other):
    kind, way = Bird, "configure"


class GoBgpApi(Other):
    kind, way = GoBgp, "gRPC stream"


class ExaBgpApi(Other):
    kind, way = ExaBgp, "API, 100 prefixes a line"


class _BirdTable(Bird):
    def configuration(self) -> str:
        text = super().configuration().replace("where source = RTS_STATIC", "where source = RTS_INHERIT")
        return text + "".join(
            f"protocol kernel {{ kernel table {TABLE}; learn; scan time 60; {f} {{ import all; export none; }}; }}\n"
            for f in FAMILIES
        )


class BirdTable(Other):
    """Routes of a kernel table that BIRD follows; one ``ip`` stays open.

    It loses routes of a burst until its next scan: measured with single ones only.
    """

    kind, way = _BirdTable, "kernel table"
    bulk = False

    def __init__(self, stage: BgpStage, folder: Path, stack: ExitStack) -> None:
        super().__init__(stage, folder, stack)
        command = ["ip", "-n", stage.node.namespace, "-batch", "-"]
        self._ip = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, text=True))

    def announce(self, prefixes: Sequence[str]) -> None:
        self._say("add", prefixes)

    def withdraw(self, prefixes: Sequence[str]) -> None:
        self._say("delete", prefixes)

    def _say(self, word: str, prefixes: Iterable[str]) -> None:
        assert self._ip.stdin is not None
        self._ip.stdin.write("".join(f"route {word} blackhole {prefix} table {TABLE}\n" for prefix in prefixes))
        self._ip.stdin.flush()


Maker = Callable[[BgpStage, Path, ExitStack], Speaker]
MAKERS: list[Maker] = [OurWire, FrrNetworks, BirdConfigure, GoBgpApi, ExaBgpApi]
