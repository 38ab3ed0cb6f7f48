# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The specs of BGPPeer, both versions, and BFDProfile.

Fields, defaults and bounds are those of MetalLB 0.16 (`config/crd/bases`), the rules those of its
`internal/config/config.go` and of BGP (RFC 4271) as far as one object shows them. What this speaker can't do at all is
refused as well: VRFs, BFD intervals below its least. Left out on purpose: MetalLB's ban on changing
enableGracefulRestart, which our speaker needs not.
"""

from __future__ import annotations

from ..resources.modes import LEAST_INTERVAL
from .cel_addresses import is_address
from .schema import UNSIGNED_32, WHOLE_MAP, Rule, Schema, flag, selectors, struct, text, whole

_DURATION = "^(0|([0-9]+([.][0-9]*)?|[.][0-9]+)(ns|us|µs|ms|s|m|h))+$"
_ADDRESS_LENGTH, _DURATION_LENGTH = 64, 32
_HAS_ASN = "(has(self.peerASN) && self.peerASN > 0)"
_HAS_ADDRESS = "(has(self.peerAddress) && self.peerAddress != '')"
_HAS_INTERFACE = "(has(self.interface) && self.interface != '')"
_V1BETA1 = (
    *("myASN", "peerASN", "peerAddress", "sourceAddress", "peerPort", "holdTime", "keepaliveTime", "routerID"),
    *("nodeSelectors", "password", "bfdProfile", "ebgpMultiHop"),
)


def peer() -> Schema:
    """BGPPeer v1beta2."""
    rules = [
        *_shared_rules(),
        Rule(
            f"{_HAS_ASN} || has(self.dynamicASN)",
            "the peer's ASN is missing: give peerASN, or dynamicASN: external or internal",
            "peerASN",
        ),
        Rule(
            f"!{_HAS_ASN} || !has(self.dynamicASN)",
            "peerASN and dynamicASN exclude each other: keep one of them",
            "dynamicASN",
        ),
        Rule(
            f"{_HAS_ADDRESS} || {_HAS_INTERFACE}",
            "the peer is missing: give peerAddress, or interface for a session between link-local addresses",
            "peerAddress",
        ),
        Rule(
            f"!{_HAS_ADDRESS} || !{_HAS_INTERFACE}",
            "peerAddress and interface exclude each other: keep one of them",
            "interface",
        ),
        Rule(
            "!has(self.password) || self.password == '' || !has(self.passwordSecret) || "
            "!has(self.passwordSecret.name) || self.passwordSecret.name == ''",
            "password and passwordSecret exclude each other: keep passwordSecret, which hides the password",
            "password",
        ),
    ]
    return struct("A BGP session of some nodes.", _fields(), ["myASN"], rules)


def peer_v1beta1() -> Schema:
    """BGPPeer v1beta1: what it has means what it means in v1beta2, except that peerPort has no default."""
    fields = {name: schema for name, schema in _fields().items() if name in _V1BETA1}
    fields["peerPort"] = whole("The TCP port of the peer.", 0, 16384)
    needed = Rule("self.peerASN > 0", "is 0: give the peer's ASN", "peerASN")
    return struct(
        "A BGP session of some nodes.", fields, ["myASN", "peerASN", "peerAddress"], [*_shared_rules(), needed]
    )


def bfd_profile() -> Schema:
    """BFDProfile."""

    def interval(description: str, least: bool) -> Schema:
        message = f"is below {LEAST_INTERVAL} ms, the least of this speaker: give {LEAST_INTERVAL} or more"
        return whole(
            description, 10, 60000, "int32", rules=[Rule(f"self >= {LEAST_INTERVAL}", message)] if least else ()
        )

    return struct(
        "The timing of BFD on a session.",
        {
            "receiveInterval": interval("Milliseconds between packets that we want to receive; 300.", True),
            "transmitInterval": interval("Milliseconds between packets that we send; 300.", True),
            "echoInterval": interval("Milliseconds between echo packets, which this speaker has not.", False),
            "detectMultiplier": whole("Lost packets until the peer counts as down; 3.", 2, 255, "int32"),
            "minimumTtl": whole("The lowest TTL that is accepted over more than one hop; 254.", 1, 254, "int32"),
            "echoMode": flag("Echo packets, which this speaker has not."),
            "passiveMode": flag("Wait for the peer to begin."),
        },
    )


def _fields() -> dict[str, Schema]:
    return {
        "myASN": whole(
            "The node's ASN.", 0, UNSIGNED_32, rules=[Rule("self > 0", "is 0: give the node's ASN, 1 to 4294967295")]
        ),
        "peerASN": whole("The peer's ASN. Either it or dynamicASN.", 0, UNSIGNED_32),
        "dynamicASN": text(
            "Any ASN of the peer: the node's own (internal) or another one (external).", enum=["internal", "external"]
        ),
        "localASN": whole("Another ASN of the node towards this peer.", 1, UNSIGNED_32),
        "peerAddress": text(
            "The peer's address. Either it or interface.",
            [_address_rule("give the IP address of the peer, not its name")],
            maxLength=_ADDRESS_LENGTH,
        ),
        "interface": text(
            "The interface on which the peer is found, for a session between link-local addresses.",
            [
                Rule(
                    r"self == '' || self.matches('^[^/\\s]{1,15}$')",
                    "is no name of an interface: at most 15 characters, without / and blanks",
                )
            ],
            maxLength=64,
        ),
        "sourceAddress": text(
            "The node's address of the session.",
            [_address_rule("give an IP address of the node, or leave it out")],
            maxLength=_ADDRESS_LENGTH,
        ),
        "peerPort": whole("The TCP port of the peer.", 1, 16384, default=179),
        "holdTime": _duration(
            "How long the session lives without a message; 90s.",
            Rule(
                "!IS || duration(self).getSeconds() == 0 || "
                "(duration(self).getSeconds() >= 3 && duration(self).getSeconds() <= 65535)",
                "is out of range: give 3s to 65535s, or 0s for a session without this timer (RFC 4271 section 4.2)",
            ),
        ),
        "keepaliveTime": _duration(
            "The time between keepalives; a third of the hold time.",
            Rule(
                "!IS || (duration(self).getSeconds() >= 0 && duration(self).getSeconds() <= 21845)",
                "is out of range: give 0s to 21845s, a third of the hold time",
            ),
        ),
        "connectTime": _duration(
            "The time between attempts to connect.",
            Rule(
                "!IS || (duration(self).getSeconds() >= 1 && duration(self).getSeconds() <= 65535)",
                "is out of range: give 1s to 65535s",
            ),
            Rule("!IS || duration(self).getMilliseconds() % 1000 == 0", "has parts of a second: give whole seconds"),
        ),
        "routerID": text(
            "The node's router ID. Without it, one of the node's own.",
            [
                Rule(
                    "self == '' || (isIP(self) && ip(self).family() == 4 && !ip(self).isUnspecified())",
                    "can't be a router ID: give an IPv4 address other than 0.0.0.0, also with IPv6 peers "
                    "(RFC 4271 section 4.2)",
                )
            ],
            maxLength=_ADDRESS_LENGTH,
        ),
        "nodeSelectors": selectors("Nodes that have the session. Empty: all."),
        "password": text(
            "The TCP MD5 password itself. Better: passwordSecret.",
            [Rule("size(self) <= 80", "is longer than 80 octets, the most that TCP MD5 takes: shorten it")],
            maxLength=1024,
        ),
        "passwordSecret": {
            **struct(
                "The Secret of the type kubernetes.io/basic-auth that holds the TCP MD5 password, beside this object.",
                {"name": text("Its name."), "namespace": text("Not used.")},
            ),
            **WHOLE_MAP,
        },
        "bfdProfile": text("The BFDProfile of the session. Without it, no BFD."),
        "enableGracefulRestart": flag("Ask the peer to keep the routes over a restart (RFC 4724)."),
        "ebgpMultiHop": flag("The peer is more than one hop away."),
        "vrf": text(
            "Not supported by this speaker.",
            [Rule("self == ''", "this speaker has no VRFs: remove it, or keep MetalLB with FRR for this peer")],
            maxLength=64,
        ),
        "disableMP": flag("Without effect, as in MetalLB.", default=False),
        "dualStackAddressFamily": flag("Carry both IP families on the session.", default=False),
    }


def _shared_rules() -> list[Rule]:
    hold, keepalive = (f"{{0}}(self.{name})" for name in ("holdTime", "keepaliveTime"))
    written = " && ".join(
        f"has(self.{name}) && self.{name}.matches('{_DURATION}')" for name in ("holdTime", "keepaliveTime")
    )
    return [
        Rule(
            "!has(self.ebgpMultiHop) || !self.ebgpMultiHop || !has(self.peerASN) || self.peerASN != self.myASN",
            "has no meaning for a peer with the node's own ASN: remove it",
            "ebgpMultiHop",
        ),
        Rule(
            f"!({written}) || {keepalive.format('duration')} <= {hold.format('duration')}",
            "is longer than the hold time: give at most a third of holdTime",
            "keepaliveTime",
        ),
        Rule(
            "!has(self.sourceAddress) || !has(self.peerAddress) || !isIP(self.sourceAddress) || "
            "!isIP(self.peerAddress) || ip(self.sourceAddress).family() == ip(self.peerAddress).family()",
            "is not of the IP family of peerAddress: give an address of the same family",
            "sourceAddress",
        ),
    ]


def _address_rule(fix: str) -> Rule:
    return Rule(is_address("self"), f"is no IP address: {fix}")


def _duration(description: str, *rules: Rule) -> Schema:
    is_duration = f"self.matches('{_DURATION}')"
    syntax = Rule(is_duration, 'is no duration: write it with a unit, like "90s" or "1m30s"')
    return text(
        description,
        [syntax, *(rule._replace(cel=rule.cel.replace("IS", is_duration)) for rule in rules)],
        maxLength=_DURATION_LENGTH,
    )
