/* SPDX-License-Identifier: MIT */
/*
 * The counters of /proc/net/snmp and /proc/net/netstat (RFC 4293, 4022, and Linux's extensions
 * under Linux's names). Any context.
 */
#ifndef NET_CORE_SNMP_H
#define NET_CORE_SNMP_H

#include "kernel/types.h"

/* clang-format off */
/*
 * X(group, name), in the order in which /proc prints them. The groups of the MIBs are complete,
 * because programs that read them expect every name. Of Linux's extensions only those are present
 * that this kernel counts (tests/tidy checks this).
 */
#define SNMP_IP(X)                                                                                 \
	X(Ip, InReceives) X(Ip, InHdrErrors) X(Ip, InAddrErrors) X(Ip, ForwDatagrams)              \
	X(Ip, InUnknownProtos) X(Ip, InDiscards) X(Ip, InDelivers) X(Ip, OutRequests)              \
	X(Ip, OutDiscards) X(Ip, OutNoRoutes) X(Ip, ReasmTimeout) X(Ip, ReasmReqds)                \
	X(Ip, ReasmOKs) X(Ip, ReasmFails) X(Ip, FragOKs) X(Ip, FragFails) X(Ip, FragCreates)
#define SNMP_ICMP(X)                                                                               \
	X(Icmp, InMsgs) X(Icmp, InErrors) X(Icmp, InCsumErrors) X(Icmp, InDestUnreachs)            \
	X(Icmp, InTimeExcds) X(Icmp, InParmProbs) X(Icmp, InSrcQuenchs) X(Icmp, InRedirects)       \
	X(Icmp, InEchos) X(Icmp, InEchoReps) X(Icmp, InTimestamps) X(Icmp, InTimestampReps)        \
	X(Icmp, InAddrMasks) X(Icmp, InAddrMaskReps) X(Icmp, OutMsgs) X(Icmp, OutErrors)           \
	X(Icmp, OutDestUnreachs) X(Icmp, OutTimeExcds) X(Icmp, OutParmProbs)                       \
	X(Icmp, OutSrcQuenchs) X(Icmp, OutRedirects) X(Icmp, OutEchos) X(Icmp, OutEchoReps)    \
	X(Icmp, OutTimestamps) X(Icmp, OutTimestampReps) X(Icmp, OutAddrMasks)                     \
	X(Icmp, OutAddrMaskReps)
/*
 * TCP's RtoAlgorithm, RtoMin, RtoMax and MaxConn are missing here, because they are constants
 * (snmp.c). CurrEstab is a gauge, not a counter.
 */
#define SNMP_TCP(X)                                                                                \
	X(Tcp, ActiveOpens) X(Tcp, PassiveOpens) X(Tcp, AttemptFails) X(Tcp, EstabResets)          \
	X(Tcp, CurrEstab) X(Tcp, InSegs) X(Tcp, OutSegs) X(Tcp, RetransSegs) X(Tcp, InErrs)        \
	X(Tcp, OutRsts) X(Tcp, InCsumErrors)
#define SNMP_UDP(X)                                                                                \
	X(Udp, InDatagrams) X(Udp, NoPorts) X(Udp, InErrors) X(Udp, OutDatagrams)                  \
	X(Udp, RcvbufErrors) X(Udp, SndbufErrors) X(Udp, InCsumErrors)            \
	X(Udp, IgnoredMulti) X(Udp, MemErrors)
#define SNMP_TCPEXT(X)                                                                             \
	X(TcpExt, SyncookiesSent) X(TcpExt, SyncookiesRecv) X(TcpExt, SyncookiesFailed)            \
	X(TcpExt, EmbryonicRsts) X(TcpExt, PruneCalled) X(TcpExt, RcvPruned)                       \
	X(TcpExt, OfoPruned) X(TcpExt, OutOfWindowIcmps) X(TcpExt, LockDroppedIcmps)               \
	X(TcpExt, TW) X(TcpExt, TWRecycled) X(TcpExt, TWKilled) X(TcpExt, PAWSActive)              \
	X(TcpExt, PAWSEstab) X(TcpExt, PAWSOldAck) X(TcpExt, DelayedACKs)                          \
	X(TcpExt, DelayedACKLocked) X(TcpExt, DelayedACKLost) X(TcpExt, ListenOverflows)           \
	X(TcpExt, ListenDrops) X(TcpExt, TCPHPHits) X(TcpExt, TCPPureAcks)                         \
	X(TcpExt, TCPHPAcks) X(TcpExt, TCPRenoRecovery) X(TcpExt, TCPSackRecovery)                 \
	X(TcpExt, TCPSACKReneging) X(TcpExt, TCPSACKReorder) X(TcpExt, TCPRenoReorder)             \
	X(TcpExt, TCPTSReorder) X(TcpExt, TCPFullUndo) X(TcpExt, TCPPartialUndo)                   \
	X(TcpExt, TCPDSACKUndo) X(TcpExt, TCPLossUndo) X(TcpExt, TCPLostRetransmit)                \
	X(TcpExt, TCPRenoFailures) X(TcpExt, TCPSackFailures) X(TcpExt, TCPLossFailures)           \
	X(TcpExt, TCPFastRetrans) X(TcpExt, TCPSlowStartRetrans) X(TcpExt, TCPTimeouts)            \
	X(TcpExt, TCPLossProbes) X(TcpExt, TCPLossProbeRecovery)                                   \
	X(TcpExt, TCPRenoRecoveryFail) X(TcpExt, TCPSackRecoveryFail)                              \
	X(TcpExt, TCPRcvCollapsed) X(TcpExt, TCPDSACKOldSent) X(TcpExt, TCPDSACKOfoSent)           \
	X(TcpExt, TCPDSACKRecv) X(TcpExt, TCPDSACKOfoRecv) X(TcpExt, TCPAbortOnData)               \
	X(TcpExt, TCPAbortOnClose) X(TcpExt, TCPAbortOnMemory) X(TcpExt, TCPAbortOnTimeout)        \
	X(TcpExt, TCPAbortOnLinger) X(TcpExt, TCPAbortFailed) X(TcpExt, TCPMemoryPressures)        \
	X(TcpExt, TCPSACKDiscard) X(TcpExt, TCPDSACKIgnoredOld)                                    \
	X(TcpExt, TCPDSACKIgnoredNoUndo) X(TcpExt, TCPSpuriousRTOs)                                \
	X(TcpExt, TCPBacklogDrop) X(TcpExt, TCPMinTTLDrop) X(TcpExt, TCPDeferAcceptDrop)           \
	X(TcpExt, TCPTimeWaitOverflow) X(TcpExt, TCPReqQFullDoCookies)                             \
	X(TcpExt, TCPReqQFullDrop) X(TcpExt, TCPRetransFail)                                       \
	X(TcpExt, TCPRcvCoalesce) X(TcpExt, TCPOFOQueue) X(TcpExt, TCPOFODrop)                     \
	X(TcpExt, TCPOFOMerge) X(TcpExt, TCPChallengeACK) X(TcpExt, TCPSYNChallenge)               \
	X(TcpExt, TCPFastOpenActive) X(TcpExt, TCPFastOpenActiveFail)                              \
	X(TcpExt, TCPFastOpenPassive) X(TcpExt, TCPFastOpenPassiveFail)                            \
	X(TcpExt, TCPFastOpenListenOverflow) X(TcpExt, TCPFastOpenCookieReqd)                      \
	X(TcpExt, TCPFastOpenBlackhole)                                                            \
	X(TcpExt, TCPAutoCorking) X(TcpExt, TCPFromZeroWindowAdv) X(TcpExt, TCPToZeroWindowAdv)                              \
	X(TcpExt, TCPWantZeroWindowAdv) X(TcpExt, TCPSynRetrans) X(TcpExt, TCPOrigDataSent)        \
	X(TcpExt, TCPHystartTrainDetect) X(TcpExt, TCPHystartTrainCwnd)                            \
	X(TcpExt, TCPHystartDelayDetect) X(TcpExt, TCPHystartDelayCwnd)                            \
	X(TcpExt, TCPACKSkippedSynRecv) X(TcpExt, TCPACKSkippedPAWS)                               \
	X(TcpExt, TCPACKSkippedSeq) X(TcpExt, TCPACKSkippedFinWait2)                               \
	X(TcpExt, TCPACKSkippedTimeWait) X(TcpExt, TCPACKSkippedChallenge)                         \
	X(TcpExt, TCPWinProbe) X(TcpExt, TCPKeepAlive) X(TcpExt, TCPMTUPFail)                      \
	X(TcpExt, TCPMTUPSuccess) X(TcpExt, TCPDelivered) X(TcpExt, TCPDeliveredCE)                \
	X(TcpExt, TCPZeroWindowDrop) X(TcpExt, TCPRcvQDrop) X(TcpExt, TCPWqueueTooBig) \
	X(TcpExt, TCPFastOpenPassiveAltKey)
/*
 * Count packets from and to groups, bytes, truncated packets and wrong header checksums; received
 * packets by their ECN field (RFC 3168 5); datagrams whose fragments overlap.
 */
#define SNMP_IPEXT(X)                                                                              \
	X(IpExt, InTruncatedPkts) X(IpExt, InMcastPkts) X(IpExt, OutMcastPkts)                     \
	X(IpExt, InBcastPkts) X(IpExt, OutBcastPkts) X(IpExt, InOctets) X(IpExt, OutOctets)        \
	X(IpExt, InMcastOctets) X(IpExt, OutMcastOctets) X(IpExt, InBcastOctets)                   \
	X(IpExt, OutBcastOctets) X(IpExt, InCsumErrors)                                            \
	X(IpExt, InNoECTPkts) X(IpExt, InECT1Pkts) X(IpExt, InECT0Pkts) X(IpExt, InCEPkts) \
	X(IpExt, ReasmOverlaps)
#define SNMP_ALL(X)                                                                                \
	SNMP_IP(X) SNMP_ICMP(X) SNMP_TCP(X) SNMP_UDP(X) SNMP_TCPEXT(X) SNMP_IPEXT(X)
/* clang-format on */

enum snmp_counter {
#define SNMP_ENUM(group, name) SNMP_##group##name,
	SNMP_ALL(SNMP_ENUM)
#undef SNMP_ENUM
		SNMP_MAX
};

/*
 * One array, because there is one CPU. With more CPUs each would have its own, and /proc would
 * print the sums.
 */
extern u64 snmp_counters[SNMP_MAX];

static inline void snmp_inc(enum snmp_counter c)
{
	snmp_counters[c]++;
}
static inline void snmp_dec(enum snmp_counter c)
{
	snmp_counters[c]--;
}
static inline void snmp_add(enum snmp_counter c, u64 n)
{
	snmp_counters[c] += n;
}
/*
 * Counters are named SNMP_ + group + name: snmp_inc(SNMP_TcpInSegs),
 * snmp_inc(SNMP_TcpExtListenDrops).
 */

/* The TTL that /proc/net/snmp prints as the default; net/ipv4 sets the pointer at boot. */
extern const int *snmp_default_ttl;

void snmp_init(void); /* registers /proc/net/snmp and /proc/net/netstat */

#endif
