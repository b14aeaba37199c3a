/* SPDX-License-Identifier: MIT */
/*
 * The Internet checksum over memory.
 *
 * Callers: skb_checksum(), skb_checksum_help(), and the code that fills IP, ICMP and TCP headers.
 * Any context, no lock.
 *
 * RFC 1071, section 2 allows computing the sum of 16-bit words over wider words, as long as every
 * carry is added back: this file adds words of 8 bytes, with one carry each. The 16-bit result does
 * not depend on the byte order within the machine's words, so no bytes are swapped. Four sums run
 * in parallel, so that the processor need not wait for the carry of the previous word.
 */
#include "kernel/lib/string.h"
#include "net/core/checksum.h"

static __always_inline u64 add_carry(u64 sum, u64 v)
{
	u64 r;

	/* The compiler emits one add and one adc $0 for this. */
	r = __builtin_add_overflow(sum, v, &sum);
	return sum + r;
}

static __always_inline u64 load64(const u8 *p)
{
	u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline u32 fold64(u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (u32)sum;
}

/* Returns the last 0 to 7 bytes as one little-endian word, filled up with zeros. */
static __always_inline u64 load_tail(const u8 *p, size_t len)
{
	u64 v = 0;
	unsigned int shift = 0;

	if (len & 4) {
		u32 w;

		__builtin_memcpy(&w, p, sizeof(w));
		v = w;
		p += 4;
		shift = 32;
	}
	if (len & 2) {
		u16 w;

		__builtin_memcpy(&w, p, sizeof(w));
		v |= (u64)w << shift;
		p += 2;
		shift += 16;
	}
	if (len & 1)
		v |= (u64)*p << shift;
	return v;
}

__wsum csum_partial(const void *buf, size_t len, __wsum sum)
{
	const u8 *p = buf;
	u64 s0 = sum;

	if (len >= 64) {
		u64 s1 = 0, s2 = 0, s3 = 0;

		do {
			s0 = add_carry(s0, load64(p));
			s1 = add_carry(s1, load64(p + 8));
			s2 = add_carry(s2, load64(p + 16));
			s3 = add_carry(s3, load64(p + 24));
			s0 = add_carry(s0, load64(p + 32));
			s1 = add_carry(s1, load64(p + 40));
			s2 = add_carry(s2, load64(p + 48));
			s3 = add_carry(s3, load64(p + 56));
			p += 64;
			len -= 64;
		} while (len >= 64);
		s0 = add_carry(add_carry(s0, s1), add_carry(s2, s3));
	}
	for (; len >= 8; p += 8, len -= 8)
		s0 = add_carry(s0, load64(p));
	if (len)
		s0 = add_carry(s0, load_tail(p, len));
	return fold64(s0);
}
