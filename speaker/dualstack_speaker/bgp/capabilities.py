# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Capabilities in OPEN (RFC 5492): what we offer and what the peer offers.

Ours: multiprotocol IPv4 and IPv6 unicast (RFC 4760), route refresh (RFC 2918), 4-octet ASN (RFC 6793).
"""

from __future__ import annotations

from typing import NamedTuple

from ..base.codec import Reader, Short
from . import iana
from .errors import SessionError


class Capabilities(NamedTuple):
    """Capabilities of one side; ``families`` is None when it offers no multiprotocol capability at all."""

    families: tuple[str, ...] | None
    asn: int | None
    route_refresh: bool


def encode(families: tuple[str, ...], asn: int) -> bytes:
    """Our capabilities, without the header of the optional parameter."""
    items = []
    for name in families:
        afi, safi = iana.AFI_SAFI[name]
        items.append((iana.CAP_MULTIPROTOCOL, bytes((0, afi, 0, safi))))
    items.append((iana.CAP_ROUTE_REFRESH, b""))
    items.append((iana.CAP_FOUR_OCTET_ASN, asn.to_bytes(4, "big")))
    return b"".join(bytes((code, len(value))) + value for code, value in items)


def decode(parameters: Reader, wide: bool) -> Capabilities:
    """Reads all optional parameters; ``wide`` when they have lengths of two octets (RFC 9072).

    SessionError: a parameter that is no capability (2/4) or a broken one (2/0).
    """
    families: list[str] = []
    multiprotocol = route_refresh = False
    asn = None
    try:
        while parameters.left:
            if parameters.number(1) != iana.PARAMETER_CAPABILITIES:
                raise SessionError(iana.OPEN_ERROR, iana.BAD_PARAMETER, "peer's OPEN has an unknown optional parameter")
            block = parameters.block(2 if wide else 1)
            while block.left:
                code = block.number(1)
                value = block.block(1)
                if code == iana.CAP_MULTIPROTOCOL:
                    multiprotocol = True
                    name = iana.FAMILY_OF.get((value.number(2), value.number(2) & 0xFF))
                    if name and name not in families:
                        families.append(name)
                elif code == iana.CAP_ROUTE_REFRESH:
                    route_refresh = True
                elif code == iana.CAP_FOUR_OCTET_ASN:
                    asn = value.number(4)
    except Short:
        raise SessionError(iana.OPEN_ERROR, 0, "peer's OPEN has broken optional parameters") from None
    return Capabilities(tuple(families) if multiprotocol else None, asn, route_refresh)
