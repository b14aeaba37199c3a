/* SPDX-License-Identifier: MIT */
/*
 * The limits of the hash tables, the local ports, and of connections that no application has
 * any more.
 */
#ifndef NET_INET_LIMITS_H
#define NET_INET_LIMITS_H

/* ---- tables ---- */
#define EHASH_BUCKETS_MAX 65536 /* from memory: 1 per 16 KiB */
#define EHASH_BUCKETS_MIN 256
#define BHASH_BUCKETS     1024
#define LHASH_BUCKETS     32

/* ---- ports ---- */
#define LOCAL_PORT_MIN   32768 /* ip_local_port_range: connect() -EADDRNOTAVAIL when full */
#define LOCAL_PORT_MAX   60999
#define LOCAL_PORT_RANGE 1, 65535

/* ---- connections without an application ---- */
/* One TIME_WAIT and one orphan may be there for so many bytes of memory (Linux: for two buckets of the table).
 * All TIME_WAITs are then a 32nd of memory, all orphans without their queues a 5th; the MAX: from 128 MiB on. */
#define CONNECTION_ENDS_BYTES    8192
#define TIMEWAIT_MAX             16384 /* tw buckets: a close beyond goes straight to CLOSE, counted */
#define TIMEWAIT_RANGE           0, 1000000
#define TCP_SYNACK_RETRIES       5 /* a request_sock is dropped after 63 s */
#define TCP_SYNACK_RETRIES_RANGE 0, 127

#endif
