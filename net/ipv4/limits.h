/* SPDX-License-Identifier: MIT */
/*
 * The limits of neighbours, routes, fragments and ICMP. Each comment has the unit, what happens at the
 * limit, and the reason for the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef NET_IPV4_LIMITS_H
#define NET_IPV4_LIMITS_H

/* ---- neighbours ---- */
/* entries: for one more entry, the oldest unused entry is removed. Linux's gc_thresh3. */
#define NEIGH_MAX 1024
/*
 * packets that wait for the resolution of one address: for one more packet, the oldest packet is
 * dropped. As many SYN-ACKs as Linux keeps (unres_qlen_bytes, 212,992), so that, for example, each
 * of the hundred connections of a load generator gets its SYN-ACK when the generator's link address
 * is known.
 */
#define NEIGH_QUEUE_MAX 256
/*
 * packets that wait for the resolution of all addresses together: for one more packet, the oldest
 * packet for the same address is dropped; if no packet waits for that address, the new packet may
 * wait. Without this limit a peer that forges source addresses of the local network could fill the
 * queues of NEIGH_MAX entries with our replies. Each address may have one packet, because otherwise
 * such a peer would keep real hosts from getting their first answer.
 */
#define NEIGH_QUEUES_MAX 512
/*
 * requests without an answer: after the last request the state becomes FAILED. Linux's
 * mcast_solicit.
 */
#define NEIGH_MCAST_PROBES 3
/* ms between two requests: RFC 4861's RETRANS_TIMER, Linux's retrans_time. */
#define NEIGH_RETRANS_MS 1000
/*
 * ms without a confirmation: after this time the state becomes STALE. RFC 4861's REACHABLE_TIME,
 * Linux's base_reachable_time.
 */
#define NEIGH_REACHABLE_MS 30000
/*
 * ms since an entry was last used: after this time the entry may be removed. Linux's gc_stale_time.
 */
#define NEIGH_STALE_MS 60000
/*
 * ms between two announcements that defend an address of ours, which another host claims: a claim
 * in this time is only counted. RFC 5227's DEFEND_INTERVAL.
 */
#define ARP_DEFEND_MS 10000

/* ---- routes and addresses ---- */
/*
 * routes: adding one more fails with -ENOSPC. The table has room for one route to each address of
 * the devices. It is small, because a lookup searches the routes one by one.
 */
#define ROUTES_MAX 64
/*
 * cached results of route lookups: a new result replaces an older result with the same hash index.
 * There is one result for each of NEIGH_MAX neighbours.
 */
#define ROUTE_CACHE_SIZE 1024
/*
 * paths whose MTU an ICMP message reported: a new path replaces an older path with the same hash
 * index. The MTU of a path that lost its entry is learnt again.
 */
#define PMTU_ENTRIES 256
/*
 * addresses of one device: adding one more fails with -ENOSPC. The limit is low, because the
 * addresses are searched one by one for each packet.
 */
#define IFADDRS_MAX 8
/* hops: the initial TTL of a packet. RFC 1700, Linux's value. */
#define IP_DEFAULT_TTL       64
#define IP_DEFAULT_TTL_RANGE 1, 255

/* ---- datagrams and UDP ---- */
/* bytes of a datagram with its header: a longer one fails with -EMSGSIZE. The length has 16 bits. */
#define IP_LEN_MAX 65535u
/*
 * buckets of UDP sockets by port, which bind() and broadcasts search: with 10,000 ports in use a
 * bucket has ten sockets. Linux's table has one bucket for 2 MiB of memory.
 */
#define UDP_PORT_BUCKETS 1024
/*
 * buckets of UDP sockets by addresses and ports, at most: a machine has one bucket for each 32 KiB
 * of memory, up to this number. With 10,000 sockets and 256 MiB a bucket has one or two. Linux's
 * UDP_HTABLE_SIZE_MAX.
 */
#define UDP_BUCKETS_MAX 65536
/*
 * buckets of UDP sockets by addresses and ports, at least: a machine with 8 MiB of memory gets this
 * number. Linux's UDP_HTABLE_SIZE_MIN.
 */
#define UDP_BUCKETS_MIN 256
/*
 * part of memory: when the received datagrams of all sockets use more than an eighth of memory, UDP
 * is under memory pressure; with one and a half times as much, only sockets that hold little may
 * receive. Linux's values.
 */
#define UDP_MEM_PART 8
/* pages: the values that udp_mem may be set to. */
#define UDP_MEM_RANGE 1, 2147483647

/* ---- fragments ---- */
/*
 * bytes (truesize) of all incomplete datagrams: for a further fragment, the oldest datagrams are
 * dropped. Linux's ipfrag_high_thresh.
 */
#define IPFRAG_HIGH_THRESH 4194304
/* bytes: range of the sysctl ipfrag_high_thresh; 0: no datagram is reassembled, as on Linux. */
#define IPFRAG_HIGH_THRESH_RANGE 0, 268435456
/*
 * part of memory: the default of the sysctl ipfrag_high_thresh is at most an eighth of memory. With
 * 4 MiB of memory or more, one datagram of 64 KiB in frames of 1,500 bytes (95 KB) fits a source's
 * part.
 */
#define IPFRAG_PART 8
/*
 * part of ipfrag_high_thresh: the incomplete datagrams of one source (more exactly, of all sources
 * with the same hash) hold at most a quarter of these bytes; for a further fragment, the oldest
 * datagrams of this source are dropped. A quarter of Linux's value is enough for a datagram of 64
 * KiB over the smallest MTU: 1,366 fragments of 704 bytes.
 */
#define IPFRAG_SOURCE_PART 4
/*
 * incomplete datagrams of one source: for one more, the oldest is dropped. Linux's ipfrag_max_dist.
 * The limit is also the longest search for a fragment's datagram.
 */
#define IPFRAG_SOURCE_DATAGRAMS 64
/*
 * buckets of sources: sources with the same (keyed) hash share the limits of one.
 * IPFRAG_HIGH_THRESH limits the datagrams of all buckets together: to about 4,900 datagrams with
 * one small fragment each, or 19 in each bucket.
 */
#define IPFRAG_SOURCES 256
/*
 * seconds from a datagram's first fragment: then the datagram is dropped if it is still incomplete.
 * Linux's ipfrag_time; RFC 1122 3.3.2 recommends 60 to 120.
 */
#define IPFRAG_TIME 30
/* s: range of the sysctl ipfrag_time. RFC 791's longest time to live is 255 s. */
#define IPFRAG_TIME_RANGE 1, 255

/*
 * datagrams of one write with UDP_SEGMENT: a write that needs more fails with -EINVAL. Linux's
 * UDP_MAX_SEGMENTS.
 */
#define UDP_MAX_SEGMENTS 128
/*
 * datagrams that UDP_GRO merges into one packet: the next one begins another packet. So many small
 * datagrams of little data cannot hold much memory in one packet. Linux's UDP_GRO_CNT_MAX.
 */
#define UDP_GRO_CNT_MAX 64

/* ---- IGMP ---- */
/*
 * groups of one device, with those that were left and are still to be reported: joining one more
 * fails with -ENOBUFS. As many as a device's list of group addresses (NETDEV_MC_MAX) has; a report
 * of all of them fits into two packets.
 */
#define IGMP_GROUPS_MAX 256
/*
 * sources in the filter of one group of a device: adding one more fails with -ENOBUFS. Twelve
 * sockets with Linux's default of igmp_max_msf (10) stay below; a linear search stays short.
 */
#define IGMP_SOURCES_MAX 128
/*
 * sources of a query that are kept until it is answered: for one more source, the answer is for the
 * whole group, which tells the querier more than it asked. A query for more sources is rare, because
 * a router asks only about sources that a host has just blocked.
 */
#define IGMP_QUERY_SOURCES_MAX 32
/*
 * ms between two answers to queries for the same group, or to general queries: an answer that would
 * be sent sooner is sent later. Without this limit, a host on the link could get an answer for each
 * of its queries. The value is the shortest response time that a query of version 2 can ask for.
 */
#define IGMP_ANSWER_MS 100
/* groups of a socket: joining one more fails with -ENOBUFS. Linux's value. */
#define IGMP_MAX_MEMBERSHIPS 20
/* groups of a socket: range of the sysctl igmp_max_memberships; no more fit on one device. */
#define IGMP_MAX_MEMBERSHIPS_RANGE 0, IGMP_GROUPS_MAX
/* sources of a group of a socket: adding one more fails with -ENOBUFS. Linux's value. */
#define IGMP_MAX_MSF 10
/* sources: range of the sysctl igmp_max_msf; no more fit into the filter of a group. */
#define IGMP_MAX_MSF_RANGE 0, IGMP_SOURCES_MAX
/* reports of each change: RFC 3376 8.1, the robustness variable; a query may tell another value. */
#define IGMP_QRV 2
/* reports: range of the sysctl igmp_qrv; a query's field has three bits. */
#define IGMP_QRV_RANGE 1, 7

/*
 * buckets of ping sockets by identifier: each bucket has a list. Linux's PING_HTABLE_SIZE; a machine
 * rarely has more than a few ping sockets.
 */
#define PING_BUCKETS 64
/*
 * buckets of raw sockets by protocol: each bucket has a list, and all sockets of a protocol are in one,
 * because each of them gets a copy of a packet. Linux's RAW_HTABLE_SIZE; a protocol has eight bits.
 */
#define RAW_BUCKETS 256

/* ---- DHCP ---- */
/*
 * bytes of a message of a server: a longer one is dropped. Option 57 tells the servers this limit,
 * which is more than a frame of Ethernet carries.
 */
#define DHCP_MESSAGE_MAX 1500
/*
 * bytes of an option whose parts are joined (RFC 3396): if they are longer, the message is dropped.
 * Room for DHCP_ROUTES_MAX classless routes (9 bytes each) and for names of DHCP_NAME_MAX bytes.
 */
#define DHCP_OPTION_MAX 512
/*
 * routes of a lease: the further routes of the server are not used. Together with the routes to their
 * routers they take half of ROUTES_MAX; the route of the card's own network is one more.
 */
#define DHCP_ROUTES_MAX 16
/* name servers, and time servers, of a lease: further ones are not used. resolv.conf(5): three. */
#define DHCP_SERVERS_MAX 3
/*
 * bytes of the domain, and of the list of domains to search: a longer domain is not used, nor are the
 * domains behind this length. RFC 1035: a name has at most 255.
 */
#define DHCP_NAME_MAX 255
/*
 * seconds: an offer of a shorter lease is dropped. The client would spend its time renewing it;
 * servers lease for minutes to days.
 */
#define DHCP_LEASE_MIN 10
/*
 * bytes: a smaller MTU of a server is not used, because with a tiny MTU each packet would become a
 * hundred packets. Each host must be able to receive a packet of this size (RFC 791).
 */
#define DHCP_MTU_MIN 576
/* ARP probes of an offered address: then the client uses it. RFC 5227's PROBE_NUM. */
#define DHCP_PROBES 3
/*
 * ms: the shortest pause after a probe, the longest is twice that; a host on the same link answers
 * within it. RFC 5227 waits for seconds, which is long for a machine that boots in a tenth of a
 * second. Therefore the client still declines the address if a host claims it within DHCP_WATCH_MS.
 */
#define DHCP_PROBE_MS 20
/* ms after the address was taken in which another host's claim declines it: RFC 5227's longest wait. */
#define DHCP_WATCH_MS 7000
/* ms after a declined address before the client asks again. RFC 2131 3.1.5: ten seconds. */
#define DHCP_DECLINE_MS 10000
/* s: the pause before the first retransmission, plus or minus one. RFC 2131 4.1. */
#define DHCP_BACKOFF_MIN 4
/* s: the longest pause between two retransmissions, plus or minus one. RFC 2131 4.1. */
#define DHCP_BACKOFF_MAX 64
/* s: the shortest pause between two requests to extend a lease. RFC 2131 4.4.5. */
#define DHCP_RENEW_MIN 60
/* requests for an offer without an answer: then the client asks all servers. RFC 2131 3.1.5: four. */
#define DHCP_REQUESTS_MAX 4
/*
 * requests, after the link came back, whether the lease is valid there: then the client uses it for
 * the rest of its time. The requests take 12 seconds.
 */
#define DHCP_REBOOTS_MAX 2
/*
 * ms without an answer of a server: then a card without an `ip=` gets the address of QEMU's user
 * network. Long enough for a server that first pings the address for three seconds, as dnsmasq does,
 * and for a retransmission.
 */
#define DHCP_FALLBACK_MS 6000
/*
 * ms that the program waits for the addresses of `ip=dhcp`: then it starts without, and the client
 * goes on. Four retransmissions.
 */
#define DHCP_BOOT_WAIT_MS 60000

/* ---- ICMP errors ---- */
/*
 * ms between ICMP errors to one destination, after a burst: an error that comes sooner is not sent.
 * Linux's icmp_ratelimit.
 */
#define ICMP_RATELIMIT_MS 1000
/* ms: range of the sysctl icmp_ratelimit; 0 means no limit. */
#define ICMP_RATELIMIT_RANGE 0, 3600000
/* ICMP errors in one burst to one destination: Linux's XRLIM_BURST_FACTOR. */
#define ICMP_BURST 6
/*
 * ICMP errors a second to all destinations together: further errors are not sent. Linux's
 * icmp_msgs_per_sec.
 */
#define ICMP_MSGS_PER_SEC 1000
/* ICMP errors in one burst to all destinations together: Linux's icmp_msgs_burst. */
#define ICMP_MSGS_BURST 50
/* ICMP errors: range of the sysctls icmp_msgs_per_sec and icmp_msgs_burst. */
#define ICMP_MSGS_RANGE 0, 1000000
/*
 * destinations for which the number of recent ICMP errors is kept: a new destination replaces an
 * older destination with the same hash index. ICMP_MSGS_PER_SEC limits the errors to all
 * destinations anyway.
 */
#define ICMP_PEERS_MAX 256

#endif
