#!/usr/bin/python
# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router holds: BGP tables, FIB, neighbour table, sessions."""

from __future__ import annotations

DOCUMENTATION = r"""
module: frr_info
short_description: Gather what a router with FRR holds, for the evidence
version_added: 1.0.0
author: baremetal.dualstack contributors (@baremetal)
description:
  - Returns the BGP table and the kernel's FIB for some prefixes, the kernel's neighbour table and the BGP sessions.
  - When FRR does not answer, RV(error) says so and its tables are empty; the kernel's tables are returned all the same.
options:
  prefixes:
    description: Prefixes of both families, as CIDRs. Other prefixes are not looked at.
    type: list
    elements: str
    default: []
  config_dir:
    description: Folder of C(frr.conf).
    type: path
    default: /etc/frr
  vtysh:
    description: FRR's command line.
    type: path
    default: /usr/bin/vtysh
  tools:
    description: Folder of FRR's daemons and of C(frr-reload.py).
    type: path
    default: /usr/lib/frr
requirements:
  - iproute2
attributes:
  check_mode:
    description: Changes nothing.
    support: full
  diff_mode:
    description: Changes nothing.
    support: N/A
"""

EXAMPLES = r"""
- name: Look at two prefixes
  baremetal.dualstack.frr_info:
    prefixes: [192.168.100.1/32, "2001:db8:1::1/128"]
  register: seen
"""

RETURN = r"""
version:
  description: The version of FRR, empty when it is not installed.
  returned: always
  type: str
  sample: "10.3"
missing:
  description: Programs of FRR that M(baremetal.dualstack.frr_config) needs and that are not there.
  returned: always
  type: list
  elements: str
bgp:
  description:
    - Per family and prefix the paths in the BGP table.
    - Each has C(next_hop) (IPv6, the global address; over an unnumbered link C(fe80::%INTERFACE)), C(communities),
      C(local_preference) (null when it has none), C(best) (the path is used, multipath included), C(from) and
      C(as_path).
  returned: always
  type: dict
fib:
  description:
    - Per family and prefix the next hops in the kernel's main table; a device where there is no gateway.
    - A link-local next hop is C(fe80::%INTERFACE), also for IPv4.
  returned: always
  type: dict
neighbours:
  description: Per address the entry of the kernel's neighbour table, with C(mac), C(state) and C(interface).
  returned: always
  type: dict
sessions:
  description:
    - Per address of a neighbour (or interface, for a session without addresses) the session, with C(state), C(asn),
      FRR's counters, C(families), and C(last_error), what FRR says of the end of a session that is down.
  returned: always
  type: dict
error:
  description: What kept FRR's part from being read, else empty.
  returned: always
  type: str
"""

import ipaddress
from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.routers import sessions, tables
from ansible_collections.baremetal.dualstack.plugins.module_utils.dualstack.routers.secrets import Mask
from ansible_collections.baremetal.dualstack.plugins.module_utils.frr import Frr, FrrError

# vtysh takes its commands as words; this many stay far below the longest command line.
AT_ONCE = 500
IP_FAMILY = {"ipv4": "-4", "ipv6": "-6"}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "prefixes": {"type": "list", "elements": "str", "default": []},
            "config_dir": {"type": "path", "default": "/etc/frr"},
            "vtysh": {"type": "path", "default": "/usr/bin/vtysh"},
            "tools": {"type": "path", "default": "/usr/lib/frr"},
        },
        supports_check_mode=True,
    )
    for prefix in module.params["prefixes"]:
        try:
            ipaddress.ip_network(prefix)
        except ValueError as error:
            module.fail_json(msg=f"prefixes: {error}; write a CIDR without host bits")
    wanted = tables.by_family(module.params["prefixes"])
    result: dict[str, Any] = {"changed": False, "bgp": {family: {} for family in wanted}, "sessions": {}, "error": ""}
    result["fib"] = {
        family: tables.fib(prefixes, _routes(module, family, prefixes)) for family, prefixes in wanted.items()
    }
    result["neighbours"] = tables.neighbours(
        [entry for family in wanted for entry in _ip(module, family, "neigh", "show")]
    )
    frr = Frr(module.run_command, Mask({}), *(module.params[name] for name in ("config_dir", "vtysh", "tools")))
    result.update(version=frr.version(), missing=frr.missing())
    try:
        if result["missing"]:
            raise FrrError(f"FRR is not installed here: {', '.join(result['missing'])} not found")
        if "bgpd" not in frr.connected():
            raise FrrError("bgpd does not answer")
        for family, prefixes in wanted.items():
            result["bgp"][family] = tables.bgp(prefixes, _paths(frr, family, prefixes))
        result["sessions"] = _sessions(frr)
    except FrrError as error:
        result["error"] = str(error)
    module.exit_json(**result)


def _sessions(frr: Frr) -> dict[str, dict[str, Any]]:
    """All sessions, those that are down with FRR's words on their last end."""
    found = frr.sessions()
    down = found.keys() - sessions.up(found)
    told = frr.last_errors() if down else {}
    return {key: {**session, "last_error": told.get(key, "") if key in down else ""} for key, session in found.items()}


def _paths(frr: Frr, family: str, prefixes: Sequence[str]) -> list[Any]:
    found: list[Any] = []
    for start in range(0, len(prefixes), AT_ONCE):
        commands = [f"show bgp {family} unicast {prefix} json" for prefix in prefixes[start : start + AT_ONCE]]
        shown = frr.show(commands)
        try:
            answers = list(tables.documents(shown))
        except ValueError:
            answers = []
        if len(answers) != len(commands):
            raise FrrError(f"bgpd does not answer in full: {shown.strip()[:200]}")
        found += answers
    return found


def _routes(module: AnsibleModule, family: str, prefixes: Sequence[str]) -> list[Any]:
    if not prefixes:
        return []
    batch = "".join(f"route show exact {prefix}\n" for prefix in prefixes)
    return _documents(module, ["ip", IP_FAMILY[family], "-json", "-batch", "-"], batch)


def _ip(module: AnsibleModule, family: str, *words: str) -> list[Any]:
    answers = _documents(module, ["ip", IP_FAMILY[family], "-json", *words], "")
    return answers[0] if answers else []


def _documents(module: AnsibleModule, command: Sequence[str], data: str) -> list[Any]:
    status, output, error = module.run_command(list(command), data=data)
    if status != 0:
        module.fail_json(msg=f"{' '.join(command)} ended with status {status}: {error.strip()}")
    return list(tables.documents(output))


if __name__ == "__main__":
    main()
