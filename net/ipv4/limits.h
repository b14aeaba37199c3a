/* SPDX-License-Identifier: MIT */
/*
 * The limits of neighbours, routes and ICMP.
 */
#ifndef NET_IPV4_LIMITS_H
#define NET_IPV4_LIMITS_H

/* ---- neighbours ---- */
#define NEIGH_MAX       1024 /* entries: the oldest unused one is removed (Linux gc_thresh3) */
#define NEIGH_QUEUE_MAX 64   /* packets waiting for one address: oldest dropped */
#define NEIGH_QUEUES_MAX                                                                           \
	512 /* for all addresses together: a peer that forges its neighbours' would fill NEIGH_MAX queues with our answers; dropped */
#define NEIGH_MCAST_PROBES 3    /* broadcast requests before FAILED (Linux) */
#define NEIGH_RETRANS_MS   1000 /* between them */
#define NEIGH_REACHABLE_MS 30000
#define NEIGH_STALE_MS     60000 /* unused that long: may be collected */

/* ---- routes and addresses ---- */
#define ROUTES_MAX           64   /* route add: -ENOSPC */
#define ROUTE_CACHE_SIZE     1024 /* resolved routes remembered: the newer one takes the place */
#define PMTU_ENTRIES         256  /* paths whose MTU an ICMP told: the newer one takes the place */
#define IFADDRS_MAX          8    /* addresses of a device: -ENOSPC */
#define IP_DEFAULT_TTL       64   /* RFC 1700; Linux */
#define IP_DEFAULT_TTL_RANGE 1, 255

/* ---- ICMP errors ---- */
#define ICMP_RATELIMIT_MS    1000 /* between errors to one destination (token bucket of 6, Linux) */
#define ICMP_RATELIMIT_RANGE 0, 3600000 /* 0: no limit */
#define ICMP_BURST           6
#define ICMP_MSGS_PER_SEC    1000 /* over all destinations */
#define ICMP_MSGS_BURST      50
#define ICMP_MSGS_RANGE      0, 1000000
#define ICMP_PEERS_MAX       256 /* destinations remembered for the rate limit */

#endif
