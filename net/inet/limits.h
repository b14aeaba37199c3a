/* SPDX-License-Identifier: MIT */
/*
 * The limits of the hash tables, the local ports, and of connections that no application has
 * any more. Each comment has the unit, what happens at the limit, and the reason for the value
 * (tools/limits.py prints docs/limits.md from it).
 */
#ifndef NET_INET_LIMITS_H
#define NET_INET_LIMITS_H

/* ---- tables ---- */
/*
 * buckets: of established connections, one for 16 KiB of memory. With NR_OPEN_MAX connections a
 * bucket has two.
 */
#define EHASH_BUCKETS_MAX 65536
/* buckets: of established connections, the fewest; 4 MiB of memory give as many. */
#define EHASH_BUCKETS_MIN 256
/* buckets: of bound ports. 28 ports each when every local port is in use. */
#define BHASH_BUCKETS 1024
/* buckets: of listeners. Linux's INET_LHTABLE_SIZE; a machine has few listeners. */
#define LHASH_BUCKETS 32

/* ---- ports ---- */
/*
 * port: the first of ip_local_port_range; connect() fails with -EADDRNOTAVAIL when all are in
 * use. Linux's.
 */
#define LOCAL_PORT_MIN 32768
/* port: the last. Linux's. */
#define LOCAL_PORT_MAX 60999
/* port: what the sysctl may be set to. */
#define LOCAL_PORT_RANGE 1, 65535

/* ---- connections without an application ---- */
/*
 * bytes of memory: for each TIME_WAIT and each orphan that may exist (Linux: for two buckets of
 * the table). All TIME_WAITs are then a 32nd of memory, all orphans without their queues a 5th.
 */
#define CONNECTION_ENDS_BYTES 8192
/*
 * connections: in TIME_WAIT, from 128 MiB on; one more goes to CLOSE at once and is counted.
 * 128 MiB of memory, divided by CONNECTION_ENDS_BYTES.
 */
#define TIMEWAIT_MAX   16384
#define TIMEWAIT_RANGE 0, 1000000
/* SYN-ACKs: sent again; then the request is dropped, after 63 s. Linux's. */
#define TCP_SYNACK_RETRIES       5
#define TCP_SYNACK_RETRIES_RANGE 0, 127

#endif
