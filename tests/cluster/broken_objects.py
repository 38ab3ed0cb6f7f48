# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of metallb.io that are broken, or look so: what the API server says of each, and whether our reader minds.

``said`` is a part of the API server's message, empty where it takes the object; ``reads`` is whether the core's reader
(``resources``) takes it. Where the two differ, ``why`` tells.
"""

from __future__ import annotations

from typing import Any, NamedTuple

Spec = dict[str, Any]


class Case(NamedTuple):
    """An object by kind and spec."""

    name: str
    kind: str
    spec: Spec
    said: str = ""
    reads: bool = False
    why: str = ""
    version: str = "v1beta1"


def _pool(name: str, *addresses: Any, **rest: Any) -> Case:
    said, reads, why = (rest.pop(key, default) for key, default in (("said", ""), ("reads", False), ("why", "")))
    return Case(name, "IPAddressPool", {"addresses": list(addresses), **rest}, said, reads, why)


def _peer(name: str, said: str = "", reads: bool = False, why: str = "", **spec: Any) -> Case:
    given = {"myASN": 64512, "peerASN": 64500, "peerAddress": "10.0.0.1", **spec}
    stated = {key: value for key, value in given.items() if value is not None}
    return Case(name, "BGPPeer", stated, said, reads, why, "v1beta2")


def _bgp(name: str, said: str = "", reads: bool = False, why: str = "", **spec: Any) -> Case:
    return Case(name, "BGPAdvertisement", spec, said, reads, why)


def _layer2(name: str, said: str = "", reads: bool = False, why: str = "", **spec: Any) -> Case:
    return Case(name, "L2Advertisement", spec, said, reads, why)


def _bfd(name: str, said: str = "", reads: bool = False, why: str = "", **spec: Any) -> Case:
    return Case(name, "BFDProfile", spec, said, reads, why)


def _community(name: str, *entries: Spec, **rest: Any) -> Case:
    return Case(name, "Community", {"communities": list(entries)}, **rest)


def _expression(operator: str, values: list[str] | None, key: str = "rack") -> list[Spec]:
    stated = {} if values is None else {"values": values}
    return [{"matchExpressions": [{"key": key, "operator": operator, **stated}]}]


_SYNTAX = "is neither a CIDR nor a range"
_SHARED = "two entries share addresses"
_TWICE = "more than once"
_TAKEN_OVER = "what MetalLB left is read, with a warning; new ones are refused"
_HARMLESS = "a repetition harms nothing; the API server refuses it as MetalLB does"

BROKEN: tuple[Case, ...] = (
    # MetalLB 3.1
    _pool("no-entry", said="has no entry"),
    _pool("plain-v4", "192.168.1.10", said=_SYNTAX, reads=True, why="the reader takes it for /32; MetalLB refuses it"),
    _pool("plain-v6", "2001:db8::10", said=_SYNTAX, reads=True, why="the reader takes it for /128; MetalLB refuses it"),
    _pool("leading-zeros", "010.0.0.0/24", said=_SYNTAX),
    _pool("not-hex", "2001:db8:prod::/64", said=_SYNTAX),
    _pool("length-33", "10.0.0.0/33", said=_SYNTAX),
    _pool("length-129", "2001:db8::/129", said=_SYNTAX),
    _pool("netmask", "10.0.0.0/255.255.255.0", said=_SYNTAX),
    _pool("zone", "fe80::1%eth0-fe80::9%eth0", said=_SYNTAX),
    _pool("half-a-range-v4", "10.0.0.1-", said=_SYNTAX),
    _pool("half-a-range-v6", "-2001:db8::1", said=_SYNTAX),
    _pool("short-range", "10.0.0.1-20", said=_SYNTAX),
    _pool("three-ends", "10.0.0.1-10.0.0.2-10.0.0.3", said=_SYNTAX),
    _pool("range-of-cidrs", "10.0.0.0/24-10.0.1.0/24", said=_SYNTAX),
    _pool("words", "all of them", said=_SYNTAX),
    _pool("empty-entry", "", said=_SYNTAX),
    _pool("number", 10, said="must be of type string"),
    _pool("backwards-v4", "10.0.0.9-10.0.0.5", said="ends before it begins"),
    _pool("backwards-v4-by-an-octet", "10.0.1.0-10.0.0.255", said="ends before it begins"),
    _pool("backwards-v6", "2001:db8::9-2001:db8::5", said="ends before it begins"),
    _pool("backwards-v6-by-a-group", "2001:db8:0:1::-2001:db8::ffff:0:0:0", said="ends before it begins"),
    _pool("backwards-v6-high", "ffff::-8000::", said="ends before it begins"),
    _pool("mixed-ascending", "10.0.0.1-fc00::1", said="begins in one IP family"),
    _pool("mixed-descending", "fc00::1-10.0.0.1", said="begins in one IP family"),
    _pool("mapped", "::ffff:10.0.0.0/120", said=_SYNTAX, reads=True, why=_TAKEN_OVER),
    _pool("mapped-range", "::ffff:10.0.0.1-::ffff:10.0.0.9", said=_SYNTAX, reads=True, why=_TAKEN_OVER),
    _pool("overlap-same-v4", "10.0.0.0/24", "10.0.0.0/24", said=_SHARED, reads=True, why="a rule of the planner"),
    _pool("overlap-within-v4", "10.0.0.0/24", "10.0.0.128/25", said=_SHARED, reads=True, why="a rule of the planner"),
    _pool("overlap-host-bits", "10.0.0.9/24", "10.0.0.200/32", said=_SHARED, reads=True, why="a rule of the planner"),
    _pool("overlap-range-v4", "10.0.0.0/24", "10.0.0.128-10.0.0.140", said=_SHARED, reads=True, why="as above"),
    _pool("overlap-around-v4", "10.0.0.4/30", "10.0.0.1-10.0.0.99", said=_SHARED, reads=True, why="as above"),
    _pool("overlap-ranges-v4", "10.0.0.1-10.0.0.9", "10.0.0.9-10.0.0.12", said=_SHARED, reads=True, why="as above"),
    _pool("overlap-same-v6", "2001:db8::/64", "2001:0DB8::/64", said=_SHARED, reads=True, why="as above"),
    _pool("overlap-within-v6", "2001:db8::/64", "2001:db8:0:0:8::/80", said=_SHARED, reads=True, why="as above"),
    _pool("overlap-wide-v6", "2000::/3", "2001:db8:0:0:8::/80", said=_SHARED, reads=True, why="as above"),
    _pool("overlap-all-v6", "::/0", "2001:db8::1/128", said=_SHARED, reads=True, why="as above"),
    _pool("overlap-ranges-v6", "2001:db8::1-2001:db8::f", "2001:db8::f-2001:db8::1:0", said=_SHARED, reads=True,
          why="as above"),
    _pool("bad-operator", "10.0.0.0/24", serviceAllocation={"serviceSelectors": _expression("Near", ["x"])},
          said="is not an operator"),
    _pool("namespace-twice", "10.0.0.0/24", serviceAllocation={"namespaces": ["a", "a"]}, said=_TWICE, reads=True,
          why=_HARMLESS),
    _pool("priority-word", "10.0.0.0/24", serviceAllocation={"priority": "high"}, said="must be of type integer"),
    Case("no-spec", "IPAddressPool", {}, "Required value"),
    # MetalLB 3.2
    _layer2("pool-twice", _TWICE, True, _HARMLESS, ipAddressPools=["a", "b", "a"]),
    _bgp("peer-twice", _TWICE, True, _HARMLESS, peers=["a", "a"]),
    _bgp("community-twice", _TWICE, True, _HARMLESS, communities=["64512:1", "64512:1"]),
    _bgp("length-33", "is longer than an IPv4 address", aggregationLength=33),
    _bgp("length-129", "is longer than an IPv6 address", aggregationLengthV6=129),
    _bgp("length-0", "should be greater than or equal to 1", aggregationLength=0),
    _bgp("length-v6-0", "is no prefix length", aggregationLengthV6=0),
    _bgp("aggregate-of-some-v4", "an aggregate can't belong", serviceSelectors=[{}], aggregationLength=24),
    _bgp("aggregate-of-some-v6", "an aggregate can't belong", serviceSelectors=[{}], aggregationLengthV6=64),
    _bgp("negative-preference", "is negative", localPref=-1),
    _layer2("weight-0", "greater than or equal to 1", preferredNodeSelectors=[{"weight": 0, "preference": {}}]),
    _layer2("weight-101", "less than or equal to 100", preferredNodeSelectors=[{"weight": 101, "preference": {}}]),
    _layer2("no-weight", "Required value", preferredNodeSelectors=[{"preference": {}}]),
    _layer2("in-without-values", "give at least one", nodeSelectors=_expression("In", None)),
    _layer2("exists-with-values", "take no values", nodeSelectors=_expression("Exists", ["a"])),
    _layer2("label-with-blanks", "should match", True, "labels are not looked into", nodeSelectors=[
        {"matchLabels": {"rack": "two words"}}]),
    _layer2("key-with-blanks", "should match", True, "as above",
            nodeSelectors=_expression("Exists", None, "two words")),
    # MetalLB 3.3
    _bgp("community-part", "has a number that is too large", communities=["99999:1"]),
    _bgp("community-large-part", "has a number that is too large", communities=["large:1:2:4294967296"]),
    _bgp("community-three", "is no community", communities=["1:2:3"]),
    _bgp("community-word", "is no community", communities=["lar:1:2:3"]),
    _bgp("community-empty", "is empty", communities=[""]),
    _community("value-word", {"name": "a", "value": "no-export"}, said="is no community"),
    _community("value-large", {"name": "a", "value": "64512:70000"}, said="has a number that is too large"),
    _community("no-name", {"value": "64512:1"}, said="lacks its name"),
    _community("no-value", {"name": "a"}, said="lacks its name or its value"),
    _community("name-twice", {"name": "a", "value": "1:1"}, {"name": "a", "value": "1:2"}, said=_TWICE, reads=True,
               why="a rule over manifests"),
    # MetalLB 3.4
    _peer("own-asn-0", "give the node's ASN", myASN=0),
    _peer("own-asn-high", "less than or equal to 4294967295", myASN=4294967296),
    _peer("own-asn-missing", "Required value", myASN=None),
    _peer("no-asn", "the peer's ASN is missing", peerASN=None),
    _peer("asn-0", "the peer's ASN is missing", peerASN=0),
    _peer("two-asns", "exclude each other", dynamicASN="external"),
    _peer("dynamic-word", "Unsupported value", peerASN=None, dynamicASN="any"),
    _peer("local-asn-0", "greater than or equal to 1", localASN=0),
    _peer("nobody", "the peer is missing", peerAddress=None),
    _peer("two-peers", "exclude each other", interface="eth1"),
    _peer("host-name", "is no IP address", peerAddress="tor1.example.net"),
    _peer("address-with-zone", "is no IP address", peerAddress="fe80::1%eth1"),
    _peer("address-with-length", "is no IP address", peerAddress="10.0.0.1/24"),
    _peer("mapped-address", "is no IP address", peerAddress="::ffff:10.0.0.1"),
    _peer("interface-too-long", "is no name of an interface", True, "names of interfaces are not looked into",
          peerAddress=None, interface="a-name-beyond-the-limit"),
    _peer("source-word", "is no IP address", sourceAddress="loopback"),
    _peer("source-other-family-v6", "is not of the IP family", sourceAddress="2001:db8::1"),
    _peer("source-other-family-v4", "is not of the IP family", peerAddress="2001:db8::9", sourceAddress="10.0.0.9"),
    _peer("router-id-v6", "can't be a router ID", routerID="2001:db8::1"),
    _peer("router-id-zero", "can't be a router ID", routerID="0.0.0.0"),
    _peer("router-id-number", "can't be a router ID", routerID="64512"),
    _peer("port-high", "less than or equal to 16384", peerPort=16385),
    _peer("port-0", "greater than or equal to 1", peerPort=0),
    _peer("multihop-inside", "has no meaning", peerASN=64512, ebgpMultiHop=True),
    _peer("hold-number", "must be of type string", holdTime=90),
    _peer("hold-without-unit", "is no duration", holdTime="90"),
    _peer("hold-2s", "is out of range", holdTime="2s"),
    _peer("hold-too-long", "is out of range", holdTime="20h"),
    _peer("keepalive-over-hold", "is longer than the hold time", holdTime="9s", keepaliveTime="10s"),
    _peer("keepalive-without-hold", "is longer than the hold time", holdTime="0s", keepaliveTime="30s"),
    _peer("keepalive-too-long", "is out of range", keepaliveTime="7h"),
    _peer("connect-0", "is out of range", connectTime="0s"),
    _peer("connect-fraction", "has parts of a second", connectTime="1500ms"),
    _peer("two-passwords", "keep passwordSecret", password="hunter2", passwordSecret={"name": "bgp-auth"}),
    _peer("password-too-long", "shorten it", password="x" * 81),
    _peer("vrf", "has no VRFs", vrf="red"),
    _peer("selector-operator", "is not an operator", nodeSelectors=_expression("in", ["a"])),
    _bfd("interval-9", "greater than or equal to 10", receiveInterval=9),
    _bfd("interval-20", "the least of this speaker", reads=True, why=_TAKEN_OVER, transmitInterval=20),
    _bfd("interval-long", "less than or equal to 60000", transmitInterval=60001),
    _bfd("multiplier-1", "greater than or equal to 2", detectMultiplier=1),
    _bfd("ttl-255", "less than or equal to 254", minimumTtl=255),
    _pool("empty-namespace", "10.0.0.0/24", serviceAllocation={"namespaces": [""]}, said="is empty"),
)  # fmt: skip

# What MetalLB takes and what works: taken by the API server and by the reader.
SOUND: tuple[Case, ...] = (
    _pool("host-bits-v4", "192.168.1.10/24"),
    _pool("host-bits-v6", "2001:db8::10/64"),
    _pool("blanks-in-range", " 10.0.0.1 - 10.0.0.9 "),
    _pool("one-address-range", "10.0.0.1-10.0.0.1"),
    _pool("capitals", "2001:DB8::A-2001:DB8::1F"),
    _pool("uncompressed", "2001:0db8:0:0:0:0:0:1-2001:db8::2"),
    _pool("gap-at-the-end", "2001:db8:1:2:3:4:5::-2001:db8:1:2:3:4:5:9"),
    _pool("gap-at-the-beginning", "::1-::2"),
    _pool("high", "ffff:ffff:ffff:ffff::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    _pool("neighbours-v4", "10.0.0.0/25", "10.0.0.128/25", "10.0.1.0-10.0.1.9", "10.0.1.10/32"),
    _pool("neighbours-v6", "2001:db8::/65", "2001:db8:0:0:8000::/65", "2001:db8:0:1::-2001:db8:0:1::9"),
    _pool("neighbours-wide-v6", "2001:db8::/33", "2001:db8:8000::/33", "2001:db9::/35"),
    _pool("both-families", "10.0.0.0/24", "2001:db8::/64", "0.0.0.0/32", "::/128"),
    _pool("negative-priority", "10.0.0.0/24", serviceAllocation={"priority": -5, "namespaces": ["a", "b"]}),
    _layer2("nothing"),
    _layer2("everything", ipAddressPools=["a"], ipAddressPoolSelectors=[{}], interfaces=["eth0", "eth0"],
            nodeSelectors=_expression("NotIn", ["a", "b"]) + _expression("DoesNotExist", None),
            preferredNodeSelectors=[{"weight": 100, "preference": {"matchLabels": {"a.b/c": ""}}}]),
    _bgp("aggregates", aggregationLength=24, aggregationLengthV6=64, localPref=100, peers=["a", "b"]),
    _bgp("communities", communities=["64512:1", "0:65535", "large:4294967295:0:1", "an-alias"]),
    _bgp("some-services", serviceSelectors=[{"matchLabels": {"app": "web"}}], aggregationLength=32),
    _peer("v4"),
    _peer("v6", peerAddress="2001:db8::1", sourceAddress="2001:db8::2", routerID="10.0.0.1"),
    _peer("dynamic", peerASN=None, dynamicASN="external"),
    _peer("unnumbered", peerAddress=None, interface="eth1"),
    _peer("great-asns", myASN=4200000000, peerASN=4294967295),
    _peer("timers", holdTime="1m30s", keepaliveTime="30s", connectTime="10s"),
    _peer("no-timers", holdTime="0s", keepaliveTime="0s"),
    _peer("fractions", holdTime="9500ms"),
    _peer("half-a-second", holdTime="500ms"),
    _peer("multihop", ebgpMultiHop=True, peerPort=1790, enableGracefulRestart=True, dualStackAddressFamily=True),
    _peer("secret", passwordSecret={"name": "bgp-auth", "namespace": "elsewhere"}, password=None),
    _bfd("defaults"),
    _bfd("fast", receiveInterval=50, transmitInterval=100, detectMultiplier=3, minimumTtl=254, passiveMode=True),
    _bfd("echo", echoMode=True, echoInterval=10),
    _community("names", {"name": "a", "value": "64512:1"}, {"name": "b", "value": "large:1:2:3"}),
)  # fmt: skip
