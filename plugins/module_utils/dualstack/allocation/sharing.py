# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When Services may share an address (MetalLB `internal/allocator` SharingOK).

The same key, which is not empty, the same pods where externalTrafficPolicy is Local, and no port in common. Namespaces
do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..resources.wishes import LOCAL, PREFIX, SHARING, ServiceWish

Ports = frozenset[tuple[str, int]]  # protocol and number


class Terms(NamedTuple):
    """What a Service shares by: ``key`` empty: it does not. ``backend``: empty for the policy Cluster."""

    key: str
    backend: str
    ports: Ports

    def goes_with(self, other: Terms) -> bool:
        """Whether both may have the same address."""
        return bool(self.key) and self[:2] == other[:2] and not self.ports & other.ports


ALONE = Terms("", "", frozenset())


def terms_of(wish: ServiceWish) -> Terms:
    if not wish.sharing_key:
        return ALONE
    backend = ""
    if wish.traffic_policy == LOCAL:
        backend = "local:" + ",".join(f"{key}={value}" for key, value in sorted(wish.selector.items()))
    return Terms(wish.sharing_key, backend, frozenset((port.protocol, port.port) for port in wish.ports))


class Clash(NamedTuple):
    """Why two Services can't share an address, and what would let them."""

    text: str
    fix: str


def clash(one: Terms, other: Terms) -> Clash:
    """Of two Services that do not go with each other."""
    if not one.key or one.key != other.key:
        return Clash("they have no sharing key in common", f"give both the same {PREFIX}/{SHARING} and other ports")
    if bool(one.backend) != bool(other.backend):
        return Clash("their externalTrafficPolicy differs", "give both the same externalTrafficPolicy")
    if one.backend != other.backend:
        fix = "give both the same selector, or the policy Cluster"
        return Clash("with externalTrafficPolicy Local they need the same selector", fix)
    protocol, port = min(one.ports & other.ports)
    return Clash(f"both have port {port}/{protocol}", "give one of them another port")


def may_join(terms: Terms, users: Iterable[Terms]) -> bool:
    """Whether a Service may join all of the users of an address."""
    return all(terms.goes_with(other) for other in users)
