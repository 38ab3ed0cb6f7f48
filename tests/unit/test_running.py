# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second try of tests with real daemons: what passes, what is told as unsteady, and what fails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from check import checks
from running import Check, Lane, Run, run_all, tell

TESTS = """
from pathlib import Path
import pytest
DONE = Path(__file__).with_name("done")

def test_steady():
    with DONE.open("a") as done:
        done.write("steady ")

def test_unsteady():
    with DONE.open("a") as done:
        done.write("unsteady ")
    assert DONE.read_text().split().count("unsteady") == 2

@pytest.mark.skipif(FAILS < 1, reason="not asked for")
def test_wrong():
    assert not FAILS

@pytest.fixture
def scene():
    with DONE.open("a") as done:
        done.write("scene ")
    assert FAILS >= 0 or DONE.read_text().split().count("scene") == 2

@pytest.mark.skipif(FAILS >= 0, reason="not asked for")
def test_set_up(scene):
    pass
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs of pytest here load only the plugin that they need."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def made(folder: Path, fails: int, lane: Lane = Lane.DAEMONS, spread: list[str] | None = None) -> Check:
    """A check of some tests, of which ``fails`` are wrong; -1: a fixture fails once."""
    path = folder / "test_some.py"
    path.write_text(TESTS.replace("FAILS", str(fails)), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", f"--rootdir={folder}", str(path)]
    return Check("some", "all", command, spread or [], lane)


def run(check: Check) -> Run:
    (result,) = run_all([check])
    return result


@pytest.mark.parametrize("spread", [[], ["-p", "xdist", "--numprocesses", "2"]], ids=["one process", "two"])
def test_what_passes_at_the_second_try_is_unsteady(
    spread: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run(made(tmp_path, 0, spread=spread))
    assert (result.status, result.unsteady) == (0, ("test_some.py::test_unsteady",))
    assert sorted((tmp_path / "done").read_text().split()) == ["steady", "unsteady", "unsteady"], "failed ones alone"
    capsys.readouterr()
    assert tell([result]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == [
        "UNSTEADY: test_some.py::test_unsteady passed at the second try only (some)",
        "checks: 1 passed, 0 failed",
    ]


def test_a_fixture_has_a_second_try_too(tmp_path: Path) -> None:
    result = run(made(tmp_path, -1))
    assert (result.status, result.unsteady) == (0, ("test_some.py::test_set_up", "test_some.py::test_unsteady"))


def test_what_fails_twice_has_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(made(tmp_path, 1))
    assert (result.status, result.unsteady) == (1, ())
    capsys.readouterr()
    assert tell([Run(Check("other", "all", []), None), result]) == 1
    assert capsys.readouterr().out.splitlines()[3:] == ["failed: some", "checks: 1 passed, 1 failed"]


def test_tests_of_pure_code_have_one_try(tmp_path: Path) -> None:
    assert run(made(tmp_path, 0, lane=Lane.COMPUTING)).status == 1
    assert (tmp_path / "done").read_text().split() == ["steady", "unsteady"]


@pytest.mark.parametrize("name", ["first", "second"])
def test_a_second_try_comes_when_all_others_are_done(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Beside each other: one of each lane."""
    slow = [sys.executable, "-c", "import time; time.sleep(1); print('slow')"]
    others = [Check("slow", "all", slow, lane=Lane.LAB), Check("pure", "all", slow)]
    checks = [made(tmp_path, 0), *others] if name == "first" else [*others, made(tmp_path, 0)]
    assert [run.status for run in run_all(checks)] == [0, 0, 0]
    told = capfd.readouterr().out
    assert told.count("\nslow\n") == 2 and "--last-failed" in told.rpartition("\nslow\n")[2]


@pytest.mark.parametrize("text", ["import missing_module", "def test_broken(:"])
def test_what_can_not_be_read_fails(text: str, tmp_path: Path) -> None:
    check = made(tmp_path, 0)
    (tmp_path / "test_some.py").write_text(text, encoding="utf-8")
    assert run(check).status != 0


def test_a_program_is_run_once_and_its_status_counts(tmp_path: Path) -> None:
    script = f"open({str(tmp_path / 'done')!r}, 'a').write('x'); raise SystemExit(7)"
    assert run(Check("program", "all", [sys.executable, "-c", script], lane=Lane.LAB)).status == 7
    assert (tmp_path / "done").read_text() == "x"


def test_the_time_of_a_core_is_told_and_who_took_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    burning = "import time\ndef test_burn():\n    while time.thread_time() < 1.5: pass\n"
    check = made(tmp_path, 0)
    (tmp_path / "test_some.py").write_text(burning, encoding="utf-8")
    result = run(check)
    assert tell([result]) == 0 and result.busy > 1
    told = capfd.readouterr().out
    assert "call     test_some.py::test_burn" in told and f"{result.busy:.0f} s of a core" in told.splitlines()[-2]


def test_no_check_has_the_name_of_another() -> None:
    names = [check.name for check in checks()]
    assert len(names) == len(set(names))
