/* SPDX-License-Identifier: MIT */
/*
 * The limits of TCP. Each comment has the unit, what happens at the limit, and the reason for
 * the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef NET_TCP_LIMITS_H
#define NET_TCP_LIMITS_H

/* ---- connections ---- */
/*
 * requests: half-open connections of a listener; further SYNs are dropped. The same number as
 * SOMAXCONN_DEFAULT, which limits the connections that wait for accept().
 */
#define TCP_MAX_SYN_BACKLOG       4096
#define TCP_MAX_SYN_BACKLOG_RANGE 1, 1000000
/*
 * requests: half-open connections of a listener while pages are short; further SYNs are dropped.
 * So many requests need 40 KiB of the last pages.
 */
#define TCP_REQUESTS_WHEN_SHORT 128
/*
 * connections: that the application closed and that have not ended yet; one more is reset and
 * counted. 128 MiB of memory, divided by CONNECTION_ENDS_BYTES.
 */
#define TCP_ORPHANS_MAX   16384
#define TCP_ORPHANS_RANGE 0, 1000000
/*
 * part of memory: when the queues of all sockets use more than a 4th of memory, TCP is under memory
 * pressure; the limit is twice that, half of memory. In Linux the pressure begins at a sixteenth,
 * because its machines also do other work.
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
 * connections: that a walk visits in a jiffy; it also completes the hash bucket in which it
 * reaches that number. The softirq then takes less than MAX_SOFTIRQ_MS.
 */
#define TCP_SHRINK_SOCKETS 64
/*
 * segments: out of order, of one socket; of more, those with the highest sequence numbers are
 * dropped. SOCK_RMEM_MAX holds about so many segments of 1,500 bytes, and a peer that sends smaller
 * segments may not queue more of them.
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
/* s: what TCP_KEEPIDLE and TCP_KEEPINTVL may be set to. Linux's MAX_TCP_KEEPIDLE. */
#define TCP_KEEPALIVE_S_RANGE 1, 32767
/* probes: without an answer, then the connection ends. Linux's. */
#define TCP_KEEPALIVE_PROBES 9
/* probes: what TCP_KEEPCNT may be set to. Linux's MAX_TCP_KEEPCNT. */
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
 * ACKs: that are sent at once for a merged packet beyond a hole. Three duplicate ACKs make the
 * sender retransmit; from the others it counts the segments that have left the network.
 */
#define TCP_DUPACKS_MAX 16u

/* ---- sending ---- */
/* duplicate ACKs: so many mean a loss. RFC 5681's threshold. */
#define TCP_REORDERING       3
#define TCP_REORDERING_RANGE 1, 300
/* segments: tp->reordering grows no further, so more duplicate ACKs always mean a loss. Linux's. */
#define TCP_MAX_REORDERING       300
#define TCP_MAX_REORDERING_RANGE 1, 65535
/* power of two: at -3 the window is an eighth of the buffer, at 31 all of it. */
#define TCP_ADV_WIN_SCALE_RANGE -3, 31
/* mode: 0 off, 1 with a random offset, 2 without. Linux's. */
#define TCP_TIMESTAMPS_RANGE 0, 2
/* part of the window: a burst of a third of the window does not wait to become larger. Linux's. */
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
