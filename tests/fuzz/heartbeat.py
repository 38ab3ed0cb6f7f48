# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heartbeats of other nodes, changed as octets before and behind their code.

Only what a key has signed is read; what is read is within its bounds and comes out again as it went in.
"""

from __future__ import annotations

import hmac
import random
from collections.abc import Iterable, Iterator

from fuzz import mutate
from fuzz.engine import Step
from fuzz.strict_bgp import need

from dualstack_speaker.election import packet
from dualstack_speaker.election.packet import BadBeat, Beat

KEY, OLD_KEY, STRANGE = b"k" * 32, b"o" * 32, b"s" * 32
NODES = ("node1", "node2", "a" * 253)
BEATS = tuple(
    Beat(
        sender=NODES[number % 3],
        receiver=packet.mark(NODES[(number + 1) % 3]),
        incarnation=number * 7 + 1,
        sequence=number,
        challenge=bytes(range(8)),
        echo=bytes(8),
        detection_ms=600,
        serving=bool(number & 1),
        drained=bool(number & 2),
        leaving=bool(number & 4),
        is_open=bool(number & 8),
        blind=number > 8,
        interfaces=("eth0", "bond0.100", "\u00e4")[: number % 4],
        macs=(b"\x02\0\0\0\0\x01",) * (number % 3),
        without=frozenset(packet.mark(name) for name in NODES[: number % 4]),
    )
    for number in range(16)
)


class Heartbeats:
    """The fuzzer of heartbeats."""

    name = "heartbeat"
    packages = ("election/packet.py",)

    def case(self, chance: random.Random) -> list[Step]:
        steps: list[Step] = [["begin"]]
        for _unused in range(chance.randint(1, 20)):
            data = packet.encode(chance.choice(BEATS), KEY)
            kind = chance.randrange(10)
            if kind < 6:  # another body, rightly signed: only who has the key can send it
                body = mutate.mutate(chance, data[: -packet.CODE], [data])
                data = body + hmac.digest(chance.choice((KEY, KEY, OLD_KEY, STRANGE)), body, "sha256")
            elif kind < 9:
                data = mutate.mutate(chance, data)
            else:
                data = mutate.octets(chance, chance.choice((40, 200, 1500)))
            steps.append(["beat", data.hex()])
        return steps

    def play(self, steps: Iterable[Step]) -> Iterator[int]:
        for verb, *arguments in steps:
            if verb == "beat":
                data = bytes.fromhex(arguments[0])
                self._read(data)
                yield len(data)

    def _read(self, data: bytes) -> None:
        body, code = data[: -packet.CODE], data[-packet.CODE :]
        signed = [key for key in (KEY, OLD_KEY) if hmac.digest(key, body, "sha256") == code]
        try:
            beat = packet.decode(data, (KEY, OLD_KEY))
        except BadBeat as error:
            need(str(error) in ("malformed", "version", "wrong key"), "one of a few reasons")
            need(str(error) != "wrong key" or not signed, "a right code is refused")
            return
        need(len(signed) == 1, "a heartbeat that no key has signed")
        need(1 <= len(beat.sender.encode()) <= 255 and 0 < beat.detection_ms <= 65535, "sender and detection")
        need(len(beat.interfaces) <= packet.MOST_INTERFACES and len(beat.without) <= packet.MOST_WITHOUT, "bounds")
        need(all(len(mac) == 6 for mac in beat.macs) and len(beat.receiver) == len(beat.echo) == 8, "lengths")
        again = packet.decode(packet.encode(beat, KEY), (KEY,))
        need(again == beat, "what was read does not come out again")
