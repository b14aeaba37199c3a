/* SPDX-License-Identifier: MIT */
/*
 * The limits of TCP. Each comment has the unit, what happens at the limit, and the reason for
 * the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef NET_TCP_LIMITS_H
#define NET_TCP_LIMITS_H

/* ---- connections ---- */
/*
 * requests: half-open connections of a listener; a SYN is dropped. As many as SOMAXCONN_DEFAULT
 * lets wait for accept().
 */
#define TCP_MAX_SYN_BACKLOG       4096
#define TCP_MAX_SYN_BACKLOG_RANGE 1, 1000000
/*
 * requests: half-open connections of a listener while pages are short; a SYN is dropped. 40 KiB
 * of the last pages.
 */
#define TCP_REQUESTS_WHEN_SHORT 128
/*
 * connections: that the application closed and that are not finished; one more is reset and
 * counted. CONNECTION_ENDS_BYTES of 128 MiB.
 */
#define TCP_ORPHANS_MAX   16384
#define TCP_ORPHANS_RANGE 0, 1000000
/*
 * part of memory: a 4th, for the queues of all sockets; above it TCP is under memory pressure,
 * and twice as much, half of memory, is the most. In Linux the pressure begins at a sixteenth, on
 * machines that do more than TCP.
 */
#define TCP_MEM_PRESSURE_PART 4
/* pages: what tcp_mem may be set to. */
#define TCP_MEM_RANGE 1, 2147483647
/*
 * ms: between walks over all connections while memory is short. Applications have that time to
 * read.
 */
#define TCP_SHRINK_INTERVAL_MS 100
/*
 * connections: a walk visits so many in a jiffy, then completes the hash bucket that it is in.
 * The softirq stays below MAX_SOFTIRQ_MS.
 */
#define TCP_SHRINK_SOCKETS 64
/*
 * segments: out of order, of one socket; the farthest are dropped. SOCK_RMEM_MAX in segments of
 * 1,500 bytes: small segments must not be more.
 */
#define TCP_OFO_PACKETS_MAX 4096

/* ---- retries and timeouts ---- */
/* SYNs: sent again; then connect() fails with -ETIMEDOUT, after 127 s. Linux's. */
#define TCP_SYN_RETRIES 6
/* SYNs: Linux's range, and TCP_SYNCNT's. */
#define TCP_SYN_RETRIES_RANGE 1, 127
/* timeouts: then the route is looked up again. RFC 1122's R1, Linux's value. */
#define TCP_RETRIES1 3
/*
 * timeouts: then the connection ends with ETIMEDOUT, after 15 minutes. RFC 1122's R2, Linux's
 * value.
 */
#define TCP_RETRIES2 15
/* timeouts: icsk_backoff is a byte. */
#define TCP_RETRIES_RANGE 0, 255
/* timeouts: of an orphan; 0 is 8 while the peer may be alive, else none. Linux's. */
#define TCP_ORPHAN_RETRIES       0
#define TCP_ORPHAN_RETRIES_RANGE 0, 255
/* s: an orphan's wait in FIN_WAIT2. Linux's. */
#define TCP_FIN_TIMEOUT_S     60
#define TCP_FIN_TIMEOUT_RANGE 1, 3600
/* s: idle before the first probe. RFC 1122 4.2.3.6: not less than two hours. */
#define TCP_KEEPALIVE_TIME_S 7200
/* s: between probes. Linux's. */
#define TCP_KEEPALIVE_INTVL_S 75
/* s: that of TCP_KEEPIDLE and TCP_KEEPINTVL, Linux's MAX_TCP_KEEPIDLE. */
#define TCP_KEEPALIVE_S_RANGE 1, 32767
/* probes: without an answer, then the connection ends. Linux's. */
#define TCP_KEEPALIVE_PROBES 9
/* probes: that of TCP_KEEPCNT, Linux's MAX_TCP_KEEPCNT. */
#define TCP_KEEPALIVE_PROBES_RANGE 1, 127

/* ---- answers ---- */
/*
 * ms: between answers of one connection to segments out of the window. Linux's
 * tcp_invalid_ratelimit.
 */
#define TCP_INVALID_RATELIMIT_MS 500
/* ms: 0 answers each segment. */
#define TCP_INVALID_RATELIMIT_RANGE 0, 60000
/*
 * ACKs a second: challenge ACKs of all connections together, without limit as in Linux since
 * 6.1. Each connection has TCP_INVALID_RATELIMIT_MS. A limit for all together would leave valid
 * resets unanswered, and an attacker could learn from it about other connections
 * (CVE-2016-5696).
 */
#define TCP_CHALLENGE_ACK_NO_LIMIT 2147483647
/* ACKs a second: what the sysctl may be set to. */
#define TCP_CHALLENGE_ACK_RANGE 0, 2147483647
/*
 * ACKs: at once for a merged packet beyond a hole. Three make a sender retransmit; more serve
 * its count of segments that left the network.
 */
#define TCP_DUPACKS_MAX 16u

/* ---- sending ---- */
/* duplicate ACKs: so many mean a loss. RFC 5681's threshold. */
#define TCP_REORDERING       3
#define TCP_REORDERING_RANGE 1, 300
/* segments: more than that is loss whatever the path did before. Linux's. */
#define TCP_MAX_REORDERING       300
#define TCP_MAX_REORDERING_RANGE 1, 65535
/* power of two: from an eighth of the buffer as window to all of it. */
#define TCP_ADV_WIN_SCALE_RANGE -3, 31
/* mode: 0 off, 1 with a random offset, 2 without. Linux's. */
#define TCP_TIMESTAMPS_RANGE 0, 2
/* part of the window: a burst of a third of it does not wait for a larger one. Linux's. */
#define TCP_TSO_WIN_DIVISOR       3
#define TCP_TSO_WIN_DIVISOR_RANGE 0, 1000
/* segments: of one packet on the slowest path. Linux's. */
#define TCP_MIN_TSO_SEGS       2
#define TCP_MIN_TSO_SEGS_RANGE 1, 65535
/* percent: of the rate, in slow start. Linux's. */
#define TCP_PACING_SS_RATIO 200
/* percent: of the rate, in congestion avoidance. Linux's. */
#define TCP_PACING_CA_RATIO 120
/* percent: what the two sysctls may be set to. */
#define TCP_PACING_RATIO_RANGE 0, 1000
/* bytes: -1 and 0 are no limit. */
#define TCP_NOTSENT_LOWAT_RANGE -1, 2147483647

#endif
