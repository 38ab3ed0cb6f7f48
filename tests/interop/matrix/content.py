# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is announced on the sessions of the matrix, and what a stack should hold of it then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from interop.matrix.cases import OUR_ASN, Case
from interop.peers.shape import FAMILIES, Route

PREFIXES = {
    "ipv4": [f"192.0.2.{number}/32" for number in (1, 2, 3)],
    "ipv6": [f"2001:db8:1::{n}/128" for n in (1, 2, 3)],
}
_COMMUNITIES = ("64512:100", "64512:200", "65535:65281", "65535:65284")  # the last ones: NO_EXPORT, NOPEER
_LARGE = ("4200000000:5:6", "64512:1:2")
_PREFERENCE, _USUAL_PREFERENCE = 150, 100


class Content(NamedTuple):
    """Which of the prefixes are announced, from and to; ``rich``: with communities and a local preference."""

    start: int
    end: int
    rich: bool = False

    def prefixes(self) -> Iterator[tuple[str, str]]:
        """The prefixes with their families."""
        for family in FAMILIES:
            for prefix in PREFIXES[family][self.start : self.end]:
                yield family, prefix

    def routes(self, some: Iterable[Case]) -> dict[str, Any]:
        """As wire is told of it, for some sessions."""
        path = {
            "peers": [case.name for case in some],
            "communities": list(reversed(_COMMUNITIES)) if self.rich else [],
            "large_communities": list(_LARGE) if self.rich else [],
            "local_preference": _PREFERENCE if self.rich else None,
        }
        return {prefix: [path] for _unused, prefix in self.prefixes()}

    def expected(self, case: Case) -> dict[str, Route]:
        """What the other end should hold of a session."""
        return {
            prefix: Route(
                next_hop=case.next_hop(family),
                as_path=() if case.internal else (OUR_ASN,),
                communities=_COMMUNITIES if self.rich else (),
                large_communities=_LARGE if self.rich else (),
                local_preference=_PREFERENCE if self.rich else _USUAL_PREFERENCE,
                stale=False,
            )
            for family, prefix in self.prefixes()
        }


FIRST, LATER, ALL = Content(0, 2), Content(1, 3, rich=True), Content(0, 3)


def differences(case: Case, held: dict[str, Route], wanted: dict[str, Route]) -> Iterator[str]:
    """What is not as it should be; the local preference is ours to say on iBGP alone."""
    for prefix in sorted(held.keys() | wanted.keys()):
        if prefix not in held or prefix not in wanted:
            yield f"{prefix} is {'missing' if prefix in wanted else 'there'}"
            continue
        ours = wanted[prefix]
        seen = held[prefix] if case.internal else held[prefix]._replace(local_preference=ours.local_preference)
        if seen != ours:
            yield f"{prefix} is {held[prefix]}"
