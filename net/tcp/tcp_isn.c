/* SPDX-License-Identifier: MIT */
/*
 * Initial sequence numbers, and where a connection's timestamps start.
 *
 * Callers: tcp_v4_connect (process, owner), tcp_conn_request (softirq).  Any context, no lock.
 *
 * RFC 6528: M + F(four-tuple, secret).  M moves with the clock, one step in 64 ns, so that two lives
 * of one four-tuple do not meet within a segment's lifetime; F differs from tuple to tuple, so that a
 * connection of one's own says nothing about that of another.  The upper half of the same hash is
 * the timestamp offset (RFC 7323 5.4): fixed for a four-tuple, which is what PAWS across TIME_WAIT needs.
 */
#include "kernel/lib/random.h"
#include "net/tcp/tcp_in.h"

#define ISN_TICK_SHIFT 6 /* 64 ns: the space is gone through in 274 s, above an MSL of 120 */

static siphash_key_t isn_secret;

void tcp_isn_init(void)
{
	get_random_bytes(&isn_secret, sizeof(isn_secret));
}

u32 secure_tcp_seq(__be32 saddr, __be32 daddr, __be16 sport, __be16 dport, u32 *tsoff)
{
	u64 hash = siphash_2u64((u64)saddr << 32 | daddr, (u64)sport << 16 | dport, &isn_secret);

	*tsoff = sysctl_tcp_timestamps == 1 ? hash >> 32 : 0;
	return (u32)hash + (u32)(ktime_get_ns() >> ISN_TICK_SHIFT);
}
