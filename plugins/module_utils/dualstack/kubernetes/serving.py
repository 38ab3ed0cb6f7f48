# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The specs of IPAddressPool, L2Advertisement, BGPAdvertisement and Community.

Fields, defaults and bounds are those of MetalLB 0.16 (`config/crd/bases`), the rules those of its
`internal/config/config.go` as far as one object shows them. Left out on purpose: repeated selectors and repeated values
in an expression, which MetalLB refuses and which harm nothing.
"""

from __future__ import annotations

from .cel_addresses import ENTRIES, ENTRY_LENGTH, entry_rules, overlap_rule
from .schema import NAMES, Rule, Schema, array, flag, names, selector, selectors, struct, text, unique, whole

_SMALL = "self.matches('^[0-9]{1,10}:[0-9]{1,10}$')"
_LARGE = "self.matches('^large:[0-9]{1,10}:[0-9]{1,10}:[0-9]{1,10}$')"
_LITERAL = Rule(
    f"{_SMALL} || {_LARGE}",
    'is no community: write "A:B" with two numbers up to 65535, or "large:A:B:C" with three up to 4294967295',
)
_WITHIN = Rule(
    f"(!{_SMALL} || (int(self.split(':', 2)[0]) <= 65535 && int(self.split(':', 2)[1]) <= 65535)) && "
    f"(!{_LARGE} || [1, 2, 3].all(i, int(self.split(':', 4)[i]) <= 4294967295))",
    'has a number that is too large: the parts of "A:B" go up to 65535; greater ones need "large:A:B:C"',
)


def pool() -> Schema:
    """IPAddressPool."""
    empty = Rule("size(self) > 0", "has no entry: give at least one CIDR or range")
    named = Rule("self != ''", "is empty: write the name of a namespace, or remove the entry")
    allocation = struct(
        "Which Services the pool serves. Without it, all.",
        {
            "priority": whole("Pools with a lower number come first; 0 comes last."),
            "namespaces": names("Namespaces that the pool serves.", "a namespace", [named]),
            "namespaceSelectors": selectors("Namespaces that the pool serves, by their labels."),
            "serviceSelectors": selectors("Services that the pool serves, by their labels."),
        },
    )
    return struct(
        "The addresses of a pool, and who gets them.",
        {
            "addresses": array(
                "CIDRs, and ranges first-last, of either IP family.",
                text("A CIDR or a range.", entry_rules(), maxLength=ENTRY_LENGTH),
                [empty, overlap_rule()],
                most=ENTRIES,
            ),
            "autoAssign": flag("Whether Services get addresses without asking for the pool.", default=True),
            "avoidBuggyIPs": flag("Leave out IPv4 addresses that end in .0 and .255.", default=False),
            "serviceAllocation": allocation,
        },
        required=["addresses"],
    )


def l2_advertisement() -> Schema:
    """L2Advertisement."""
    preferred = struct(
        "A weight for some nodes.",
        {
            "weight": whole("What a node gains for each match.", 1, 100, "int32"),
            "preference": selector("The nodes, by their labels."),
        },
        required=["weight", "preference"],
    )
    return struct(
        "Which addresses are announced by ARP and NDP, and from where.",
        {
            **_selection(),
            "interfaces": array("Interfaces that answer. Empty: all.", text("The name of an interface.")),
            "preferredNodeSelectors": array("Nodes that the election prefers.", preferred, most=128),
        },
    )


def bgp_advertisement() -> Schema:
    """BGPAdvertisement."""
    community = text(
        'A community, "A:B" or "large:A:B:C", or the name of one in a Community.',
        [Rule("size(self) > 0", "is empty: remove it"), *_unless("!self.contains(':')", _LITERAL, _WITHIN)],
        maxLength=NAME_OF_COMMUNITY,
    )
    aggregate = Rule(
        "!has(self.serviceSelectors) || size(self.serviceSelectors) == 0 || "
        "((!has(self.aggregationLength) || self.aggregationLength == 32) && "
        "(!has(self.aggregationLengthV6) || self.aggregationLengthV6 == 128))",
        "an aggregate can't belong to a selection of Services: leave out the aggregation lengths, or serviceSelectors",
        "serviceSelectors",
    )
    return struct(
        "Which prefixes are announced by BGP, how, to whom and from where.",
        {
            **_selection(),
            "aggregationLength": whole(
                "The length of IPv4 prefixes.", 1, size="int32", default=32, rules=_most(32, "IPv4")
            ),
            "aggregationLengthV6": whole(
                "The length of IPv6 prefixes.", size="int32", default=128, rules=_most(128, "IPv6", least=1)
            ),
            "localPref": whole(
                "LOCAL_PREF towards iBGP peers. 0: none.",
                size="int32",
                rules=[Rule("self >= 0", "is negative: give 0 or more")],
            ),
            "communities": array("Communities of the prefixes.", community, [unique("a community")], most=NAMES),
            "peers": names("BGPPeers that get the prefixes. Empty: all.", "a BGPPeer"),
        },
        rules=[aggregate],
    )


NAME_OF_COMMUNITY = 128


def community() -> Schema:
    """Community."""
    entry = struct(
        "A name for a community.",
        {
            "name": text("The name that advertisements use.", maxLength=NAME_OF_COMMUNITY),
            "value": text('The community, "A:B" or "large:A:B:C".', [_LITERAL, _WITHIN], maxLength=NAME_OF_COMMUNITY),
        },
        rules=[Rule("has(self.name) && self.name != '' && has(self.value)", "lacks its name or its value: add it")],
    )
    own = Rule(
        "self.all(x, !has(x.name) || self.exists_one(y, has(y.name) && x.name == y.name))",
        "has a name more than once: remove the repetition, or give it another name",
    )
    return struct("Names for communities.", {"communities": array("The names.", entry, [own], most=NAMES)})


def _selection() -> dict[str, Schema]:
    return {
        "ipAddressPools": names("Pools by name. Without it and ipAddressPoolSelectors: all.", "a pool"),
        "ipAddressPoolSelectors": selectors("Pools by their labels."),
        "nodeSelectors": selectors("Nodes that announce. Empty: all."),
        "serviceSelectors": selectors("Services of the pools. Empty: all."),
    }


def _most(high: int, family: str, least: int = 0) -> list[Rule]:
    words = f"{least or 1} to {high}"
    rules = [Rule(f"self <= {high}", f"is longer than an {family} address: give {words}")]
    if least:
        rules.append(Rule(f"self >= {least}", f"is no prefix length: give {words}"))
    return rules


def _unless(exempt: str, *rules: Rule) -> list[Rule]:
    return [rule._replace(cel=f"{exempt} || ({rule.cel})") for rule in rules]
