# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Components of clusters that the collection runs: versions, CIDRs, kube-proxy and the cluster DNS."""

from __future__ import annotations

from collections.abc import Iterator

from ..addresses import blocks
from ..addresses.blocks import FAMILY_NAME, Block
from ..components.versions import NEWEST, OLDEST
from ..findings import ERROR, WARNING
from ..intent.load import Intent
from ..plan.kubernetes import kube_dns
from .rule import Plan, Problem, rule
from .running import Running, running

NODE_LOCAL = tuple(map(blocks.parse_network, ("169.254.0.0/16", "fd00::/8")))
_SERVICE, _CACHE = "a Service", "a cache on each node"


@rule("kubernetes-version", ERROR, silenceable=False)
def version(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The version of Kubernetes is one that the table of versions knows.

    Source: before 1.20 Services had another, incompatible field for families (kubernetes/kubernetes KEP-563); what a
    newer one changes is not known yet.
    """
    for each in running(intent, plan):
        if not each.known:
            why = "has an older API of Services" if each.version.minor < OLDEST else "is newer than what is known"
            fix = f"Choose a version from 1.{OLDEST} to 1.{NEWEST}."
            yield Problem(f"{each.path}.version", str(each.version), f"Kubernetes {each.version} {why}", fix)


@rule("kubernetes-cidrs", ERROR, absence=True)
def cidrs(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A cluster that we run states its pod and service CIDRs.

    Source: kube-apiserver --service-cluster-ip-range, kube-controller-manager --cluster-cidr.
    """
    for each in running(intent, plan):
        for key, words in (("pods", "pod"), ("services", "service")):
            if not each.cluster[key]:
                path = f"{each.path.rpartition('.')[0]}.{key}"
                reason = f"there is no {words} CIDR to begin the cluster with"
                yield Problem(path, "", reason, "State one of each family of the cluster.")


@rule("proxy-mode", ERROR)
def proxy_mode(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The mode of kube-proxy is one that its version has, and that has a future.

    Source: nftables needs a feature gate before 1.31 (KEP-3866); ipvs is deprecated from 1.35 on (KEP-5495) and has no
    counterpart of strictARP for IPv6, so that every node answers neighbour solicitations for VIPs.
    """
    for each in running(intent, plan):
        mode = each.planned["proxy"]["mode"]
        path = f"{each.path}.proxy.mode"
        if mode != "none" and mode not in each.rules.proxy_modes:
            reason = f"kube-proxy {each.version} has it behind a feature gate or not at all"
            yield Problem(path, mode, reason, f"Choose {' or '.join(each.rules.proxy_modes[:1])}.")
        elif mode == "ipvs" and each.rules.ipvs_deprecated:
            yield Problem(path, mode, f"is deprecated in Kubernetes {each.version}", "Choose nftables or iptables.")


@rule("proxy-ipvs", WARNING)
def ipvs(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """kube-proxy does not run in IPVS mode where IPv6 is served.

    Source: ipvs.strictARP sets arp_ignore and arp_announce, for IPv4 alone; old kernels lose IPv6 node ports
    (kubernetes/kubernetes#92412, kubernetes/kubeadm#2205).
    """
    for each in running(intent, plan):
        if each.planned["proxy"]["mode"] == "ipvs" and not each.rules.ipvs_deprecated and "ipv6" in each.families:
            reason = "every node answers neighbour solicitations for the IPv6 VIPs on its kube-ipvs0"
            yield Problem(f"{each.path}.proxy.mode", "ipvs", reason, "Choose nftables or iptables.")


@rule("proxy-none", ERROR)
def proxy_none(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Without kube-proxy the CNI serves the Services.

    Source: Cilium's kubeProxyReplacement and Calico's eBPF data plane do; bridge and flannel route pods alone. Before
    v1beta3 (1.22) kubeadm's documents can't leave kube-proxy out.
    """
    for each in running(intent, plan):
        if each.planned["proxy"]["mode"] != "none":
            continue
        plugin = each.planned["cni"]["plugin"]
        if plugin in ("bridge", "flannel"):
            reason = f"nobody serves Services: {plugin} does not do what kube-proxy does"
            yield Problem(f"{each.path}.proxy.mode", "none", reason, "Choose nftables or iptables, or another plugin.")
        elif each.by_kubeadm and not each.rules.skip_phases:
            reason = f"kubeadm {each.version} always installs kube-proxy"
            yield Problem(f"{each.path}.proxy.mode", "none", reason, "Choose iptables, or 1.22 and later.")


@rule("node-port-family", ERROR)
def node_port_family(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Node ports answer in each family, and on an address of each node.

    Source: KubeProxyConfiguration nodePortAddresses: a family without a CIDR has no node ports, and neither has a node
    without an address in the CIDRs.
    """
    for each in running(intent, plan):
        given = [blocks.parse_network(text) for text in each.planned["proxy"]["node_port_addresses"]]
        path = f"{each.path}.proxy.node_port_addresses"
        for family in each.families if given else ():
            own = [block for block in given if block.family == family]
            outside = [
                name
                for name, node in each.nodes.items()
                for address in node["kubernetes"]["node_ip"]
                if blocks.family_of(address) == family
                and not any(block.contains(blocks.parse_address(address)) for block in own)
            ]
            if not own:
                reason = f"has no {FAMILY_NAME[family]} CIDR, so that {FAMILY_NAME[family]} node ports answer nowhere"
                yield Problem(path, ", ".join(map(str, given)), reason, "Add one of the family, or leave all out.")
            elif outside:
                reason = f"holds no {FAMILY_NAME[family]} address of {', '.join(outside)}"
                yield Problem(path, ", ".join(map(str, own)), reason, "Add a CIDR that does.")


@rule("dns-address", ERROR)
def dns_address(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The cluster DNS has addresses of the service CIDRs that nobody else has, or that a cache on each node may have.

    Source: kube-dns is a Service; the first address of the primary service CIDR is kubernetes.default's, and the last
    one of IPv4 is given to none. A NodeLocal DNS cache takes an address of 169.254.0.0/16 or fd00::/8.
    """
    for each in running(intent, plan):
        path = f"{each.path}.dns.addresses"
        for text in (each.stated["dns"]["addresses"] or {}).values():
            address = blocks.parse_address(text)
            cidr = each.cluster["services"].get(address.family)
            if cidr is None:
                reason = f"cluster {each.cluster['name']} has no {FAMILY_NAME[address.family]} service CIDR"
                yield Problem(path, text, reason, "Remove it.")
                continue
            block = blocks.parse_network(cidr)
            if not block.contains(address):
                if not _on_nodes(address):
                    yield Problem(path, text, f"is outside of the service CIDR {cidr}", "Choose one inside.")
            elif address.first - block.first < 2:
                reason = "is the network's address or that of kubernetes.default"
                yield Problem(path, text, reason, "Choose another one, as the tenth.")
            elif address.family == blocks.IPV4 and address.first == block.last:
                yield Problem(path, text, "is the last address, which no Service gets", "Choose another one.")


@rule("dns-elsewhere", ERROR)
def dns_elsewhere(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Of a cluster of kubeadm, pods are given the address at which kubeadm puts the cluster DNS, or that of a cache.

    Source: kubeadm gives the Service kube-dns the tenth address of the first service CIDR, whatever clusterDNS of
    kubelets says. To be silenced where somebody has moved the Service.
    """
    for each in filter(lambda each: each.by_kubeadm, running(intent, plan)):
        made = set(kube_dns(each.families, each.cluster["services"]).values())
        found = _resolvers(each)
        if made and _SERVICE in found.values() and _CACHE not in found.values() and not made & {*found}:
            at = ", ".join(made)
            reason = f"kubeadm puts the cluster DNS at {at}, so that nobody answers the pods"
            fix = f"Write {at}, or leave the addresses out."
            yield Problem(f"{each.path}.dns.addresses", ", ".join(found), reason, fix)


@rule("dns-unserved", WARNING)
def dns_unserved(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """At each address that kubelets give pods for the cluster DNS something answers that we or kubeadm install.

    Source: kubeadm gives the Service kube-dns one family; a second address is there when the Service is patched, and
    that of a NodeLocal DNS cache when its DaemonSet runs. Resolvers wait seconds for an address that is dead.
    """
    for each in running(intent, plan):
        made = set(kube_dns(each.families, each.cluster["services"]).values())
        found = _resolvers(each)
        for text, whose in found.items():
            path = f"{each.path}.dns.addresses"
            if whose == _CACHE:
                reason = "only a cache on each node answers there, which is not installed here"
                yield Problem(path, text, reason, "Install it before pods come, and silence this.")
            elif whose == _SERVICE and each.by_kubeadm and text not in made and made & {*found}:
                reason = "kubeadm gives the Service kube-dns one family, so that nobody answers there"
                fix = "Remove it; or patch the Service to both families with it, and silence this."
                yield Problem(path, text, reason, fix)


def _resolvers(each: Running) -> dict[str, str]:
    """What is stated of the cluster DNS, and what can answer there: a Service, a cache on each node, or nothing."""
    found = {}
    for text in (each.stated["dns"]["addresses"] or {}).values():
        address = blocks.parse_address(text)
        cidr = each.cluster["services"].get(address.family)
        inside = cidr is not None and blocks.parse_network(cidr).contains(address)
        whose = _SERVICE if inside else _CACHE if cidr is not None and _on_nodes(address) else ""
        found[blocks.address_text(address.family, address.first)] = whose
    return found


def _on_nodes(address: Block) -> bool:
    return any(block.contains(address) for block in NODE_LOCAL)


RULES = (version, cidrs, proxy_mode, ipvs, proxy_none, node_port_family, dns_address, dns_elsewhere, dns_unserved)
