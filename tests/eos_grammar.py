# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of Arista EOS 4.30 that a rendering may use, by mode, with their arguments and ranges.

This is our own reading of Arista's manual (chapters on BGP, route maps, BFD and IPv6) and no EOS: what it refuses is
wrong or new, what it takes has only been read. Indentation is as EOS shows a running configuration: three columns per
mode.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

INDENT = 3
COMMENT = "!"

Check = Callable[[str], bool]


def _number(low: int, high: int) -> Check:
    return lambda word: bool(re.fullmatch(r"0|[1-9]\d*", word)) and low <= int(word) <= high


def _of(kind: Callable[[str], object]) -> Check:
    def check(word: str) -> bool:
        try:
            kind(word)
        except ValueError:
            return False
        return True

    return check


def _like(pattern: str) -> Check:
    return lambda word: bool(re.fullmatch(pattern, word))


ARGUMENTS: dict[str, Check] = {
    "ASN": _number(1, 4294967295),
    "ADDRESS": _of(ipaddress.ip_address),
    "IPV4": _of(ipaddress.IPv4Address),
    "NET4": _of(ipaddress.IPv4Network),
    "NET6": _of(ipaddress.IPv6Network),
    "LEN4": _number(1, 32),
    "LEN6": _number(1, 128),
    "SEQ": _number(1, 65535),
    "NAME": _like(r"[A-Za-z][A-Za-z0-9_-]{0,61}"),
    "INTERFACE": _like(r"[A-Za-z][A-Za-z0-9/.-]*"),
    "COMMUNITY": _like(r"\d{1,5}:\d{1,5}"),
    "LARGE": _like(r"\d{1,10}:\d{1,10}:\d{1,10}"),
    "PREFERENCE": _number(0, 4294967295),
    "PATHS": _number(1, 600),
    "HOPS": _number(1, 254),
    "SECONDS": _number(1, 3600),
    "HOLD": _number(3, 7200),
    "RESTART": _number(60, 4294967295),
    "ROUTES": _number(0, 4294967294),
    "MS": _number(50, 60000),
    "MULTIPLIER": _number(3, 50),
    "SECRET": _like(r"@secret:[a-z0-9-]+@"),
    "TEXT": _like(r"\S.*"),
}
LAST = "TEXT"  # takes the rest of the line

_PEER = ("ADDRESS", "NAME")
_SESSION = (
    "description TEXT",
    "next-hop-self",
    "route-reflector-client",
    "ttl maximum-hops HOPS",
    "bfd",
    "bfd interval MS min-rx MS multiplier MULTIPLIER",
    "allowas-in SEQ",
    "rib-in pre-policy retain all",
    "graceful-restart",
    "password 0 SECRET",
    "timers SECONDS HOLD",
    "auto-local-addr",
    "send-community standard large",
    "maximum-routes ROUTES",
    "idle-restart-timer RESTART",
)
_OF_FAMILY = ("activate", "route-map NAME in", "route-map NAME out")

# Mode -> its commands; a command that opens a mode is followed by "> mode".
MODES: dict[str, tuple[str, ...]] = {
    "global": (
        "interface INTERFACE > interface",
        "ip routing",
        "ip routing ipv6 interfaces",
        "ipv6 unicast-routing",
        "ip prefix-list NAME > prefix-list",
        "ipv6 prefix-list NAME > ipv6 prefix-list",
        "ip community-list NAME permit COMMUNITY",
        "ip large-community-list NAME permit LARGE",
        "route-map NAME permit SEQ > route-map",
        "route-map NAME deny SEQ > route-map",
        "router bgp ASN > router bgp",
    ),
    "interface": ("no switchport", "ipv6 enable"),
    "prefix-list": tuple(f"seq SEQ permit NET4{tail}" for tail in ("", " eq LEN4", " ge LEN4 le LEN4", " le LEN4")),
    "ipv6 prefix-list": tuple(
        f"seq SEQ permit NET6{tail}" for tail in ("", " eq LEN6", " ge LEN6 le LEN6", " le LEN6")
    ),
    "route-map": (
        "match community NAME",
        "match large-community NAME",
        "match ip address prefix-list NAME",
        "match ipv6 address prefix-list NAME",
        "set local-preference PREFERENCE",
    ),
    "router bgp": (
        "router-id IPV4",
        "maximum-paths PATHS ecmp PATHS",
        "no bgp default ipv4-unicast",
        "bgp missing-policy direction in action deny",
        "bgp missing-policy direction out action deny",
        "neighbor ADDRESS remote-as ASN",
        "neighbor NAME peer group",
        "neighbor interface INTERFACE peer-group NAME remote-as ASN",
        *(f"neighbor {peer} {words}" for peer in _PEER for words in _SESSION),
        "address-family ipv4 > address-family ipv4",
        "address-family ipv6 > address-family ipv6",
    ),
    "address-family ipv4": (
        *(f"neighbor {peer} {words}" for peer in _PEER for words in _OF_FAMILY),
        "neighbor NAME next-hop address-family ipv6 originate",
        "network NET4",
    ),
    "address-family ipv6": (
        *(f"neighbor {peer} {words}" for peer in _PEER for words in _OF_FAMILY),
        "network NET6",
    ),
}


def problems(text: str) -> Iterator[str]:
    """The lines that no command of their mode fits, and names that are used before they are there."""
    modes = ["global"]
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if not words or words.startswith(COMMENT):
            continue
        depth, rest = divmod(len(line) - len(line.lstrip(" ")), INDENT)
        if rest or depth >= len(modes):
            yield f"{number}: {line!r} is indented wrongly"
            continue
        del modes[depth + 1 :]
        opened = _command(words, MODES[modes[-1]])
        if opened is None:
            yield f"{number}: {words!r} is no command of the mode {modes[-1]!r}"
        elif opened:
            modes.append(opened)
    yield from _unknown(text)


def _command(line: str, commands: tuple[str, ...]) -> str | None:
    """The mode that the line opens, empty when it opens none; None when it is no command."""
    for command in commands:
        syntax, _unused, mode = command.partition(" > ")
        if _fits(line, syntax.split()):
            return mode
    return None


def _fits(line: str, syntax: list[str]) -> bool:
    if LAST in syntax:
        words = line.split(None, syntax.index(LAST))
    else:
        words = line.split()
    return len(words) == len(syntax) and all(
        ARGUMENTS[wanted](word) if wanted in ARGUMENTS else wanted == word for word, wanted in zip(words, syntax)
    )


_USES = {
    r"^ +match (?:ip|ipv6) address prefix-list (\S+)": r"^(?:ip|ipv6) prefix-list (\S+)$",
    r"^ +match (?:large-)?community (\S+)": r"^ip (?:large-)?community-list (\S+) ",
    r"^ +neighbor \S+ route-map (\S+) ": r"^route-map (\S+) ",
    r"^ +neighbor interface \S+ peer-group (\S+) ": r"^ +neighbor (\S+) peer group$",
    r"^ {6}neighbor (\S+) activate": r"^   neighbor (\S+) (?:remote-as \d+|peer group)$",
}


def _unknown(text: str) -> Iterator[str]:
    for use, definition in _USES.items():
        known = {found[1]: found.start() for found in re.finditer(definition, text, re.M)}
        for found in re.finditer(use, text, re.M):
            if known.get(found[1], len(text)) > found.start():
                yield f"{found[0].strip()!r} uses {found[1]} before it is there"
