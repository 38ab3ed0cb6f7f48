# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types of the fields of KubeletConfiguration and KubeProxyConfiguration, first level and what lists and maps hold.

Source: the types of k8s.io/kubelet (config/v1beta1) and k8s.io/kube-proxy (config/v1alpha1); none has changed from 1.20
to 1.36. Both programs and kubeadm read JSON strictly: a number is no text, and a text no number. Left out on purpose:
what is inside of structures (``structure``), and the meaning of values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_DURATION = re.compile(r"[-+]?(?:0|(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)")
_BITS = {"int32": 31, "int64": 63}
# [] after a type is a list of it, braces around it a mapping from names to it.
_FIELDS = {
    "bool": """
        cgroupsPerQOS cpuCFSQuota enableControllerAttachDetach enableDebugFlagsHandler enableDebuggingHandlers
        enableProfilingHandler enableServer enableSystemLogHandler enableSystemLogQuery failCgroupV1 failSwapOn
        localStorageCapacityIsolation makeIPTablesUtilChains mergeDefaultEvictionSettings registerNode seccompDefault
        serializeImagePulls singleProcessOOMKill enableContentionProfiling kernelMemcgNotification
        protectKernelDefaults rotateCertificates runOnce serverTLSBootstrap bindAddressHardFail enableProfiling
        windowsRunAsService
        """,
    "int32": """
        containerLogMaxFiles containerLogMaxWorkers eventRecordQPS healthzPort imageGCHighThresholdPercent
        imageGCLowThresholdPercent iptablesDropBit iptablesMasqueradeBit kubeAPIQPS maxParallelImagePulls
        nodeStatusMaxImages oomScoreAdj registryPullQPS eventBurst evictionMaxPodGracePeriod kubeAPIBurst maxPods
        nodeLeaseDurationSeconds podsPerCore port readOnlyPort registryBurst
        """,
    "int64": "podPidsLimit maxOpenFiles",
    "float": "memoryThrottlingFactor",
    "duration": """
        containerLogMonitorInterval cpuCFSQuotaPeriod cpuManagerReconcilePeriod evictionPressureTransitionPeriod
        fileCheckFrequency httpCheckFrequency imageMaximumGCAge imageMinimumGCAge nodeStatusReportFrequency
        nodeStatusUpdateFrequency runtimeRequestTimeout shutdownGracePeriod shutdownGracePeriodCriticalPods
        streamingConnectionIdleTimeout syncFrequency volumeStatsAggPeriod configSyncPeriod udpIdleTimeout
        """,
    "string": """
        address cgroupDriver cgroupRoot clusterDomain configMapAndSecretChangeDetectionStrategy containerLogMaxSize
        containerRuntimeEndpoint contentType cpuManagerPolicy hairpinMode healthzBindAddress
        imagePullCredentialsVerificationPolicy imageServiceEndpoint kubeReservedCgroup kubeletCgroups
        memoryManagerPolicy memoryReservationPolicy podCIDR podLogsDir providerID reservedSystemCPUs resolvConf
        showHiddenMetricsForVersion staticPodPath staticPodURL systemCgroups systemReservedCgroup tlsCertFile
        tlsMinVersion tlsPrivateKeyFile topologyManagerPolicy topologyManagerScope volumePluginDir bindAddress
        clusterCIDR detectLocalMode hostnameOverride metricsBindAddress mode portRange
        """,
    "structure": """
        authentication authorization crashLoopBackOff logging memorySwap tracing userNamespaces clientConnection
        conntrack detectLocal iptables ipvs nftables winkernel
        """,
    "int32[]": "tlsCurvePreferences",
    "string[]": """
        allowedUnsafeSysctls clusterDNS enforceNodeAllocatable nodePortAddresses preloadedImagesVerificationAllowlist
        tlsCipherSuites
        """,
    "structure[]": "registerWithTaints reservedMemory shutdownGracePeriodByPodPriority",
    "{bool}": "featureGates",
    "{string}": """
        cpuManagerPolicyOptions evictionHard evictionMinimumReclaim evictionSoft evictionSoftGracePeriod kubeReserved
        qosReserved systemReserved topologyManagerPolicyOptions
        """,
    "{string[]}": "staticPodURLHeader",
}
TYPE = {name: kind for kind, names in _FIELDS.items() for name in names.split()}
_WORDS = {
    "bool": ("true or false", "Write true or false, without quotes."),
    "int32": ("a whole number of 32 bits", "Write it in digits, without quotes."),
    "int64": ("a whole number of 64 bits", "Write it in digits, without quotes."),
    "float": ("a number", "Write it in digits, without quotes."),
    "duration": ("a duration", "Write it with a unit, as 30s, 5m or 1h30m."),
    "string": ("text", "Put it in quotes."),
    "structure": ("a mapping of fields", "Write field: value pairs."),
    "[]": ("a list", "Put it in [ ]."),
    "{}": ("a mapping", "Write name: value pairs."),
}


class Misfit(NamedTuple):
    """A value of another type than its field: where it stands, what it should be, how to write it."""

    path: str
    value: Any
    expected: str
    fix: str


def misfits(name: str, value: Any) -> Iterator[Misfit]:
    """What of a field is of another type; nothing of a field that is not known. ``path`` begins with its name."""
    if name in TYPE:
        yield from _misfits(TYPE[name], value, name)


def _misfits(kind: str, value: Any, path: str) -> Iterator[Misfit]:
    if value is None and kind != "duration":
        return  # as if it were not there
    if kind.endswith("[]"):
        if isinstance(value, list):
            for index, each in enumerate(value):
                yield from _misfits(kind[:-2], each, f"{path}[{index}]")
        else:
            yield Misfit(path, value, *_WORDS["[]"])
    elif kind.startswith("{"):
        if isinstance(value, Mapping):
            for key, each in value.items():
                yield from _misfits(kind[1:-1], each, f"{path}.{key}")
        else:
            yield Misfit(path, value, *_WORDS["{}"])
    elif not _fits(kind, value):
        yield Misfit(path, value, *_WORDS[kind])


def _fits(kind: str, value: Any) -> bool:
    if kind in _BITS:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and -(1 << _BITS[kind]) <= value < 1 << _BITS[kind]
    if kind == "float":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "structure":
        return isinstance(value, Mapping)
    return isinstance(value, str) and (kind != "duration" or bool(_DURATION.fullmatch(value)))
