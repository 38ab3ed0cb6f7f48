# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of the fields of KubeletConfiguration and KubeProxyConfiguration, first level, in 1.20 to 1.36.

Source: the types of k8s.io/kubelet (config/v1beta1) and k8s.io/kube-proxy (config/v1alpha1) in 1.20, 1.24, 1.28, 1.32,
1.35 and 1.36. A minor stands for "no version before it has them": 25 for what 1.24 lacks and 1.28 has. So a name that
is refused is refused by the program as well, and of what is left kubeadm is the judge.
"""

from __future__ import annotations

from collections.abc import Mapping

KNOWN_UNTIL = 36  # what newer versions add is not known


def _since(groups: Mapping[int, str]) -> dict[str, int]:
    return {name: minor for minor, names in groups.items() for name in names.split()}


KUBELET = _since(
    {
        20: """
        address allowedUnsafeSysctls authentication authorization cgroupDriver cgroupRoot cgroupsPerQOS
        clusterDNS clusterDomain configMapAndSecretChangeDetectionStrategy containerLogMaxFiles
        containerLogMaxSize contentType cpuCFSQuota cpuCFSQuotaPeriod cpuManagerPolicy cpuManagerReconcilePeriod
        enableContentionProfiling enableControllerAttachDetach enableDebuggingHandlers enableServer
        enableSystemLogHandler enforceNodeAllocatable eventBurst eventRecordQPS evictionHard
        evictionMaxPodGracePeriod evictionMinimumReclaim evictionPressureTransitionPeriod evictionSoft
        evictionSoftGracePeriod failSwapOn featureGates fileCheckFrequency hairpinMode healthzBindAddress
        healthzPort httpCheckFrequency imageGCHighThresholdPercent imageGCLowThresholdPercent imageMinimumGCAge
        iptablesDropBit iptablesMasqueradeBit kernelMemcgNotification kubeAPIBurst kubeAPIQPS kubeReserved
        kubeReservedCgroup kubeletCgroups logging makeIPTablesUtilChains maxOpenFiles maxPods
        nodeLeaseDurationSeconds nodeStatusMaxImages nodeStatusReportFrequency nodeStatusUpdateFrequency
        oomScoreAdj podCIDR podPidsLimit podsPerCore port protectKernelDefaults providerID qosReserved
        readOnlyPort registryBurst registryPullQPS reservedSystemCPUs resolvConf rotateCertificates runOnce
        runtimeRequestTimeout serializeImagePulls serverTLSBootstrap showHiddenMetricsForVersion
        shutdownGracePeriod shutdownGracePeriodCriticalPods staticPodPath staticPodURL staticPodURLHeader
        streamingConnectionIdleTimeout syncFrequency systemCgroups systemReserved systemReservedCgroup
        tlsCertFile tlsCipherSuites tlsMinVersion tlsPrivateKeyFile topologyManagerPolicy topologyManagerScope
        volumePluginDir volumeStatsAggPeriod
        """,
        21: """
        cpuManagerPolicyOptions enableDebugFlagsHandler enableProfilingHandler memoryManagerPolicy memorySwap
        memoryThrottlingFactor registerNode registerWithTaints reservedMemory seccompDefault
        shutdownGracePeriodByPodPriority
        """,
        25: """
        containerRuntimeEndpoint enableSystemLogQuery imageServiceEndpoint localStorageCapacityIsolation
        maxParallelImagePulls topologyManagerPolicyOptions tracing
        """,
        29: """
        containerLogMaxWorkers containerLogMonitorInterval crashLoopBackOff failCgroupV1 imageMaximumGCAge
        podLogsDir singleProcessOOMKill
        """,
        33: """
        imagePullCredentialsVerificationPolicy mergeDefaultEvictionSettings preloadedImagesVerificationAllowlist
        userNamespaces
        """,
        36: "memoryReservationPolicy tlsCurvePreferences",
    }
)
PROXY = _since(
    {
        20: """
        bindAddress bindAddressHardFail clientConnection clusterCIDR configSyncPeriod conntrack detectLocalMode
        enableProfiling featureGates healthzBindAddress hostnameOverride iptables ipvs metricsBindAddress mode
        nodePortAddresses oomScoreAdj portRange showHiddenMetricsForVersion udpIdleTimeout winkernel
        """,
        21: "detectLocal logging",
        29: "nftables windowsRunAsService",
    }
)
OF = {"kubelet": KUBELET, "kube-proxy": PROXY}
GONE = {"udpIdleTimeout": 28}  # the first version that is known to lack it
