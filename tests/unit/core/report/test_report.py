# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report: every finding once with all its parts, the heaviest first, silenced ones last with the reason."""

from __future__ import annotations

import json
import re

import pytest
import reading
from hypothesis import given
from hypothesis import strategies as st

from dualstack.findings import ERROR, HINT, SEVERITIES, WARNING, Finding
from dualstack.page.frame import document
from dualstack.report import html
from dualstack.report.grouping import data, groups, summary
from dualstack.report.table import WIDTH, table

SAMPLE = [
    Finding("rack-one-router", HINT, "dualstack.fabric.racks.rack1.routers", "tor1", "one router", "Add a second."),
    Finding(
        "unknown-pool", ERROR, "dualstack.advertise[0].pools[0]", "produktion", "no pool has this name", "Correct it."
    ),
    Finding("asn-documentation", WARNING, "tor1: dualstack_host.asn", "64500", "is an ASN of examples", "Choose."),
    Finding("asn-documentation", ERROR, "tor2: dualstack_host.asn", "64501", "is one too", "Choose.", "it is a lab"),
]
TEXT = st.text(min_size=1, max_size=90) | st.sampled_from(["a" * 300, "x.y.z" * 30, "\x1b[31mred\x1b[0m", "two\nlines"])
FINDINGS = st.lists(
    st.builds(
        Finding,
        st.from_regex(r"[a-z]{1,12}(-[a-z]{1,12}){0,3}", fullmatch=True),
        st.sampled_from(SEVERITIES),
        TEXT,
        TEXT | st.just(""),
        TEXT,
        TEXT,
        st.just("") | TEXT,
    ),
    max_size=8,
)


def squeezed(text: str) -> str:
    """A column or a text without what wrapping changes."""
    return re.sub(r"\s+", "", text)


def test_groups_are_in_the_order_of_their_weight() -> None:
    assert [(group.title, [each.path for each in group.findings]) for group in groups(SAMPLE)] == [
        ("1 error", ["dualstack.advertise[0].pools[0]"]),
        ("1 warning", ["tor1: dualstack_host.asn"]),
        ("1 hint", ["dualstack.fabric.racks.rack1.routers"]),
        ("1 silenced", ["tor2: dualstack_host.asn"]),
    ]
    assert summary(SAMPLE) == "1 error, 1 warning, 1 hint, 1 silenced"
    assert summary([SAMPLE[0]] * 2) == "2 hints"
    assert summary([]) == "no findings"


def test_the_table() -> None:
    assert table(SAMPLE).splitlines() == [
        "rule               place in the intent                   what is wrong, and what to do",
        "-----------------  ------------------------------------  " + "-" * 63,
        "",
        "1 ERROR",
        "unknown-pool       dualstack.advertise[0].pools[0]       no pool has this name.",
        "                   = produktion                          -> Correct it.",
        "",
        "1 WARNING",
        "asn-documentation  tor1: dualstack_host.asn              is an ASN of examples.",
        "                   = 64500                               -> Choose.",
        "",
        "1 HINT",
        "rack-one-router    dualstack.fabric.racks.rack1.routers  one router.",
        "                   = tor1                                -> Add a second.",
        "",
        "1 SILENCED BY THE INTENT",
        "asn-documentation  tor2: dualstack_host.asn              is one too.",
        "                   = 64501                               -> Choose.",
        "                                                         error, silenced: it is a lab",
    ]
    assert table([]) == ""


def test_long_texts_are_wrapped_between_words_and_paths_at_their_separators() -> None:
    path = "dualstack.fabric.racks.a-rack-with-quite-a-long-name.routers[12]"
    lines = table([Finding("a", HINT, path, "", "word " * 40, "fix " * 40)], 80).splitlines()
    assert max(map(len, lines)) <= 80
    place = [line[6:32].strip() for line in lines[4:]]
    assert "".join(place).startswith(path)
    assert any(line.endswith(("-", ".", "[")) for line in place)
    assert " ".join(line[34:] for line in lines[4:]).split().count("word") == 39  # the last one ends the sentence


@given(FINDINGS, st.integers(80, 160))
def test_any_finding_fits_the_terminal_and_is_told_once(findings: list[Finding], width: int) -> None:
    text = table(findings, width)
    lines = text.split("\n")
    assert all(len(line) <= width and (line.isprintable() or not line) for line in lines)
    for group in groups(findings):
        assert sum(line.startswith(f"{group.title.upper()}") for line in lines) == 1
    assert WIDTH == 120


def test_terminals_get_no_control_characters() -> None:
    text = table([Finding("a", ERROR, "p\x1b[2J", "v\x07", "r\x1b]0;title\x07", "f\x9b1m", "s\x1b")])
    assert not set(text) & {"\x1b", "\x07", "\x9b"}
    for part in ("p?[2J", "= v?", "r?]0;title?", "f?1m", "s?"):
        assert part in text


def test_the_data_is_json_with_counts() -> None:
    found = data(SAMPLE)
    assert json.loads(json.dumps(found)) == found
    assert found["summary"] == {"error": 1, "warning": 1, "hint": 1, "silenced": 1}
    assert [each["id"] for each in found["findings"]] == [
        "unknown-pool",
        "asn-documentation",
        "rack-one-router",
        "asn-documentation",
    ]
    assert found["findings"][3]["silenced"] == "it is a lab"
    assert data([])["summary"] == {"error": 0, "warning": 0, "hint": 0, "silenced": 0}


@given(FINDINGS)
def test_the_part_of_a_page_tells_everything_as_text(findings: list[Finding]) -> None:
    page = reading.html(document("title", html.CSS, html.section(findings)))
    told = squeezed(" ".join(text for texts in page.texts.values() for text in texts))
    for finding in findings:
        for text in (finding.id, finding.path, finding.value, finding.reason, finding.fix, finding.silenced):
            assert squeezed(text.replace("\r", "\n")) in told.replace("\r", "\n")
    assert "script" not in page.tags and "img" not in page.tags
    if not findings:
        assert "There are none." in page.texts[""]


@pytest.mark.parametrize(
    ("findings", "opened"),
    [
        (SAMPLE, {"error": True, "warning": True, "hint": True, "silenced": False}),
        ([SAMPLE[0]] * (html.MANY + 1), {"hint": False}),
        ([SAMPLE[1]] * (html.MANY + 1), {"error": True}),
    ],
    ids=["few", "many hints", "many errors"],
)
def test_what_is_many_and_light_or_silenced_is_folded(findings: list[Finding], opened: dict[str, bool]) -> None:
    found = re.findall(r'<details class="findings (\w+) card"( open)?>', html.section(findings))
    assert {name: bool(mark) for name, mark in found} == opened
