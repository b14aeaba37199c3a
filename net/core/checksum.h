/* SPDX-License-Identifier: MIT */
/* The Internet checksum, RFC 1071 and 1624.  Any context. */
#ifndef NET_CORE_CHECKSUM_H
#define NET_CORE_CHECKSUM_H

#include "kernel/types.h"

/*
 * Values of sk_buff.ip_summed: whether the checksum was verified (rx, a received packet) or is
 * still to be computed (tx, a packet to send). The meanings are Linux's.
 */
#define CHECKSUM_NONE        0 /* rx: not verified; tx: complete, nothing left to compute */
#define CHECKSUM_UNNECESSARY 1 /* rx: the device verified it */
/* rx: skb->csum is the sum over all bytes from the network header on */
#define CHECKSUM_COMPLETE 2
/*
 * tx: the checksum field contains the sum of the pseudo header only. The device or
 * skb_checksum_help() sums the bytes from csum_start to the packet's end and stores the result at
 * csum_offset. rx: a sender on this machine left the packet in that state. The packet did not cross
 * a wire, so its data is trusted.
 */
#define CHECKSUM_PARTIAL 3

/*
 * Returns @sum plus the checksum of @len bytes at @buf. Any alignment and odd lengths are allowed.
 */
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
 * Adds @b, the sum of a block that begins @offset bytes after the start of the data that @a covers.
 * At an odd offset each byte of the block is in the other half of a 16-bit word, so @b's bytes are
 * swapped first.
 */
static inline __wsum csum_block_add(__wsum a, __wsum b, size_t offset)
{
	if (offset & 1)
		b = (b << 8) | (b >> 24);
	return csum_add(a, b);
}
/*
 * Adds the pseudo header of TCP or UDP (RFC 9293 3.1) to @sum. Addresses in network byte order,
 * @len in host order.
 */
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
/* Returns the checksum of an IP header of @ihl 32-bit words. */
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
