# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the routes and the VIPs of a plan come from."""

from __future__ import annotations

from .entry import Entry

_ROUTE = "routes.{advertisement}.{family}"
_ADVERT = "advertisements.{advertisement of the vip}"
_SERVICE = "services.{service of the vip}"
_ADDRESS = f"{_SERVICE}.addresses.{{index of the vip}}"

ROUTES = (
    Entry("routes", "Every advertisement by BGP.", (), ("advertisements.*.kind",), whole=True),
    Entry("routes.{advertisement}", "In each family of the fabric.", (), ("cluster.families",), whole=True),
    Entry(
        f"{_ROUTE}.announcers",
        "The nodes of the advertisement that have a session which carries the family.",
        (),
        ("advertisements.{advertisement}.nodes", "sessions.*.families", "cluster.families"),
        "RFC 4271, RFC 4760",
    ),
    Entry(
        f"{_ROUTE}.routers",
        "Every router that a path reaches: highest local preference, shortest AS path, eBGP before iBGP, all equal "
        "paths kept. No router accepts its own ASN; what is learned over iBGP goes on over iBGP only through a "
        "reflector; nobody accepts the prefixes from above.",
        (),
        (
            f"{_ROUTE}.announcers",
            "sessions.*.families",
            "nodes.*.asn",
            "routers.*.asn",
            "routers.*.tier",
            "sessions.*.reflector",
            "advertisements.{advertisement}.preferences",
            "advertisements.{advertisement}.local_preference",
            "advertisements.{advertisement}.peers",
        ),
        "RFC 4271 section 9.1, RFC 4456",
        whole=True,
    ),
    Entry(
        f"{_ROUTE}.routers.{{router or peer}}.next_hops",
        "The addresses of the neighbours that send the best paths; fe80::%interface behind an unnumbered link.",
        (),
        (
            "sessions.{sessions of the best paths}.name",
            "segments.{places of the senders of the best paths}.addresses.{family}",
            "segments.{unnumbered segments of the best paths}.members.{router}.interface",
            f"{_ROUTE}.routers.{{senders of the best paths}}.next_hops",
        ),
        "RFC 4271 sections 5.1.3 and 9.1",
    ),
    Entry(
        f"{_ROUTE}.routers.{{router or peer}}.communities",
        "Those of the advertisement.",
        (),
        ("advertisements.{advertisement}.communities",),
        "RFC 1997, RFC 8092",
    ),
    Entry(
        f"{_ROUTE}.routers.{{router or peer}}.local_preference",
        "What the router, or the last one within its AS, sets on the prefixes; null: no policy sets it.",
        (),
        (
            "advertisements.{advertisement}.preferences",
            "advertisements.{advertisement}.local_preference",
            f"{_ROUTE}.routers.{{senders of the best paths}}.local_preference",
        ),
        "RFC 4271 section 5.1.5",
    ),
)

VIPS = (
    Entry(
        "vips",
        "Each address of each Service, once for each advertisement that selects it.",
        (),
        (
            "services.*.addresses",
            "services.*.pools",
            "services.*.cluster",
            "services.*.labels",
            "advertisements.*.pools",
            "advertisements.*.cluster",
            "advertisements.*.service_selectors",
        ),
        whole=True,
    ),
    Entry(
        "vips.{vip}",
        "An address of a Service, and an advertisement of its pool that selects the Service.",
        (),
        (
            _ADDRESS,
            f"{_SERVICE}.pools.{{family of the vip}}",
            f"{_SERVICE}.labels",
            f"{_SERVICE}.cluster",
            f"{_ADVERT}.pools",
            f"{_ADVERT}.cluster",
            f"{_ADVERT}.service_selectors",
        ),
        whole=True,
    ),
    Entry("vips.{vip}.vip", "The address of the Service.", (), (_ADDRESS,)),
    Entry("vips.{vip}.family", "The family of the address.", (), (_ADDRESS,)),
    Entry(
        "vips.{vip}.service", "Namespace and name of the Service.", (), (f"{_SERVICE}.namespace", f"{_SERVICE}.name")
    ),
    Entry("vips.{vip}.pool", "The Service's pool of the family.", (), (f"{_SERVICE}.pools.{{family of the vip}}",)),
    Entry("vips.{vip}.mode", "How the advertisement announces.", (), (f"{_ADVERT}.kind",)),
    Entry("vips.{vip}.port", "The first TCP port of the Service, which clients probe.", (), (f"{_SERVICE}.ports",)),
    Entry(
        "vips.{vip by layer2}.prefix",
        "Null: on a segment an address is answered for, no prefix is announced.",
        (),
        (f"{_ADVERT}.kind",),
    ),
    Entry(
        "vips.{vip}.prefix",
        "The network of the advertised length that holds the address.",
        (),
        (_ADDRESS, f"{_ADVERT}.aggregation.{{family of the vip}}"),
        "MetalLB: BGPAdvertisement aggregationLength, aggregationLengthV6",
    ),
    Entry("vips.{vip}.advertisement", "The advertisement that selects the VIP.", (), (f"{_ADVERT}.name",)),
    Entry(
        "vips.{vip by layer2}.announcer",
        "Of the advertisement's nodes those with the greatest weight, of these the first by SHA-256 of node and first "
        "address of the Service.",
        (),
        (
            f"{_ADVERT}.nodes",
            f"{_ADVERT}.preferred_nodes",
            f"{_SERVICE}.addresses.0",
            "nodes.{nodes to prefer}.labels",
        ),
        "MetalLB: layer-2 election",
    ),
    Entry("vips.{vip}.announcer", "Null: every node of the advertisement announces it.", (), (f"{_ADVERT}.kind",)),
    Entry(
        "vips.{vip by layer2}.segments",
        "The advertisement's segments on which the announcer stands.",
        (),
        ("vips.{vip}.announcer", f"{_ADVERT}.segments"),
    ),
    Entry("vips.{vip}.segments", "None: BGP announces it.", (), (f"{_ADVERT}.kind",)),
    Entry("vips.{vip}.clients", "The clients that have an address of the family.", (), ("clients.*.families",)),
)
