# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the writers here need of the API server; ``kube.client`` has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

JSON = "application/json"
MERGE = "application/merge-patch+json"

BAD_REQUEST, NOT_FOUND, CONFLICT, INVALID, TOO_MANY = 400, 404, 409, 422, 429


class Answer(Protocol):
    """What the server said."""

    @property
    def body(self) -> dict[str, Any]:
        """The object."""


class Api(Protocol):
    """Raises ApiError for what the server refuses, OSError while it is away."""

    async def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, content_type: str = JSON
    ) -> Answer:
        """The answer to one request; ``path`` below the server's address."""


class Unreadable(OSError):
    """An answer that is no object: of something between us and the API server."""


def made(answer: Answer) -> dict[str, Any]:
    """The object of an answer. Raises Unreadable."""
    metadata = answer.body.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str):
        raise Unreadable("the answer is no object")
    return answer.body


def transient(status: int) -> bool:
    """Whether a refusal may be none the next time: the server is busy or broken (RFC 9110 section 15.6)."""
    return status == TOO_MANY or status >= 500
