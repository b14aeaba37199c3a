/* SPDX-License-Identifier: MIT */
/*
 * The limits of neighbours, routes and ICMP. Each comment has the unit, what happens at the
 * limit, and the reason for the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef NET_IPV4_LIMITS_H
#define NET_IPV4_LIMITS_H

/* ---- neighbours ---- */
/* entries: the oldest unused one is removed. Linux's gc_thresh3. */
#define NEIGH_MAX 1024
/*
 * packets: that wait for the resolution of one address; beyond it the oldest is dropped. The first
 * windows of several connections fit.
 */
#define NEIGH_QUEUE_MAX 64
/*
 * packets: that wait for the resolution of all addresses together; more are dropped. Otherwise a
 * peer that forges its neighbours' addresses could fill NEIGH_MAX queues with our answers.
 */
#define NEIGH_QUEUES_MAX 512
/* requests: broadcast before the state becomes FAILED. Linux's mcast_solicit. */
#define NEIGH_MCAST_PROBES 3
/* ms: between them. RFC 4861's RETRANS_TIMER, Linux's retrans_time. */
#define NEIGH_RETRANS_MS 1000
/*
 * ms: without a confirmation, then the state becomes STALE. RFC 4861's REACHABLE_TIME, Linux's
 * base_reachable_time.
 */
#define NEIGH_REACHABLE_MS 30000
/* ms: unused for so long, an entry may be removed. Linux's gc_stale_time. */
#define NEIGH_STALE_MS 60000

/* ---- routes and addresses ---- */
/*
 * routes: adding one more fails with -ENOSPC. One for each address that the devices may have; a
 * lookup searches them one by one.
 */
#define ROUTES_MAX 64
/*
 * routes: that were looked up and are cached; a newer one replaces the older one in its slot. As
 * many as NEIGH_MAX neighbours.
 */
#define ROUTE_CACHE_SIZE 1024
/*
 * paths: whose MTU an ICMP message reported; a newer one replaces the older one in its slot. The
 * MTU of a path that lost its entry is learnt again.
 */
#define PMTU_ENTRIES 256
/*
 * addresses: of one device; one more fails with -ENOSPC. They are searched one by one for each
 * packet.
 */
#define IFADDRS_MAX 8
/* hops: of a packet. RFC 1700, Linux. */
#define IP_DEFAULT_TTL       64
#define IP_DEFAULT_TTL_RANGE 1, 255

/* ---- ICMP errors ---- */
/* ms: between errors to one destination, after a burst. Linux's icmp_ratelimit. */
#define ICMP_RATELIMIT_MS 1000
/* ms: what the sysctl may be set to; 0 is no limit. */
#define ICMP_RATELIMIT_RANGE 0, 3600000
/* errors: to one destination at once. Linux's XRLIM_BURST_FACTOR. */
#define ICMP_BURST 6
/* errors a second: to all destinations. Linux's icmp_msgs_per_sec. */
#define ICMP_MSGS_PER_SEC 1000
/* errors: to all destinations at once. Linux's icmp_msgs_burst. */
#define ICMP_MSGS_BURST 50
/* errors: what the two sysctls may be set to. */
#define ICMP_MSGS_RANGE 0, 1000000
/*
 * destinations: whose ICMP_RATELIMIT_MS is remembered; a newer one replaces the older one in its
 * slot. ICMP_MSGS_PER_SEC limits the errors to all destinations anyway.
 */
#define ICMP_PEERS_MAX 256

#endif
