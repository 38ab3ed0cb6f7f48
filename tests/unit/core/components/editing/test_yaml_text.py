# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of YAML texts: against PyYAML on random texts, and what may not be touched or understood."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dualstack.components.editing import yaml_text
from dualstack.components.editing.owned import EditError

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures" / "components"
KEYS = st.sampled_from(["mode", "ipvs", "clusterCIDR", "featureGates", "alpha", "zone", "on", "10"])
TEXTS = st.one_of(
    st.sampled_from(
        [
            *(
                "10.244.0.0/16,fd42:b1:a::/56",
                "::",
                "fd00::1",
                "10.96.0.10",
                "yes",
                "0x1f",
                "1:20",
                "012",
                "1_0",
                "~",
                "-",
                "--- a",
                "a: b",
            ),
            *(
                "a #b",
                "#",
                "",
                " x",
                "x ",
                "- y",
                "{a}",
                "[1]",
                "&a",
                "*b",
                "!c",
                "%d",
                "@e",
                "`f`",
                "|",
                ">",
                "?",
                "'",
                '"',
                "a'b",
                'a"b',
            ),
            *(
                "2001-01-01",
                "1.0",
                "1e3",
                "null",
                "True",
                "=",
                "<<",
                "tab\there",
                "über",
                "x:",
                "?x",
                ",",
                "-1",
                "+1",
                ".5",
                "0o7",
            ),
        ]
    ),
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
)
SCALARS = st.one_of(
    TEXTS, st.integers(-99, 99), st.booleans(), st.none(), st.floats(-9, 9).map(lambda number: round(number, 2))
)
LISTS = st.lists(st.one_of(SCALARS, st.dictionaries(KEYS, SCALARS, min_size=1, max_size=2)), max_size=4)
VALUES = st.recursive(st.one_of(SCALARS, LISTS), lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=6)
MAPS = st.dictionaries(KEYS, VALUES, max_size=5)
WANTED = st.one_of(SCALARS, LISTS, st.dictionaries(KEYS, SCALARS, min_size=1, max_size=2), st.just({}))


class Refused(Exception):
    """The model does not do it either."""


def modelled(data: Any, path: list[str], wanted: Any) -> Any:
    """What a field means, on data."""
    if isinstance(wanted, dict) and wanted:
        for key, value in wanted.items():
            data = modelled(data, [*path, key], value)
        return data
    if not isinstance(data, dict):
        if data is not None:
            raise Refused
        data = None if wanted is None else {}
        if data is None:
            return None
    key, *rest = path
    if rest:
        if key in data:
            data[key] = modelled(data[key], rest, wanted)
        elif wanted is not None:
            data[key] = modelled({}, rest, wanted)
    elif wanted is None:
        data.pop(key, None)
    elif isinstance(data.get(key), dict) and data[key]:
        if wanted != {}:
            raise Refused
    else:
        data[key] = wanted
    return data


@st.composite
def written(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """A map and a text of it as somebody may have written it."""
    data = draw(MAPS)
    lines = yaml.safe_dump(
        data,
        default_flow_style=False,
        sort_keys=draw(st.booleans()),
        width=10_000,
        allow_unicode=True,
        indent=draw(st.integers(2, 4)),
    ).split("\n")
    text = []
    for line in lines:
        text += draw(st.sampled_from([[], [], [], ["# why"], [""], ["      # indented"]])) if line else []
        text.append(line + draw(st.sampled_from(["", "", "", "  # beside"])) if line else line)
    return data, "\n".join(text)


def strings(value: Any) -> Any:
    """Keys as text: the editor does not read them otherwise."""
    if isinstance(value, dict):
        return {str(key): strings(each) for key, each in value.items()}
    return [strings(each) for each in value] if isinstance(value, list) else value


@given(written(), st.lists(KEYS, min_size=1, max_size=3), WANTED)
def test_an_edit_means_what_it_says_and_touches_nothing_else(
    given_text: tuple[dict[str, Any], str], path: list[str], wanted: Any
) -> None:
    data, text = given_text
    try:
        expected = modelled(copy.deepcopy(data), path, wanted)
    except Refused:
        with pytest.raises(EditError):
            yaml_text.edit(text, {".".join(path): wanted})
        return
    after = yaml_text.edit(text, {".".join(path): wanted})
    assert strings(yaml.safe_load(after) or {}) == strings(expected or {})
    assert yaml_text.edit(after, {".".join(path): wanted}) == after
    if repr(expected) == repr(data):
        assert after == text
    kept = iter(after.split("\n"))
    for key, lines in blocks(text):
        if key != path[0]:
            assert all(line in kept for line in lines), (key, after)  # in order: the iterator goes on


def blocks(text: str) -> list[tuple[str, list[str]]]:
    """The lines of each top-level key, with no comments around them."""
    found: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        if line.startswith(("#", "      #", "{}")) or not line:
            continue
        if line[0] not in " -" or (line[0] == "-" and not found):
            found.append((str(yaml.safe_load(line.split(":")[0])).replace("True", "on"), []))
        found[-1][1].append(line)
    return found


@given(written())
def test_reading_agrees_with_pyyaml(given_text: tuple[dict[str, Any], str]) -> None:
    _data, text = given_text
    read = repr(yaml_text.parse(text))
    assert read == repr(strings(yaml.safe_load(text))) or "ODD" in read


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        (
            "a: 1\nipvs: {strictARP: true}\n",
            "ipvs.strictARP",
            "line 2: ipvs is written in flow style; write it as a block",
        ),
        ("clusterDNS: [10.96.0.10]\n", "clusterDNS", "line 1: clusterDNS is written in flow style"),
        ("a: &here 1\nb: *here\n", "c", "line 1: an anchor (&here)"),
        ("a: 1\nb: *here\n", "c", "line 2: an alias (*here)"),
        ("a:\n\tb: 1\n", "a.b", "line 2: a tab in the indentation; indent by blanks"),
        ("mode: a\nother: 1\nmode: b\n", "mode", "line 3: mode stands here twice; leave one of them"),
        ("<<: x\n", "mode", "line 1: a merge key"),
        ("mode: !!str 1\n", "mode", "line 1: a tag (!!str)"),
        ("mode: a\n---\nmode: b\n", "mode", "line 2: a second document begins; leave one document"),
        ("? mode\n: a\n", "mode", "line 1: a complex key"),
        ("%YAML 1.1\n---\nmode: a\n", "mode", "line 1: a directive of YAML"),
        ("mode: a: b\n", "mode", "line 1: a second colon in one line"),
        ('mode: "a\n', "mode", "line 1: a quote that is not closed"),
        ("a: 1\n  b: 2\n", "a", "line 2"),
        ("mode:\n- a\n", "mode.x", "line 2: mode is a list; a map is expected, for x"),
        ("mode:\n  x: 1\n", "mode", "line 1: mode is a map; a single value is expected"),
    ],
)
def test_what_is_not_safe_is_an_error_with_its_line(text: str, path: str, message: str) -> None:
    with pytest.raises(EditError) as caught:
        yaml_text.edit(text, {path: "new"})
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "fields", "after"),
    [
        ('mode: "iptables"  # ours\n', {"mode": "nftables"}, 'mode: "nftables"  # ours\n'),
        ("mode: 'a' # x\r\nb: 1\r\n", {"mode": "it's", "c": True}, "mode: 'it''s' # x\r\nb: 1\r\nc: true\r\n"),
        ("---\n# head\nmode: ''\n", {"mode": "::"}, "---\n# head\nmode: '::'\n"),
        (
            "dns:\n# one\n- 10.96.0.10 # a\n# two\n- fd00::a\n",
            {"dns": ["10.96.0.10", "fd00::b"]},
            "dns:\n# one\n- 10.96.0.10 # a\n# two\n- fd00::b\n",
        ),
        ("dns:  # of pods\n  - a\n", {"dns": ["a", "b"]}, "dns:  # of pods\n  - a\n  - b\n"),
        ("a:\n  k: 1\n  z: 3\n", {"a.w": 2}, "a:\n  k: 1\n  w: 2\n  z: 3\n"),
        ("gates:\n  A: true\n", {"gates.A": None}, "gates: {}\n"),
        (
            "text: |\n  mode: not me\n\n  # nor me\nmode: a\n",
            {"mode": "b"},
            "text: |\n  mode: not me\n\n  # nor me\nmode: b\n",
        ),
        ("", {"a.b": "c"}, "a:\n  b: c\n"),
        ("a: 1", {"b": 2}, "a: 1\nb: 2"),
    ],
)
def test_how_it_is_written(text: str, fields: dict[str, Any], after: str) -> None:
    assert yaml_text.edit(text, fields) == after


@pytest.mark.parametrize("name", ["kubelet-config.yaml", "kube-proxy-config.yaml", "kube-apiserver.yaml"])
def test_what_kubeadm_writes_is_read(name: str) -> None:
    text = (FIXTURES / name).read_text(encoding="utf-8")
    assert yaml_text.parse(text) == yaml.safe_load(text)
    assert yaml_text.edit(text, {"zz.new": [1], "zz": {"other": "x"}}).startswith(text)
