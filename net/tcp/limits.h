/* SPDX-License-Identifier: MIT */
/*
 * The limits of TCP. Each comment has the unit, then the consequence at the limit and the reason for
 * the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef NET_TCP_LIMITS_H
#define NET_TCP_LIMITS_H

/* ---- connections ---- */
/*
 * half-open connections of a listener: further SYNs are answered with SYN cookies. The value equals
 * SOMAXCONN_DEFAULT, the limit for connections that wait for accept().
 */
#define TCP_MAX_SYN_BACKLOG       4096
#define TCP_MAX_SYN_BACKLOG_RANGE 1, 1000000
/*
 * minutes in which a SYN cookie is accepted, the minute in which it was sent included: later the
 * cookie is refused with a reset. So a cookie is valid for one to two minutes. Linux's value.
 */
#define TCP_SYNCOOKIE_MINUTES 2
/* values of tcp_syncookies: other values are refused. Linux's values. */
#define TCP_SYNCOOKIES_RANGE 0, 2
/*
 * half-open connections of a listener while few pages are free: further SYNs are answered with SYN
 * cookies. 128 requests use 40 KiB.
 */
#define TCP_REQUESTS_WHEN_SHORT 128
/*
 * connections that the application has closed and the protocol has not ended yet (orphans): a
 * further orphan is reset and counted. The value is 128 MiB of memory divided by
 * CONNECTION_ENDS_BYTES.
 */
#define TCP_ORPHANS_MAX   16384
#define TCP_ORPHANS_RANGE 0, 1000000
/*
 * part of memory: when the queues of all sockets use more than a quarter of memory, TCP is under memory
 * pressure. The queues may use at most half of memory. In Linux memory pressure begins at a sixteenth of
 * memory, because a machine with Linux also does other work.
 */
#define TCP_MEM_PRESSURE_PART 4
/* pages: the values that tcp_mem may be set to. */
#define TCP_MEM_RANGE 1, 2147483647
/*
 * ms between two walks that free memory of all connections while memory is short: in that time
 * applications can read their data.
 */
#define TCP_SHRINK_INTERVAL_MS 100
/*
 * connections: when a walk over all connections has visited this many, it finishes the hash bucket and
 * continues in the next jiffy. So the softirq takes less than MAX_SOFTIRQ_MS.
 */
#define TCP_SHRINK_SOCKETS 64
/*
 * steps of a walk over all connections in one jiffy: then the walk continues in the next jiffy. A
 * hash bucket is one step, and a connection in it TCP_SHRINK_STEPS_EACH steps, also if its queues
 * are empty. Without this limit a walk over many idle connections would take one long softirq.
 */
#define TCP_SHRINK_STEPS 4096
/*
 * steps of a connection in a walk over all connections, where an empty hash bucket is one step: the
 * walk reads two or three cache lines of a connection, and one cache line holds eight buckets, so a
 * connection costs as much as 16 to 24 buckets. TCP_SHRINK_STEPS / 16 = 256 connections fit into a
 * jiffy.
 */
#define TCP_SHRINK_STEPS_EACH 16
/*
 * segments that one socket queues out of order: above the limit the segments with the highest
 * sequence numbers are dropped. SOCK_RMEM_MAX holds about this many segments of 1,500 bytes; a peer
 * that sends smaller segments may not queue more segments.
 */
#define TCP_OFO_PACKETS_MAX 4096

/*
 * seconds that a Fast Open child still counts in the listener's queue after a RST ended it: while the queue is
 * full, SYNs get no Fast Open. RFC 7413 5.1: a RST may answer a SYN-ACK to a forged address. Linux's value.
 */
#define TCP_FASTOPEN_RST_S 60
/*
 * servers whose Fast Open cookie and MSS are remembered: a further one replaces the one that was used the
 * longest time ago, whose next connection asks for a cookie again. The table has 9 KiB.
 */
#define TCP_FASTOPEN_PEERS 256
/* bits of tcp_fastopen: Linux accepts any number and ignores unknown bits. */
#define TCP_FASTOPEN_RANGE 0, 2147483647
/* seconds without Fast Open for clients after a black hole was found; 0: it is not looked for. Linux's default. */
#define TCP_FASTOPEN_BLACKHOLE_S     0
#define TCP_FASTOPEN_BLACKHOLE_RANGE 0, 86400
/*
 * doublings of the time without Fast Open after further black holes: the time then stays the same. Linux's
 * value.
 */
#define TCP_FASTOPEN_BLACKHOLE_DOUBLINGS 6u

/* ---- retries and timeouts ---- */
/* retransmissions of a SYN: then, after 127 s, connect() fails with -ETIMEDOUT. Linux's value. */
#define TCP_SYN_RETRIES 6
/* SYNs: Linux's range, which is also that of the socket option TCP_SYNCNT. */
#define TCP_SYN_RETRIES_RANGE 1, 127
/* timeouts in a row: after them the route is looked up again. RFC 1122's R1; Linux's value. */
#define TCP_RETRIES1 3
/*
 * timeouts in a row: after them, about 15 minutes, the connection ends with ETIMEDOUT. RFC 1122's
 * R2; Linux's value.
 */
#define TCP_RETRIES2 15
/* timeouts: at most 255, because their count, icsk_backoff, is a byte. */
#define TCP_RETRIES_RANGE 0, 255
/* ms: the longest retransmission timeout. RFC 6298 2.5 asks for 60 s or more; Linux's default and range. */
#define TCP_RTO_MAX_DEFAULT_MS       120000
#define TCP_RTO_MAX_DEFAULT_MS_RANGE 1000, 120000
/*
 * us: a retransmission timeout is at least SRTT plus this. RFC 6298 2.4 recommends instead that a timeout is at
 * least 1 s. Linux's value.
 */
#define TCP_RTO_MIN_DEFAULT_US       200000
#define TCP_RTO_MIN_DEFAULT_US_RANGE 1, 120000000
/*
 * timeouts in a row of an orphan: after the last one the orphan ends. With 0 an orphan has 8 timeouts if the
 * peer may be alive, otherwise none. Linux's value.
 */
#define TCP_ORPHAN_RETRIES       0
#define TCP_ORPHAN_RETRIES_RANGE 0, 255
/* seconds that an orphan waits in FIN_WAIT2 for the peer's FIN: after them the orphan ends. Linux's value. */
#define TCP_FIN_TIMEOUT_S     60
#define TCP_FIN_TIMEOUT_RANGE 1, 3600
/*
 * seconds that a connection is idle: after them the first keepalive probe is sent. RFC 1122 4.2.3.6: at
 * least two hours.
 */
#define TCP_KEEPALIVE_TIME_S 7200
/* seconds between two keepalive probes: Linux's value. */
#define TCP_KEEPALIVE_INTVL_S 75
/* seconds: the values that TCP_KEEPIDLE and TCP_KEEPINTVL may be set to. Linux's MAX_TCP_KEEPIDLE. */
#define TCP_KEEPALIVE_S_RANGE 1, 32767
/* keepalive probes without an answer: after them the connection ends. Linux's value. */
#define TCP_KEEPALIVE_PROBES 9
/* keepalive probes: the values that TCP_KEEPCNT may be set to. Linux's MAX_TCP_KEEPCNT. */
#define TCP_KEEPALIVE_PROBES_RANGE 1, 127

/* ---- answers ---- */
/*
 * ms, at least, between two ACKs that one connection sends in answer to segments outside the
 * window: in that time such segments get no answer. Linux's tcp_invalid_ratelimit.
 */
#define TCP_INVALID_RATELIMIT_MS 500
/* ms: with 0 each segment outside the window is answered. */
#define TCP_INVALID_RATELIMIT_RANGE 0, 60000
/*
 * challenge ACKs a second of all connections together: the default is no limit, as in Linux since
 * 6.1. TCP_INVALID_RATELIMIT_MS limits each connection. A common limit would leave valid resets
 * unanswered, and an attacker could learn from it about other connections (CVE-2016-5696).
 */
#define TCP_CHALLENGE_ACK_NO_LIMIT 2147483647
/* challenge ACKs a second: the values that the sysctl may be set to. */
#define TCP_CHALLENGE_ACK_RANGE 0, 2147483647
/*
 * duplicate ACKs, besides the first, for one packet that GRO has merged from segments beyond a
 * hole, if the peer has no SACK: further segments of the packet get no duplicate ACK. Three
 * duplicate ACKs make the peer retransmit; each further duplicate ACK tells the peer that a segment
 * has left the network.
 */
#define TCP_DUPACKS_MAX 16u

/* ---- loss recovery ---- */
/*
 * segments: RACK marks the lost segments, then reads at most this many of the segments behind them to set its
 * timer. If more segments follow, the timer expires early, and RACK then reads them. Without the limit, a peer
 * could SACK the last of many segments, and each of its ACKs would cost a walk over all of them.
 */
#define TCP_RACK_SOON 64
/*
 * packets of GSO_MAX_SIZE bytes: the limit is the size of the send buffer plus the memory of this
 * many packets. While the write and retransmit queues of a socket together use more than twice the
 * limit, only the first and the last packet of the retransmit queue may be cut; an ACK or a SACK
 * block that ends inside another packet does not cut it. Without the limit, a peer that
 * acknowledges a few bytes at a time could cut a full queue into segments of a few bytes, each with
 * its own sk_buff (CVE-2019-11478). Linux's value.
 */
#define TCP_CUT_PACKETS 2
/*
 * segments that are examined for a DSACK block above snd_una: further segments in the block count as not
 * reported. A peer that merges the segments that it receives reports fewer than this in one block. A peer may
 * report the same duplicate in each ACK, so the walk must be bounded.
 */
#define TCP_DSACK_MAX 64u
/*
 * segments marked as lost: a partial ACK may show that they were only late; then the marks are
 * undone. But if there are more marks than this limit plus the segments delivered since the last
 * such undo, the marks stay and the segments are sent again. Without the limit a peer that
 * acknowledges one segment at a time could make RACK mark a long queue, undo the marks, and mark it
 * again.
 */
#define TCP_UNDO_MAX 64u
/* mode: 0 switches tail loss probes off, 1 to 4 switch them on. Linux's range. */
#define TCP_EARLY_RETRANS_RANGE 0, 4
/* mode: 0 does not use ECN, 1 offers and accepts it, 2 only accepts it. Linux's range without AccECN. */
#define TCP_ECN_RANGE 0, 2
/* mode: 0 switches F-RTO off, 1 and 2 switch it on. Linux's range. */
#define TCP_FRTO_RANGE 0, 2
/*
 * bits: 1 uses RACK (here always on), 2 keeps the reordering window fixed, 4 ignores the count of
 * SACKed segments. Linux's bits.
 */
#define TCP_RECOVERY_RANGE 0, 7

/* ---- sending ---- */
/* duplicate ACKs: at this number the sender assumes a loss. RFC 5681's threshold. */
#define TCP_REORDERING       3
#define TCP_REORDERING_RANGE 1, 300
/*
 * segments: tp->reordering, the threshold of duplicate ACKs, never grows beyond this number, so a larger number
 * of duplicate ACKs always means a loss. Linux's value.
 */
#define TCP_MAX_REORDERING       300
#define TCP_MAX_REORDERING_RANGE 1, 65535
/* power of two: at -3 the offered window is an eighth of the buffer, at 31 all of it. */
#define TCP_ADV_WIN_SCALE_RANGE -3, 31
/* mode: 0 sends no timestamps, 1 sends them with a random offset, 2 without an offset. Linux's values. */
#define TCP_TIMESTAMPS_RANGE 0, 2
/* mode: 0 never reuses a port in TIME_WAIT, 1 always may, 2 only for a connection over loopback. Linux's values. */
#define TCP_TW_REUSE_RANGE 0, 2
/* part of the window: a burst of at least a third of the window is sent at once. Linux's value. */
#define TCP_TSO_WIN_DIVISOR       3
#define TCP_TSO_WIN_DIVISOR_RANGE 0, 1000
/* segments: the pacing rate never limits a GSO packet to fewer segments. Linux's value. */
#define TCP_MIN_TSO_SEGS       2
#define TCP_MIN_TSO_SEGS_RANGE 1, 65535
/*
 * bytes of truesize of a socket's packets that may wait in IP and the device: further data waits in
 * the socket. On most paths the other limit, a millisecond at the pacing rate, is lower. Linux's
 * value.
 */
#define TCP_LIMIT_OUTPUT_BYTES       4194304
#define TCP_LIMIT_OUTPUT_BYTES_RANGE 0, 2147483647
/*
 * segments: a paced connection sends this many before the first pause, so that pacing does not delay a short
 * answer. Linux's value.
 */
#define TCP_UNPACED_SEGS 10
/*
 * s: a sample of the round-trip time that is older than this no longer counts as the least one of its
 * connection. Linux's value.
 */
#define TCP_MIN_RTT_WLEN_S       300
#define TCP_MIN_RTT_WLEN_S_RANGE 0, 86400
/* percent: in slow start the pacing rate is this percentage of cwnd / RTT. Linux's value. */
#define TCP_PACING_SS_RATIO 200
/*
 * percent: in congestion avoidance the pacing rate is this percentage of cwnd / RTT. Linux's value.
 */
#define TCP_PACING_CA_RATIO 120
/* percent: the values that tcp_pacing_ss_ratio and tcp_pacing_ca_ratio may be set to. */
#define TCP_PACING_RATIO_RANGE 0, 1000
/*
 * bytes: a peer's MSS option below this value counts as this value, so that a peer cannot make us send mostly
 * headers (CVE-2019-11479). The search for the path MTU does not lower the segment size below this value.
 * Linux's value.
 */
#define TCP_MIN_SND_MSS       48
#define TCP_MIN_SND_MSS_RANGE TCP_MIN_SND_MSS, 65535
/* bytes: the segment size with which the search for the path MTU begins. RFC 4821 7.2 recommends 1024. */
#define TCP_BASE_MSS       1024
#define TCP_BASE_MSS_RANGE TCP_MIN_SND_MSS, 65535
/* mode: 0 never searches for the path MTU, 1 only after a black hole was found, 2 always does. Linux's values. */
#define TCP_MTU_PROBING_RANGE 0, 2
/*
 * seconds from the end of a search for the path MTU to the next search: RFC 4821 7.7 recommends ten
 * minutes.
 */
#define TCP_PROBE_INTERVAL_S     600
#define TCP_PROBE_INTERVAL_RANGE 0, 86400
/*
 * bytes: when the range of a search for the path MTU is smaller, the search ends, because a further
 * probe would gain little. Linux's value.
 */
#define TCP_PROBE_THRESHOLD       8
#define TCP_PROBE_THRESHOLD_RANGE 1, 65535
/*
 * segments: with a smaller congestion window no MTU probe is sent, because the segments behind a lost probe could be
 * too few to reveal its loss. Linux's value.
 */
#define TCP_MTUP_CWND_LEAST 11u
/* bytes of unsent data that a socket may queue: -1 and 0 mean no limit. */
#define TCP_NOTSENT_LOWAT_RANGE -1, 2147483647

#endif
