/* SPDX-License-Identifier: MIT */
/*
 * Lets a test choose a host's initial sequence numbers: sn_set("iss", 0xfffffff0).
 *
 * tcp_v4_connect() and tcp_conn_request() call __wrap_secure_tcp_seq() in place of secure_tcp_seq(),
 * because the hosted library is linked with --wrap (Makefile).  Any context, no lock.  So neither the
 * kernel's source nor the machine's image contains this option; an attacker who could set it there
 * would defeat RFC 6528.  Two kinds of initial sequence numbers do not come from secure_tcp_seq()
 * and are not affected: those of a connection that reopens a TIME_WAIT, and of a second connect().
 */
#include "net/tcp/tcp.h"
#include "tests/host/host.h"

/* Weak, because some test programs link this file without TCP. */
#pragma weak __real_secure_tcp_seq
u32 __real_secure_tcp_seq(__be32 saddr, __be32 daddr, __be16 sport, __be16 dport, u32 *tsoff);
u32 __wrap_secure_tcp_seq(__be32 saddr, __be32 daddr, __be16 sport, __be16 dport, u32 *tsoff);

u32 __wrap_secure_tcp_seq(__be32 saddr, __be32 daddr, __be16 sport, __be16 dport, u32 *tsoff)
{
	u32 seq = __real_secure_tcp_seq(saddr, daddr, sport, dport, tsoff);
	u64 chosen = host_option("iss", ~0ULL);

	return chosen >> 32 ? seq : (u32)chosen;
}
