# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens of ServiceAccounts: whose one is, and whether it is good for a while yet. Signatures are not looked at.

RFC 7519 (JWT); Kubernetes, "Managing Service Accounts", for the private claim ``kubernetes.io``.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

_DAY = 86400  # seconds
LEAST_LEFT = 0.25  # of its life: the daemons renew a token at half of it


def trouble(token: str, account: str, uid: str, now: float) -> str:
    """Why a token of ``account`` (``namespace:name``) can't be used on, in a few words; empty when it can.

    ``uid``: of the account, empty if not known. ``now``: seconds since 1970.
    """
    if not token:
        return "there is none"
    claims = _claims(token)
    if claims is None:
        return "it is not readable"
    if claims.get("sub") != f"system:serviceaccount:{account}":
        return "it is of another account"
    owner = (claims.get("kubernetes.io") or {}).get("serviceaccount") or {}
    if uid and owner.get("uid") != uid:
        return "its account was made anew"
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, (int, float)) or not isinstance(expires, (int, float)):
        return "it does not say how long it is valid"
    if expires - now < LEAST_LEFT * (expires - issued):
        return "it expires soon" if now < expires else "it has expired"
    return ""


def short_life(token: str) -> str:
    """A warning when a new token lives less than a day, else nothing.

    The API server may give less than was asked for (``--service-account-max-token-expiration``).
    """
    claims = _claims(token.strip()) or {}
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, (int, float)) or not isinstance(expires, (int, float)) or expires - issued >= _DAY:
        return ""
    return (
        f"the token of this host lives for {(expires - issued) / 3600:.1f} hours. Its daemon renews it, but while the "
        "API server is away for longer it expires, and the role has to run again then. Ask for a day or more, and "
        "raise --service-account-max-token-expiration of kube-apiserver where that gives less."
    )


def _claims(token: str) -> dict[str, Any] | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    return found if isinstance(found, dict) else None
