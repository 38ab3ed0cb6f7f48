# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are none."""

from __future__ import annotations

from typing import Any

import pytest

from dualstack_speaker.kube.client import Answer
from dualstack_speaker.reporting.api import Unreadable, made, transient


@pytest.mark.parametrize(
    "body", [{}, {"metadata": None}, {"metadata": []}, {"metadata": {}}, {"metadata": {"name": 1}}]
)
def test_an_answer_without_a_name_counts_as_no_answer(body: dict[str, Any]) -> None:
    """Of a proxy, say: it is tried again, as while the API server is away."""
    with pytest.raises(Unreadable):
        made(Answer(200, body))
    assert issubclass(Unreadable, OSError)


def test_an_object_is_an_answer() -> None:
    body = {"metadata": {"name": "x"}}
    assert made(Answer(201, body)) is body


def test_which_refusals_may_be_none_the_next_time() -> None:
    assert [transient(status) for status in (400, 403, 404, 409, 422, 429, 500, 503)] == [False] * 5 + [True] * 3
