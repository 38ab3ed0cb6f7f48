# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and answers on the link, checked as a whole: one bad item refuses the message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import wraps
from typing import Any, Callable, NamedTuple, TypeVar

from ..base.model import Delta, Desired, Paths
from . import layer2, peers
from .errors import LinkError
from .fields import Fields
from .routes import Decoder


class Request(NamedTuple):
    """A request: ``op`` is full, delta, drain, status or subscribe; ``body`` holds what is still to be decoded."""

    op: str
    seq: int
    body: dict[str, Any]


_Decode = TypeVar("_Decode", bound=Callable[..., Any])


def _shallow(decode: _Decode) -> _Decode:
    """Refuses lists in lists beyond what the interpreter can follow."""

    @wraps(decode)
    def refusing(*arguments: Any) -> Any:
        try:
            return decode(*arguments)
        except RecursionError:
            raise LinkError("the message is nested too deeply") from None

    return refusing  # type: ignore[return-value]


@_shallow
def decode_request(line: bytes) -> Request:
    """The frame of a request; LinkError when it is none."""
    try:
        value = json.loads(line)
    except ValueError as error:
        raise LinkError(f"the line is no JSON: {error}") from None
    fields = Fields("request", value)
    op = fields.take("op")
    seq = fields.number("seq", 0, 2**63)
    if op == "full":
        body = {"desired": fields.take("desired")}
    elif op == "delta":
        body = {name: fields.take(name, {}) for name in ("peers", "routes", "layer2", "nodes")}
        body["alike"] = fields.take("alike", [])
    elif op in ("status", "subscribe"):
        body = {}
    elif op == "drain":
        body = {"on": fields.flag("on"), "delay": fields.seconds("delay", 0, 86400)}
        body["annotation"] = fields.flag("annotation", False)
    else:
        raise LinkError(f"request.op: {op!r} is neither full, delta, drain, status nor subscribe")
    fields.end()
    return Request(op, seq, body)


def sequence_of(line: bytes) -> int | None:
    """The number of a request that could not be decoded, so that its refusal can name it."""
    try:
        seq = json.loads(line)["seq"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return seq if type(seq) is int else None  # pylint: disable=unidiomatic-typecheck


@_shallow
def decode_full(body: dict[str, Any], decoder: Decoder) -> Desired:
    """The state of a full request."""
    fields = Fields("desired", body["desired"])
    parts = {name: fields.take(name) for name in ("peers", "routes", "layer2")}
    parts["nodes"] = fields.take("nodes", {})
    parts["alike"] = fields.take("alike", [])
    fields.end()
    delta = decode_delta(parts, decoder)
    for part in delta:
        if None in part.values():
            raise LinkError("desired: null takes items away in a delta, it has no place in a full state")
    return Desired(*delta)  # type: ignore[arg-type]


@_shallow
def decode_delta(body: dict[str, Any], decoder: Decoder) -> Delta:
    """The changes of a delta request."""
    body = {"nodes": {}, **body}
    for name in ("peers", "routes", "layer2", "nodes"):
        if not isinstance(body[name], dict):
            raise LinkError(f"{name}: an object is expected")
    changed_peers = {
        name: None if value is None else peers.decode(f"peers.{name}", value) for name, value in body["peers"].items()
    }
    routes = _routes(body["routes"], body.get("alike", []), decoder)
    return Delta(changed_peers, routes, layer2.vips(body["layer2"], decoder), layer2.nodes(body["nodes"]))


def _routes(single: dict[str, Any], alike: Any, decoder: Decoder) -> dict[bytes, Paths | None]:
    """Routes one by one, and those that go the same way together: paths once, all their prefixes."""
    routes: dict[bytes, Paths | None] = {}
    for text, value in single.items():
        routes[decoder.prefix(text)] = None if value is None else decoder.paths(f"routes.{text}", value)
    count = len(single)
    if not isinstance(alike, list):
        raise LinkError("alike: a list is expected")
    for number, item in enumerate(alike):
        where = f"alike[{number}]"
        fields = Fields(where, item)
        prefixes, value = fields.texts("prefixes"), fields.take("paths")
        fields.end()
        paths = None if value is None else decoder.paths(f"{where}.paths", value)
        routes.update(dict.fromkeys(decoder.prefixes(prefixes), paths))
        count += len(prefixes)
    if len(routes) != count:
        raise LinkError("routes: a prefix stands there twice, perhaps in two ways of writing it")
    return routes


def encode_ack(seq: int | None, error: str | None = None, status: dict[str, Any] | None = None) -> bytes:
    """The answer to a request, as a line."""
    answer: dict[str, Any] = {"op": "ack", "seq": seq, "ok": error is None}
    if error is not None:
        answer["error"] = error
    if status is not None:
        answer["status"] = status
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"


def encode_news(
    owners: Mapping[str, str | None], sessions: Mapping[str, str], nodes: Mapping[str, Any] | None = None
) -> bytes:
    """What a subscriber is told without being asked, as a line."""
    line: dict[str, Any] = {"op": "news", "owners": owners, "sessions": sessions}
    if nodes is not None:
        line["nodes"] = nodes
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"
