/* SPDX-License-Identifier: MIT */
/*
 * While a thread owns a socket (lock_sock()), calls, segments and timers wait; they are processed when
 * the thread releases the socket.
 *
 * A real system call is not preempted and does not sleep while it owns a socket, so this test adds a
 * system call that locks the socket and sleeps.  Runs over loopback in the hosted kernel.
 */
#include "kernel/types.h" /* must precede libc's headers, which redefine some of its macros */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/lib/string.h"
#include "kernel/time/softirq.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/tcp/tcp.h"
#include "net/tcp/tcp_in.h"
#include "tests/unit/unit_sockets.h"

#define PORT 4000
#define OWN  OWN_CALL /* own(fd, ms, mtu) */

/* Simulates in a softirq an ICMP "fragmentation needed": a router on @sk's path forwards at most @mtu bytes. */
static void too_large(struct sock *sk, unsigned int mtu)
{
	struct sk_buff *skb = alloc_skb(128, GFP_KERNEL);
	struct icmphdr *icmph = skb_put(skb, sizeof(*icmph));
	struct iphdr *iph = skb_put(skb, sizeof(*iph));
	struct tcphdr *th = skb_put(skb, sizeof(*th));

	*icmph = (struct icmphdr){.type = ICMP_DEST_UNREACH, .code = ICMP_FRAG_NEEDED};
	*iph = (struct iphdr){
		.ihl = 5, .saddr = inet_sk(sk)->inet_saddr, .daddr = inet_sk(sk)->inet_daddr};
	*th = (struct tcphdr){.source = inet_sk(sk)->inet_sport,
			      .dest = inet_sk(sk)->inet_dport,
			      .seq = htonl(tcp_sk(sk)->snd_una)};
	skb_reset_transport_header(skb);
	__skb_pull(skb, sizeof(*icmph));
	local_bh_disable();
	tcp_v4_err(skb, mtu);
	local_bh_enable();
	consume_skb(skb);
}

/* Owns the socket for @ms milliseconds.  If @mtu is not 0, an ICMP error with that MTU arrives meanwhile. */
static long sys_own(int fd, unsigned int ms, unsigned int mtu)
{
	int err;
	struct socket *sock = sockfd_lookup_light(fd, &err);
	struct sock *sk = sock->sk;

	/*
	 * Hold a reference to the sock but none to the file: so a close() in the meantime drops the last reference
	 * to the file, and the release of the file waits for the lock.
	 */
	sock_hold(sk);
	fput(sock->file);
	lock_sock(sk);
	if (mtu)
		too_large(sk, mtu);
	schedule_timeout_uninterruptible(msecs_to_jiffies(ms));
	release_sock(sk);
	sock_put(sk);
	return 0;
}

void __noreturn kernel_main(const struct boot_info *boot)
{
	static const struct syscall_def own_call = SYSCALL_DEF(OWN, sys_own);

	unit_sockets_main(boot, &own_call);
}

/* ---- calls ---------------------------------------------------------------------------------------- */

/* Starts a call of sys_own(); its thread owns the socket when this returns.  Returns the call's ticket. */
static s64 own_and_hear(int fd, unsigned int ms, unsigned int mtu)
{
	s64 ticket = sn_submit(OWN, fd, ms, mtu, 0, 0, 0), res;

	assert_false(is_back(ticket, &res));
	return ticket;
}

static s64 own(int fd, unsigned int ms)
{
	return own_and_hear(fd, ms, 0);
}

static u64 counted(enum snmp_counter counter)
{
	return snmp_counters[counter];
}

static s64 set_int(int fd, int level, int name, const int *val)
{
	return result(sn_submit(__NR_setsockopt, fd, level, name, (long)val, sizeof(*val), 0));
}

/* ---- a connection ----------------------------------------------------------------------------------- */

static int one, other;

static int open_both(void **state)
{
	static const struct sockaddr_in loopback = {.sin_family = AF_INET,
						    .sin_port = HTONS_CONST(PORT),
						    .sin_addr.s_addr = 0x0100007f};
	static const int on = 1;
	int listener = call(__NR_socket, AF_INET, SOCK_STREAM, 0, 0);

	(void)state;
	one = call(__NR_socket, AF_INET, SOCK_STREAM, 0, 0);
	assert_int_equal(set_int(listener, SOL_SOCKET, SO_REUSEADDR, &on), 0);
	assert_int_equal(call(__NR_bind, listener, &loopback, sizeof(loopback), 0), 0);
	assert_int_equal(call(__NR_listen, listener, 1, 0, 0), 0);
	assert_int_equal(call(__NR_connect, one, &loopback, sizeof(loopback), 0), 0);
	other = call(__NR_accept, listener, 0, 0, 0);
	assert_true(other >= 0);
	assert_int_equal(call(__NR_close, listener, 0, 0, 0), 0);
	return 0;
}

/* Closes both ends, and checks that no reference of a deferred timer leaked and that no timer is armed. */
static int close_both(void **state)
{
	(void)state;
	assert_int_equal(call(__NR_close, one, 0, 0, 0), 0);
	assert_int_equal(call(__NR_close, other, 0, 0, 0), 0);
	pass_ms(TIMEWAITS);
	assert_int_equal(tcp_prot.slab->live, 0);
	assert_int_equal(tcp_prot.twsk_prot->slab->live, 0);
	assert_int_equal(sn_timers_armed(), 0);
	assert_int_equal(sn_warn_count(), 0);
	return 0;
}

/* ---- the tests -------------------------------------------------------------------------------------- */

/* Threads that call lock_sock() on an owned socket sleep, and then own the socket one after the other. */
static void test_others_wait_for_the_owner(void **state)
{
	s64 first = own(one, 100), second = own(one, 100), res;
	s64 writer = submit(__NR_sendto, one, "x", 1, 0);

	(void)state;
	pass_ms(90);
	assert_false(is_back(first, &res));
	pass_ms(20);
	assert_true(is_back(first, &res));
	assert_false(is_back(second, &res));
	assert_false(is_back(writer, &res));
	pass_ms(100);
	assert_true(is_back(second, &res));
	assert_int_equal(result(writer), 1);
}

/*
 * Segments for an owned socket wait in its backlog, neither delivered nor acknowledged, and are processed
 * when the owner releases the socket.
 */
static void test_segments_wait_in_the_backlog(void **state)
{
	u64 segs = counted(SNMP_TcpInSegs);
	s64 owner = own(other, 100), res;
	char got[8];

	(void)state;
	assert_int_equal(call(__NR_sendto, one, "before", 6, 0), 6);
	assert_int_equal(counted(SNMP_TcpInSegs), segs + 1);
	assert_int_equal(call(__NR_sendto, one, "!", 1, 0), 1);
	/* Nagle's algorithm: the second segment is not sent until the first is acknowledged. */
	assert_int_equal(counted(SNMP_TcpInSegs), segs + 1);
	pass_ms(110);
	assert_true(is_back(owner, &res));
	assert_int_equal(call(__NR_recvfrom, other, got, 8, 0), 7);
	assert_memory_equal(got, "before!", 7);
	assert_int_equal(counted(SNMP_TcpExtTCPBacklogDrop), 0);
}

/*
 * The retransmission timer (RFC 6298) expires while a thread owns the sending socket: the segment is
 * retransmitted when the thread releases the socket.
 */
static void test_a_retransmission_waits(void **state)
{
	u64 retrans = counted(SNMP_TcpRetransSegs), probes = counted(SNMP_TcpExtTCPLossProbes);
	s64 deaf = own(other, 2000), busy, res;

	(void)state;
	assert_int_equal(call(__NR_sendto, one, "x", 1, 0), 1);
	busy = own(one, 1000);
	pass_ms(990); /* longer than the 200 ms until the tail loss probe */
	assert_int_equal(counted(SNMP_TcpRetransSegs), retrans);
	assert_int_equal(counted(SNMP_TcpExtTCPLossProbes), probes);
	pass_ms(20);
	assert_true(is_back(busy, &res));
	assert_int_equal(counted(SNMP_TcpRetransSegs), retrans + 1);
	assert_int_equal(counted(SNMP_TcpExtTCPLossProbes), probes + 1);
	pass_ms(1000);
	assert_true(is_back(deaf, &res));
}

/*
 * The path MTU falls (RFC 1191) while a thread owns the sending socket: the segments in flight are
 * retransmitted in smaller pieces when the thread releases the socket.
 */
static void test_a_smaller_mtu_waits(void **state)
{
	static char bytes[3000];
	u64 retrans = counted(SNMP_TcpRetransSegs), timeouts = counted(SNMP_TcpExtTCPTimeouts);
	s64 deaf = own(other, 150), busy, res;

	(void)state;
	assert_int_equal(call(__NR_sendto, one, bytes, sizeof(bytes), 0), sizeof(bytes));
	busy = own_and_hear(one, 100, 1240);
	pass_ms(90);
	assert_int_equal(counted(SNMP_TcpRetransSegs), retrans);
	pass_ms(20);
	assert_true(is_back(busy, &res));
	/* A segment carries 1,240 - 52 bytes of data, so the 3,000 bytes need three. */
	assert_int_equal(counted(SNMP_TcpRetransSegs), retrans + 3);
	pass_ms(100);
	assert_true(is_back(deaf, &res));
	assert_int_equal(counted(SNMP_TcpExtTCPTimeouts), timeouts);
}

/* A delayed ACK (RFC 1122 4.2.3.2) that is due while a thread owns the receiver is sent at the release. */
static void test_a_delayed_ack_waits(void **state)
{
	static const int off = 0;
	u64 locked = counted(SNMP_TcpExtDelayedACKLocked), acks = counted(SNMP_TcpExtDelayedACKs);
	s64 owner, res;
	char got;

	(void)state;
	assert_int_equal(set_int(other, SOL_TCP, TCP_QUICKACK, &off), 0);
	assert_int_equal(call(__NR_sendto, one, "x", 1, 0), 1);
	assert_int_equal(call(__NR_recvfrom, other, &got, 1, 0), 1);
	owner = own(other, 190);
	pass_ms(180);
	assert_int_equal(counted(SNMP_TcpExtDelayedACKLocked), locked + 1);
	assert_int_equal(counted(SNMP_TcpExtDelayedACKs), acks);
	pass_ms(20);
	assert_true(is_back(owner, &res));
	assert_int_equal(counted(SNMP_TcpExtDelayedACKs), acks + 1);
}

/* If a thread owns the socket, the keepalive timer only sets itself again (for HZ / 20 later, as on Linux). */
static void test_a_keepalive_comes_later(void **state)
{
	static const int on = 1;
	u64 probes = counted(SNMP_TcpExtTCPKeepAlive);
	s64 owner, res;

	(void)state;
	assert_int_equal(set_int(one, SOL_SOCKET, SO_KEEPALIVE, &on), 0);
	assert_int_equal(set_int(one, SOL_TCP, TCP_KEEPIDLE, &on), 0);
	owner = own(one, 1200);
	pass_ms(1190);
	assert_int_equal(counted(SNMP_TcpExtTCPKeepAlive), probes);
	pass_ms(200);
	assert_true(is_back(owner, &res));
	assert_int_equal(counted(SNMP_TcpExtTCPKeepAlive), probes + 1);
}

/* close() waits for the owner; after it a deferred timer may hold the last reference to the socket. */
static void test_close_waits_for_the_owner(void **state)
{
	s64 deaf = own(other, 1000), busy, closer, res;

	(void)state;
	assert_int_equal(call(__NR_sendto, one, "x", 1, 0), 1);
	busy = own(one, 500);
	closer = submit(__NR_close, one, 0, 0, 0);
	pass_ms(490);
	assert_false(is_back(closer, &res));
	pass_ms(20);
	assert_true(is_back(busy, &res));
	assert_int_equal(result(closer), 0);
	pass_ms(1000);
	assert_true(is_back(deaf, &res));
	/* close_both() will close this descriptor. */
	one = call(__NR_socket, AF_INET, SOCK_STREAM, 0, 0);
}

static int boot(void **state)
{
	(void)state;
	if (!sn_boot(7, ""))
		return 0;
	print_error("%s", sn_console());
	return -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, open_both, close_both)
		T(test_others_wait_for_the_owner), T(test_segments_wait_in_the_backlog),
		T(test_a_retransmission_waits),    T(test_a_delayed_ack_waits),
		T(test_a_keepalive_comes_later),   T(test_close_waits_for_the_owner),
		T(test_a_smaller_mtu_waits),
#undef T
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
