# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the pools, pairs, advertisements and Services of a plan come from."""

from __future__ import annotations

from collections.abc import Iterator

from .entry import KUBERNETES, Entry

_POOL = "dualstack.pools[{number of the pool}]"
_PAIR = "dualstack.pairs[{number of the pair}]"
_ADVERT = "dualstack.advertise[{number of the advertisement}]"
_SERVICE = "dualstack.services[{number of the service}]"
_FIRST = "dualstack.cluster.name"


def _plain(plan: str, intent: str, keys: dict[str, str], source: str) -> Iterator[Entry]:
    """Values that stand in the intent as they are, or have the default; ``key[*]``: lists of mappings."""
    for key, decision in keys.items():
        yield Entry(f"{plan}.{key.partition('[')[0]}", decision, (f"{intent}.{key}",), source=source)


def _labels(plan: str, intent: str, words: str) -> Iterator[Entry]:
    yield Entry(plan, f"{words}.", (intent,), whole=True)
    yield Entry(f"{plan}.{{label}}", f"One of the {words[0].lower()}{words[1:]}, as written.", (f"{intent}.{{label}}",))


POOLS = (
    Entry("pools", "The pools of the intent in its order.", ("dualstack.pools[*].name ?",), whole=True),
    Entry("pools.{pool}", "A pool of the intent.", (f"{_POOL}.name",), whole=True),
    *_plain(
        "pools.{pool}",
        _POOL,
        {
            "name": "As written.",
            "auto_assign": "Whether Services get addresses without asking for the pool.",
            "avoid_buggy_ips": "Whether IPv4 addresses that end in .0 or .255 are left out.",
        },
        "MetalLB: IPAddressPool",
    ),
    Entry(
        "pools.{pool}.cluster",
        "The cluster that the pool names, else the first one.",
        (f"{_POOL}.cluster | {_FIRST}",),
    ),
    *_labels("pools.{pool}.labels", f"{_POOL}.labels", "Labels of the pool"),
    Entry(
        "pools.{pool with blocks}.blocks.{family}",
        "The blocks of the family as written, without what is reserved.",
        (f"{_POOL}.blocks@{{family}}", f"{_POOL}.reserve@{{family}} ?"),
        ("cluster.families",),
        "MetalLB: IPAddressPool addresses",
    ),
    Entry(
        "pools.{pool that is carved}.blocks.{family}",
        "The first free CIDR of the supernet that is large enough, without what is reserved. What pools state outright "
        "and what was carved for the pools before is not free.",
        (
            f"{_POOL}.from@{{family}}",
            f"{_POOL}.size | {_POOL}.prefix_length.{{family}}",
            f"{_POOL}.reserve@{{family}} ?",
        ),
        ("pools.{pools that a carved one gives way to}.blocks.{family}", "cluster.families"),
    ),
    Entry(
        "pools.{pool}.blocks.{family}",
        "The supernet or a half of it, without what is reserved.",
        (f"{_POOL}.from@{{family}}", f"{_POOL}.take", f"{_POOL}.reserve@{{family}} ?"),
        ("cluster.families",),
    ),
    Entry(
        "pools.{pool}.blocks",
        "The families of which the pool states blocks or a supernet.",
        (f"{_POOL}.blocks | {_POOL}.from",),
        ("cluster.families",),
        whole=True,
    ),
    Entry("pools.{pool}.reserved", "Addresses that are never given out, as written.", (f"{_POOL}.reserve",)),
    Entry(
        "pools.{pool}.node_selectors",
        "Which nodes announce the pool's addresses; none: all.",
        (f"{_POOL}.node_selectors[*]",),
    ),
    Entry(
        "pools.{pool}.service_allocation",
        "Which Services may have addresses of the pool; null: all.",
        (f"{_POOL}.service_allocation",),
        source="MetalLB: IPAddressPool serviceAllocation",
        whole=True,
    ),
    *_plain(
        "pools.{pool}.service_allocation",
        f"{_POOL}.service_allocation",
        {
            "priority": "Lower numbers are asked first; 0: last.",
            "namespaces": "Namespaces whose Services may have addresses.",
            "namespace_selectors[*]": "The same by the labels of the namespaces.",
            "service_selectors[*]": "Only Services with these labels.",
        },
        "MetalLB: IPAddressPool serviceAllocation",
    ),
    Entry("pairs", "The pairs of the intent in its order.", ("dualstack.pairs[*].name ?",), whole=True),
    Entry("pairs.{pair}", "A pair of the intent.", (f"{_PAIR}.name",), whole=True),
    Entry("pairs.{pair}.name", "As written.", (f"{_PAIR}.name",)),
    Entry(
        "pairs.{pair}.pools.{family}",
        "The pool that serves the family, as written.",
        (f"{_PAIR}.{{family}}",),
        ("cluster.families",),
    ),
)

_PREFERENCE = f"{_ADVERT}.bgp.local_preference"
_SELECTED = ("advertisements.{advertisement}.cluster", "nodes.*.cluster", "nodes.{nodes to select}.labels")

ADVERTISEMENTS = (
    Entry(
        "advertisements",
        "Those of the intent in its order; one whose pools select different nodes becomes one for each pool.",
        ("dualstack.advertise[*].name ?", "dualstack.advertise[*].pools ?"),
        ("pools.*.node_selectors",),
        whole=True,
    ),
    Entry(
        "advertisements.{advertisement}",
        "An advertisement of the intent, or its part for one pool.",
        (f"{_ADVERT}.name | {_ADVERT}.pools",),
        ("pools.{pools of the advertisement}.node_selectors",),
        whole=True,
    ),
    Entry(
        "advertisements.{advertisement}.name",
        "As written, else the name of the first pool; with the pool's name where its pools select different nodes.",
        (f"{_ADVERT}.name | {_ADVERT}.pools",),
    ),
    Entry(
        "advertisements.{advertisement}.kind",
        "By BGP, or by ARP and NDP on the segment: as the advertisement says.",
        (f"{_ADVERT}.bgp ?", f"{_ADVERT}.layer2 ?"),
        source="MetalLB: BGPAdvertisement, L2Advertisement",
    ),
    Entry(
        "advertisements.{advertisement}.cluster",
        "The cluster that the advertisement names, else the first one.",
        (f"{_ADVERT}.cluster | {_FIRST}",),
    ),
    Entry("advertisements.{advertisement}.pools", "The pools that it announces, as written.", (f"{_ADVERT}.pools",)),
    Entry(
        "advertisements.{advertisement by bgp}.nodes",
        "The nodes of the cluster that it names and that its selectors and those of its pools choose; none said: all.",
        (f"{_ADVERT}.nodes ?", f"{_ADVERT}.node_selectors[*] ?"),
        ("pools.{pools of the advertisement}.node_selectors", *_SELECTED),
        "MetalLB: BGPAdvertisement nodeSelectors",
    ),
    Entry(
        "advertisements.{advertisement}.nodes",
        "The nodes of the cluster that it names, that its selectors and those of its pools choose, and that stand on a "
        "segment of the pools' blocks.",
        (f"{_ADVERT}.nodes ?", f"{_ADVERT}.node_selectors[*] ?"),
        (
            "pools.{pools of the advertisement}.node_selectors",
            *_SELECTED,
            "advertisements.{advertisement}.segments",
            "segments.{segments of the advertisement}.members",
        ),
        "MetalLB: L2Advertisement nodeSelectors",
    ),
    Entry(
        "advertisements.{advertisement}.node_selectors",
        "As written; left out where the nodes are named or the pools have selectors of their own.",
        (f"{_ADVERT}.node_selectors[*]", f"{_ADVERT}.nodes ?"),
        ("pools.{pools of the advertisement}.node_selectors",),
    ),
    Entry(
        "advertisements.{advertisement}.service_selectors",
        "Only VIPs of Services with these labels; none: all.",
        (f"{_ADVERT}.service_selectors[*]",),
        source="MetalLB: serviceSelectors",
    ),
    Entry(
        "advertisements.{advertisement}.aggregation.{family}",
        "Prefix length that is announced: as written, else 32 and 128.",
        (f"{_ADVERT}.bgp.aggregation.{{family}}",),
        ("cluster.families",),
        "MetalLB: BGPAdvertisement aggregationLength, aggregationLengthV6",
    ),
    Entry(
        "advertisements.{advertisement}.communities",
        "As written, names replaced by their values; and the one by which routers know the prefixes on which they set "
        "a local preference.",
        (f"{_ADVERT}.bgp.communities", f"{_PREFERENCE}.* ?"),
        ("communities.{communities of the advertisement}", "advertisements.{advertisement}.preferences"),
        "RFC 1997, RFC 8092",
    ),
    Entry(
        "advertisements.{advertisement}.preferences",
        "The routers that set a local preference.",
        (f"{_PREFERENCE}.* ?",),
        whole=True,
    ),
    Entry(
        "advertisements.{advertisement}.preferences.{router or peer}",
        "The advertisement names the router.",
        (f"{_PREFERENCE}.{{router}}",),
        whole=True,
    ),
    Entry(
        "advertisements.{advertisement}.preferences.{router or peer}.local_preference",
        "What the router sets on the prefixes where they enter it from below, as written.",
        (f"{_PREFERENCE}.{{router}}",),
        source="RFC 4271 section 5.1.5",
    ),
    Entry(
        "advertisements.{advertisement}.preferences.{router or peer}.community",
        "The ASN of all nodes, else of the first node, and 100 more than the number of the advertisement in its list.",
        ("dualstack.fabric.node_asn ?",),
        ("nodes.{first node}.asn",),
        "RFC 1997, RFC 8092",
    ),
    Entry(
        "advertisements.{advertisement}.local_preference",
        "What the nodes send to iBGP peers, where the intent has one number.",
        (_PREFERENCE,),
        source="RFC 4271 section 5.1.5, MetalLB: BGPAdvertisement localPref",
    ),
    Entry(
        "advertisements.{advertisement}.peers",
        "The only routers and peers that get the prefixes; null: all.",
        (f"{_ADVERT}.bgp.peers",),
        source="MetalLB: BGPAdvertisement peers",
    ),
    Entry(
        "advertisements.{advertisement}.interfaces",
        "Interfaces that answer; none: those on the segments.",
        (f"{_ADVERT}.layer2.interfaces",),
        source="MetalLB: L2Advertisement interfaces",
    ),
    Entry(
        "advertisements.{advertisement}.preferred_nodes",
        "Nodes that the election prefers.",
        (f"{_ADVERT}.layer2.preferred_nodes[*]",),
        source="MetalLB: L2Advertisement preferredNodeSelectors",
    ),
    Entry(
        "advertisements.{advertisement}.segments",
        "The racks whose subnets hold the pools' blocks: only there does anybody ask for them by ARP or NDP.",
        (),
        ("pools.{pools of the advertisement}.blocks", "segments.*.networks"),
        "RFC 826, RFC 4861",
    ),
)

_WHERE = "services.{service}"

SERVICES = (
    Entry("services", "The Services of the intent in its order.", ("dualstack.services[*].name ?",), whole=True),
    Entry(
        _WHERE,
        "A Service of the intent.",
        (f"{_SERVICE}.name", f"{_SERVICE}.namespace ?", f"{_SERVICE}.cluster | {_FIRST}"),
        whole=True,
    ),
    *_plain(
        _WHERE,
        _SERVICE,
        {
            "namespace": "As written.",
            "name": "As written.",
            "pool": "The pool or pair that it names.",
            "sharing_key": "Services with the same key may have the same addresses for different ports.",
            "traffic_policy": "externalTrafficPolicy.",
        },
        f"{KUBERNETES}: Service; MetalLB: allow-shared-ip",
    ),
    Entry(
        f"{_WHERE}.cluster",
        "The cluster that the Service names, else the first one.",
        (f"{_SERVICE}.cluster | {_FIRST}",),
    ),
    Entry(
        f"{_WHERE}.pools.{{family}}",
        "The pool that it names, or the one of the family in the pair that it names.",
        (f"{_SERVICE}.pool",),
        ("pairs.{pair of the service}.pools.{family}", f"{_WHERE}.families"),
    ),
    Entry(
        f"{_WHERE}.policy",
        "ipFamilyPolicy: as written, else RequireDualStack for two families and SingleStack for one.",
        (f"{_SERVICE}.policy",),
        ("services.{service without a policy}.families",),
        f"{KUBERNETES}: Service ipFamilyPolicy",
    ),
    Entry(
        f"{_WHERE}.ip_families",
        "ipFamilies in order: as written, else those of the cluster. SingleStack has the first of them, the other "
        "policies have both.",
        (
            f"{_SERVICE}.families | dualstack.clusters[{{number of the service's cluster}}].families | "
            "dualstack.cluster.families",
            f"{_SERVICE}.policy ?",
        ),
        (f"{_WHERE}.cluster", "cluster.families"),
        f"{KUBERNETES}: Service ipFamilies",
    ),
    Entry(
        f"{_WHERE}.families",
        "The families of its VIPs, in the order of ipFamilies: PreferDualStack does without a family of which the pool "
        "has no block.",
        (
            f"{_SERVICE}.families | dualstack.clusters[{{number of the service's cluster}}].families | "
            "dualstack.cluster.families",
            f"{_SERVICE}.policy ?",
        ),
        (
            f"{_WHERE}.cluster",
            "cluster.families",
            "services.{service that may lack a family}.pool",
            "pools.{pools that may lack a family}.blocks",
        ),
        f"{KUBERNETES}: Service ipFamilies",
    ),
    Entry(f"{_WHERE}.addresses", "One of each family.", (), (f"{_WHERE}.families",), whole=True),
    Entry(
        "services.{service that is pinned}.addresses.{index of the address}",
        "The address that the intent pins.",
        (f"{_SERVICE}.addresses@{{family of the address}}",),
        (f"{_WHERE}.families",),
        "MetalLB: metallb.io/loadBalancerIPs",
    ),
    Entry(
        f"{_WHERE}.addresses.{{index of the address}}",
        "As pinned; else an address that a Service with the same sharing key has and whose ports are free; else the "
        "first of the pool that no Service before it in the list has.",
        (f"{_SERVICE}.addresses@{{family of the address}}", f"{_SERVICE}.sharing_key ?"),
        (
            f"{_WHERE}.families",
            f"{_WHERE}.pools.{{family of the address}}",
            "pools.{pool of the address}.blocks.{family of the address}",
            "pools.{pool of the address}.avoid_buggy_ips",
            "services.{services that share}.sharing_key",
            "services.{services that share}.ports",
            "services.{services that share}.traffic_policy",
            "services.{services that share}.selector",
            "services.{services before it}.addresses",
            "services.*.pools",
        ),
        "MetalLB: allocation from a pool; allow-shared-ip",
    ),
    Entry(f"{_WHERE}.pinned", "Whether the intent states its addresses.", (f"{_SERVICE}.addresses",)),
    *_labels(f"{_WHERE}.labels", f"{_SERVICE}.labels", "Labels of the Service"),
    *_labels(f"{_WHERE}.annotations", f"{_SERVICE}.annotations", "Annotations of the Service for others"),
    *_labels(f"{_WHERE}.selector", f"{_SERVICE}.selector", "Labels of its pods"),
    Entry(f"{_WHERE}.ports", "Its ports.", (f"{_SERVICE}.ports | {_SERVICE}.port",), whole=True),
    Entry("services.{service of one port}.ports.{number}.port", "As written.", (f"{_SERVICE}.port",)),
    Entry("services.{service of one port}.ports.{number}.{field}", "A port alone is called main and is TCP."),
    Entry(
        f"{_WHERE}.ports.{{number}}.name",
        "As written, else protocol and number: where there are several, each needs a name.",
        (f"{_SERVICE}.ports[{{number}}].name",),
        (f"{_WHERE}.ports.{{number}}.port", f"{_WHERE}.ports.{{number}}.protocol"),
        f"{KUBERNETES}: Service ports",
    ),
    Entry(
        f"{_WHERE}.ports.{{number}}.{{field}}",
        "As written.",
        (f"{_SERVICE}.ports[{{number}}].{{field}}",),
        source=f"{KUBERNETES}: Service ports",
    ),
)
