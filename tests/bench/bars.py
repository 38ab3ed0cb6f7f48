# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is demanded of the measurements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Bar:
    """The most or the least that a value may be, and whether it must be less than every baseline of its row."""

    most: float | None = None
    least: float | None = None
    ahead: bool = False

    def __str__(self) -> str:
        parts = [
            "" if self.most is None else f"≤ {self.most:g}",
            "" if self.least is None else f"≥ {self.least:g}",
            "less than each beside it" if self.ahead else "",
        ]
        return ", ".join(filter(None, parts))

    def misses(self, row: dict[str, Any]) -> list[str]:
        """In what a row falls short; empty when it does not."""
        value, found = row["value"], []
        if self.most is not None and value > self.most:
            found.append(f"more than {self.most:g}")
        if self.least is not None and value < self.least:
            found.append(f"less than {self.least:g}")
        if self.ahead:
            found += [f"not less than {beside['name']}" for beside in row["baselines"] if value >= beside["value"]]
        return found


BARS = {
    "wire_add_one_at_10k_ms": Bar(most=5, ahead=True),
    "wire_add_10k_ms": Bar(most=250, ahead=True),
    "wire_withdraw_10k_ms": Bar(most=250),
    "wire_start_to_established_ms": Bar(most=500),
    "wire_rss_mib": Bar(most=40),
    "wire_100k_prefixes_time_exponent": Bar(most=1.2),
    "wire_100k_prefixes_memory_exponent": Bar(most=1.2),
    "wire_64_peers_cpu_exponent": Bar(most=1.2),
    "wire_64_peers_memory_exponent": Bar(most=1.2),
    "arp_replies_per_s": Bar(least=20_000),
    "ndp_replies_per_s": Bar(least=20_000),
    "arp_replies_per_s_overloaded": Bar(least=20_000),
    "ndp_replies_per_s_overloaded": Bar(least=20_000),
    "arp_p99_idle_ms": Bar(most=1),
    "ndp_p99_idle_ms": Bar(most=1),
    "arp_p99_overloaded_ms": Bar(most=5),
    "ndp_p99_overloaded_ms": Bar(most=5),
    "takeover_2k_ms": Bar(most=50),
    "layer2_takeover_s": Bar(most=1),
    "layer2_takeover_kill_s": Bar(most=1, ahead=True),
    "layer2_takeover_link_s": Bar(most=1, ahead=True),
    "heartbeats_100_nodes_200ms_cpu_percent": Bar(most=10),
    "heartbeats_100_nodes_100ms_cpu_percent": Bar(most=20),
    "bfd_50ms_flaps_at_load_20": Bar(most=0),
    "speaker_rss_mib": Bar(most=60),
    "service_to_route_at_10_p50_ms": Bar(ahead=True),
    "service_to_route_p50_ms": Bar(ahead=True),
    "service_to_route_p99_ms": Bar(ahead=True),
    "service_to_route_5000_over_1000": Bar(most=1.1),  # missed: the API server's own part grows (bench_kube)
    "answer_to_route_5000_over_1000": Bar(most=1.1),
    "cold_start_10k_services_s": Bar(most=2),
    "controller_rss_mib": Bar(most=120),
    "speaker_kubernetes_rss_mib": Bar(most=60),
    "allocations_per_s": Bar(least=20_000),
    "allocation_growth_exponent": Bar(most=0.5),
    "demo_seconds": Bar(most=300),
    "site_unchanged_share_of_usual": Bar(most=0.2),
    "apiserver_rollback_s": Bar(most=60),
    "plan_200_nodes_s": Bar(most=1),
    "plan_1000_nodes_s": Bar(most=8),
    "plan_1000_nodes_mib": Bar(most=300),
    "plan_growth_exponent": Bar(most=1.2),
    "overlap_10k_blocks_ms": Bar(most=100),
}
