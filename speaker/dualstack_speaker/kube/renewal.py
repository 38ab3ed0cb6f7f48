# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A token of a service account in a file of one's own, renewed by who uses it: by TokenRequest, at half of its life.

A pod's token is renewed by the kubelet; on a host nobody else would do it. The account needs the right to create
``serviceaccounts/token`` of its own name, and nothing more.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

from .client import Client
from .errors import ApiError, SettingsError, Unreachable

LOOK = 3600.0  # seconds between looks at the token, and between tries at most
SHORTEST = 30.0  # seconds between tries
LEAST_LIFE = 600  # seconds; the API server gives no token for less
_SUBJECT = "system:serviceaccount:"


class Life(NamedTuple):
    """Whose a token is, and from when to when it is good (Unix time)."""

    namespace: str
    name: str
    begin: int
    end: int

    def left(self, now: float) -> float:
        """The share of its life that is left."""
        return (self.end - now) / max(1, self.end - self.begin)


def life(token: str) -> Life | None:
    """Out of the claims of a token of a service account (RFC 7519, not verified here); None of any other."""
    try:
        body = token.split(".")[1]
        claims: Any = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        subject, begin, end = str(claims["sub"]), int(claims["iat"]), int(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        return None
    namespace, colon, name = subject[len(_SUBJECT) :].partition(":")
    if not subject.startswith(_SUBJECT) or not colon or end <= begin:
        return None
    return Life(namespace, name, begin, end)


class Renewal:
    """``now``: Unix time. What fails is tried again; it is told once less than a quarter of the life is left."""

    def __init__(self, client: Client, jitter: Callable[[], float], now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._jitter = jitter
        self._now = now

    async def run(self) -> None:
        """Never ends."""
        while True:
            await asyncio.sleep(await self.look())

    async def look(self) -> float:
        """Renews the token if it is time; seconds until the next look."""
        access = self._client.access
        try:
            settings = access.look()[1]
            known = life(access.token() or "") if settings.token_file and not settings.pod else None
        except SettingsError:
            return LOOK  # the source tells of it
        if settings.token_file is None or known is None:
            return LOOK
        problem = ""
        if known.left(self._now()) < 0.5:
            problem = await self._renew(known, settings.token_file)
        late = problem and known.left(self._now()) < 0.25
        access.report("renewal", f"{settings.token_file}: can't be renewed: {problem}" if late else "")
        remaining = known.end - self._now()
        pause = remaining / 10 if problem else remaining / 2 if known.left(self._now()) >= 0.5 else LOOK
        return max(SHORTEST, min(LOOK, pause)) * (0.75 + 0.25 * self._jitter())

    async def _renew(self, known: Life, path: str) -> str:
        """Why it failed, or nothing."""
        seconds = max(LEAST_LIFE, known.end - known.begin)
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": seconds},
        }
        place = f"/api/v1/namespaces/{quote(known.namespace)}/serviceaccounts/{quote(known.name)}/token"
        try:
            answer = await self._client.send("POST", place, request)
            token = answer.body["status"]["token"]
            await asyncio.get_running_loop().run_in_executor(None, write, path, str(token))
        except (ApiError, SettingsError) as error:
            return str(error)
        except (Unreachable, OSError) as error:
            return error.strerror or str(error)
        except (KeyError, TypeError):
            return "the answer holds no token"
        return ""


def write(path: str, token: str) -> None:
    """Replaces the file at once, for its owner alone. Raises OSError."""
    beside = f"{path}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(beside)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(f"{token}\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
