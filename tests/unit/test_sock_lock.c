/* SPDX-License-Identifier: MIT */
/*
 * A socket that a thread owns for a while: calls, segments and timers wait meanwhile, and are
 * processed when the thread releases it.
 *
 * In a system call no thread is preempted, so an owner sleeps only here: a system call of this
 * test's own kernel owns the socket and sleeps.  Over loopback, in the hosted kernel.
 */
#include "kernel/types.h" /* before the C library, which undefines what both define */

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

/* As if a softirq came in now: a router says that what @sk sent last passes only in packets of @mtu bytes. */
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

/* @mtu not 0: while the thread owns it, that message comes, too. */
static long sys_own(int fd, unsigned int ms, unsigned int mtu)
{
	int err;
	struct socket *sock = sockfd_lookup_light(fd, &err);
	struct sock *sk = sock->sk;

	/* The sock stays, the file may go: a close() is to come as far as the lock. */
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

/* Owned from now on, until so much time has passed. */
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

/* All of it is freed: no reference of a deferred timer, no timer. */
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

/* Threads that want the socket sleep, and get it one after the other. */
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
 * Segments that come in are queued, neither read nor acknowledged, and are processed when the owner
 * releases the socket.
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
	/* Nagle: no second segment while the first is not acknowledged. */
	assert_int_equal(counted(SNMP_TcpInSegs), segs + 1);
	pass_ms(110);
	assert_true(is_back(owner, &res));
	assert_int_equal(call(__NR_recvfrom, other, got, 8, 0), 7);
	assert_memory_equal(got, "before!", 7);
	assert_int_equal(counted(SNMP_TcpExtTCPBacklogDrop), 0);
}

/*
 * RFC 6298's timer goes off while a thread owns the sender: the segment is retransmitted when the
 * thread releases it.
 */
static void test_a_retransmission_waits(void **state)
{
	u64 retrans = counted(SNMP_TcpRetransSegs), timeouts = counted(SNMP_TcpExtTCPTimeouts);
	s64 deaf = own(other, 2000), busy, res;

	(void)state;
	assert_int_equal(call(__NR_sendto, one, "x", 1, 0), 1);
	busy = own(one, 1000);
	pass_ms(990); /* the least timeout is 200 ms */
	assert_int_equal(counted(SNMP_TcpRetransSegs), retrans);
	assert_int_equal(counted(SNMP_TcpExtTCPTimeouts), timeouts);
	pass_ms(20);
	assert_true(is_back(busy, &res));
	assert_int_equal(counted(SNMP_TcpRetransSegs), retrans + 1);
	assert_int_equal(counted(SNMP_TcpExtTCPTimeouts), timeouts + 1);
	pass_ms(1000);
	assert_true(is_back(deaf, &res));
}

/*
 * RFC 1191: the path's MTU falls while a thread owns the sender: segments in flight are
 * retransmitted when the thread releases it.
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
	/* 1,240 bytes less 52 of headers, three times. */
	assert_int_equal(counted(SNMP_TcpRetransSegs), retrans + 3);
	pass_ms(100);
	assert_true(is_back(deaf, &res));
	assert_int_equal(counted(SNMP_TcpExtTCPTimeouts), timeouts);
}

/* RFC 1122 4.2.3.2: a delayed ACK is due while the receiver is owned. */
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

/* Keepalive is in no hurry: it comes back a little later (Linux's HZ / 20). */
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

/* The last reference may be the one of a timer that was put off: a close() behind an owner. */
static void test_closed_behind_the_owner(void **state)
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
	one = call(__NR_socket, AF_INET, SOCK_STREAM, 0, 0); /* for who closes both */
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
		T(test_a_keepalive_comes_later),   T(test_closed_behind_the_owner),
		T(test_a_smaller_mtu_waits),
#undef T
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
