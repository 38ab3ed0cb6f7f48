# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder as a source: what is put, what is dropped, and what stays when something goes wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dualstack.resources.collection import key_of
from dualstack.resources.model import Key
from dualstack_speaker.sources.files import MOST_POSTPONED, FolderSource


class Recorder:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.objects: dict[Key, Any] = {}
        self.calls: list[str] = []

    def put(self, given: Mapping[str, Any]) -> bool:
        key = key_of(given)
        self.calls.append(f"put {key.name}")
        changed = self.objects.get(key) != given
        self.objects[key] = given
        return changed

    def drop(self, key: Key) -> bool:
        self.calls.append(f"drop {key.name}")
        return self.objects.pop(key, None) is not None

    def names(self) -> list[str]:
        return sorted(key.name for key in self.objects)


def thing(name: str, value: int = 0) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "value": value}


def write(folder: Path, name: str, content: Any) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / f"{name}.new").write_text(text, encoding="utf-8")
    os.replace(folder / f"{name}.new", folder / name)


def settle(source: FolderSource, sink: Recorder) -> bool:
    """The scan that sees a change, and the one that takes it over."""
    first = source.scan(sink)
    return source.scan(sink) or first


@pytest.mark.parametrize(
    "content",
    [[thing("a"), thing("b")], {"apiVersion": "v1", "kind": "List", "items": [thing("a"), thing("b")]}],
)
def test_arrays_and_lists(tmp_path: Path, content: Any) -> None:
    write(tmp_path, "all.json", content)
    sink, source = Recorder(), FolderSource(str(tmp_path))
    assert source.scan(sink)
    assert sink.names() == ["a", "b"]
    assert source.loaded and not source.lost and not source.findings()


def test_one_object_per_file_and_files_that_do_not_count(tmp_path: Path) -> None:
    write(tmp_path, "a.json", thing("a"))
    for name in (".hidden.json", "a.json.swp", "notes.txt"):
        write(tmp_path, name, thing("no"))
    sink = Recorder()
    FolderSource(str(tmp_path)).scan(sink)
    assert sink.names() == ["a"]


def test_only_changed_files_are_read_again(tmp_path: Path) -> None:
    write(tmp_path, "a.json", thing("a"))
    write(tmp_path, "b.json", thing("b"))
    sink, source = Recorder(), FolderSource(str(tmp_path))
    source.scan(sink)
    sink.calls.clear()
    assert not settle(source, sink)
    write(tmp_path, "b.json", [thing("b", 1), thing("c")])
    assert settle(source, sink)
    assert sink.calls == ["put b", "put c"]


def test_objects_and_files_that_go(tmp_path: Path) -> None:
    write(tmp_path, "a.json", [thing("a"), thing("b")])
    write(tmp_path, "c.json", thing("c"))
    sink, source = Recorder(), FolderSource(str(tmp_path))
    source.scan(sink)
    write(tmp_path, "a.json", [thing("b")])
    os.unlink(tmp_path / "c.json")
    assert settle(source, sink)
    assert sink.names() == ["b"]


def test_files_that_change_together_are_taken_over_together(tmp_path: Path) -> None:
    write(tmp_path, "a.json", thing("a"))
    sink, source = Recorder(), FolderSource(str(tmp_path))
    source.scan(sink)
    sink.calls.clear()
    write(tmp_path, "b.json", thing("b"))
    assert not source.scan(sink)
    write(tmp_path, "c.json", thing("c"))
    assert not source.scan(sink)
    assert not sink.calls
    assert source.scan(sink)
    assert sink.calls == ["put b", "put c"]


def test_a_folder_that_never_rests_is_taken_over_all_the_same(tmp_path: Path) -> None:
    write(tmp_path, "a.json", thing("a"))
    sink, source = Recorder(), FolderSource(str(tmp_path))
    source.scan(sink)
    for number in range(MOST_POSTPONED + 1):
        write(tmp_path, f"n{number}.json", thing(f"n{number}"))
        source.scan(sink)
    assert f"n{MOST_POSTPONED}" in sink.names()


@pytest.mark.parametrize("text", ["", "[", '{"apiVersion": "v1",}', "\x00", '[{"a": 1}'])
def test_a_bad_file_keeps_its_last_good_objects(tmp_path: Path, text: str) -> None:
    write(tmp_path, "a.json", thing("a"))
    write(tmp_path, "b.json", thing("b"))
    sink, source = Recorder(), FolderSource(str(tmp_path))
    source.scan(sink)
    write(tmp_path, "a.json", text)
    write(tmp_path, "b.json", thing("b", 1))
    assert settle(source, sink)
    assert sink.names() == ["a", "b"]
    assert [finding.path.split(":")[0] for finding in source.findings()] == ["a.json"]
    assert source.findings()[0].reason.startswith("is no JSON")
    assert not source.lost
    write(tmp_path, "a.json", thing("a", 2))
    assert settle(source, sink)
    assert not source.findings()


def test_a_place_in_a_bad_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a.json", '[\n{"a": 1},\n{"b" 2}\n]')
    source = FolderSource(str(tmp_path))
    source.scan(Recorder())
    assert source.findings()[0].path == "a.json:3:6"
    assert source.lost


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'"\xff"')
    source = FolderSource(str(tmp_path))
    source.scan(Recorder())
    assert source.findings()[0].path == "a.json"


@pytest.mark.parametrize("bad", [{"kind": "Node"}, 7, None, "text", []])
def test_a_nameless_object_harms_nobody_and_nothing_is_taken_away(tmp_path: Path, bad: Any) -> None:
    write(tmp_path, "a.json", [thing("a"), thing("b")])
    sink, source = Recorder(), FolderSource(str(tmp_path))
    source.scan(sink)
    write(tmp_path, "a.json", [bad, thing("b", 1)])
    assert settle(source, sink)
    assert sink.names() == ["a", "b"]
    assert [finding.path for finding in source.findings()] == ["a.json[0]"]


def test_an_object_in_two_files_counts_once_and_survives_in_the_other(tmp_path: Path) -> None:
    write(tmp_path, "a.json", thing("x", 1))
    write(tmp_path, "b.json", thing("x", 2))
    sink, source = Recorder(), FolderSource(str(tmp_path))
    source.scan(sink)
    assert [entry["value"] for entry in sink.objects.values()] == [1]
    assert "a.json" in source.findings()[0].reason
    os.unlink(tmp_path / "a.json")
    settle(source, sink)
    assert [entry["value"] for entry in sink.objects.values()] == [2]
    assert not source.findings()


def test_an_empty_or_missing_folder_is_not_taken_for_no_objects(tmp_path: Path) -> None:
    folder = tmp_path / "resources"
    sink, source = Recorder(), FolderSource(str(folder))
    assert source.scan(sink)
    assert not source.loaded
    folder.mkdir()
    source.scan(sink)
    assert not source.loaded and "holds no" in source.findings()[0].reason
    write(folder, "a.json", thing("a"))
    assert source.scan(sink)
    assert source.loaded and not source.findings()
    os.unlink(folder / "a.json")
    settle(source, sink)
    assert sink.names() == ["a"] and source.findings()
    folder.rename(tmp_path / "away")
    source.scan(sink)
    assert sink.names() == ["a"] and source.findings()
    folder.mkdir()
    write(folder, "none.json", [])
    settle(source, sink)
    assert not sink.objects and not source.findings()
