/* SPDX-License-Identifier: MIT */
/* The Internet checksum, RFC 1071 and 1624.  Any context. */
#ifndef NET_CORE_CHECKSUM_H
#define NET_CORE_CHECKSUM_H

#include "kernel/types.h"

/* sk_buff.ip_summed: which checksum is verified, or still to be computed (Linux's meanings). */
#define CHECKSUM_NONE        0 /* rx: not verified; tx: it is written */
#define CHECKSUM_UNNECESSARY 1 /* rx: the device checked it */
#define CHECKSUM_COMPLETE    2 /* rx: csum is the sum over all from the network header */
/*
 * tx: the pseudo-header sum is stored; the device or skb_checksum_help() adds the rest, from csum_start,
 * into csum_offset.  rx: the same, from a peer on this machine: trust the data.
 */
#define CHECKSUM_PARTIAL 3

/* Sum of @len bytes (any alignment, odd lengths too) added to @sum. */
__wsum csum_partial(const void *buf, size_t len, __wsum sum);

static inline __sum16 csum_fold(__wsum sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__sum16)~sum;
}
static inline __wsum csum_add(__wsum a, __wsum b)
{
	u32 r = a + b;
	return r + (r < a);
}
static inline __wsum csum_sub(__wsum a, __wsum b)
{
	return csum_add(a, ~b);
}
/*
 * Adds the sum of a block that began at @offset of the whole: at an odd offset its bytes are
 * swapped.
 */
static inline __wsum csum_block_add(__wsum a, __wsum b, size_t offset)
{
	if (offset & 1)
		b = (b << 8) | (b >> 24);
	return csum_add(a, b);
}
/* TCP and UDP pseudo header (RFC 9293 3.1); addresses in network order, @len in host order. */
static inline __wsum csum_tcpudp_nofold(__be32 saddr, __be32 daddr, u32 len, u8 proto, __wsum sum)
{
	u64 s = (u64)sum + saddr + daddr + (u64)__builtin_bswap16((u16)len) + ((u64)proto << 8);

	s = (s & 0xffffffff) + (s >> 32);
	s = (s & 0xffffffff) + (s >> 32);
	return (__wsum)s;
}
static inline __sum16 csum_tcpudp_magic(__be32 saddr, __be32 daddr, u32 len, u8 proto, __wsum sum)
{
	return csum_fold(csum_tcpudp_nofold(saddr, daddr, len, proto, sum));
}
static inline __sum16 ip_compute_csum(const void *buf, size_t len)
{
	return csum_fold(csum_partial(buf, len, 0));
}
/* Of an IP header of @ihl words. */
static inline __sum16 ip_fast_csum(const void *iph, unsigned int ihl)
{
	const u8 *p = iph;
	u64 sum = 0;

	for (; ihl; ihl--, p += sizeof(u32)) {
		u32 word;

		__builtin_memcpy(&word, p, sizeof(word));
		sum += word;
	}
	sum = (sum & 0xffffffff) + (sum >> 32);
	return csum_fold((sum & 0xffffffff) + (sum >> 32));
}

#endif
