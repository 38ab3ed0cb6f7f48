# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rendered router accepts and sends, read back from its text as the router would read it: FRR, BIRD and EOS.

Each reader finds the policy of a neighbour and says what it makes of a prefix with communities: whether it passes, and
the local preference that is set.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Collection
from typing import Any, NamedTuple

Verdict = tuple[bool, "int | None"]
REFUSED: Verdict = (False, None)


class Clause(NamedTuple):
    """One entry of a route map."""

    permit: bool
    matches: list[str]
    settings: list[str]


class RouteMaps:
    """The part that FRR and EOS share: route maps and prefix lists of the same meaning."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self._lists: dict[str, list[tuple[str, int, int]]] = {}
        self._maps: dict[str, list[Clause]] = {}

    def passes(self, name: str, prefix: str, *communities: str) -> Verdict:
        """(permitted, local preference that is set)."""
        for clause in self.clauses(name):
            if all(self._matches(each, prefix, communities) for each in clause.matches):
                preference = [int(each.split()[-1]) for each in clause.settings if each.startswith("local-preference")]
                return clause.permit, preference[0] if preference else None
        return REFUSED

    def clauses(self, name: str) -> list[Clause]:
        """The entries of a route map, in order."""
        if name not in self._maps:
            self._maps[name] = self._read(name)
        return self._maps[name]

    def _read(self, name: str) -> list[Clause]:
        result: list[Clause] = []
        inside = False
        for line in self.lines:
            if line.startswith(f"route-map {name} "):
                result.append(Clause(" permit " in line, [], []))
                inside = True
            elif line in ("exit", "!"):
                inside = False
            elif inside and line.lstrip().startswith("match "):
                result[-1].matches.append(line.strip()[6:])
            elif inside and line.lstrip().startswith("set "):
                result[-1].settings.append(line.strip()[4:])
        assert result, f"no route map {name}"
        return result

    def _matches(self, condition: str, prefix: str, communities: Collection[str]) -> bool:
        kind, name = condition.rsplit(" ", 1)
        if "community" in kind:
            return any(self.community(kind, name, each) for each in communities)
        if name not in self._lists:
            self._lists[name] = self.entries(name)
        return any(_fits(prefix, *entry) for entry in self._lists[name])

    def community(self, kind: str, name: str, community: str) -> bool:
        """Whether a community list has a community."""
        raise NotImplementedError

    def entries(self, name: str) -> list[tuple[str, int, int]]:
        """The entries of a prefix list: (CIDR, shortest, longest)."""
        raise NotImplementedError


class Frr(RouteMaps):
    """FRR's route maps."""

    def policy(self, neighbour: str, family: str, direction: str) -> str:
        """The name of the route map."""
        part = "\n".join(self.lines).split(f"address-family {family} unicast")[1].split("exit-address-family")[0]
        found = re.search(rf"neighbor {re.escape(neighbour)} route-map (\S+) {direction}$", part, re.M)
        assert found, f"{neighbour} has no route map {direction}"
        return found[1]

    def community(self, kind: str, name: str, community: str) -> bool:
        return any(
            line.startswith(f"bgp {kind}-list standard {name} ") and line.endswith(f" permit {community}")
            for line in self.lines
        )

    def entries(self, name: str) -> list[tuple[str, int, int]]:
        found = []
        for line in self.lines:
            entry = re.match(rf"ip(?:v6)? prefix-list {name} seq \d+ permit (\S+)(?: ge (\d+))?(?: le (\d+))?$", line)
            if entry:
                found.append(_bounds(entry[1], entry[2], entry[3]))
        return found


class Eos(RouteMaps):
    """EOS's route maps; ``eq`` is both bounds at once."""

    def policy(self, neighbour: str, family: str, direction: str) -> str:
        """The name of the route map."""
        part = "\n".join(self.lines).split(f"   address-family {family}\n")[1].split("\n   !")[0].split("\n!")[0]
        found = re.search(rf"neighbor {re.escape(neighbour)} route-map (\S+) {direction}$", part, re.M)
        assert found, f"{neighbour} has no route map {direction}"
        return found[1]

    def community(self, kind: str, name: str, community: str) -> bool:
        return f"ip {kind}-list {name} permit {community}" in self.lines

    def entries(self, name: str) -> list[tuple[str, int, int]]:
        head = next(at for at, line in enumerate(self.lines) if re.match(rf"ip(v6)? prefix-list {name}$", line))
        found = []
        for line in self.lines[head + 1 : self.lines.index("!", head)]:
            entry = re.match(r"   seq \d+ permit (\S+)(?: eq (\d+))?(?: ge (\d+))?(?: le (\d+))?$", line)
            assert entry, line
            found.append(_bounds(entry[1], entry[2] or entry[3], entry[2] or entry[4]))
        return found


class Bird:
    """BIRD's filters. The guard on the source of what is sent is left out: the prefix is taken to be BGP's."""

    def __init__(self, text: str) -> None:
        self._filters = dict(re.findall(r"^filter (\w+) \{\n(.*?)^\}$", text, re.M | re.S))
        sets = re.findall(r"^define (\w+) = \[\n(.*?)^\];$", text, re.M | re.S)
        self._sets = {name: [each.strip(" ,") for each in body.splitlines()] for name, body in sets}
        self._sessions = text.split("\nprotocol bgp ")[1:]

    def policy(self, neighbour: str, family: str, direction: str) -> str:
        """The name of the filter; an unnumbered neighbour is known by the interface."""
        told = (f"    neighbor {neighbour} ", f'    interface "{neighbour}";')
        session = next(each for each in self._sessions if any(words in each for words in told))
        channel = session.split(f"\n    {family} {{")[1].split("\n    };")[0]
        found = re.search(rf"{ {'in': 'import', 'out': 'export'}[direction] } filter (\w+);", channel)
        assert found, f"{neighbour} has no filter {direction}"
        return found[1]

    def passes(self, name: str, prefix: str, *communities: str) -> Verdict:
        """(accepted, local preference that is set)."""
        for line in map(str.strip, self._filters[name].splitlines()):
            if line.startswith("if source != RTS_BGP"):
                continue
            condition, action = re.fullmatch(r"(?:if (.*) then )?(.*)", line).groups()  # type: ignore[union-attr]
            if condition and not all(self._holds(each, prefix, communities) for each in condition.split(" && ")):
                continue
            preference = re.search(r"bgp_local_pref = (\d+);", action)
            return "accept;" in action, int(preference[1]) if preference else None
        raise AssertionError(f"{name} ends without a decision")

    def _holds(self, condition: str, prefix: str, communities: Collection[str]) -> bool:
        if condition.startswith("net ~ "):
            return any(_fits(prefix, *_braces(each)) for each in self._sets[condition[6:]])
        wanted = re.fullmatch(r"\(([\d, ]+)\) ~ bgp_(large_)?community", condition)
        assert wanted, condition
        return wanted[1].replace(", ", ":") in communities


@functools.cache
def network(text: str) -> Any:
    """A prefix; reading one is slow, and the same ones come again and again."""
    return ipaddress.ip_network(text)


def _fits(prefix: str, cidr: str, least: int, most: int) -> bool:
    inner, wide = network(prefix), network(cidr)
    return bool(inner.version == wide.version and least <= inner.prefixlen <= most and inner.subnet_of(wide))


def _bounds(cidr: str, least: Any, most: Any) -> tuple[str, int, int]:
    """Of FRR and EOS: without bounds exactly the length of the CIDR, with ``ge`` alone up to a host."""
    wide = network(cidr)
    longest = wide.max_prefixlen if least else wide.prefixlen
    return cidr, int(least or wide.prefixlen), int(most or longest)


def _braces(entry: str) -> tuple[str, int, int]:
    cidr, _unused, bounds = entry.partition("{")
    least, most = bounds.rstrip("}").split(",") if bounds else [cidr.rsplit("/", 1)[1]] * 2
    return cidr, int(least), int(most)
