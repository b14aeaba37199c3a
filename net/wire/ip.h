/* SPDX-License-Identifier: MIT */
/*
 * The IPv4 header (RFC 791), and functions that classify an IPv4 address (RFC 1122 3.2.1.3). Fields
 * and addresses in network byte order.
 */
#ifndef NET_WIRE_IP_H
#define NET_WIRE_IP_H

#include "kernel/lib/byteorder.h"
#include "kernel/types.h"

struct iphdr {
	u8 ihl : 4, version : 4;
	u8 tos;
	__be16 tot_len;
	__be16 id;
	__be16 frag_off;
	u8 ttl;
	u8 protocol;
	__sum16 check;
	__be32 saddr;
	__be32 daddr;
} __packed __aligned(2);

/* Bits of frag_off. */
#define IP_DF     0x4000
#define IP_MF     0x2000
#define IP_OFFSET 0x1fff

/* bytes; RFC 791 3.2: every link carries a datagram of this size without fragmentation */
#define IPV4_MIN_MTU 68u
/* bytes of the longest header: ihl has four bits, and counts units of four bytes */
#define IP_HEADER_MAX 60u

static inline bool ip_is_fragment(const struct iphdr *iph)
{
	return iph->frag_off & HTONS_CONST(IP_MF | IP_OFFSET);
}
static inline bool ipv4_is_loopback(__be32 a)
{
	return (ntohl(a) >> 24) == 127;
}
static inline bool ipv4_is_multicast(__be32 a)
{
	return (ntohl(a) >> 28) == 0xe;
}
/* Returns true for 224.0.0.0/24, which never leaves a link (RFC 5771 4). */
static inline bool ipv4_is_local_multicast(__be32 a)
{
	return (ntohl(a) >> 8) == 0xe00000;
}
/* Returns true for class E, which includes 255.255.255.255 (RFC 1112 section 4). */
static inline bool ipv4_is_reserved(__be32 a)
{
	return (ntohl(a) >> 28) == 0xf;
}
static inline bool ipv4_is_zeronet(__be32 a)
{
	return (ntohl(a) >> 24) == 0;
}
static inline bool ipv4_is_lbcast(__be32 a)
{
	return a == 0xffffffff;
}

#endif
