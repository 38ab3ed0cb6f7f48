# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of a prefix as JSON: checked reading and writing.

Thousands of prefixes share few sets of paths, so equal ones become one object: cheap to keep, to compare and to pack.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..base import addresses
from ..base.model import Attributes, Path, Paths
from . import extended
from .errors import LinkError
from .fields import Fields, address

MAX_OCTETS = 3072  # of communities of all kinds in one path: leaves room for the rest of an UPDATE
_COMMUNITY = re.compile(r"([0-9]{1,5}):([0-9]{1,5})", re.ASCII)
_LARGE = re.compile(r"([0-9]{1,10}):([0-9]{1,10}):([0-9]{1,10})", re.ASCII)


class Decoder:
    """Reads routes; keeps one object per distinct set of paths for as long as it lives.

    ``parse`` reads a prefix (ValueError); a process that may use the system's functions has a faster one.
    """

    def __init__(self, parse: Callable[[str], bytes] = addresses.parse_prefix) -> None:
        self._parse = parse
        self._known: dict[str, Paths] = {}

    def prefix(self, text: str) -> bytes:
        """The key of a prefix."""
        try:
            return self._parse(text)
        except ValueError as error:
            raise LinkError(f"routes.{text}: {error}") from None

    def prefixes(self, texts: list[str]) -> list[bytes]:
        """The keys of many prefixes."""
        try:
            return list(map(self._parse, texts))
        except ValueError:
            return list(map(self.prefix, texts))  # it has the words

    def address(self, where: str, text: str) -> bytes:
        """An address: the only one of its prefix."""
        try:
            return self._parse(f"{text}/128" if ":" in text else f"{text}/32")[2:]
        except ValueError:
            return address(where, text)  # it has the words

    def paths(self, where: str, value: Any) -> Paths:
        """The paths that stand at a place of the message."""
        shape = repr(value)
        known = self._known.get(shape)
        if known is None:
            known = _paths(where, value)
            if len(self._known) >= 4096:  # somebody gives every prefix its own attributes: sharing is not worth it
                self._known.clear()
            self._known[shape] = known
        return known


def encode(paths: Paths) -> list[dict[str, Any]]:
    """The JSON list of paths."""
    return [
        {
            "peers": list(path.peers),
            "communities": [f"{number >> 16}:{number & 0xFFFF}" for number in path.attributes.communities],
            "large_communities": [":".join(map(str, triple)) for triple in path.attributes.large_communities],
            "local_preference": path.attributes.local_preference,
            **_stated("extended_communities", list(map(extended.show, path.attributes.extended_communities))),
        }
        for path in paths
    ]


def _paths(where: str, value: Any) -> Paths:
    if not isinstance(value, list):
        raise LinkError(f"{where}: a list is expected")
    seen: set[str] = set()
    out = []
    for number, item in enumerate(value):
        fields = Fields(f"{where}[{number}]", item)
        peers = fields.texts("peers")
        for peer in peers:
            if peer in seen:
                raise LinkError(f"{fields.where}.peers: {peer!r} appears more than once for this prefix")
            seen.add(peer)
        communities = sorted({_numbers(fields, text, _COMMUNITY, 65535) for text in fields.texts("communities", [])})
        large = sorted({_numbers(fields, text, _LARGE, 0xFFFFFFFF) for text in fields.texts("large_communities", [])})
        more = sorted({_extended(fields, text) for text in fields.texts("extended_communities", [])})
        if 4 * len(communities) + 12 * len(large) + 8 * len(more) > MAX_OCTETS:
            raise LinkError(f"{fields.where}: more communities than fit into an UPDATE")
        preference = fields.take("local_preference", None)
        # pylint: disable-next=unidiomatic-typecheck
        if preference is not None and (type(preference) is not int or not 0 <= preference <= 0xFFFFFFFF):
            raise LinkError(f"{fields.where}.local_preference: {preference!r} is no whole number from 0 to 4294967295")
        fields.end()
        attributes = Attributes(
            tuple(high << 16 | low for high, low in communities),
            tuple((a, b, c) for a, b, c in large),
            preference,
            tuple(more),
        )
        out.append(Path(tuple(peers), attributes))
    return tuple(out)


def _stated(name: str, values: list[str]) -> dict[str, list[str]]:
    """A field that is left out where it is empty: a wire that does not know it understands the rest."""
    return {name: values} if values else {}


def _extended(fields: Fields, text: str) -> int:
    try:
        return extended.parse(text)
    except ValueError as error:
        raise LinkError(f"{fields.where}.extended_communities: {text!r} {error}") from None


def _numbers(fields: Fields, text: str, form: re.Pattern[str], high: int) -> tuple[int, ...]:
    match = form.fullmatch(text)
    numbers = tuple(map(int, match.groups())) if match else ()
    if not numbers or max(numbers) > high:
        raise LinkError(f"{fields.where}: {text!r} is no community of numbers up to {high}")
    return numbers
