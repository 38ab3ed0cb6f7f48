# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warning of a host's token that expires while the API server is away for some hours."""

from __future__ import annotations

import base64
import json

import pytest

from dualstack.kubernetes.tokens import short_life


def token(hours: float) -> str:
    claims = json.dumps({"sub": "system:serviceaccount:a:b", "iat": 1000, "exp": 1000 + hours * 3600}).encode()
    return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.s3cret"


@pytest.mark.parametrize(("hours", "warned"), [(1, True), (23.9, True), (24, False), (2160, False)])
def test_a_token_of_less_than_a_day_is_told(hours: float, warned: bool) -> None:
    said = short_life(token(hours))
    assert bool(said) == warned
    assert not warned or (f"{hours:.1f} hours" in said and "--service-account-max-token-expiration" in said)
    assert "s3cret" not in said


@pytest.mark.parametrize("text", ["", "a.b.c", "a.e30.c", "opaque"])
def test_of_a_token_that_cannot_be_read_nothing_is_said(text: str) -> None:
    assert short_life(text) == ""
