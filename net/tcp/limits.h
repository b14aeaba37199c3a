/* SPDX-License-Identifier: MIT */
/*
 * The limits of TCP.
 */
#ifndef NET_TCP_LIMITS_H
#define NET_TCP_LIMITS_H

/* ---- connections ---- */
#define TCP_MAX_SYN_BACKLOG       4096 /* half-open connections of a listener: SYN dropped */
#define TCP_MAX_SYN_BACKLOG_RANGE 1, 1000000
#define TCP_REQUESTS_WHEN_SHORT                                                                    \
	128 /* half-open connections of a listener while pages are short: 40 KiB of the last ones; SYN dropped */
#define TCP_ORPHANS_MAX   16384 /* closed by the application, still finishing: RST, counted */
#define TCP_ORPHANS_RANGE 0, 1000000
#define TCP_MEM_PRESSURE_PART                                                                      \
	4 /* in all queues: memory is short above a 4th of it, twice that is the most */
#define TCP_MEM_RANGE          1, 2147483647 /* pages */
#define TCP_SHRINK_INTERVAL_MS 100  /* between walks over all connections while memory is short */
#define TCP_SHRINK_SOCKETS     64   /* of these in a jiffy, and those of one bucket more */
#define TCP_OFO_PACKETS_MAX    4096 /* out-of-order segments of a socket: farthest pruned */

/* ---- retries and timeouts ---- */
#define TCP_SYN_RETRIES            6      /* connect gives up after 127 s */
#define TCP_SYN_RETRIES_RANGE      1, 127 /* Linux; so is TCP_SYNCNT's */
#define TCP_RETRIES1               3      /* then the route is asked again */
#define TCP_RETRIES2               15 /* then the connection ends with ETIMEDOUT: about 15 min */
#define TCP_RETRIES_RANGE          0, 255 /* icsk_backoff is a byte */
#define TCP_ORPHAN_RETRIES         0      /* 0: 8 while the peer may be alive, else none (Linux) */
#define TCP_ORPHAN_RETRIES_RANGE   0, 255
#define TCP_FIN_TIMEOUT_S          60 /* an orphan's wait in FIN_WAIT2 (Linux) */
#define TCP_FIN_TIMEOUT_RANGE      1, 3600
#define TCP_KEEPALIVE_TIME_S       7200 /* RFC 1122 4.2.3.6: not less than two hours */
#define TCP_KEEPALIVE_INTVL_S      75
#define TCP_KEEPALIVE_S_RANGE      1, 32767 /* that of TCP_KEEPIDLE and TCP_KEEPINTVL */
#define TCP_KEEPALIVE_PROBES       9
#define TCP_KEEPALIVE_PROBES_RANGE 1, 127 /* that of TCP_KEEPCNT */

/* ---- answers ---- */
#define TCP_INVALID_RATELIMIT_MS    500 /* between answers to segments out of the window (Linux) */
#define TCP_INVALID_RATELIMIT_RANGE 0, 60000 /* 0: each is answered */
#define TCP_CHALLENGE_ACK_NO_LIMIT                                                                 \
	2147483647 /* over all connections, Linux since 6.1: each has \
	TCP_INVALID_RATELIMIT_MS; a sum lets many true resets go unanswered (and CVE-2016-5696) */
#define TCP_CHALLENGE_ACK_RANGE 0, 2147483647
#define TCP_DUPACKS_MAX                                                                            \
	16u /* ACKs at once for a merged packet beyond a hole: three make a sender go back */

/* ---- sending ---- */
#define TCP_REORDERING            3 /* duplicates that are no loss yet: RFC 5681 */
#define TCP_REORDERING_RANGE      1, 300
#define TCP_MAX_REORDERING        300 /* segments: more than that is loss (Linux) */
#define TCP_MAX_REORDERING_RANGE  1, 65535
#define TCP_ADV_WIN_SCALE_RANGE   -3, 31 /* from an eighth of the buffer as window to all of it */
#define TCP_TIMESTAMPS_RANGE      0, 2
#define TCP_TSO_WIN_DIVISOR       3 /* Linux */
#define TCP_TSO_WIN_DIVISOR_RANGE 0, 1000
#define TCP_MIN_TSO_SEGS          2 /* of a burst on the slowest path (Linux) */
#define TCP_MIN_TSO_SEGS_RANGE    1, 65535
#define TCP_PACING_SS_RATIO       200 /* percent of the rate in slow start (Linux) */
#define TCP_PACING_CA_RATIO       120 /* and later */
#define TCP_PACING_RATIO_RANGE    0, 1000
#define TCP_NOTSENT_LOWAT_RANGE   -1, 2147483647 /* -1, 0: no limit */

#endif
