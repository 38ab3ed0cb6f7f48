# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the names in the templates of the table stand for, in words: ``{racks of the node}`` are one or more racks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ..addresses.blocks import IPV4, family_of
from ..allocation.family_policy import PREFER
from ..announcing.propagation import neighbours
from ..plan.segments import NETWORK, RACK
from ..plan.sessions import NODE_TIER
from .facts import Facts
from .paths import ANY
from .provenance.entry import KEYS

Bound = Mapping[str, str]
Variable = Callable[[Facts, Bound], Iterable[object]]
VARIABLES: dict[str, Variable] = {}


def values(facts: Facts, bound: Bound, name: str) -> list[str]:
    """What ``{name}`` stands for beside what a pattern has bound; None counts as nothing."""
    if name in bound:
        return [bound[name]]
    return list(dict.fromkeys(str(value) for value in VARIABLES[name](facts, bound) if value is not None))


def _variable(name: str) -> Callable[[Variable], Variable]:
    def register(function: Variable) -> Variable:
        VARIABLES[name] = function
        return function

    return register


def _ends(facts: Facts, bound: Bound) -> list[str]:
    return [end["host"] for end in facts.sessions[bound["session"]]["ends"]]


def _segment(facts: Facts, bound: Bound) -> str:
    """The segment that a path is about, by itself or through its session."""
    for name in ("rack", "link", "lan", "remote"):
        if name in bound:
            return bound[name]
    return str(facts.sessions[bound["session"]]["segment"])


def _advert(facts: Facts, bound: Bound) -> Any:
    return facts.named("advertisements")[bound["advertisement"]]


def _vip(facts: Facts, bound: Bound) -> Any:
    return facts.named("vips")[bound["vip"]]


def _service(facts: Facts, bound: Bound) -> Any:
    return facts.services[bound["service"]]


def _further(facts: Facts, cluster: str) -> list[int]:
    """The number of a further cluster; none for the first one."""
    names = list(facts.plan["clusters"])
    return [names.index(cluster)] if cluster in names else []


def _place(facts: Facts, cluster: str) -> str:
    """Where the intent states a cluster."""
    return next((f"dualstack.clusters[{number}]" for number in _further(facts, cluster)), "dualstack.cluster")


def _family_of_the_address(facts: Facts, bound: Bound) -> str:
    return family_of(_service(facts, bound)["addresses"][int(bound["index"])])


_SIMPLE: dict[str, Variable] = {
    # numbers of entries of the intent
    "number of the cluster": lambda facts, bound: _further(facts, bound["cluster"]),
    "number of the node's cluster": lambda facts, bound: _further(facts, facts.plan["nodes"][bound["node"]]["cluster"]),
    "number of the service's cluster": lambda facts, bound: _further(facts, _service(facts, bound)["cluster"]),
    "number of the link": lambda facts, bound: [facts.links.get(_segment(facts, bound))],
    "number of the pool": lambda facts, bound: [facts.pools[bound["pool"]]],
    "number of the pair": lambda facts, bound: [list(facts.named("pairs")).index(bound["pair"])],
    "number of the advertisement": lambda facts, bound: [facts.advertisements[bound["advertisement"]]],
    "number of the service": lambda facts, bound: [facts.numbers_of_services[bound["service"]]],
    # hosts and segments
    "router of the network": lambda facts, bound: list(facts.plan["segments"][bound["lan"]]["members"])[:1],
    "peer of the segment": lambda facts, bound: [facts.peer_of(bound["remote"])],
    "racks of the node": lambda facts, bound: facts.racks_of.get(bound["node"], []),
    "first node": lambda facts, bound: [] if _states(facts, "fabric.node_asn") else list(facts.plan["nodes"])[:1],
    "place of the node's cluster": lambda facts, bound: [_place(facts, facts.plan["nodes"][bound["node"]]["cluster"])],
    "first control plane": lambda facts, bound: [
        name
        for name, each in facts.plan["nodes"].items()
        if each["cluster"] == bound.get("cluster", facts.plan["cluster"]["name"])
        and each["kubernetes"]
        and each["kubernetes"]["first"]
    ],
    "router with a derived identifier": lambda facts, bound: [
        name for name in [bound["router"]] if not facts.stated.has(f"{name}: dualstack_host.router_id")
    ],
    # sessions
    "peer group of the session": lambda facts, bound: [facts.sessions[bound["session"]]["peer_group"]],
    "segment of the session": lambda facts, bound: [_segment(facts, bound)],
    "transport of the session": lambda facts, bound: [facts.sessions[bound["session"]]["transport"]],
    "first end": lambda facts, bound: _ends(facts, bound)[:1],
    "second end": lambda facts, bound: _ends(facts, bound)[1:],
    "node at the first end": lambda facts, bound: [host for host in _ends(facts, bound) if host in facts.plan["nodes"]],
    "routers at the ends": lambda facts, bound: [host for host in _ends(facts, bound) if host in facts.plan["routers"]],
    # serving
    "pools of the advertisement": lambda facts, bound: _advert(facts, bound)["pools"],
    "segments of the advertisement": lambda facts, bound: _advert(facts, bound)["segments"],
    "pair of the service": lambda facts, bound: {_service(facts, bound)["pool"]} & set(facts.named("pairs")),
    "family of the address": lambda facts, bound: [_family_of_the_address(facts, bound)],
    "pool of the address": lambda facts, bound: [_service(facts, bound)["pools"][_family_of_the_address(facts, bound)]],
    "service that may lack a family": lambda facts, bound: [
        name for name in [bound["service"]] if facts.services[name]["policy"] == PREFER
    ],
    # reaching
    "index of the vip": lambda facts, bound: [
        facts.services[name]["addresses"].index(_vip(facts, bound)["vip"])
        for name in values(facts, bound, "service of the vip")
    ],
    "family of the vip": lambda facts, bound: [_vip(facts, bound)["family"]],
    "advertisement of the vip": lambda facts, bound: [_vip(facts, bound)["advertisement"]],
    "service of the vip": lambda facts, bound: [
        facts.holders[_vip(facts, bound)["service"], _vip(facts, bound)["vip"]]
    ],
    "nodes to prefer": lambda facts, bound: [
        ANY
        for name in values(facts, bound, "advertisement of the vip")
        if facts.named("advertisements")[name]["preferred_nodes"]
    ],
}
VARIABLES.update(_SIMPLE)


def _states(facts: Facts, path: str) -> bool:
    return facts.stated.has(f"dualstack.{path}")


@_variable("number of the peer")
def _number_of_the_peer(facts: Facts, bound: Bound) -> list[int]:
    if "peer" in bound:
        return [facts.peers[bound["peer"]]]
    segment = _segment(facts, bound)
    return [facts.remotes[segment]] if segment in facts.remotes else []


@_variable("ends of the link")
def _ends_of_the_link(facts: Facts, bound: Bound) -> list[str]:
    """The path that states them: a link is written as ``[a, b]`` or as ``{between: [a, b]}``."""
    segment = _segment(facts, bound)
    if segment not in facts.links:
        return []
    path = f"dualstack.fabric.links[{facts.links[segment]}]"
    return [f"{path}.between" if facts.stated.has(f"{path}.between") else path]


@_variable("rack of the identifier")
def _rack_of_the_identifier(facts: Facts, bound: Bound) -> list[str]:
    """The rack whose IPv4 address is the node's BGP identifier."""
    node = bound["node"]
    return [
        rack
        for rack in facts.racks_of.get(node, [])
        if facts.plan["segments"][rack]["members"][node]["addresses"].get(IPV4)
        == facts.plan["nodes"][node]["router_id"]
    ][:1]


@_variable("node of the identifier")
def _node_of_the_identifier(facts: Facts, bound: Bound) -> list[str]:
    return [] if bound["node"] in facts.racks_of else [bound["node"]]


def _nearer(facts: Facts, bound: Bound) -> list[tuple[str, str]]:
    """(link, host at its other end) of each link that leads nearer to the nodes."""
    router, routers = bound["router"], facts.plan["routers"]
    tiers = {name: each["tier"] for name, each in routers.items()}
    return [
        (link, other)
        for link in facts.links
        for members in [facts.plan["segments"][link]["members"]]
        if router in members
        for other in members
        if tiers.get(other, NODE_TIER) == tiers[router] - 1
    ]


@_variable("links nearer to the racks")
def _nearer_links(facts: Facts, bound: Bound) -> list[str]:
    return [link for link, _unused in _nearer(facts, bound)]


@_variable("neighbours nearer to the racks")
def _nearer_neighbours(facts: Facts, bound: Bound) -> list[str]:
    return [other for _unused, other in _nearer(facts, bound) if other in facts.plan["routers"]]


@_variable("racks and networks of the router")
def _racks_and_networks(facts: Facts, bound: Bound) -> list[str]:
    return [
        name
        for name, segment in facts.plan["segments"].items()
        if segment["kind"] in (RACK, NETWORK) and bound["router"] in segment["members"]
    ]


@_variable("nodes to select")
def _nodes_to_select(facts: Facts, bound: Bound) -> list[str]:
    """All nodes, whose labels matter where anything selects by labels."""
    if "advertisement" not in bound:
        return [ANY] if facts.plan["segments"][_segment(facts, bound)]["node_selectors"] else []
    pools = {pool["name"]: pool for pool in facts.plan["pools"]}
    selecting = any(pools[name]["node_selectors"] for name in _advert(facts, bound)["pools"])
    number = facts.advertisements[bound["advertisement"]]
    return [ANY] if selecting or _states(facts, f"advertise[{number}].node_selectors") else []


@_variable("node to select")
def _node_to_select(facts: Facts, bound: Bound) -> list[str]:
    return _ends(facts, bound)[:1] if _nodes_to_select(facts, bound) else []


@_variable("pools that a carved one gives way to")
def _given_way_to(facts: Facts, bound: Bound) -> list[str]:
    before = facts.carved[: facts.carved.index(bound["pool"])]
    return [name for name in facts.pools if name in before or name not in facts.carved]


@_variable("communities of the advertisement")
def _communities(facts: Facts, bound: Bound) -> list[str]:
    held = _advert(facts, bound)["communities"]
    return [name for name, value in facts.plan["communities"].items() if value in held]


@_variable("service without a policy")
def _without_a_policy(facts: Facts, bound: Bound) -> list[str]:
    number = facts.numbers_of_services[bound["service"]]
    return [] if _states(facts, f"services[{number}].policy") else [bound["service"]]


@_variable("pools that may lack a family")
def _may_lack_a_family(facts: Facts, bound: Bound) -> list[str]:
    service = _service(facts, bound)
    if service["policy"] != PREFER:
        return []
    pair = facts.named("pairs").get(service["pool"])
    return list(pair["pools"].values()) if pair else [service["pool"]]


@_variable("services before it")
def _before(facts: Facts, bound: Bound) -> list[str]:
    """Of each of its pools the Services before it, down to the nearest one that takes the first free address."""
    found = []
    for pool in dict.fromkeys(_service(facts, bound)["pools"].values()):
        services = facts.in_pool[pool]
        for name in reversed(services[: services.index(bound["service"])]):
            found.append(name)
            if not facts.services[name]["pinned"] and not facts.services[name]["sharing_key"]:
                break
    return found


@_variable("services that share")
def _sharing(facts: Facts, bound: Bound) -> list[str]:
    """It and the Services before it in its pools that have a sharing key; none when it has no key."""
    service = _service(facts, bound)
    if not service["sharing_key"]:
        return []
    number = facts.numbers_of_services[bound["service"]]
    return [
        name
        for name, other in list(facts.services.items())[: number + 1]
        if other["sharing_key"] and set(other["pools"].values()) & set(service["pools"].values())
    ]


def _best_paths(facts: Facts, bound: Bound) -> list[tuple[str, str]]:
    """(session, sender) of each path that the router of a route uses."""
    router, family = bound["router"], bound["family"]
    route = facts.plan["routes"][bound["advertisement"]][family]
    origins = set(route["announcers"])
    found = []
    for name in facts.sessions_of.get(router, []):
        for way in neighbours([facts.sessions[name]], facts.plan["segments"], family):
            holds = way.sender in origins or way.sender in route["routers"]
            if way.receiver == router and holds and way.next_hop in route["routers"][router]["next_hops"]:
                found.append((name, way.sender))
    return found


@_variable("sessions of the best paths")
def _best_sessions(facts: Facts, bound: Bound) -> list[str]:
    return [session for session, _unused in _best_paths(facts, bound)]


@_variable("senders of the best paths")
def _best_senders(facts: Facts, bound: Bound) -> list[str]:
    return [sender for _unused, sender in _best_paths(facts, bound)]


@_variable("places of the senders of the best paths")
def _best_places(facts: Facts, bound: Bound) -> list[str]:
    """Keys of segment, members and sender."""
    return [
        KEYS.join((facts.sessions[session]["segment"], "members", sender))
        for session, sender in _best_paths(facts, bound)
    ]


@_variable("unnumbered segments of the best paths")
def _best_unnumbered(facts: Facts, bound: Bound) -> list[str]:
    sessions = (facts.sessions[session] for session, _unused in _best_paths(facts, bound))
    return [session["segment"] for session in sessions if session["unnumbered"]]
