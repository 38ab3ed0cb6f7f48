# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a Service is announced by this node, or why not: the whole story out of the live state, for people.

Left out on purpose: why the controller gives no address (``allocation``), which other nodes do by BGP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..addresses.blocks import FAMILIES, FAMILY_NAME, family_of, parse_address
from ..findings import nearest
from ..resources.model import Node, Pool, Resources, Service
from . import fitting, reasons
from .announcements import BGP, LAYER2, Announcement
from .decide import Decision
from .endpoints import Endpoints
from .facts import OF_ALL, UNKNOWN, NodeFacts
from .pools import PoolIndex
from .silence import EXCLUDE_LABEL
from .story import GOOD, TOLD, WRONG, Step, Story, VipStory

Wire = Mapping[str, Any]
ESTABLISHED = "Established"


def why(resources: Resources, decision: Decision, facts: NodeFacts, key: str, wire: Wire | None) -> Story:
    """The story of the Service ``key`` (``namespace/name``); ``wire``: its status, None when it does not answer."""
    service = resources.services.get(key)
    if service is None:
        fix = f"Ask for NAMESPACE/NAME{_like(key, resources)}"
        step = Step("Service", WRONG, "this node knows no Service of the type LoadBalancer with this name", fix)
        return Story(key, facts.name, False, "not known", (step,))
    if service.load_balancer_class != facts.load_balancer_class:
        return Story(key, facts.name, True, "not ours", (_other_class(service, facts),))
    steps = list(_whole(resources, service, facts, wire))
    stories = tuple(_vip(resources, decision, facts, service, entry, wire) for entry in decision.announcements.of(key))
    summary = _summary(service, stories, wire) if service.addresses else "pending: it has no address yet"
    return Story(key, facts.name, True, summary, tuple(steps), stories)


def _summary(service: Service, stories: Sequence[VipStory], wire: Wire | None) -> str:
    working = {story.vip for story in stories if story.works}
    if working == set(service.addresses):
        return "announced"
    owners = {text: _owner(text, wire) for text in service.addresses}
    if not working and all(owners.values()):
        return f"announced by {', '.join(sorted({str(owner) for owner in owners.values()}))}"
    return "announced by this node in part" if working else "not announced by this node"


def _like(key: str, resources: Resources) -> str:
    """The Service that may be meant: of the same name, else of nearly the same."""
    name = key.rpartition("/")[2]
    same = sorted(known for known in resources.services if known.rpartition("/")[2] == name)
    close = nearest(key, resources.services)
    return f"; did you mean {same[0]!r}?" if same else f"; {close}" if close.startswith("did") else "."


def _other_class(service: Service, facts: NodeFacts) -> Step:
    own = f"of the class {facts.load_balancer_class}" if facts.load_balancer_class else "without a class"
    text = f"its loadBalancerClass is {service.load_balancer_class or 'not set'}; this speaker handles Services {own}"
    return Step("class", WRONG, text, "Make the Service anew with the other class, or configure load_balancer_class.")


def _whole(resources: Resources, service: Service, facts: NodeFacts, wire: Wire | None) -> Iterator[Step]:
    """What concerns all VIPs of the Service."""
    if service.addresses:
        yield Step("addresses", GOOD, ", ".join(service.addresses))
    else:
        fix = "See its allocation, or the events of the Service (kubectl describe service)."
        yield Step("addresses", WRONG, "the controller has given it none", fix)
    held = {family_of(text) for text in service.addresses}
    for family in FAMILIES:
        if service.addresses and family in service.families and family not in held:
            fix = f"See whether a pool has free {FAMILY_NAME[family]} addresses for it."
            yield Step("families", WRONG, f"ipFamilies has {FAMILY_NAME[family]}, but it has no such address", fix)
    node = resources.nodes.get(facts.name)
    if node is None:
        fix = "Correct the node's name in the speaker's configuration."
        yield Step("node", WRONG, f"there is no Node {facts.name}", fix)
    elif node.network_unavailable:
        fix = "See what the network plugin of the node says (kubectl describe node)."
        yield Step("node", WRONG, "the Node has the condition NetworkUnavailable: it announces nothing", fix)
    elif EXCLUDE_LABEL in node.labels and not facts.ignore_exclude_label:
        fix = f"kubectl label node {facts.name} {EXCLUDE_LABEL}-, or set ignore_exclude_label."
        yield Step("node", WRONG, f"the Node has the label {EXCLUDE_LABEL}: it announces nothing", fix)
    if wire is None:
        yield Step("wire", WRONG, "the process wire does not answer", "See systemctl status dualstack-wire.")
    elif wire.get("drain", "off") != "off":
        fix = "End it with dualstack-speaker undrain, or take the annotation off the Node."
        yield Step("drain", WRONG, "the node is taken out of service", fix)


def _vip(
    resources: Resources,
    decision: Decision,
    facts: NodeFacts,
    service: Service,
    entry: Announcement,
    wire: Wire | None,
) -> VipStory:
    steps: list[Step] = []
    pool = _pool(resources, decision, service, entry, steps)
    if pool is not None:
        node = resources.nodes.get(facts.name) or Node(facts.name, {}, False)
        steps += [
            step
            for step in fitting.steps(resources, pool, entry.family, service, node)
            if entry.mode is None or not step.topic.startswith(_OTHER_KIND[entry.mode])
        ]
        steps += _endpoints(resources, facts, service, entry.family)
    if entry.reason:
        works, summary = False, reasons.TEXTS[entry.reason]
        if entry.mode == LAYER2:
            steps += _order(resources, entry, wire, facts.name)
            owner = _owner(entry.vip, wire) or entry.announcer
            summary += f"; {owner} is to answer" if owner else ""
    elif entry.mode == BGP:
        works, summary = _told(entry, wire, steps)
    else:
        steps += _order(resources, entry, wire, facts.name)
        works, summary = _answered(entry, wire, facts.name, steps)
    return VipStory(entry.vip, entry.family, entry.mode, works, summary, tuple(steps))


_OTHER_KIND = {BGP: "L2Advertisement", LAYER2: "BGPAdvertisement"}


def _pool(
    resources: Resources, decision: Decision, service: Service, entry: Announcement, steps: list[Step]
) -> Pool | None:
    block = parse_address(entry.vip)
    found = PoolIndex(resources.pools).find(block.family, block.first, service.noted)
    if found is not None:
        steps.append(Step("pool", GOOD, found.name))
        return found
    stray = next((one for one in decision.findings if one.id == "stray-address" and one.value == entry.vip), None)
    reason, fix = (stray.reason, stray.fix) if stray else ("no pool holds it", "Add it to an IPAddressPool.")
    steps.append(Step("pool", WRONG, reason, fix))
    return None


def _endpoints(resources: Resources, facts: NodeFacts, service: Service, family: str) -> Iterator[Step]:
    known = facts.endpoints
    if not service.local and known != OF_ALL:
        return
    policy = "Local" if service.local else "Cluster"
    if known == UNKNOWN:
        yield Step("endpoints", TOLD, f"not known to this speaker; the policy {policy} is treated as Cluster")
        return
    endpoints = Endpoints()
    endpoints.replace(resources.endpoint_slices)
    nodes = sorted(endpoints.nodes(service.key, family))
    name = FAMILY_NAME[family]
    if not endpoints.serving(service.key, family):
        [other] = [each for each in FAMILIES if each != family]
        beside = f" (there are some for {FAMILY_NAME[other]})" if endpoints.serving(service.key, other) else ""
        fix = f"See that its pods are ready and have {name} addresses (kubectl get endpointslices)."
        yield Step("endpoints", WRONG, f"no serving endpoint for {name}{beside}", fix)
    elif service.local and facts.name not in nodes:
        yield Step("endpoints", TOLD, f"policy Local, and those for {name} are on {', '.join(nodes) or 'no node'}")
    else:
        yield Step("endpoints", GOOD, f"for {name} on {', '.join(nodes) or 'no node in particular'}")


def _told(entry: Announcement, wire: Wire | None, steps: list[Step]) -> tuple[bool, str]:
    """The sessions to which a VIP goes."""
    sessions = wire["sessions"] if wire else {}
    up: list[str] = []
    for prefix, paths in entry.routes:
        for name in sorted({name for path in paths for name in path["peers"]}):
            session = sessions.get(name)
            if session is None:
                steps.append(
                    Step(f"BGPPeer {name}", WRONG, f"{prefix}: wire has no such session yet", "Wait, or see its log.")
                )
            elif session["state"] == ESTABLISHED:
                up.append(name)
                steps.append(Step(f"BGPPeer {name}", GOOD, f"{prefix}: the session is established"))
            else:
                error = session.get("last_error") or session.get("peer_error") or "no error so far"
                fix = "See that both ends agree on address, ASN and password: dualstack-speaker status."
                steps.append(
                    Step(f"BGPPeer {name}", WRONG, f"{prefix}: the session is {session['state']} ({error})", fix)
                )
    drained = wire is not None and wire.get("drain", "off") == "withdrawn"
    if up and not drained:
        return True, f"announced to {', '.join(sorted(set(up)))}"
    return False, "withdrawn: the node is out of service" if drained else "no session of its family is established"


def _order(resources: Resources, entry: Announcement, wire: Wire | None, own: str) -> Iterator[Step]:
    """Who may answer, in order, and how each of them is doing."""
    states = wire.get("nodes", {}) if wire else {}
    texts = []
    for name, interfaces in entry.candidates:
        state = "this node" if name == own else str(states.get(name, {}).get("state", "not watched"))
        node = resources.nodes.get(name)
        drained = (node is not None and node.drain is not None) or states.get(name, {}).get("drained")
        drained = drained or (name == own and wire is not None and wire.get("drain", "off") != "off")
        state += ", drained" if drained else ""
        at = f" on {', '.join(interfaces)}" if interfaces else ""
        texts.append(f"{name}{at} ({state})")
    if texts:
        yield Step("election", TOLD, ", then ".join(texts))
    for name, interfaces in entry.candidates:
        there = states.get(name, {}).get("interfaces")
        if interfaces and there is not None and not set(interfaces) & set(there):
            fix = "Correct interfaces of the L2Advertisement, or bring the interface up."
            yield Step("interfaces", WRONG, f"{name} answers on none of {', '.join(interfaces)}", fix)


def _owner(vip: str, wire: Wire | None) -> str | None:
    owner = wire["layer2"].get(vip, {}).get("owner") if wire else None
    return None if owner is None else str(owner)


def _answered(entry: Announcement, wire: Wire | None, own: str, steps: list[Step]) -> tuple[bool, str]:
    """Whether this node answers, and where."""
    held = wire["layer2"].get(entry.vip, {}) if wire else {}
    owner, there = held.get("owner", own), sorted(held.get("interfaces", {}))
    for name, found in sorted(held.get("conflicts", {}).items()):
        fix = "Find who has it: another speaker or load balancer, or a host with this address."
        steps.append(Step("conflict", WRONG, f"{', '.join(found['macs'])} on {name} answers for it too", fix))
    if owner != own:
        nobody = "nobody answers yet: no candidate is alive and has an interface for it"
        return False, f"{owner} answers for it" if owner else nobody
    if there:
        return True, f"answered by this node on {', '.join(there)}"
    present = wire.get("layer2_interfaces", {}) if wire else {}
    wanted = entry.interfaces or tuple(present)
    for name in wanted:
        state = present[name]["state"] if name in present else "no interface of this name is there, or can answer"
        steps.append(Step(f"interface {name}", WRONG, state, "Correct the L2Advertisement, or bring the interface up."))
    return False, "no interface of this node can answer for it"
