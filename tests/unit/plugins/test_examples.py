# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every filter and test is documented, and each of its examples results in what it says."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import examples
from examples import Example

EXAMPLES = [example for plugin, text in examples.documents().items() for example in examples.read(plugin, text)]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    """What became of each example, by plugin and name."""
    results = examples.run(EXAMPLES, tmp_path_factory.mktemp("examples"))
    return {(example.plugin, example.name): result for example, result in zip(EXAMPLES, results)}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.plugin}-{example.name}")
def test_example(example: Example, outcomes: dict[tuple[str, str], dict[str, Any]]) -> None:
    outcome = outcomes[example.plugin, example.name]
    if example.error:
        assert outcome["failed"], outcome["msg"]
        assert example.error in outcome["msg"]
        return
    assert not outcome["failed"], outcome["msg"]
    if "ansible.builtin.assert" not in example.task:
        assert (type(outcome["msg"]), outcome["msg"]) == (type(example.value), example.value)


def test_examples_have_names_of_their_own() -> None:
    assert len({(example.plugin, example.name) for example in EXAMPLES}) == len(EXAMPLES)


def names() -> Iterator[str]:
    """Every filter and test that the collection offers, as ``kind/name``."""
    for kind in examples.KINDS:
        for path in sorted((examples.ROOT / "plugins" / kind).glob("*.py")):
            module: Any = load(path)
            offered = module.FilterModule().filters() if kind == "filter" else module.TestModule().tests()
            yield from (f"{kind}/{name}" for name in offered)


def load(path: Path) -> object:
    """The module of a plugin file."""
    return importlib.import_module(f"ansible_collections.baremetal.dualstack.plugins.{path.parent.name}.{path.stem}")


def test_every_filter_and_test_has_examples() -> None:
    offered = list(names())
    assert len(offered) > 30
    assert sorted(examples.documents()) == sorted(offered)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- name: A task\n  ansible.builtin.debug:\n    msg: text\n", "state what 'A task' results in"),
        ("- name: A task\n  ansible.builtin.set_fact:\n    a: b\n\n- name: Next\n# => 1\n", "state what 'A task'"),
        ("- ansible.builtin.debug:\n    msg: text\n# => text\n", "state what"),
        ("", "there is no example"),
        ("# only words\n", "there is no example"),
    ],
)
def test_an_example_without_a_stated_result_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        examples.read("filter/some", text)


@pytest.mark.parametrize(
    ("stated", "outcome"),
    [
        ("5", {"failed": False, "msg": 4}),
        ("'4'", {"failed": False, "msg": 4}),
        ("4", {"failed": True, "msg": "4"}),
        ("error: no", {"failed": False, "msg": "no"}),
        ("error: no", {"failed": True, "msg": "yes"}),
    ],
)
def test_a_wrong_statement_is_found(stated: str, outcome: dict[str, Any]) -> None:
    [example] = examples.read("filter/x", f"- name: N\n  ansible.builtin.debug:\n    msg: text\n  # => {stated}\n")
    with pytest.raises(AssertionError):
        test_example(example, {("filter/x", "N"): outcome})
