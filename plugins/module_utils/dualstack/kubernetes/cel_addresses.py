# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, CIDRs and ranges in CEL: syntax, order, overlaps.

CEL knows addresses and CIDRs (``ip``, ``cidr``; usable from Kubernetes 1.31 on) but can't compare two addresses, and
its cost estimator takes any text that was kept in a list for endless. So an address becomes two unsigned numbers of 64
bits straight from the text of the field; IPv4 stands where IPv6 has its mapped addresses (RFC 4291 section 2.5.5.2),
which are refused as text. Left out on purpose: addresses of IPv6 that end in dotted decimals are checked for syntax
only.
"""

from __future__ import annotations

from .schema import Rule

ENTRIES = 256  # the most entries of a pool: what the cost of the rules allows
ENTRY_LENGTH = 96  # two IPv6 addresses and blanks
COMPARED = 128  # entries up to which overlaps are looked for: beyond, an object would cost more than it may
_HEX = "'0123456789abcdef'"
_ALL = "18446744073709551615u"  # 2^64 - 1
_MAPPED = "281470681743360u"  # ::ffff:0:0, its lower half


def is_address(value: str) -> str:
    """Whether a text, which may be empty, is an address."""
    return f"{value} == '' || isIP({value})"


def entry_rules() -> list[Rule]:
    """What an entry of a pool must be. MetalLB 0.16 `internal/config/config.go`; mixed families pass there."""
    first, last = _ends("self")
    same = f"ip({first}).family() == ip({last}).family()"
    return [
        Rule(
            f"isCIDR(self) || {_is_range('self')}",
            "is neither a CIDR nor a range: write 192.0.2.0/24, 2001:db8::/64, 192.0.2.10-192.0.2.20 "
            "or 2001:db8::10-2001:db8::20; a single address has the length /32 or /128",
        ),
        Rule(
            f"!{_is_range('self')} || {same}",
            "begins in one IP family and ends in the other: write one range for each family",
        ),
        Rule(
            f"!{_is_plain_range('self')} || !({same}) || "
            + _let("k", f"{_key(first)} + {_key(last)}", _not_after("k[0]", "k[1]", "k[2]", "k[3]")),
            "ends before it begins: exchange the two addresses",
        ),
    ]


def overlap_rule() -> Rule:
    """No two entries of a pool share an address (the same source)."""
    readable = f"(isCIDR(e) && !{_is_dotted('e')}) || {_is_plain_range('e')}"
    first, last = _ends("e")
    bounds = f"isCIDR(e) ? {_bounds_of_cidr('e')} : {_key(first)} + {_key(last)}"
    meet = f"{_not_after('a[0]', 'a[1]', 'b[2]', 'b[3]')} && {_not_after('b[0]', 'b[1]', 'a[2]', 'a[3]')}"
    backward = f"!{_not_after('a[0]', 'a[1]', 'a[2]', 'a[3]')}"  # has its own words, and does not even meet itself
    return Rule(
        f"size(self) > {COMPARED} || "
        f"[self.filter(e, {readable}).map(e, {bounds})].all(k, k.all(a, {backward} || k.exists_one(b, {meet})))",
        "two entries share addresses: remove one of them, or shorten it",
    )


def _let(name: str, value: str, body: str) -> str:
    return f"[{value}].map({name}, {body})[0]"


def _ends(entry: str) -> tuple[str, str]:
    hyphen = f"{entry}.indexOf('-')"
    return f"{entry}.substring(0, {hyphen}).trim()", f"{entry}.substring({hyphen} + 1).trim()"


def _is_range(entry: str) -> str:
    first, last = _ends(entry)
    return f"({entry}.contains('-') && isIP({first}) && isIP({last}))"


def _is_plain_range(entry: str) -> str:
    first, last = _ends(entry)
    return f"({_is_range(entry)} && !{_is_dotted(first)} && !{_is_dotted(last)})"


def _is_dotted(value: str) -> str:
    """Whether it is IPv6 that ends in dotted decimals."""
    return f"({value}.contains(':') && {value}.contains('.'))"


def _not_after(upper: str, lower: str, other_upper: str, other_lower: str) -> str:
    return f"({upper} < {other_upper} || ({upper} == {other_upper} && {lower} <= {other_lower}))"


def _key(value: str) -> str:
    """The list [upper half, lower half] of an address."""
    return f"({value}.contains(':') ? {_key_of_ipv6(f'{value}.lowerAscii()')} : {_key_of_ipv4(value)})"


def _key_of_ipv4(value: str) -> str:
    number = " + ".join(f"int(g[{place}]) * {256 ** (3 - place)}" for place in range(4))
    return _let("g", f"{value}.split('.', 4)", f"[0u, {_MAPPED} + uint({number})]")


def _key_of_ipv6(value: str) -> str:
    gap = f"{value}.indexOf('::')"
    left, right = f"{value}.substring(0, {gap})", f"{value}.substring({gap} + 2)"
    written = f"size({value}.split(':', 9).filter(g, g != ''))"
    zeros = f"[1, 2, 3, 4, 5, 6, 7, 8].filter(i, i <= 8 - {written}).map(i, 0)"
    filled = f"{_groups(left)} + {zeros} + {_groups(right)}"
    halves = (" + ".join(f"uint(g[{at + i}]) * {65536 ** (3 - i)}u" for i in range(4)) for at in (0, 4))
    return _let("g", f"({value}.contains('::') ? {filled} : {_groups(value)})", f"[{', '.join(halves)}]")


def _groups(value: str) -> str:
    """The groups of 16 bits that are written, as numbers."""

    def digit(place: int) -> str:
        return f"{_HEX}.indexOf(g.charAt(size(g) - {place}))"

    higher = " + ".join(f"(size(g) >= {place} ? {digit(place)} * {16 ** (place - 1)} : 0)" for place in (4, 3, 2))
    return f"{value}.split(':', 9).filter(g, g != '').map(g, {higher} + {digit(1)})"


def _bounds_of_cidr(entry: str) -> str:
    """The keys of its first and last address in one list; host bits are cut off."""
    address = f"{entry}.substring(0, {entry}.indexOf('/'))"
    ones = ", ".join(f"{2**place}u" for place in range(8))
    octets = ", ".join(f"{256**place}u" for place in range(8))
    power = f"[{ones}][h % 8] * [{octets}][h / 8]"  # 2 to the power of h
    lower = _let("s", power, "[k[0], k[1] - k[1] % s, k[0], k[1] - k[1] % s + (s - 1u)]")
    inner = _let("s", power, f"[k[0] - k[0] % s, 0u, k[0] - k[0] % s + (s - 1u), {_ALL}]")
    upper = _let("h", "h - 64", inner)
    bits = f"(ip({address}).family() == 4 ? 32 : 128) - cidr({entry}).prefixLength()"
    chosen = f"(h == 128 ? [0u, 0u, {_ALL}, {_ALL}] : h >= 64 ? {upper} : {lower})"
    return _let("k", _key(address), _let("h", bits, chosen))
