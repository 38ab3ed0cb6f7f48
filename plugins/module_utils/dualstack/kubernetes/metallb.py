# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MetalLB as a cluster gets it: its own manifests, held against the plan's mode, and values of its Helm chart.

Sources: MetalLB 0.16 `config/manifests` (three variants: the speaker's ``METALLB_BGP_TYPE`` says which), the values of
`charts/metallb`, the speaker's flag ``--ignore-exclude-lb``, ``--lb-class`` of both. Left out on purpose: the text of
the manifests, which is MetalLB's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..resources.modes import FRR, FRR_K8S, METALLB, NATIVE
from ..resources.shapes import listing, mapping
from . import applying

Object = dict[str, Any]
REGISTRY = "quay.io"  # where MetalLB's manifests take all images from
CONTROLLER, SPEAKER = "controller", "speaker"
DEPLOYMENT, DAEMON_SET = "Deployment", "DaemonSet"
WORKLOADS = (DEPLOYMENT, DAEMON_SET)
_TYPE = "METALLB_BGP_TYPE"
_MODE_OF = {"native": NATIVE, "": NATIVE, "frr": FRR, "frr-k8s": FRR_K8S, "frr-k8s-external": FRR_K8S}


class Options(NamedTuple):
    """What an installation may differ in. ``registry``: in place of quay.io; ``load_balancer_class``: empty: none."""

    registry: str = ""
    ignore_exclude_label: bool = False
    load_balancer_class: str = ""


def label(cluster: str) -> str:
    """The name by which the objects of an installation are known, beside those of the cluster's plan."""
    return f"{cluster}.metallb"


def mode_of(objects: Iterable[Mapping[str, Any]]) -> str | None:
    """Which BGP backend MetalLB's speaker has among manifests or live objects; None without a speaker."""
    for item in objects:
        if item.get("kind") == DAEMON_SET:
            for container in _containers(item):
                if container.get("name") == SPEAKER:
                    given = {
                        str(each.get("name")): str(each.get("value") or "") for each in listing(container.get("env"))
                    }
                    return _MODE_OF.get(given.get(_TYPE, ""))
    return None


def manifests(
    objects: Iterable[Mapping[str, Any]], mode: str, cluster: str, namespace: str, options: Options
) -> list[Object]:
    """MetalLB's manifests as they are applied, with the label of the installation.

    Raises:
        ValueError: they are not MetalLB's, of another mode or for another namespace; the message says the fix.
    """
    found = [dict(item) for item in objects if item]
    for item in found:
        if not item.get("kind") or not item.get("apiVersion") or not mapping(item.get("metadata")).get("name"):
            raise ValueError("holds something that is no Kubernetes object: give one of MetalLB's config/manifests")
    there = mode_of(found)
    names = {(item["kind"], item["metadata"]["name"]) for item in found}
    if there is None or (DEPLOYMENT, CONTROLLER) not in names:
        raise ValueError("are not those of MetalLB: there is no Deployment controller or no DaemonSet with a speaker")
    if there != mode:
        raise ValueError(f"install {there}, and the plan has {mode}: give {_manifest(mode)}, or change load_balancer")
    homes = {item["metadata"]["namespace"] for item in found if item["metadata"].get("namespace")}
    if homes - {namespace, "kube-system"}:
        raise ValueError(f"are for the namespace {', '.join(sorted(homes))}, not for {namespace}")
    return applying.labelled([_adapted(item, options) for item in found], label(cluster))


def values(mode: str, options: Options) -> Object:
    """Values of MetalLB's Helm chart that install the mode. Raises ValueError for a mode that is not MetalLB's."""
    if mode not in METALLB:
        raise ValueError(f"the plan's load balancer is {mode}, not MetalLB")
    made: Object = {
        "speaker": {"ignoreExcludeLB": options.ignore_exclude_label, "frr": {"enabled": mode == FRR}},
        "frrk8s": {"enabled": mode == FRR_K8S},
    }
    if options.load_balancer_class:
        made["loadBalancerClass"] = options.load_balancer_class
    if options.registry:
        for role in (CONTROLLER, SPEAKER):
            made.setdefault(role, {})["image"] = {"repository": f"{options.registry}/metallb/{role}"}
        made["speaker"]["frr"]["image"] = {"repository": f"{options.registry}/frrouting/frr"}
    return made


def lacking(workloads: Sequence[Mapping[str, Any]]) -> list[str]:
    """What live Deployments and DaemonSets still lack until all their pods are as they should be and ready."""
    found = []
    for item in workloads:
        status, spec = mapping(item.get("status")), mapping(item.get("spec"))
        kind, name = str(item["kind"]), str(item["metadata"]["name"])
        if status.get("observedGeneration", 0) < item["metadata"].get("generation", 0):
            found.append(f"{kind} {name}: nobody has looked at it yet (kube-controller-manager)")
            continue
        if kind == DEPLOYMENT:
            wanted, fresh, ready = int(spec.get("replicas", 1)), "updatedReplicas", "readyReplicas"
        else:
            wanted, fresh, ready = int(status.get("desiredNumberScheduled", 0)), "updatedNumberScheduled", "numberReady"
            if not wanted:
                found.append(f"{kind} {name}: no node takes its pods")
        counts = int(status.get(fresh, 0)), int(status.get(ready, 0))
        if min(counts) < wanted:
            found.append(f"{kind} {name}: {counts[1]} of {wanted} pods are ready, {counts[0]} are of this version")
    return found


def waiting(pods: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Why containers of pods do not run, in the kubelet's words."""
    for pod in pods:
        status = mapping(pod.get("status"))
        for each in (*listing(status.get("initContainerStatuses")), *listing(status.get("containerStatuses"))):
            why = mapping(mapping(each.get("state")).get("waiting"))
            if why.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
                text = f"{why['reason']} {why.get('message') or ''}".strip()
                yield f"pod {pod['metadata']['name']}, {each.get('name')}: {text}"


def _manifest(mode: str) -> str:
    return f"{mode}.yaml of MetalLB's config/manifests"


def _containers(item: Mapping[str, Any]) -> list[Object]:
    spec = mapping(mapping(mapping(item.get("spec")).get("template")).get("spec"))
    return [*listing(spec.get("initContainers")), *listing(spec.get("containers"))]


def _adapted(item: Object, options: Options) -> Object:
    """A manifest with the options in force; what the API server writes itself is not in it."""
    metadata = {key: value for key, value in item["metadata"].items() if value is not None}
    made = {**{key: value for key, value in item.items() if key != "status"}, "metadata": metadata}
    if made["kind"] not in WORKLOADS:
        return made
    spec = made["spec"]
    inner = dict(spec["template"]["spec"])
    for part in ("initContainers", "containers"):
        if inner.get(part):
            inner[part] = [_container(each, options) for each in inner[part]]
    return {**made, "spec": {**spec, "template": {**spec["template"], "spec": inner}}}


def _container(given: Object, options: Options) -> Object:
    made = dict(given)
    image = str(made.get("image") or "")
    if options.registry and image.startswith(f"{REGISTRY}/"):
        made["image"] = options.registry + image[len(REGISTRY) :]
    ours = "/metallb/" in image and made.get("name") in (CONTROLLER, SPEAKER)
    words = list(made.get("args") or ())
    if ours and options.load_balancer_class:
        words.append(f"--lb-class={options.load_balancer_class}")
    if ours and options.ignore_exclude_label and made["name"] == SPEAKER:
        words.append("--ignore-exclude-lb")
    return {**made, "args": words} if words else made
