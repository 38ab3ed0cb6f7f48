# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets go into a configuration whole, and never come out of anything that is shown."""

from __future__ import annotations

import string

import observed
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstack.routers.secrets import HIDDEN, Mask, SecretError, fill, lacking

KEYS = st.text(alphabet=string.ascii_letters + string.digits + string.punctuation, min_size=6, max_size=80)
LINE = " neighbor 10.0.1.11 password {}\n"


@given(KEYS, KEYS)
def test_what_was_filled_in_is_masked_again(first: str, second: str) -> None:
    secrets = {"a": first, "b": second}
    text = LINE.format("@secret:a@") + LINE.format("@secret:b@")
    filled = fill(text, secrets)
    assert filled == LINE.format(first) + LINE.format(second)
    shown = Mask(secrets)(filled)
    if first != second and first not in second and second not in first and "@secret" not in first + second:
        assert shown == text


@given(KEYS)
def test_an_unknown_key_is_hidden(key: str) -> None:
    assert Mask({})(LINE.format(key)) == LINE.format(HIDDEN)


@pytest.mark.parametrize(
    "line",
    [
        " neighbor 2001:db8::1 password {}",
        " no neighbor 10.0.1.11 password {}",
        "password {}",
        "enable password {}",
        " key-string {}",
        " ip ospf authentication-key {}",
        " ip ospf message-digest-key 1 md5 {}",
    ],
)
def test_keys_of_other_protocols_are_hidden_too(line: str) -> None:
    shown = Mask({})(line.format("letmein2026") + "\n next line")
    assert "letmein2026" not in shown and HIDDEN in shown and shown.endswith("\n next line")


def test_values_are_hidden_in_any_text() -> None:
    assert Mask({"x": "letmein"})("% Unknown command: passwort letmein") == "% Unknown command: passwort @secret:x@"


def test_a_longer_value_is_not_cut_by_a_shorter_one() -> None:
    assert Mask({"short": "abc", "long": "abcdef"})("said abcdef") == "said @secret:long@"


@pytest.mark.parametrize(
    ("secrets", "reason"),
    [
        ({}, "was not given"),
        ({"bgp": ""}, "is empty"),
        ({"bgp": 5}, "is empty or not text"),
        ({"bgp": "x" * 81}, "longer than 80"),
        ({"bgp": "two words"}, "spaces"),
        ({"bgp": "a\nb"}, "spaces"),
        ({"bgp": "schlüssel"}, "not ASCII"),
    ],
)
def test_unusable_secrets_are_named_without_their_value(secrets: dict[str, str], reason: str) -> None:
    with pytest.raises(SecretError, match=reason) as raised:
        fill(LINE.format("@secret:bgp@"), secrets)
    assert "'bgp'" in str(raised.value)
    assert not any(str(value) in str(raised.value) for value in secrets.values() if len(str(value)) > 1)


@pytest.mark.parametrize(
    ("secrets", "wrong"),
    [
        ({}, "was not given"),
        ({"bgp-auth": ""}, "is empty or not text"),
        ({"bgp-auth": None}, "is empty or not text"),
        ({"bgp-auth": "x" * 81}, "is longer than 80 characters"),
        ({"bgp-auth": "two words"}, "has spaces"),
    ],
)
def test_a_secret_that_hosts_lack_is_named_with_them(secrets: dict[str, str], wrong: str) -> None:
    (told,) = lacking(observed.plan_of("demo"), secrets)
    assert told.startswith(f"bgp-auth (br1, br2, isp1 and 6 more) {wrong}")
    assert not any(value and value in told for value in secrets.values())


def test_only_hosts_of_ours_need_secrets() -> None:
    plan = observed.plan_of("demo")
    assert lacking(plan, {"bgp-auth": "a-password"}) == []
    for name in ("br1", "br2", "isp1", "isp2"):
        plan["routers"][name]["managed"] = False
    for number, session in enumerate(plan["sessions"]):
        session["password"] = {"secret": "theirs" if session["kind"] == "fabric" else f"rack-{number}"}
    ends = [{end["host"] for end in session["ends"]} for session in plan["sessions"]]
    told = lacking(plan, {})
    assert [text.split()[0] for text in told if text.startswith("theirs")] == ["theirs"]
    assert "theirs (tor1, tor2) was not given" in told
    assert len(told) == 1 + sum("node" in "".join(hosts) for hosts in ends)
    for router in plan["routers"].values():
        router["managed"] = False
    nodes = [text for text in lacking(plan, dict.fromkeys(["theirs"], "")) if "theirs" in text]
    assert nodes == [], "sessions between routers of others need none of ours"
    spaces = {text.split()[0]: "two words" for text in told}
    assert lacking(plan, spaces) == [], "what only nodes need FRR need not take"
