# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of the protocol and their texts, with the RFC that gives them."""

from __future__ import annotations

VERSION = 4
AS_TRANS = 23456  # RFC 6793 section 9
MARKER = b"\xff" * 16
HEADER_LENGTH = 19
MAX_LENGTH = 4096

# Message types: RFC 4271 section 4.1; 5: RFC 2918
OPEN, UPDATE, NOTIFICATION, KEEPALIVE, ROUTE_REFRESH = 1, 2, 3, 4, 5

# Capabilities: RFC 4760 section 8; RFC 2918; RFC 8950; RFC 4724; RFC 6793; RFC 7313
(
    CAP_MULTIPROTOCOL,
    CAP_ROUTE_REFRESH,
    CAP_EXTENDED_NEXT_HOP,
    CAP_GRACEFUL_RESTART,
    CAP_FOUR_OCTET_ASN,
    CAP_ENHANCED_REFRESH,
) = 1, 2, 5, 64, 65, 70
# Flags of graceful restart: RFC 4724 section 3 (restarted; forwarding kept, per family), RFC 8538 section 2
RESTARTED, NOTIFICATION_KEEPS, FORWARDING = 0x8000, 0x4000, 0x80
PARAMETER_CAPABILITIES = 2  # RFC 5492
PARAMETER_EXTENDED = 255  # RFC 9072

# Path attributes: RFC 4271 section 5; 8: RFC 1997; 14, 15: RFC 4760; 16: RFC 4360; 17: RFC 6793; 32: RFC 8092
ORIGIN, AS_PATH, NEXT_HOP, LOCAL_PREF, COMMUNITIES = 1, 2, 3, 5, 8
MP_REACH_NLRI, MP_UNREACH_NLRI, EXTENDED_COMMUNITIES, AS4_PATH, LARGE_COMMUNITIES = 14, 15, 16, 17, 32
AS_SEQUENCE = 2
NON_TRANSITIVE = 1 << 62  # bit of an extended community: RFC 4360 section 2
GRACEFUL_SHUTDOWN = 0xFFFF0000  # RFC 8326

# Subtypes of ROUTE-REFRESH: RFC 2918; RFC 7313: begin and end of what it asked for
REFRESH, REFRESH_BEGINS, REFRESH_ENDS = 0, 1, 2

AFI_SAFI = {"ipv4": (1, 1), "ipv6": (2, 1)}
FAMILY_OF = {pair: name for name, pair in AFI_SAFI.items()}

# Error codes: RFC 4271 section 4.5; 7: RFC 7313; 8: RFC 9687
HEADER_ERROR, OPEN_ERROR, UPDATE_ERROR, HOLD_EXPIRED, FSM_ERROR, CEASE, REFRESH_ERROR, SEND_HOLD_EXPIRED = range(1, 9)

# Subcodes that we send
NOT_SYNCHRONIZED, BAD_LENGTH, BAD_TYPE = 1, 2, 3
BAD_VERSION, BAD_PEER_AS, BAD_IDENTIFIER, BAD_PARAMETER, BAD_HOLD_TIME, BAD_CAPABILITY = 1, 2, 3, 4, 6, 7
INVALID_REFRESH_LENGTH = 1  # RFC 7313
HARD_RESET = 9  # RFC 8538
# … and that carry something to read: RFC 4486 section 4; RFC 9003 section 2
TOO_MANY_PREFIXES, WITH_A_TEXT = 1, (2, 4)
ADMINISTRATIVE_SHUTDOWN, PEER_DECONFIGURED, CONFIGURATION_CHANGE, COLLISION = 2, 3, 6, 7  # RFC 4486
BFD_DOWN = 10  # RFC 9384

CODE_TEXT = {
    1: "message header error",
    2: "OPEN message error",
    3: "UPDATE message error",
    4: "hold timer expired",
    5: "finite state machine error",
    6: "cease",
    7: "ROUTE-REFRESH message error",
    8: "send hold timer expired",
}
UNSPECIFIC = {(1, 0), (2, 0), (3, 0), (5, 0)}  # where the code has subcodes, and none was given
SUBCODE_TEXT = {
    (1, 1): "connection not synchronized",
    (1, 2): "bad message length",
    (1, 3): "bad message type",
    (2, 1): "unsupported version number",
    (2, 2): "bad peer AS",
    (2, 3): "bad BGP identifier",
    (2, 4): "unsupported optional parameter",
    (2, 5): "authentication failure",
    (2, 6): "unacceptable hold time",
    (2, 7): "unsupported capability",
    (2, 11): "role mismatch",  # RFC 9234
    (3, 1): "malformed attribute list",
    (3, 2): "unrecognized well-known attribute",
    (3, 3): "missing well-known attribute",
    (3, 4): "attribute flags error",
    (3, 5): "attribute length error",
    (3, 6): "invalid ORIGIN",
    (3, 7): "AS routing loop",
    (3, 8): "invalid NEXT_HOP",
    (3, 9): "optional attribute error",
    (3, 10): "invalid network field",
    (3, 11): "malformed AS_PATH",
    (5, 1): "unexpected message in OpenSent",
    (5, 2): "unexpected message in OpenConfirm",
    (5, 3): "unexpected message in Established",
    (6, 1): "maximum number of prefixes reached",
    (6, 2): "administrative shutdown",
    (6, 3): "peer de-configured",
    (6, 4): "administrative reset",
    (6, 5): "connection rejected",
    (6, 6): "other configuration change",
    (6, 7): "connection collision resolution",
    (6, 8): "out of resources",
    (6, 9): "hard reset",
    (6, 10): "BFD down",
    (7, 1): "invalid message length",
}


def describe(code: int, subcode: int) -> str:
    """A NOTIFICATION's code and subcode in words."""
    text = CODE_TEXT.get(code, "unknown error")
    detail = "unspecific" if (code, subcode) in UNSPECIFIC else SUBCODE_TEXT.get((code, subcode))
    return f"{text}: {detail} ({code}/{subcode})" if detail else f"{text} ({code}/{subcode})"
