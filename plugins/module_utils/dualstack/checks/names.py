# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names: every name that the intent uses must exist, and only once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from ..findings import ERROR, nearest
from ..intent.load import Intent, host_path
from ..intent.well_known import well_known
from .rule import Plan, Problem, rule
from .serving import services


@rule("unknown-router", ERROR, silenceable=False)
def unknown_router(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Racks, links, clients and preferences name routers of the inventory's group routers.

    Source: a session has two ends; this product configures both.
    """
    del plan
    known = intent.named["routers"]
    for name, rack in intent.fabric["racks"].items():
        for index, router in enumerate(rack["routers"]):
            yield from _known(router, known, f"dualstack.fabric.racks.{name}.routers[{index}]", "router")
    for link in intent.fabric["links"]:
        for end in link["between"]:
            if end not in intent.named["nodes"]:
                yield from _known(end, known, link["at"], "router")
        for end in link["interfaces"]:
            yield from _known(end, link["between"], f"{link['at']}.interfaces", "end of the link")
    for client, facts in intent.clients.items():
        if facts["behind"] is not None:
            yield from _known(facts["behind"], known, f"{host_path(client)}.behind", "router")
    for advert in intent.advertise:
        preference = (advert["bgp"] or {}).get("local_preference")
        for router in preference if isinstance(preference, dict) else ():
            yield from _known(router, known, f"{advert['at']}.bgp.local_preference", "router")
        for index, router in enumerate((advert["bgp"] or {}).get("peers") or ()):
            place = f"{advert['at']}.bgp.peers[{index}]"
            yield from _known(router, known | intent.named["peers"], place, "router or peer")


@rule("unknown-node", ERROR, silenceable=False)
def unknown_node(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Advertisements name nodes of the inventory.

    Source: MetalLB announces silently from nobody when a selector names no node.
    """
    del plan
    for advert in intent.advertise:
        for index, node in enumerate(advert["nodes"] or []):
            yield from _known(node, intent.named["nodes"], f"{advert['at']}.nodes[{index}]", "node")


@rule("unknown-rack", ERROR, silenceable=False)
def unknown_rack(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Nodes and clients stand in racks of the intent.

    Source: the node's sessions follow from its racks.
    """
    del plan
    for node, facts in intent.nodes.items():
        for rack in facts["racks"]:
            yield from _known(rack, intent.named["racks"], f"{host_path(node)}.racks.{rack}", "rack")
    for client, facts in intent.clients.items():
        if facts["rack"] is not None:
            yield from _known(facts["rack"], intent.named["racks"], f"{host_path(client)}.rack", "rack")


@rule("unknown-pool", ERROR, silenceable=False)
def unknown_pool(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Advertisements, pairs and Services name pools of the intent.

    Source: MetalLB accepts an advertisement of an unknown pool silently and never announces.
    """
    del plan
    pools = intent.named["pools"]
    for advert in intent.advertise:
        for index, name in enumerate(advert["pools"]):
            yield from _known(name, pools, f"{advert['at']}.pools[{index}]", "pool")
    for pair in intent.pairs:
        for family in ("ipv4", "ipv6"):
            yield from _known(pair[family], pools, f"{pair['at']}.{family}", "pool")
    for service in intent.services:
        yield from _known(service["pool"], pools | intent.named["pairs"], f"{service['at']}.pool", "pool or pair")


@rule("unknown-peer-group", ERROR, silenceable=False)
def unknown_peer_group(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Racks, links and peers name peer groups of the fabric.

    Source: a session would silently run with other timers and another password.
    """
    del plan
    known = intent.named["peer_groups"]
    places = [(f"dualstack.fabric.racks.{name}", rack) for name, rack in intent.fabric["racks"].items()]
    places += [(each["at"], each) for key in ("links", "peers") for each in intent.fabric[key]]
    for path, entry in places:
        if entry["peer_group"] is not None:
            yield from _known(entry["peer_group"], known, f"{path}.peer_group", "peer group")


@rule("unknown-bfd-profile", ERROR, silenceable=False)
def unknown_bfd_profile(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The fabric and its peer groups name BFD profiles of the intent.

    Source: MetalLB keeps its last configuration while a BGPPeer names an unknown BFDProfile.
    """
    del plan
    places = [("dualstack.fabric", intent.fabric)]
    places += [(f"dualstack.fabric.peer_groups.{name}", group) for name, group in intent.fabric["peer_groups"].items()]
    for path, entry in places:
        if entry["bfd"] is not None:
            yield from _known(entry["bfd"], intent.named["bfd_profiles"], f"{path}.bfd", "BFD profile")


@rule("unknown-community", ERROR, silenceable=False)
def unknown_community(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Advertisements name communities of the intent or well-known ones, or write them as numbers.

    Source: MetalLB treats an unknown alias as not yet defined and does not announce.
    """
    del plan
    for advert in intent.advertise:
        for index, name in enumerate((advert["bgp"] or {}).get("communities") or ()):
            if ":" not in name and well_known(name) is None:
                place = f"{advert['at']}.bgp.communities[{index}]"
                yield from _known(name, intent.named["communities"], place, "community")


@rule("unknown-cluster", ERROR, silenceable=False)
def unknown_cluster(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Nodes, peers, pools, advertisements and Services belong to clusters of the intent.

    Source: what belongs to no cluster is served by none.
    """
    del plan
    places = [(f"{host_path(node)}.cluster", facts["cluster"]) for node, facts in intent.nodes.items()]
    entries = [*intent.fabric["peers"], *intent.pools, *intent.advertise, *intent.services]
    places += [(f"{each['at']}.cluster", each["cluster"]) for each in entries]
    for path, name in places:
        if name is not None:
            yield from _known(name, intent.named["clusters"], path, "cluster")


@rule("link-to-itself", ERROR, silenceable=False)
def link_to_itself(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The two ends of a link are different hosts.

    Source: a session has two ends.
    """
    del plan
    for link in intent.fabric["links"]:
        if len(set(link["between"])) < 2:
            yield Problem(link["at"], link["between"][0], "both ends are the same host", "Name two routers.")


@rule("client-without-network", ERROR, silenceable=False, absence=True)
def client_without_network(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The router that a client stands behind has a network.

    Source: the client's answers travel through the network that the router originates.
    """
    del plan
    for client, facts in intent.clients.items():
        behind = facts["behind"]
        if behind in intent.routers and not intent.routers[behind]["network"]:
            place, fix = f"{host_path(client)}.behind", "Give the router a network."
            yield Problem(place, behind, "the router has no network behind it", fix)


@rule("node-nowhere", ERROR, silenceable=False, absence=True)
def node_nowhere(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Every node stands in a rack, or states its addresses.

    Source: sessions, next hops and elections follow from where a node stands.
    """
    del plan
    for node, facts in intent.nodes.items():
        if not facts["racks"] and not facts["addresses"]:
            fix = "Give it racks with its addresses in them, or addresses."
            yield Problem(host_path(node), "", "the node stands in no rack and has no addresses", fix)


@rule("name-twice", ERROR, silenceable=False)
def name_twice(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Clusters, pools with pairs, advertisements, peers with routers, Services of a cluster and links are unique.

    Source: MetalLB refuses two pools of one name; everything else would be overwritten silently.
    """
    first = intent.cluster["name"]
    lists = [
        [("dualstack.cluster", first), *((each["at"], each["name"]) for each in intent.clusters)],
        [(each["at"], each["name"]) for each in [*intent.pools, *intent.pairs]],
        [(each["at"], each["name"] or each["pools"][0]) for each in intent.advertise],
        [
            *((host_path(name), name) for name in intent.routers),
            *((each["at"], each["name"]) for each in intent.fabric["peers"]),
        ],
        [(each["at"], f"{each['cluster'] or first}:{each['namespace']}/{each['name']}") for each in intent.services],
        [(each["at"], " - ".join(sorted(each["between"]))) for each in intent.fabric["links"]],
    ]
    del plan
    for entries in lists:
        for name, count in Counter(name for _unused, name in entries).items():
            if count > 1:
                places = [path for path, other in entries if other == name]
                reason = f"stands {count} times (at {', '.join(places)})"
                yield Problem(places[-1], name, reason, "Give each its own name.")


@rule("segment-name", ERROR, silenceable=False)
def segment_name(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Rack names do not look like the names that the plan gives to links, networks and peers.

    Source: segments of a plan are known by name.
    """
    del plan
    for name in intent.fabric["racks"]:
        if "--" in name or name.endswith(("-lan", "-peer")):
            reason = "looks like the name of a link, of a router's network or of a peer"
            yield Problem(f"dualstack.fabric.racks.{name}", name, reason, "Rename the rack.")


@rule("never-announced", ERROR, absence=True)
def never_announced(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The pool of every Service is advertised.

    Source: MetalLB allocates such addresses and nobody announces them.
    """
    advertised = {pool for advert in plan["advertisements"] for pool in advert["pools"]}
    for entry, service in services(intent, plan):
        for pool in dict.fromkeys(service["pools"].values()):
            if pool not in advertised and not intent.partial:
                reason = "no advertisement names the pool, so nobody announces the VIP"
                yield Problem(f"{entry['at']}.pool", pool, reason, "Add the pool to dualstack.advertise.")


RULES = (
    unknown_router,
    unknown_node,
    unknown_rack,
    unknown_pool,
    unknown_peer_group,
    unknown_bfd_profile,
    unknown_community,
    unknown_cluster,
    link_to_itself,
    client_without_network,
    node_nowhere,
    name_twice,
    segment_name,
)


def _known(name: str, known: Collection[str], path: str, what: str) -> Iterator[Problem]:
    if name not in known:
        yield Problem(path, name, f"no {what} has this name", f"Correct it: {nearest(name, known)}")
