# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a Service takes on a real API server until its route is at a router, and what 10,000 of them cost.

A sample is one LoadBalancer Service: from the moment at which the request that creates it is sent to the arrival of its
last prefix at a BGP listener; its EndpointSlices were there before it, and the product was idle. Ours: dual-stack
Services, two sessions. MetalLB's native mode has IPv4 alone, so there a Service has half the prefixes. All that takes
part has real-time priority meanwhile, the API server too. A cold start is from the start of wire and speaker, with
nothing kept, until the listener has every prefix. Watch events: labels of Services are patched over several
connections; what counts is the CPU that the speaker spends on each.

Beside each sample stands what of it comes after the API server's answer to the request: kube-apiserver 1.36 walks all
ClusterIPs twice with each one that it gives (for two metrics), so that the request itself takes longer the more
Services there are, whatever serves them.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "scripts")]

import links  # noqa: E402

sys.path[:0] = [str(links.make()), str(links.make() / "lib")]

from kube_products import MetalLb, Ours, Product  # noqa: E402
from kube_stage import PER_NAMESPACE, WRITERS, KubeStage  # noqa: E402
from machine import cpu, hurried, memory, options, say  # noqa: E402
from measurements import percentile, row  # noqa: E402

SIZES = (10, 1_000, 5_000)
MIDDLE = 1_000
LARGE = 10_000
PROBES = 120
PAUSE = 0.1  # seconds between two probes
QUIET = 0.02  # seconds of CPU in a second without work
EVENTS = 10_000
_NUMBERS = itertools.count()


class Sample(NamedTuple):
    """Milliseconds to the last prefix of a Service: from sending the request that creates it, and from its answer."""

    whole: float
    answered: float


def probe(stage: KubeStage, count: int) -> list[Sample]:
    """From creating a Service to its last prefix, for so many Services, one after the other.

    They are deleted at the end: after a deletion MetalLB looks at every Service again, which would stand in its
    figures.
    """
    samples = []
    base = len(stage.listener.held)
    names = [f"probe-{next(_NUMBERS)}" for _unused in range(count)]
    for number, name in enumerate(names, 1):
        stage.endpoints(stage.api, "probes", name)
        began = time.perf_counter()
        stage.create(stage.api, "probes", name)
        answered = time.perf_counter()
        arrived = stage.listener.wait_count(base + number * len(stage.families))
        samples.append(Sample(1000 * (arrived - began), max(0.0, 1000 * (arrived - answered))))
        time.sleep(PAUSE)
    for name in names:
        stage.api.delete(f"/api/v1/namespaces/probes/services/{name}")
    stage.listener.wait_count(base)
    return samples


def rest(product: Product) -> None:
    """Waits until the product has nothing left to do, for ten minutes at most: both write statuses at 20 a second."""
    for _unused in range(600):
        spent = product.cpu()
        time.sleep(1)
        if product.cpu() - spent < QUIET:
            return
    raise RuntimeError(f"{product.name} does not come to rest")


def used(stage: KubeStage, product: Product) -> tuple[float, float]:
    """Seconds of CPU that the product and the API server have used."""
    return product.cpu(), cpu([stage.plane.apiserver.pid])


def latencies(stage: KubeStage, product: Product, sizes: Iterable[int], probes: int) -> dict[int, list[Sample]]:
    """The samples at each number of existing Services."""
    name = product.name
    stage.api.create("/api/v1/namespaces", {"metadata": {"name": "probes"}})
    found = {}
    for size in sizes:
        began = time.monotonic()
        stage.fill(size)
        filled = time.monotonic()
        stage.listener.wait_count(stage.routes)
        later = time.monotonic() - filled
        say(f"  {name}: {size} Services created in {filled - began:.1f} s, all routes {later:.1f} s later")
        rest(product)
        before = used(stage, product)
        with hurried([*stage.pids, *product.pids]):
            found[size] = probe(stage, probes)
        ours, theirs = (1000 * (now - then) / probes for now, then in zip(used(stage, product), before))
        say(f"  {name} at {size}: {ours:.1f} ms of CPU for a Service and its deletion, API server {theirs:.1f} ms")
        for what, samples in zip(("created", "answered"), zip(*found[size])):
            p50, p99 = (percentile(samples, share) for share in (0.5, 0.99))
            say(f"  {name} at {size}: {what} → route p50 {p50:.1f} ms, p99 {p99:.1f} ms, most {max(samples):.1f} ms")
    return found


def cold_start(stage: KubeStage, product: Product) -> float:
    """Seconds from the start of the node's processes to the last prefix at the router."""
    product.stop_node()
    stage.listener.wait_count(0)
    with hurried(stage.pids):  # what is started inherits it
        began = time.perf_counter()
        product.start_node()
        return stage.listener.wait_count(stage.routes) - began


def events(stage: KubeStage, product: Product, count: int, size: int) -> tuple[float, float]:
    """Patches a second that the API server took, and milliseconds of the speaker's CPU for each."""
    pids = [product.node["speaker"].pid]

    def patch(first: int) -> None:
        api = stage.plane.client()
        for number in range(first, count, WRITERS):
            service = number % size
            path = f"/api/v1/namespaces/space-{service // PER_NAMESPACE}/services/service-{service}"
            api.patch(path, {"metadata": {"labels": {"event": str(number)}}})
        api.close()

    spent = cpu(pids)
    began = time.monotonic()
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(patch, range(WRITERS)))
    seconds = time.monotonic() - began
    rest(product)
    return count / seconds, 1000 * (cpu(pids) - spent) / count


def ours(folder: Path, quick: bool) -> tuple[dict[int, list[Sample]], list[dict[str, Any]]]:
    """The latencies, and the rows of the large cluster."""
    sizes, large = (SIZES[:2], 2_000) if quick else (SIZES, LARGE)
    with ExitStack() as stack:
        stage = KubeStage(folder, ["ipv4", "ipv6"], stack)
        product = Ours(stage, stack)
        stage.plane.apply(stage.configuration())
        product.start()
        found = latencies(stage, product, sizes, 20 if quick else PROBES)
        product.stop()
        stage.fill(large)
        product.start()
        began = time.monotonic()
        stage.listener.wait_count(stage.routes)
        say(f"  {product.name}: {large} Services settled {time.monotonic() - began:.1f} s after a start")
        controller = [memory(product.controller.pid, "VmRSS")]
        starts = [cold_start(stage, product) for _unused in range(1 if quick else 3)]
        rate, milliseconds = events(stage, product, 1_000 if quick else EVENTS, large)
        say(f"  {product.name} at {large}: {rate:.0f} patches a second")
        pid = product.node["speaker"].pid
        return found, [
            row("cold_start_10k_services_s", starts, "s"),
            row("watch_events_per_s", [1000 / milliseconds], "/s of CPU"),
            row("watch_1k_events_cpu_percent", [100 * milliseconds], "%"),
            row("controller_rss_mib", controller, "MiB"),
            row("speaker_kubernetes_rss_mib", [memory(pid, "VmRSS")], "MiB"),
            row("speaker_kubernetes_peak_rss_mib", [memory(pid, "VmHWM")], "MiB"),
        ]


def metallb(folder: Path, quick: bool) -> dict[int, list[Sample]]:
    """The latencies of MetalLB; with 5,000 Services it takes minutes to come up, so without those."""
    with ExitStack() as stack:
        stage = KubeStage(folder, ["ipv4"], stack)
        product = MetalLb(stage, stack)
        stage.plane.apply(stage.configuration())
        product.start()
        return latencies(stage, product, SIZES[:2], 20 if quick else PROBES)


def main() -> None:
    """Prints the rows."""
    quick = options(__doc__).quick
    with tempfile.TemporaryDirectory() as folder:
        beside = metallb(Path(folder) / "metallb", quick)
        found, rows = ours(Path(folder) / "ours", quick)
    print(json.dumps([*latency_rows(found, beside), *rows]))


def latency_rows(found: dict[int, list[Sample]], beside: dict[int, list[Sample]]) -> list[dict[str, Any]]:
    """Median and 99th percentile at each size, MetalLB's beside them; those at 1,000 have the plain names."""
    rows = []
    for size in found:
        at = "" if size == MIDDLE else f"_at_{size}"
        for part, word in enumerate(("service", "answer")):
            samples = [sample[part] for sample in found[size]]
            theirs = [sample[part] for sample in beside.get(size, ())]
            for name, share in (("p50", 0.5), ("p99", 0.99)):
                others = [(f"{MetalLb.name}, IPv4 alone", [percentile(theirs, share)])] if theirs else []
                one = row(f"{word}_to_route{at}_{name}_ms", [percentile(samples, share)], "ms", *others)
                extremes = [round(min(samples), 3), round(max(samples), 3)]
                rows.append({**one, "samples": len(samples), "range": extremes})
    if SIZES[-1] in found:
        for part, word in enumerate(("service", "answer")):
            medians = [percentile([one[part] for one in found[size]], 0.5) for size in (SIZES[-1], MIDDLE)]
            rows.append(row(f"{word}_to_route_5000_over_1000", [medians[0] / medians[1]], "times"))
    return rows


if __name__ == "__main__":
    main()
