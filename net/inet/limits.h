/* SPDX-License-Identifier: MIT */
/*
 * The limits of the hash tables, the local ports, and of connections that no application has any
 * more. Each comment has the unit, what happens at the limit, and the reason for the value
 * (tools/limits.py prints docs/limits.md from it).
 */
#ifndef NET_INET_LIMITS_H
#define NET_INET_LIMITS_H

/* ---- tables ---- */
/*
 * buckets of established connections, at most: a machine has one bucket for each 16 KiB of memory,
 * up to this number. With 131,072 connections, a bucket has two connections on average.
 */
#define EHASH_BUCKETS_MAX 65536
/* buckets of established connections, at least: a machine with 4 MiB of memory gets this number. */
#define EHASH_BUCKETS_MIN 256
/* buckets of bound ports: 28 ports share a bucket when every local port is in use. */
#define BHASH_BUCKETS 1024
/* buckets of listeners: Linux's INET_LHTABLE_SIZE; a machine has few listeners. */
#define LHASH_BUCKETS 32

/* ---- ports ---- */
/*
 * port: the first of ip_local_port_range; connect() fails with -EADDRNOTAVAIL when all ports of the
 * range are in use. Linux's value.
 */
#define LOCAL_PORT_MIN 32768
/* port: the last of ip_local_port_range. Linux's value. */
#define LOCAL_PORT_MAX 60999
/* port: range of both values of the sysctl ip_local_port_range. */
#define LOCAL_PORT_RANGE 1, 65535

/* ---- connections without an application ---- */
/*
 * bytes: the machine's memory divided by this is the number of TIME_WAITs that may exist, and also
 * the number of orphans that may exist. All TIME_WAITs together then take less than a 32nd of
 * memory; all orphans, without the data in their queues, less than a 5th. Linux permits half as
 * many TIME_WAITs as its ehash has buckets.
 */
#define CONNECTION_ENDS_BYTES 8192
/*
 * connections in TIME_WAIT, on a machine with 128 MiB or more: a further connection goes to CLOSE
 * at once and is counted. The value is 128 MiB divided by CONNECTION_ENDS_BYTES.
 */
#define TIMEWAIT_MAX   16384
#define TIMEWAIT_RANGE 0, 1000000
/*
 * retransmissions of the SYN-ACK for one request: 32 s after the last retransmission, and 63 s
 * after the first SYN-ACK, the request is dropped. Linux's value.
 */
#define TCP_SYNACK_RETRIES       5
#define TCP_SYNACK_RETRIES_RANGE 0, 127

#endif
