# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the modules that Kubernetes asks for the machine's kernel has, as a host's modprobe wants to be told.

A host shares the machine's kernel and has no modules of its own: those that are there count as built in.
"""

from __future__ import annotations

import gzip
import platform
from pathlib import Path

from .commands import run, run_long

# Module (its place in the kernel's tree) to the option that it is built by.
OPTIONS = {
    "fs/overlayfs/overlay": "OVERLAY_FS",
    "net/bridge/bridge": "BRIDGE",
    "net/bridge/br_netfilter": "BRIDGE_NETFILTER",
    "net/netfilter/nf_conntrack": "NF_CONNTRACK",
    "net/netfilter/nf_conntrack_netlink": "NF_CT_NETLINK",
    "net/netfilter/nf_tables": "NF_TABLES",
    "net/netfilter/nf_nat": "NF_NAT",
    "net/netfilter/ipset/ip_set": "IP_SET",
    "net/netfilter/ipvs/ip_vs": "IP_VS",
    "net/netfilter/ipvs/ip_vs_rr": "IP_VS_RR",
    "net/netfilter/ipvs/ip_vs_wrr": "IP_VS_WRR",
    "net/netfilter/ipvs/ip_vs_sh": "IP_VS_SH",
    "net/ipv4/netfilter/ip_tables": "IP_NF_IPTABLES",
    "net/ipv6/netfilter/ip6_tables": "IP6_NF_IPTABLES",
    "drivers/net/vxlan/vxlan": "VXLAN",
    "drivers/net/veth": "VETH",
    "drivers/net/dummy": "DUMMY",
}


def install(root: Path) -> None:
    """Tells the host with this root file system what its kernel has."""
    release = platform.release()
    folder = root / "usr/lib/modules" / release
    folder.mkdir(parents=True, exist_ok=True)
    lines = sorted(f"kernel/{place}.ko\n" for place, option in OPTIONS.items() if _present(place, option, release))
    (folder / "modules.builtin").write_text("".join(lines))
    (folder / "modules.order").write_text("")
    run(["chroot", str(root), "depmod", release])


def _present(place: str, option: str, release: str) -> bool:
    state = _configured(release).get(option)
    if state != "m":
        return state == "y"
    return run_long(["modprobe", "--", place.rpartition("/")[2]])[0] == 0


def _configured(release: str) -> dict[str, str]:
    """The kernel's options; none where it does not tell them."""
    own, installed = Path("/proc/config.gz"), Path(f"/boot/config-{release}")
    if own.exists():
        text = gzip.decompress(own.read_bytes()).decode()
    elif installed.exists():
        text = installed.read_text()
    else:
        return {}
    pairs = (line.partition("=") for line in text.splitlines() if line.startswith("CONFIG_"))
    return {name.removeprefix("CONFIG_"): value for name, _unused, value in pairs}
