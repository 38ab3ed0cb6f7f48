# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an advertisement counts for a VIP on a node, or why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..addresses.blocks import FAMILY_NAME
from ..findings import nearest
from ..resources.extensions import ADVERTISED
from ..resources.model import Advertisement, BGPAdvertisement, L2Advertisement, Labels, Node, Pool, Resources, Service
from ..resources.relations import aliases_of, kind_of, selects, too_wide
from ..resources.selectors import EXISTS, IN, NOT_IN, Requirement, Selector, selected
from .story import GOOD, TOLD, WRONG, Step


def steps(resources: Resources, pool: Pool, family: str, service: Service, node: Node) -> Iterator[Step]:
    """Each advertisement by name: whether it counts for an address of ``pool``, and what keeps it from that."""
    adverts: list[Advertisement] = [
        *(resources.bgp_advertisements[name] for name in sorted(resources.bgp_advertisements)),
        *(resources.l2_advertisements[name] for name in sorted(resources.l2_advertisements)),
    ]
    if not any(selects(advert, pool) for advert in adverts):
        fix = f"Add a BGPAdvertisement or an L2Advertisement with ipAddressPools: [{pool.name}]"
        known = {name for advert in adverts for name in advert.pools}
        close = nearest(pool.name, known) if known else ""
        hint = f" (the existing ones name other pools; {close})" if close.startswith("did") else ""
        yield Step("advertisements", WRONG, f"none selects the pool {pool.name}", f"{fix}{hint}.")
    for advert in adverts:
        yield _step(resources, advert, pool, family, service, node)


def _step(resources: Resources, advert: Advertisement, pool: Pool, family: str, service: Service, node: Node) -> Step:
    topic = f"{kind_of(advert)} {advert.name}"
    if not selects(advert, pool):
        which = f"names {', '.join(advert.pools)}" if advert.pools else "selects pools by other labels"
        return Step(topic, TOLD, f"is for other pools: it {which}")
    if family not in advert.families:
        return Step(topic, TOLD, f"is for {FAMILY_NAME[advert.families[0]]} alone, by the annotation {ADVERTISED}")
    if not selected(advert.service_selectors, service.labels):
        lacking = unmet(advert.service_selectors, service.labels)
        return Step(
            topic, WRONG, f"does not select this Service: {lacking}", "Label the Service, or change serviceSelectors."
        )
    if isinstance(advert, L2Advertisement) and advert.service_selectors and service.shared:
        fix = "Remove metallb.io/allow-shared-ip, or use an advertisement without serviceSelectors."
        return Step(topic, WRONG, "has serviceSelectors, and a shared address can't be advertised by these", fix)
    if not selected(advert.node_selectors, node.labels):
        lacking = unmet(advert.node_selectors, node.labels)
        chosen = [
            name for name, each in sorted(resources.nodes.items()) if selected(advert.node_selectors, each.labels)
        ]
        others = f"; it selects {_some(chosen)}" if chosen else "; it selects no Node at all"
        state = TOLD if chosen else WRONG
        fix = "" if chosen else "Correct nodeSelectors, or label the nodes."
        return Step(topic, state, f"does not select this node: {lacking}{others}", fix)
    if isinstance(advert, BGPAdvertisement):
        return _bgp(resources, topic, advert, pool, family)
    interfaces = (
        f" on {', '.join(advert.interfaces)}" if isinstance(advert, L2Advertisement) and advert.interfaces else ""
    )
    return Step(topic, GOOD, f"lets this node answer{interfaces}")


def _bgp(resources: Resources, topic: str, advert: BGPAdvertisement, pool: Pool, family: str) -> Step:
    aliases = aliases_of(resources)[0]
    for text in advert.communities:
        if ":" not in text and text not in aliases:
            fix = f"Define it in a Community object; {nearest(text, aliases)}"
            return Step(topic, WRONG, f"uses the unknown community {text}, so it is not used", fix)
    wide = too_wide(advert, pool).get(family)
    length = advert.lengths[family]
    if wide is not None:
        text = f"its aggregate of /{length} is wider than {wide[0]} of the pool"
        return Step(topic, WRONG, text, f"Choose at least {wide[1]} for {FAMILY_NAME[family]}.")
    lost = [name for name in advert.peers if name not in resources.peers]
    if lost and len(lost) == len(advert.peers):
        fix = f"Correct peers; {nearest(lost[0], resources.peers)}"
        return Step(topic, WRONG, f"names only peers that do not exist: {', '.join(lost)}", fix)
    to = f"the peers {', '.join(advert.peers)}" if advert.peers else "every peer"
    return Step(topic, GOOD, f"announces it as a /{length} to {to} with a session for {FAMILY_NAME[family]}")


def unmet(selectors: Sequence[Selector], labels: Labels) -> str:
    """What labels lack for the selector that is nearest to matching them."""
    lacking = min(
        ([entry for entry in selector.requirements if not entry.matches(labels)] for selector in selectors),
        key=len,
        default=[],
    )
    return "; ".join(_wanted(entry, labels) for entry in lacking)


def _wanted(entry: Requirement, labels: Mapping[str, str]) -> str:
    has = f"it is {labels[entry.key]!r}" if entry.key in labels else "there is no such label"
    if entry.operator == IN:
        return f"{entry.key} must be {' or '.join(map(repr, entry.values))}, {has}"
    if entry.operator == NOT_IN:
        return f"{entry.key} must not be {labels[entry.key]!r}"
    return (
        f"the label {entry.key} is missing" if entry.operator == EXISTS else f"the label {entry.key} must not be there"
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
