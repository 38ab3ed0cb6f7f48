# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the speaker is on a host: which files, which of them go, and that secrets are never shown."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import fabrics
import pytest

from ansible_collections.baremetal.dualstack.plugins.module_utils import host_files, speaker_host
from ansible_collections.baremetal.dualstack.plugins.module_utils.bundle import build
from ansible_collections.baremetal.dualstack.plugins.module_utils.host_files import HostFile, compare
from ansible_collections.baremetal.dualstack.plugins.module_utils.speaker_host import Wanted
from dualstack.plan.build import make
from dualstack.render import speaker

UNIT = "[Unit]\nDescription=x\n\n[Service]\nExecStart=/x\n"
WIRE, SPEAKER = speaker_host.SPEAKER.configs


def wanted(**given: Any) -> Wanted:
    base: dict[str, Any] = {
        "bundles": {"wire": ("wire-1.pyz", b"w"), "speaker": ("speaker-1.pyz", b"s")},
        "files": {"speaker.json": "{}", "wire.json": "{}", "resources/a.json": "[]"},
        "secrets": {"bgp-auth": "hunter2"},
        "units": {WIRE: UNIT, SPEAKER: UNIT},
        "python": "/usr/bin/python3",
        "user": "dualstack",
    }
    return Wanted(**{**base, **given})


def by_path(given: Wanted) -> dict[str, HostFile]:
    return {file.path: file for file in speaker_host.files(given)}


def test_a_secret_is_for_the_daemon_alone() -> None:
    file = by_path(wanted())["/etc/dualstack/resources/secret-bgp-auth.json"]
    assert (file.mode, file.owner, file.group) == (0o600, "dualstack", "dualstack")
    assert json.loads(file.content)["stringData"] == {"password": "hunter2"}
    assert "hunter2" not in repr(file)


@pytest.mark.parametrize("before", [None, b"old secret", b"same"])
def test_a_diff_shows_no_secret(before: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    if before is not None:
        path.write_bytes(before)
    (change,) = compare([HostFile(str(path), b"same", 0o600, "nobody", opaque="(secret x)")])
    text = json.dumps(change.diff())
    assert "(secret x)" in text
    assert "old" not in text and "same" not in text and "same" not in repr(change)


def test_a_removed_file_shows_nothing(tmp_path: Path) -> None:
    (tmp_path / "gone").write_text("hunter2", encoding="utf-8")
    (change,) = compare([], [str(tmp_path / "gone"), str(tmp_path / "never")])
    assert "hunter2" not in json.dumps(change.diff())


@pytest.mark.root
def test_files_are_written_with_owner_and_mode_and_then_equal(tmp_path: Path) -> None:
    files = [
        HostFile(str(tmp_path / "a"), b"one", 0o640, "root", "daemon"),
        HostFile(str(tmp_path / "b"), b"two", 0o755),
    ]
    (tmp_path / "old").write_text("x", encoding="utf-8")
    host_files.apply(compare(files, [str(tmp_path / "old")]))
    assert compare(files, [str(tmp_path / "old")]) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    (tmp_path / "b").chmod(0o700)
    (change,) = compare(files)
    assert change.diff()["before"].startswith("# root:root 0700, wanted root:root 0755")


def test_a_unit_carries_the_hash_of_what_it_runs_from() -> None:
    base = speaker_host.generation(wanted(), WIRE)
    assert (
        f"[Service]\nEnvironment=DUALSTACK_GENERATION={base} DUALSTACK_FRAME=\nExecStart"
        in by_path(wanted())[f"/etc/systemd/system/{WIRE}"].content.decode()
    )
    same = wanted(files={**wanted().files, "resources/a.json": "[1]", "speaker.json": "[]"}, secrets={})
    assert speaker_host.generation(same, WIRE) == base
    assert speaker_host.generation(same, SPEAKER) != speaker_host.generation(wanted(), SPEAKER)
    assert speaker_host.generation(wanted(files={**wanted().files, "wire.json": "[]"}), WIRE) != base
    assert speaker_host.generation(wanted(units={WIRE: UNIT + "#\n", SPEAKER: UNIT}), WIRE) != base


def test_the_frame_is_all_of_a_unit_that_a_reload_cannot_change() -> None:
    def frame(text: str, bundle: str = "wire-1.pyz", **given: Any) -> str:
        bundles = {"wire": (bundle, b"w"), "speaker": ("speaker-1.pyz", b"s")}
        return speaker_host.frame(wanted(bundles=bundles, units={WIRE: text, SPEAKER: UNIT}, **given), WIRE)

    known = "[Service]\nExecStart=/x/{0} wire\nExecReload=/x/{0} wire --take-over\n{1}"
    base = frame(known.format("wire-1.pyz", ""))
    assert base
    assert frame(known.format("wire-2.pyz", ""), "wire-2.pyz", files={"wire.json": "[]"}) == base
    assert frame(known.format("wire-1.pyz", "PrivateTmp=yes\n")) != base
    assert frame(UNIT) == ""


def content(file: HostFile) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.content)
    return found


def test_what_is_not_wanted_any_more_goes_and_the_last_programs_stay() -> None:
    first = speaker_host.manifest(wanted(), {})
    assert speaker_host.stale({}, first) == []
    assert speaker_host.manifest(wanted(), content(first)) == first

    second = speaker_host.manifest(
        wanted(bundles={"wire": ("wire-1.pyz", b"w"), "speaker": ("speaker-2.pyz", b"t")}, secrets={}), content(first)
    )
    assert speaker_host.stale(content(first), second) == ["/etc/dualstack/resources/secret-bgp-auth.json"]
    again = speaker_host.manifest(
        wanted(bundles={"wire": ("wire-1.pyz", b"w"), "speaker": ("speaker-2.pyz", b"t")}, secrets={}), content(second)
    )
    assert again == second

    third = speaker_host.manifest(
        wanted(bundles={"wire": ("wire-1.pyz", b"w"), "speaker": ("speaker-3.pyz", b"u")}, secrets={}), content(second)
    )
    assert speaker_host.stale(content(second), third) == ["/usr/local/lib/dualstack/speaker-1.pyz"]


@pytest.fixture
def real(checkout: Path) -> Wanted:
    """The demo's node1 with the real programs."""
    plan, _unused = make(*fabrics.read("demo"))
    assert plan is not None
    bundles = {name: tuple(build(str(checkout), name)) for name in ("wire", "speaker")}
    return wanted(bundles=bundles, files=speaker.render(plan, "node1"), python=sys.executable)


# This machine has not the node's addresses, so the sessions find no next hop here: said, and no reason to refuse.
def test_the_programs_accept_what_is_rendered(real: Wanted) -> None:
    assert speaker_host.check(real) == []


@pytest.mark.parametrize(
    ("path", "text", "named"),
    [
        ("wire.json", '{"sockets": "/x"}', "wire.json: unknown key 'sockets'"),
        ("speaker.json", "{", "speaker.json: no JSON"),
        ("resources/bgppeer.json", "[", "bgppeer.json:1:2"),
        ("resources/bgppeer.json", '[{"apiVersion": "metallb.io/v1beta2", "kind": "BGPPeer"}]', "bgppeer.json[0]"),
    ],
)
def test_the_programs_refuse_what_is_wrong(real: Wanted, path: str, text: str, named: str) -> None:
    objections = speaker_host.check(real._replace(files={**real.files, path: text}))
    assert any(named in line for line in objections), objections
    assert not any("hunter2" in line or "/tmp/" in line for line in objections)
