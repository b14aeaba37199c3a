/* SPDX-License-Identifier: MIT */
/*
 * A test chooses where our sequence numbers start: sn_set("iss", 0xfffffff0).
 *
 * __wrap_secure_tcp_seq() <- tcp_v4_connect(), tcp_conn_request(), in place of secure_tcp_seq(): the
 * hosted library is linked with --wrap (Makefile).  Any context, no lock.
 * So the choice exists in no line of the kernel and in no byte of the machine's image, where an
 * attacker who could set it would defeat RFC 6528.  A number that the kernel takes from elsewhere
 * (a TIME_WAIT that is reopened, a second connect()) is not touched.
 */
#include "net/tcp/tcp.h"
#include "tests/host/host.h"

/* Not there in a program that has these files and no TCP. */
#pragma weak __real_secure_tcp_seq
u32 __real_secure_tcp_seq(__be32 saddr, __be32 daddr, __be16 sport, __be16 dport, u32 *tsoff);
u32 __wrap_secure_tcp_seq(__be32 saddr, __be32 daddr, __be16 sport, __be16 dport, u32 *tsoff);

u32 __wrap_secure_tcp_seq(__be32 saddr, __be32 daddr, __be16 sport, __be16 dport, u32 *tsoff)
{
	u32 seq = __real_secure_tcp_seq(saddr, daddr, sport, dport, tsoff);
	u64 chosen = host_option("iss", ~0ULL);

	return chosen >> 32 ? seq : (u32)chosen;
}
