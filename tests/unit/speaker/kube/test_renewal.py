# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A token that is renewed by who uses it."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest
from kube_server import FAMILIES, Request, kubeconfig, serving

from dualstack_speaker.kube.access import Access
from dualstack_speaker.kube.client import Client
from dualstack_speaker.kube.renewal import LOOK, SHORTEST, Life, Renewal, life

SUBJECT = "system:serviceaccount:metallb-system:dualstack-speaker"
PATH = "/api/v1/namespaces/metallb-system/serviceaccounts/dualstack-speaker/token"


@pytest.fixture(params=sorted(FAMILIES))
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def token(begin: int, end: int, subject: str = SUBJECT) -> str:
    claims = json.dumps({"sub": subject, "iat": begin, "exp": end}).encode()
    return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.s3cret"


def test_the_life_of_a_token() -> None:
    read = life(token(1000, 5000))
    assert read == Life("metallb-system", "dualstack-speaker", 1000, 5000)
    assert [read.left(now) for now in (1000, 3000, 5000)] == [1.0, 0.5, 0.0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s3cret",
        "a.b.c",
        "a.e30.c",
        token(5, 5),
        token(1, 9, "system:node:a"),
        token(1, 9, "system:serviceaccount:a"),
    ],
)
def test_what_is_no_token_of_an_account(text: str) -> None:
    assert life(text) is None


def looked(folder: Path, url: str, now: float, **user: str) -> tuple[float, Access]:
    async def whole() -> tuple[float, Access]:
        access = Access(kubeconfig(folder / "k", url, user))
        client = Client(access)
        try:
            return await Renewal(client, lambda: 1.0, lambda: now).look(), access
        finally:
            client.close()

    return asyncio.run(whole())


def test_at_half_of_its_life_a_token_of_the_same_life_takes_its_place(tmp_path: Path, family: str) -> None:
    given: list[Any] = []

    def answer(request: Request) -> None:
        given.append((request.route, request.body, request.headers["Authorization"]))
        request.reply({"status": {"token": token(13000, 23000)}}, 201)

    path = tmp_path / "token"
    path.write_text(token(10000, 20000), encoding="ascii")
    with serving(family, answer) as server:
        pause, _unused = looked(tmp_path, server.url, 14000, tokenFile=str(path))
        assert (given, pause) == ([], 3000)
        pause, access = looked(tmp_path, server.url, 16000, tokenFile=str(path))
    ((route, body, old),) = given
    assert (route, body["kind"], body["spec"]) == (PATH, "TokenRequest", {"expirationSeconds": 10000})
    assert old == f"Bearer {token(10000, 20000)}"
    assert path.read_text(encoding="ascii") == f"{token(13000, 23000)}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.endswith(".new")] == []
    assert access.token() == token(13000, 23000)
    assert 0 < pause <= LOOK


@pytest.mark.parametrize(("now", "told"), [(16000, False), (19000, True), (21000, True)])
@pytest.mark.parametrize("way", ["refused", "nothing", "cut"])
def test_what_fails_is_tried_again_and_told_when_it_becomes_serious(
    tmp_path: Path, family: str, now: int, told: bool, way: str
) -> None:
    def answer(request: Request) -> None:
        if way == "refused":
            request.refuse(403, "Forbidden", "cannot create resource serviceaccounts/token")
        elif way == "nothing":
            request.reply({})
        else:
            request.cut()

    path = tmp_path / "token"
    path.write_text(token(10000, 20000), encoding="ascii")
    with serving(family, answer) as server:
        pause, access = looked(tmp_path, server.url, now, tokenFile=str(path))
    assert path.read_text(encoding="ascii") == token(10000, 20000)
    assert 0 < pause < 1000
    assert bool(access.problem) is told
    assert "s3cret" not in access.problem


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, family: str) -> None:
    path = tmp_path / "token"
    path.write_text(token(10000, 20000), encoding="ascii")
    (tmp_path / "token.new").mkdir()
    with serving(family, lambda request: request.reply({"status": {"token": "new"}})) as server:
        _unused, access = looked(tmp_path, server.url, 19000, tokenFile=str(path))
    assert access.problem.startswith(f"{path}: can't be renewed: ")


def test_other_credentials_are_left_alone(tmp_path: Path, family: str) -> None:
    with serving(family, Request.wait) as server:
        for user in ({"token": token(1, 2)}, {}):
            assert looked(tmp_path, server.url, 5, **user)[0] == LOOK
        assert server.seen == []


@pytest.mark.parametrize(("hours", "told_at"), [(24 * 90, None), (24, None), (1, 0.75)])
def test_an_hour_without_an_api_server(tmp_path: Path, family: str, hours: int, told_at: float | None) -> None:
    """A token of a day outlives it unseen; one of an hour is tried to the end, not in haste, and told in time."""
    began, path = 1_000_000, tmp_path / "token"
    end = began + hours * 3600
    path.write_text(token(began, end), encoding="ascii")
    with serving(family, lambda request: request.reply({})) as server:
        url = server.url  # nobody listens there when this ends
    now, tries, told = float(began), 0, None
    while now < began + 3600:
        pause, access = looked(tmp_path, url, now, tokenFile=str(path))
        if told is None and access.problem:
            told = (now - began) / 3600
        assert pause >= SHORTEST * 0.75
        now, tries = now + pause, tries + 1
    assert tries <= 60
    assert path.read_text(encoding="ascii") == token(began, end)
    assert (told is None) if told_at is None else (told is not None and told_at <= told < 1)

    def answer(request: Request) -> None:
        request.reply({"status": {"token": token(int(now), int(now) + hours * 3600)}}, 201)

    with serving(family, answer) as server:
        looked(tmp_path, server.url, end - hours * 900, tokenFile=str(path))
    assert path.read_text(encoding="ascii").strip() == token(int(now), int(now) + hours * 3600)
