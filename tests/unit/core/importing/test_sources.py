# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every manifest and set of flags of the four source documents: an intent says it and renders the same, or it is
refused with the right fix, and what the fix makes of it is accepted. docs/sources.md says what covers the rest of them.

A fixture (tests/fixtures/sources/<document>/<item>.yml) has ``objects`` and ``flags``; ``beside`` names what they
presuppose (beside.yml). ``expect`` is a list of outcomes, each for ``modes`` (default: all):

- ``accepted``: ``intent`` (parts of the intent that must be so), ``plan`` (parts of the plan), ``findings`` (ids);
- ``refused``: for each error its ``rule``, how its place begins (``at``) and what its fix says (``fix``); ``findings``:
  ids beside the errors; ``instead``: what is accepted in its place, with the keys of a fixture and of ``accepted``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from round_trip import check

from dualstack.findings import ERROR
from dualstack.importing import intent_of
from dualstack.plan.build import make
from dualstack.resources import modes

ROOT = Path(__file__).resolve().parents[4]
FOLDER = ROOT / "tests" / "fixtures" / "sources"
PATHS = sorted(FOLDER.glob("*/*.yml"))
BESIDE = yaml.safe_load((FOLDER / "beside.yml").read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def cases() -> Iterator[Any]:
    """Each fixture in each mode for which it says what is to be."""
    for path in PATHS:
        fixture = yaml.safe_load(path.read_text(encoding="utf-8"))
        for number, expected in enumerate(fixture["expect"]):
            for mode in expected.get("modes", modes.MODES):
                yield pytest.param(fixture, expected, mode, id=f"{name_of(path)}-{number}-{mode}")


def objects_of(fixture: Mapping[str, Any], default: Mapping[str, Any]) -> list[Any]:
    named = fixture.get("beside", default.get("beside", []))
    return [*(item for name in named for item in BESIDE[name]), *fixture.get("objects", [])]


def holds(part: Any, whole: Any) -> bool:
    """Whether all that ``part`` says is so in ``whole``; lists are compared as they are."""
    if isinstance(part, Mapping) and isinstance(whole, Mapping):
        return all(key in whole and holds(value, whole[key]) for key, value in part.items())
    return bool(part == whole)


def accept(fixture: Mapping[str, Any], expected: Mapping[str, Any], mode: str, default: Mapping[str, Any]) -> None:
    flags = fixture.get("flags", [])
    imported = check(objects_of(fixture, default), mode, flags)
    assert set(expected.get("findings", [])) <= {finding.id for finding in imported.findings}
    for key, part in expected.get("intent", {}).items():
        assert holds(part, imported.data.get(key)), imported.data.get(key)
    plan, _unused = make(imported.data, imported.hosts)
    assert plan is not None and holds(expected.get("plan", {}), plan)


def refuse(fixture: Mapping[str, Any], expected: Mapping[str, Any], mode: str) -> None:
    findings = intent_of(objects_of(fixture, {}), mode, component_flags=fixture.get("flags", [])).findings
    errors = [finding for finding in findings if finding.severity == ERROR]
    for wanted in expected["refused"]:
        assert any(
            finding.id == wanted["rule"] and finding.path.startswith(wanted["at"]) and wanted["fix"] in finding.fix
            for finding in errors
        ), [f"{finding.id} {finding}" for finding in errors]
    assert {finding.id for finding in errors} == {wanted["rule"] for wanted in expected["refused"]}
    assert set(expected.get("findings", [])) <= {finding.id for finding in findings}


@pytest.mark.parametrize(("fixture", "expected", "mode"), list(cases()))
def test_every_item_is_an_intent_or_is_refused_with_its_fix(
    fixture: Mapping[str, Any], expected: Mapping[str, Any], mode: str
) -> None:
    if "accepted" in expected:
        accept(fixture, expected["accepted"], mode, fixture)
        return
    refuse(fixture, expected, mode)
    if "instead" in expected:
        accept(expected["instead"], expected["instead"], mode, fixture)


def test_no_mode_is_forgotten_without_a_reason() -> None:
    """A fixture that leaves out a mode leaves out native mode, which can do no IPv6 by BGP."""
    for path in PATHS:
        expect = yaml.safe_load(path.read_text(encoding="utf-8"))["expect"]
        said = {mode for each in expect for mode in each.get("modes", modes.MODES)}
        assert set(modes.MODES) - said <= {modes.NATIVE}, name_of(path)


def test_the_page_names_every_item_and_no_other() -> None:
    page = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(00\d/[a-z0-9-]+)`", page)) == {name_of(path) for path in PATHS}
