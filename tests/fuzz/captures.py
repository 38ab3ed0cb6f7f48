# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What real neighbours were heard to say: tests/fixtures/captures/SOURCE.jsonl, made by capture.py.

A line is ``{"kind": bgp|bfd|arp|ndp|mld, "scene": what was going on, "stream": who to whom, "data": [hex …]}``: of BGP
the messages of one direction of a connection, in order; of the others the distinct packets of one sender.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from fuzz.tap import Item

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "captures"


def write(source: str, scenes: dict[str, list[Item]]) -> int:
    """Stores what was heard of a source, without what is there already; how many octets the file has."""
    seen: set[bytes] = set()
    lines = []
    for scene, items in scenes.items():
        streams: dict[tuple[str, str], list[str]] = {}
        for item in items:
            told = _telling(item)
            if told in seen:
                continue
            seen.add(told)
            streams.setdefault((item.kind, item.stream), []).append(item.data.hex())
        for (kind, stream), data in streams.items():
            lines.append(json.dumps({"kind": kind, "scene": scene, "stream": stream, "data": data}))
    path = FOLDER / f"{source}.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path.stat().st_size


def _telling(item: Item) -> bytes:
    """What makes an item another one: of BFD, all but the discriminators; of OPENs, the connection too."""
    if item.kind == "bfd":
        return b"bfd" + item.data[:4] + item.data[12:]
    if item.kind == "bgp" and item.data[18] == 1:
        return item.stream.encode() + item.data
    return item.kind.encode() + item.data


@cache
def streams(*kinds: str) -> tuple[tuple[bytes, ...], ...]:
    """All streams of these kinds, from all sources."""
    found = []
    for path in sorted(FOLDER.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if entry["kind"] in kinds:
                found.append(tuple(map(bytes.fromhex, entry["data"])))
    assert found, f"no captures of {kinds}"
    return tuple(found)


@cache
def items(*kinds: str) -> tuple[bytes, ...]:
    """All distinct items of these kinds, from all sources."""
    return tuple(sorted(distinct(item for stream in streams(*kinds) for item in stream)))


def distinct(data: Iterable[bytes]) -> set[bytes]:
    """Without repetitions."""
    return set(data)
