# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes out of ``plain`` is of the built-in types all the way down."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader

from ansible_collections.baremetal.dualstack.plugins.plugin_utils.plain import plain

TEXT = """
routers: {tor1: {asn: 64500, managed: true, weight: 1.5, address: '2001:db8::1', none: null}}
names: [a, '', b, [c]]
"""


def walk(value: Any) -> list[Any]:
    children: list[Any] = value if isinstance(value, list) else []
    if isinstance(value, dict):
        children = [*value, *value.values()]
    return [value, *(item for child in children for item in walk(child))]


def test_tagged_data_becomes_builtin() -> None:
    tagged = DataLoader().load(TEXT, "/intent.yml")
    # pylint: disable-next=unidiomatic-typecheck
    assert type(tagged["names"][0]) is not str, "ansible-core tags no more; this test proves nothing"
    result = plain(tagged)
    assert {type(item) for item in walk(result)} == {dict, list, str, int, float, bool, type(None)}
    assert yaml.safe_load(yaml.safe_dump(result)) == yaml.safe_load(TEXT)


def test_other_containers_become_lists() -> None:
    assert plain({"a": (1, 2), "b": {"y", "x"}}) == {"a": [1, 2], "b": ["x", "y"]}


def test_the_input_is_not_shared() -> None:
    given = {"a": [1]}
    plain(given)["a"].append(2)
    assert given == {"a": [1]}


@pytest.mark.parametrize("value", [b"bytes", object()])
def test_other_types_are_refused(value: object) -> None:
    with pytest.raises(AnsibleFilterError, match="cannot use a value of type"):
        plain({"a": [value]})
