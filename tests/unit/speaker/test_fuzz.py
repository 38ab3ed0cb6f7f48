# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A short run of each fuzzer (tests/fuzz; ``make soak``: a million inputs), and that the fuzzers see what is wrong."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from typing import Any, Callable

import pytest
from fuzz import captures, engine, layer2, mutate, strict_bgp
from fuzz.all import FUZZERS
from fuzz.engine import Broken, Step

from dualstack.resources import cluster, collection
from dualstack_speaker.base.model import Attributes
from dualstack_speaker.bfd import fsm as bfd_fsm
from dualstack_speaker.bfd import packet as bfd_packet
from dualstack_speaker.bgp import attributes, framing, messages, session
from dualstack_speaker.discovery import messages as discovery
from dualstack_speaker.election import election, packet
from dualstack_speaker.kube import reflector, settings
from dualstack_speaker.kube.errors import SettingsError
from dualstack_speaker.layer2 import arp, ndp, responder
from dualstack_speaker.link import peers, store

SEED = "short run"
FUZZER = {fuzzer.name: fuzzer for fuzzer, _unused in FUZZERS}


@pytest.mark.parametrize("name", FUZZER)
def test_short_run(name: str, request: pytest.FixtureRequest) -> None:
    wanted = 2 if request.config.getoption("--hypothesis-profile") == "brief" else 40
    shares = {fuzzer.name: min(share, 20) for fuzzer, share in FUZZERS}
    report = engine.run(FUZZER[name], SEED, wanted * 10 * shares[name])
    assert report.inputs >= wanted * 10 * shares[name]


class Wrong:
    """A fuzzer of something that is wrong when it gets a 7 behind a 3."""

    name = "wrong"
    packages = ("base/",)

    def __init__(self, wrong: Callable[[list[int]], Any]) -> None:
        self._wrong = wrong

    def case(self, chance: random.Random) -> list[Step]:
        return [["data", mutate.octets(chance, 20).hex()] for _unused in range(chance.randint(1, 20))]

    def play(self, steps: Iterable[Step]) -> Iterator[int]:
        seen: list[int] = []
        for _unused, text in steps:
            for octet in bytes.fromhex(text):
                seen.append(octet & 7)
                if 7 in seen and 3 in seen[: seen.index(7)]:
                    self._wrong(seen)
            yield len(text) // 2


def fail(seen: list[int]) -> None:
    raise KeyError(len(seen))


def test_a_failure_is_told_small_and_can_be_repeated() -> None:
    fuzzer = Wrong(fail)
    with pytest.raises(Broken) as caught:
        engine.run(fuzzer, SEED, 1000)
    told = str(caught.value)
    steps = json.loads(told[told.index("'") + 1 : told.rindex("'")])
    assert len(b"".join(bytes.fromhex(text) for _unused, text in steps)) == 2
    with pytest.raises(KeyError):
        list(fuzzer.play(steps))


def test_what_has_no_end_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def for_ever(_seen: list[int]) -> None:
        while True:
            pass

    monkeypatch.setattr(engine, "CPU", 0.2)
    monkeypatch.setattr(engine, "METERED", 10**9)
    monkeypatch.setattr(engine, "minimise", lambda _fuzzer, steps, _error: steps)
    with pytest.raises(Broken, match=r"s of CPU|lines of code"):
        engine.run(Wrong(for_ever), SEED, 10_000)


def test_what_grows_is_noticed() -> None:
    kept: list[bytes] = []
    with pytest.raises(Broken, match=r"kept .* octets more"):
        engine.endure(Wrong(lambda seen: kept.append(bytes(100))), SEED)
    with pytest.raises(Broken, match="blocks of memory stayed"):
        engine.run(Wrong(lambda seen: kept.append(bytes(100))), SEED, 100_000)


@pytest.mark.parametrize("name", [fuzzer.name for fuzzer, _unused in FUZZERS])
def test_steps_that_never_end_are_taken_one_by_one(name: str) -> None:
    """One that first wanted all of them waited for ever."""
    (fuzzer,) = [fuzzer for fuzzer, _unused in FUZZERS if fuzzer.name == name]
    taken = 0

    def steps() -> Iterator[Step]:
        nonlocal taken
        for number in range(1000):
            for step in fuzzer.case(random.Random(f"{SEED} {number}"))[number > 0 :]:
                taken += 1
                yield step
        raise AssertionError("all steps were taken before the first input")

    next(iter(fuzzer.play(steps())))
    assert taken < 1000


def test_the_same_seed_gives_the_same_inputs() -> None:
    for fuzzer in FUZZER.values():
        first, second = (fuzzer.case(random.Random(SEED)) for _unused in range(2))
        assert first == second and json.loads(json.dumps(first)) == first


def spoil(data: bytes) -> bytes:
    return data[:-1] + bytes((data[-1] ^ 1,))


def no_claims(self: responder.Responder, frame: bytes) -> Any:
    return responder.Answer(frame, frame[38:42])


# A fault put into the product, and the fuzzer that has to find it.
FAULTS: list[tuple[str, Any, str, Any]] = [
    ("bgp session", messages, "message", lambda kind, body=b"": spoil(framing.message(kind, body))),
    ("bgp session", framing.Framer, "take", lambda self: None),
    ("bgp session", attributes, "_as_path", lambda peer, wide: b""),
    ("bgp session", attributes, "about_to_go", lambda values: Attributes((), (), -1)),
    ("bgp session", messages, "_wrong_asn", lambda peer, asn: ""),
    ("bgp session", session.Session, "blocked", lambda self, number, now: [messages]),
    ("bfd", bfd_packet, "VERSION", 2),
    ("bfd", bfd_fsm.TABLE[bfd_fsm.State.UP], bfd_fsm.Event.DOWN, (bfd_fsm.State.UP, None, bfd_fsm.Effect.NOTHING)),
    ("bfd", bfd_packet, "_AUTHENTICATED", 0),
    ("arp", responder.Responder, "arp", no_claims),
    ("arp", arp, "BROADCAST", bytes(6)),
    ("ndp", ndp, "_remainder", lambda data, length: 0),
    ("ndp", ndp, "OVERRIDE", 0),
    ("discovery", discovery, "_HOPS", 254),
    ("discovery", discovery, "_options", lambda reader: {}),
    ("election", election, "choose", lambda seen: "node9"),
    ("link", peers, "decode", lambda where, value: {}[where]),
    ("link", store, "_check", lambda wanted, routes: None),
    ("journal", store.Store, "change", lambda self, delta: self.state.routes.clear()),
    ("resources", collection, "has_errors", lambda findings: False),
    ("resources", cluster, "address_text", lambda family, value: f"{family} {value}"),
    ("watch", reflector.Reflector, "_strip", lambda self, given: None),
    ("watch", reflector, "decode", json.loads),
    ("kubeconfig", settings._Kubeconfig, "_error", lambda self, place, words: SettingsError(str(self._given))),
    ("heartbeat", packet, "Short", KeyError),
    ("heartbeat", packet, "_items", lambda reader, octets, most: []),
]


@pytest.mark.parametrize(("name", "place", "what", "fault"), FAULTS, ids=lambda value: str(value)[:20])
def test_a_fault_in_the_product_is_found(
    name: str, place: Any, what: Any, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "minimise", lambda _fuzzer, steps, _error: steps)
    if isinstance(place, dict):
        monkeypatch.setitem(place, what, fault)
    else:
        monkeypatch.setattr(place, what, fault)
    with pytest.raises(Broken):
        engine.run(FUZZER[name], SEED, 30_000)


def test_captures_hold_what_we_never_send() -> None:
    """Both directions of real sessions, and UPDATEs of attributes, families and options of others."""
    kinds = {data[18] for data in captures.items("bgp")}
    assert kinds == {1, 2, 3, 4, 5}
    updates = b"".join(data for data in captures.items("bgp") if data[18] == 2)
    for code in (4, 7, 9, 10, 16):  # MED, AGGREGATOR, ORIGINATOR_ID, CLUSTER_LIST, extended communities
        assert bytes((0x80, code)) in updates or bytes((0xC0, code)) in updates, code
    assert bytes.fromhex("001946") in updates, "EVPN"
    assert {data[1] >> 6 for data in captures.items("bfd")} == {0, 1, 2, 3}
    assert {data[21] for data in captures.items("arp")} == {1, 2}
    assert {data[54] for data in captures.items("ndp")} == {133, 134, 135, 136}
    assert captures.items("mld")


def test_captures_are_small_and_of_no_real_place() -> None:
    paths = sorted(captures.FOLDER.glob("*.jsonl"))
    assert {path.name.split("-")[0] for path in paths} == {"bird", "exabgp", "frr", "gobgp", "linux"}
    assert sum(path.stat().st_size for path in paths) < 300_000
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            assert set(entry) == {"kind", "scene", "stream", "data"} and entry["data"]


def test_the_second_reader_of_arp() -> None:
    held = set(layer2.OURS)
    frame = bytes.fromhex("ffffffffffff020000000001080600010800060400010200000000010a0001010000000000000a0001c8")
    assert layer2.asks_by_arp(frame, held) == layer2.OURS[0]
    assert layer2.asks_by_arp(frame[:-1] + b"\x01", held) is None
    with pytest.raises(strict_bgp.Wrong):
        layer2.right_arp(frame, frame, layer2.OURS[0])
