# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a daemon finds the API server: a kubeconfig in JSON, which names the file of its token and holds no secret."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Api(NamedTuple):
    """An API server. ``certificate_authority``: base64 of PEM. ``in_pod``: the pod's own credentials are used."""

    namespace: str
    server: str = ""
    certificate_authority: str = ""
    tls_server_name: str = ""
    in_pod: bool = False


def text(api: Api, token_file: str) -> str:
    """The kubeconfig of a daemon that keeps its token in a file."""
    cluster: dict[str, Any] = {"server": api.server}
    if api.certificate_authority:
        cluster["certificate-authority-data"] = api.certificate_authority
    if api.tls_server_name:
        cluster["tls-server-name"] = api.tls_server_name
    name = "cluster"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": {"tokenFile": token_file}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": api.namespace}}],
        "current-context": name,
    }
    return json.dumps(content, indent=2) + "\n"
