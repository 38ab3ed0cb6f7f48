# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARP and NDP: changed frames to one interface's responder, whose claims go to the ownership of the addresses, whose
announcements and questions go out paced. A second reader of both protocols says which answer is right.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from fuzz import captures, mutate
from fuzz.engine import Step
from fuzz.strict_bgp import need

from dualstack_speaker.base.addresses import parse
from dualstack_speaker.layer2 import announcer, ownership
from dualstack_speaker.layer2.responder import Responder

MAC = bytes.fromhex("020000000011")
OURS = [parse(text) for text in ("10.0.1.200", "10.0.1.201", "2001:db8:dc:1::200", "2001:db8:dc:1::201")]
STRANGE = [
    parse(text) for text in ("10.0.1.99", "0.0.0.0", "255.255.255.255", "2001:db8:dc:1::99", "::", "ff02::1", "fe80::1")
]
SOURCE = parse("fe80::11")
INTERFACE = 2
STORM = 14  # single announcements and questions of one address in 10 s; a burst is not among them


def checksum(source: bytes, destination: bytes, message: bytes) -> int:
    """The checksum that belongs into an ICMPv6 message whose own is 0 (RFC 4443 section 2.3, RFC 8200 section 8.1)."""
    data = source + destination + len(message).to_bytes(4, "big") + b"\0\0\0\x3a" + message
    data += b"\0" * (len(data) % 2)
    total = 0
    for at in range(0, len(data), 2):
        total += data[at] << 8 | data[at + 1]
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def mend(frame: bytes) -> bytes:
    """The frame with lengths and a checksum that fit."""
    if len(frame) < 58:
        return frame
    message = frame[54:56] + b"\0\0" + frame[58:]
    found = checksum(frame[22:38], frame[38:54], message)
    return (
        frame[:18]
        + len(message).to_bytes(2, "big")
        + frame[20:54]
        + message[:2]
        + found.to_bytes(2, "big")
        + message[4:]
    )


def asks_by_arp(frame: bytes, held: set[bytes]) -> bytes | None:
    """The address of ours that an ARP frame asks for, where it is to be answered (RFC 826, 5227)."""
    if len(frame) < 42 or frame[12:22] != bytes.fromhex("08060001080006040001"):
        return None
    sender_mac, sender, target = frame[22:28], frame[28:32], frame[38:42]
    if target not in held or sender == target or frame[6:12] == MAC:
        return None
    if frame[:6] not in (MAC, b"\xff" * 6) or sender_mac[0] & 1 or not any(sender_mac):
        return None
    return target


def asks_by_ndp(frame: bytes, held: set[bytes]) -> bytes | None:
    """The address of ours that a frame solicits, where RFC 4861 section 7.1.1 has it taken."""
    if len(frame) < 78 or frame[12:14] != b"\x86\xdd" or frame[14] >> 4 != 6 or frame[20] != 58 or frame[21] != 255:
        return None
    length = int.from_bytes(frame[18:20], "big")
    if length < 24 or len(frame) < 54 + length or frame[54:56] != b"\x87\0" or frame[6:12] == MAC:
        return None
    message, source, destination, target = frame[54 : 54 + length], frame[22:38], frame[38:54], frame[62:78]
    right = checksum(source, destination, message[:2] + b"\0\0" + message[4:])
    if int.from_bytes(message[2:4], "big") % 0xFFFF != right % 0xFFFF:
        return None
    mac, rest = None, message[24:]
    while rest:
        if len(rest) < 2 or not rest[1] or len(rest) < rest[1] * 8:
            return None
        if rest[0] == 1 and rest[1] == 1:
            mac = rest[2:8]
        rest = rest[rest[1] * 8 :]
    if target[0] == 0xFF or source[0] == 0xFF or target not in held:
        return None
    if frame[:2] != b"\x33\x33" and frame[:6] != MAC:
        return None
    if source == bytes(16):
        group = bytes.fromhex("ff0200000000000000000001ff") + target[13:]
        return target if mac is None and destination == group else None
    asker = mac or frame[6:12]
    return target if not asker[0] & 1 and any(asker) else None


def right_arp(reply: bytes, frame: bytes, target: bytes) -> None:
    """The one right ARP reply."""
    asker = frame[22:28]
    need(
        reply == asker + MAC + bytes.fromhex("08060001080006040002") + MAC + target + asker + frame[28:32],
        "the ARP reply",
    )


def right_ndp(reply: bytes, frame: bytes, target: bytes) -> None:
    """The one right advertisement (RFC 4861 section 7.2.4)."""
    source = frame[22:38]
    dad = source == bytes(16)
    destination = parse("ff02::1") if dad else source
    if dad:
        to = bytes.fromhex("333300000001")
    else:
        options = {}
        rest = frame[78 : 54 + int.from_bytes(frame[18:20], "big")]
        while rest:
            if rest[1] == 1:
                options[rest[0]] = rest[2:8]
            rest = rest[rest[1] * 8 :]
        to = options.get(1, frame[6:12])
    right_advertisement(reply, to, destination, target, 0x20 if dad else 0x60)


def right_advertisement(frame: bytes, to: bytes, destination: bytes, target: bytes, flags: int) -> None:
    """An advertisement of ours to the last bit."""
    message = bytes((136, 0, 0, 0, flags, 0, 0, 0)) + target + b"\2\1" + MAC
    head = to + MAC + bytes.fromhex("86dd600000000020 3aff".replace(" ", "")) + target + destination
    need(frame[: 54 + 2] == head + message[:2] and frame[58:] == message[4:], "the advertisement")
    right = checksum(target, destination, message)
    need(int.from_bytes(frame[56:58], "big") % 0xFFFF == right % 0xFFFF, "its checksum")


class World:
    """An interface with its addresses."""

    def __init__(self) -> None:
        self.now = 100.0
        self.responder = Responder(MAC)
        self.owning = ownership.Ownership(600.0)
        self.saying = announcer.Announcer()
        self.said: list[tuple[float, bytes]] = []  # single announcements and questions

    def hold(self, address: bytes) -> None:
        """The address is ours from now on."""
        self.responder.add([address])
        self.owning.began((INTERFACE, address), self.now)
        self.saying.begin(INTERFACE, address, self.now)

    def lose(self, address: bytes) -> None:
        """The address is not ours any more."""
        self.responder.remove([address])
        self.owning.ended((INTERFACE, address))
        self.saying.cease(INTERFACE, address)

    def hear(self, frame: bytes, arp: bool) -> None:
        """A frame arrives."""
        responder, held = self.responder, self.responder.addresses
        target = asks_by_arp(frame, held) if arp else asks_by_ndp(frame, held)
        answer = responder.arp(frame) if arp else responder.ndp(frame)
        need((answer is None) == (target is None), f"answered {answer is not None}, asked for {target is not None}")
        if answer is not None and target is not None:
            need(answer.address == target and target in held, "the address that was asked for")
            (right_arp if arp else right_ndp)(answer.frame, frame, target)
            need(len(answer.frame) <= len(frame) + 8, "a reply is no larger than the question and the MAC in it")
        for claim in responder.take_claims():
            need(claim.address in held and claim.mac != MAC, "a claim of an address of ours by another")
            self.own(self.owning.claimed((INTERFACE, claim.address), claim.mac, claim.public, self.now))
        need(len(responder.drops) <= 16, "reasons of drops")
        need(set(responder.requests) <= set(OURS), "counters of addresses that are not ours")

    def own(self, outputs: list[ownership.Output]) -> None:
        """Carries out what ownership asks for."""
        for output in outputs:
            if isinstance(output, (ownership.Announce, ownership.Ask)):
                kind = announcer.ANNOUNCEMENT if isinstance(output, ownership.Announce) else announcer.PROBE
                self.saying.once(kind, *output.key, self.now)

    def run(self, moment: float) -> None:
        """Lets time pass."""
        for _unused in range(500):
            due = [at for at in (self.owning.next, self.saying.next) if at is not None and at <= moment]
            if not due:
                break
            self.now = max(self.now, min(due))
            self.own(self.owning.due(self.now))
            for saying in self.saying.take(self.now):
                self._said(saying)
        self.now = max(self.now, moment)
        self.said = [entry for entry in self.said if entry[0] > self.now - 10.0]
        for address in OURS:
            need(sum(each == address for _at, each in self.said) <= STORM, "a storm of announcements")
        for held in self.owning.holdings():
            need(len(held.macs) <= ownership.MOST, "MACs that are kept")

    def _said(self, saying: announcer.Saying) -> None:
        kind, _unused, address = saying
        held = address in self.responder.addresses
        if kind in (announcer.ANNOUNCEMENT, announcer.PROBE):
            self.said.append((self.now, address))
        need(held or kind != announcer.ROUND, "a round of an address that was given up")
        frame = announcer.frame(kind, MAC, address, SOURCE)
        if len(address) == 4:
            operation, sender = (
                (2 if kind == announcer.REPLY else 1),
                (bytes(4) if kind == announcer.PROBE else address),
            )
            head = b"\xff" * 6 + MAC + bytes.fromhex("0806000108000604") + operation.to_bytes(2, "big")
            need(frame[:32] == head + MAC + sender and frame[38:] == address, "a probe or announcement (RFC 5227)")
        elif kind != announcer.PROBE:
            right_advertisement(frame, bytes.fromhex("333300000001"), parse("ff02::1"), address, 0x20)
        else:
            need(frame[54] == 135 and mend(frame)[56:58] == frame[56:58], "the question and its checksum")


class Layer2:
    """The fuzzer; ``arp`` or NDP."""

    packages = ("layer2/arp.py", "layer2/ndp.py", "layer2/responder.py", "layer2/ownership.py", "layer2/announcer.py")

    def __init__(self, arp: bool) -> None:
        self.name = "arp" if arp else "ndp"
        self._arp = arp

    def case(self, chance: random.Random) -> list[Step]:
        steps: list[Step] = [["begin"]]
        for _unused in range(chance.randint(5, 60)):
            kind = chance.randrange(40)
            if kind < 34:
                steps.append(["frame", self._frame(chance).hex()])
            elif kind < 37:
                steps.append(["time", chance.choice((0.001, 0.5, 1.1, 3.0, 7.0, 10.0, 31.0, 700.0))])
            else:
                steps.append([chance.choice(("hold", "lose")), chance.randrange(4)])
        return steps

    def _frame(self, chance: random.Random) -> bytes:
        captured = captures.items("arp") if self._arp else captures.items("ndp", "mld")
        data = bytearray(chance.choice(captured))
        addresses = OURS + STRANGE if chance.random() < 0.5 else OURS
        if chance.random() < 0.8:  # about us
            fields = (28, 38) if self._arp else (22, 38, 62)
            size = 4 if self._arp else 16
            for at in fields:
                if chance.random() < 0.6 or at == fields[-1]:
                    fitting = [one for one in addresses if len(one) == size]
                    data[at : at + size] = chance.choice(fitting)
            if not self._arp and chance.random() < 0.4:
                data[38:54] = bytes.fromhex("ff0200000000000000000001ff") + data[75:78]
            if chance.random() < 0.6:
                multicast = b"\xff" * 6 if self._arp else b"\x33\x33" + data[50:54]
                data[:6] = chance.choice((multicast, multicast, MAC, bytes(6)))
        if chance.random() < 0.4:
            data = bytearray(mutate.mutate(chance, bytes(data), captured))
        if chance.random() < 0.05:
            data[6:12] = MAC
        if chance.random() < 0.05 and len(data) > 28:  # who can't be answered
            at = 22 if self._arp else 6
            data[at : at + 6] = chance.choice((bytes(6), b"\xff" * 6, b"\x01" + bytes(5)))
        if not self._arp and chance.random() < 0.85:
            return mend(bytes(data))
        return bytes(data) + (bytes(18) if chance.random() < 0.2 else b"")

    def play(self, steps: Iterable[Step]) -> Iterator[int]:
        world = World()
        for address in OURS[::2]:
            world.hold(address)
        world.run(world.now)
        for verb, *arguments in steps:
            if verb == "frame":
                frame = bytes.fromhex(arguments[0])
                world.hear(frame, self._arp)
                yield len(frame)
            elif verb == "time":
                world.run(world.now + arguments[0])
            elif verb in ("hold", "lose"):
                address = OURS[arguments[0]]
                held = address in world.responder.addresses
                if verb == "hold" and not held:
                    world.hold(address)
                elif verb == "lose" and held:
                    world.lose(address)
