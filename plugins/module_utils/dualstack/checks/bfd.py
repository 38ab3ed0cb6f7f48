# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BFD profiles, and the sessions that they watch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Callable

from ..addresses.blocks import IPV6
from ..findings import ERROR, HINT, WARNING
from ..intent.fabric import BFD_PROFILE
from ..intent.load import Intent
from ..plan.segments import REMOTE
from .places import among, gathered, term
from .rule import Plan, Problem, rule

FAST = 100  # milliseconds
FAR_TTL = 256  # a packet that is sent with TTL 255 arrives over N hops with 256 - N
DEFAULT_TTL = 254

Session = Mapping[str, Any]


@rule("bfd-late", WARNING)
def late(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """BFD notices a failure before the hold time does.

    Source: RFC 5880 section 6.8.4 (detection time), RFC 5882 section 3.
    """
    watched = gathered((term(intent, session, "bfd"), session) for session in _watched(intent, plan))
    for path, sessions in watched.items():
        session = min(sessions, key=lambda each: each["timers"]["hold"])
        hold, detection = session["timers"]["hold"], _detection(intent.bfd_profiles[session["bfd"]])
        if detection >= hold * 1000:
            reason = f"it takes {detection} ms to notice a failure, the hold time of {session['name']} only {hold} s"
            yield Problem(path, session["bfd"], reason, "Shorten the profile's intervals, or leave BFD out.")


@rule("bfd-fast", WARNING)
def fast(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """A profile asks for nothing that software on a busy host can't keep up with.

    Source: RFC 5880 section 6.8.3; FRR and MetalLB send BFD from a user process, whose default is 300 ms.
    """
    for name in dict.fromkeys(session["bfd"] for session in _watched(intent, plan)):
        profile = intent.bfd_profiles[name]
        for key in ("receive_interval", "transmit_interval"):
            if profile[key] < FAST:
                wait = profile[key] * profile["detect_multiplier"]
                reason = f"a process that gets no CPU for {wait} ms takes the session down, and all its routes"
                fix = f"Use at least {FAST} ms."
                yield Problem(f"dualstack.bfd_profiles.{name}.{key}", str(profile[key]), reason, fix)


@rule("bfd-echo-ipv6", WARNING)
def echo_ipv6(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """Echo packets are asked for on IPv4 sessions alone.

    Source: MetalLB refuses echoMode together with IPv6 (`validation.go`); FRR has IPv6 echoes returned by the other
    end's bfdd, which no other implementation does.
    """
    for name, sessions in _by_profile(intent, plan, lambda session: session["transport"] == IPV6).items():
        if intent.bfd_profiles[name]["echo"]:
            names = among(session["name"] for session in sessions)
            fix = "Switch echo off, or give IPv6 sessions another profile (a peer group of their own)."
            reason = f"over IPv6 nothing that forwards returns echo packets: {names}"
            yield Problem(f"dualstack.bfd_profiles.{name}.echo", "true", reason, fix)


@rule("bfd-echo-multihop", ERROR)
def echo_multihop(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """No echo packets are asked for over several hops.

    Source: RFC 5883 section 3: the Echo function must not be used over multiple hops.
    """
    for name, sessions in _by_profile(intent, plan, _far).items():
        if intent.bfd_profiles[name]["echo"]:
            names = among(session["name"] for session in sessions)
            reason = f"echo packets must not travel over several hops: {names}"
            fix = "Switch echo off, or give the multihop peer another profile."
            yield Problem(f"dualstack.bfd_profiles.{name}.echo", "true", reason, fix)


@rule("bfd-echo-interval", HINT)
def echo_interval(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """An echo interval is stated where echo is on.

    Source: RFC 5880 section 6.4; MetalLB's echoInterval without echoMode has no effect.
    """
    del plan
    (default,) = (key.default for key in BFD_PROFILE.keys if key.name == "echo_interval")
    for name, profile in intent.bfd_profiles.items():
        if profile["echo_interval"] != default and not profile["echo"]:
            path = f"dualstack.bfd_profiles.{name}.echo_interval"
            yield Problem(
                path, str(profile["echo_interval"]), "has no effect: echo is off", "Remove it, or say echo: true."
            )


@rule("bfd-passive", ERROR)
def passive(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """One of the two ends begins.

    Source: RFC 5880 section 6.1: at least one system must take the active role.
    """

    def both_ends(session: Session) -> bool:
        return bool(plan["segments"][session["segment"]]["kind"] != REMOTE)

    for name, sessions in _by_profile(intent, plan, both_ends).items():
        if intent.bfd_profiles[name]["passive"]:
            names = among(session["name"] for session in sessions)
            reason = f"both ends have this profile and wait for the other: {names}"
            yield Problem(f"dualstack.bfd_profiles.{name}.passive", "true", reason, "Remove it.")


@rule("bfd-ttl-unused", HINT)
def ttl_unused(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The lowest TTL is stated for sessions over several hops.

    Source: RFC 5881 section 5: over one hop only TTL 255 is accepted, whatever is configured.
    """
    far = _by_profile(intent, plan, _far)
    for name in _by_profile(intent, plan, lambda session: not _far(session)):
        lowest = intent.bfd_profiles[name]["minimum_ttl"]
        if lowest is not None and name not in far:
            reason = "has no effect: none of the profile's sessions is multihop"
            yield Problem(f"dualstack.bfd_profiles.{name}.minimum_ttl", str(lowest), reason, "Remove it.")


@rule("bfd-ttl", WARNING)
def ttl(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """The lowest TTL of a multihop peer's BFD profile lets packets from that far pass.

    Source: RFC 5883 section 5; FRR drops what arrives with less than minimum-ttl, 254 unless stated.
    """
    for name, sessions in _by_profile(intent, plan, _far).items():
        lowest = intent.bfd_profiles[name]["minimum_ttl"]
        farthest = max(sessions, key=lambda session: int(session["options"]["multihop"]))
        arriving = FAR_TTL - farthest["options"]["multihop"]
        if arriving < (lowest or DEFAULT_TTL):
            peer = farthest["ends"][1]["host"]
            reason = f"packets of {peer} (multihop {farthest['options']['multihop']}) may arrive with TTL {arriving}"
            path = f"dualstack.bfd_profiles.{name}.minimum_ttl"
            fix = f"Use {arriving} or less, in a profile of its own."
            yield Problem(path, str(lowest or f"not stated: {DEFAULT_TTL}"), reason, fix)


@rule("bfd-restart", WARNING)
def restart(intent: Intent, plan: Plan) -> Iterator[Problem]:
    """BFD does not undo a graceful restart.

    Source: RFC 5882 section 4.3: BFD that shares fate with the restarting control plane ends the session, and the
    routes that the restart was to keep are withdrawn.
    """
    found = gathered(
        (term(intent, session, "graceful_restart"), session)
        for session in _watched(intent, plan)
        if session["graceful_restart"]
    )
    for path, sessions in found.items():
        names = among(session["name"] for session in sessions)
        reason = (
            f"BFD (profile {sessions[0]['bfd']}) sees the restart as a failure and drops the routes at once: {names}"
        )
        fix = "Choose: BFD for fast failover, or graceful restart; or BFD in hardware, and silence this."
        yield Problem(path, "true", reason, fix)


RULES = (late, fast, echo_ipv6, echo_multihop, echo_interval, passive, ttl_unused, ttl, restart)


def _watched(intent: Intent, plan: Plan) -> list[Session]:
    """The sessions with a BFD profile that exists."""
    return [session for session in plan["sessions"] if session["bfd"] in intent.bfd_profiles]


def _by_profile(intent: Intent, plan: Plan, of: Callable[[Session], bool]) -> dict[str, list[Session]]:
    return gathered((str(session["bfd"]), session) for session in _watched(intent, plan) if of(session))


def _far(session: Session) -> bool:
    return "multihop" in session["options"]


def _detection(profile: Mapping[str, Any]) -> int:
    """Milliseconds until a failure is noticed, when both ends have the profile."""
    slowest = max(profile["receive_interval"], profile["transmit_interval"])
    return int(slowest * profile["detect_multiplier"])
