# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a node does not announce a VIP. The words are MetalLB's where it has one."""

from __future__ import annotations

NO_POOL = "noPool"
NO_ADVERTISEMENT = "noAdvertisement"
NOT_OWNER = "notOwner"
NO_MATCH = "noMatchingAdvertisement"
CONFLICT = "conflictingAdvertisements"
SHARED = "sharedIPWithServiceSelector"
NETWORK_UNAVAILABLE = "nodeNetworkUnavailable"
EXCLUDED = "nodeLabeledExcludeBalancers"
UNUSABLE = "noUsableAdvertisement"
NO_PEER = "noPeer"
NO_LOCAL_ENDPOINTS = "noLocalEndpoints"
NO_ENDPOINTS = "noEndpoints"
NO_CANDIDATE = "noCandidate"

KEPT = "stays as it was before"  # of an object that names others which are gone

TEXTS = {
    NO_POOL: "the address is in no pool",
    NO_ADVERTISEMENT: "no advertisement selects the pool, or none for this family",
    NOT_OWNER: "another node announces it, or no advertisement selects this node",
    NO_MATCH: "no advertisement of the pool selects this Service",
    CONFLICT: "advertisements of the pool set different local preferences for one peer",
    SHARED: "a shared address can't be advertised by a serviceSelector",
    NETWORK_UNAVAILABLE: "the node has the condition NetworkUnavailable",
    EXCLUDED: "the node has the label node.kubernetes.io/exclude-from-external-load-balancers",
    UNUSABLE: "every advertisement of the pool has an error",
    NO_PEER: "no BGP session of this node carries the family",
    NO_LOCAL_ENDPOINTS: "its traffic policy is Local, and this node has no serving endpoint of the family",
    NO_ENDPOINTS: "the Service has no serving endpoint of the family",
    NO_CANDIDATE: "no node may answer: the advertisements select none, or only nodes that are taken out",
}
