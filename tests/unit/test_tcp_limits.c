/* SPDX-License-Identifier: MIT */
/*
 * Limits of TCP whose tests need access to the kernel's data: the backlog of a socket that a thread owns,
 * a new route lookup after several timeouts, the size of the table of connections.  Runs a whole hosted
 * kernel; this file simulates the peer.
 *
 * LIMIT(...) in a comment: the test below it reaches the limit in parentheses (docs/limits.md).
 */
#include "kernel/types.h" /* must precede libc's headers, which redefine some of its macros */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "include/uapi/errno.h"
#include "include/uapi/unistd.h"
#include "kernel/lib/byteorder.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/mm/slab.h"
#include "kernel/syscall.h"
#include "net/core/checksum.h"
#include "net/core/dropreason.h"
#include "net/core/dst.h"
#include "net/core/eth.h"
#include "net/core/limits.h"
#include "net/core/snmp.h"
#include "net/inet/inet_hashtables.h"
#include "net/inet/limits.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/route.h"
#include "net/tcp/limits.h"
#include "net/tcp/tcp.h"
#include "tests/host/softnet_host.h"

#define MS    1000000ULL
#define RAM   (64ULL << 20)
#define PORT  4000
#define MINE  5000
#define ISN   1000
#define IP    14
#define L4    34
#define QUIET (200000 * MS) /* longer than the lifetime of a TIME_WAIT or an orphaned connection */

static const u8 my_mac[6] = {0x52, 0x55, 10, 0, 2, 2};
static const u8 guest_mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

static __be32 ip4(u8 a, u8 b, u8 c, u8 d)
{
	return htonl((u32)a << 24 | b << 16 | c << 8 | d);
}
#define GUEST ip4(10, 0, 2, 15)
#define ME    ip4(10, 0, 2, 2)

/* ---- the wire ------------------------------------------------------------------------------------------ */

static u32 theirs; /* sequence number of the last segment from the guest */

/*
 * Answers the guest's ARP requests for the peer. The requests may arrive at any time, because a new
 * route lookup resolves the peer again.
 */
static void answer_arp(u8 *frame)
{
	if (get_unaligned_be16(frame + 20) != 1 || memcmp(frame + 38, (u8[]){10, 0, 2, 2}, 4))
		return;
	memcpy(frame, guest_mac, 6);
	memcpy(frame + 6, my_mac, 6);
	put_unaligned_be16(2, frame + 20);
	memcpy(frame + 32, frame + 22, 10);
	memcpy(frame + 22, my_mac, 6);
	memcpy(frame + 28, (u8[]){10, 0, 2, 2}, 4);
	assert_int_equal(sn_put_frame(frame, 42), 0);
}

static u64 run(void)
{
	static u8 frame[70000];
	bool asked;
	u64 next;

	do {
		size_t len;

		asked = false;
		next = sn_step();
		if (next == SN_HALTED)
			fail_msg("%s", sn_console());
		while ((len = sn_take_frame(frame, sizeof(frame)))) {
			if (get_unaligned_be16(frame + 12) == ETH_P_ARP) {
				answer_arp(frame);
				asked = true;
			} else if (len >= L4 + 20) {
				theirs = get_unaligned_be32(frame + L4 + 4);
			}
		}
	} while (asked);
	return next;
}

static void pass(u64 ns)
{
	u64 end = sn_clock() + ns;

	while (sn_clock() < end)
		sn_set_clock(min(run(), end));
	run();
}

static void segment(u32 seq, u32 ack, u8 flags, unsigned int len)
{
	static u8 frame[2048];
	struct iphdr *iph = (struct iphdr *)(frame + IP);
	__sum16 sum;

	memset(frame, 0, sizeof(frame));
	memcpy(frame, guest_mac, 6);
	memcpy(frame + 6, my_mac, 6);
	put_unaligned_be16(ETH_P_IP, frame + 12);
	*iph = (struct iphdr){.version = 4,
			      .ihl = 5,
			      .ttl = 64,
			      .protocol = IPPROTO_TCP,
			      .saddr = ME,
			      .daddr = GUEST,
			      .tot_len = htons(40 + len)};
	iph->check = ip_compute_csum(iph, 20);
	put_unaligned_be16(MINE, frame + L4);
	put_unaligned_be16(PORT, frame + L4 + 2);
	put_unaligned_be32(seq, frame + L4 + 4);
	put_unaligned_be32(ack, frame + L4 + 8);
	frame[L4 + 12] = 20 << 2;
	frame[L4 + 13] = flags;
	put_unaligned_be16(60000, frame + L4 + 14);
	memset(frame + L4 + 20, 'x', len);
	sum = csum_tcpudp_magic(ME, GUEST, 20 + len, IPPROTO_TCP,
				csum_partial(frame + L4, 20 + len, 0));
	memcpy(frame + L4 + 16, &sum, 2);
	assert_int_equal(sn_put_frame(frame, L4 + 20 + len), 0);
}

/* ---- calls, a connection ----------------------------------------------------------------------------------- */

static s64 call6(long nr, long a, long b, long c, long d, long e, long f)
{
	s64 ticket = sn_submit(nr, a, b, c, d, e, f), res;

	run();
	assert_int_equal(sn_poll(ticket, &res), 1);
	return res;
}
#define call(nr, a, b, c, d, e) call6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)

struct open {
	int listener, fd;
	struct sock *sk;
	u32 ack; /* sequence number of the guest's next byte */
};

/* Returns the connection's socket. The caller needs no lock, because the kernel is idle meanwhile. */
static struct sock *the_connection(void)
{
	struct sock *sk;

	for (u32 i = 0; i <= tcp_hashinfo.ehash_mask; i++) {
		hlist_for_each_entry(sk, &tcp_hashinfo.ehash[i].chain, sk_node) {
			if (sk->sk_num == PORT && sk->sk_dport == htons(MINE))
				return sk;
		}
	}
	fail_msg("no connection");
	return NULL;
}

/* Opens a connection to PORT.  @buffer is set as SO_RCVBUF and SO_SNDBUF; 0 keeps the defaults. */
static struct open open_connection(int buffer)
{
	static struct sockaddr_in here = {.sin_family = AF_INET};
	static int value;
	struct open o;

	here.sin_port = htons(PORT);
	o.listener = call(__NR_socket, AF_INET, SOCK_STREAM, 0, 0, 0);
	value = buffer;
	if (buffer) {
		call(__NR_setsockopt, o.listener, SOL_SOCKET, SO_RCVBUF, &value, sizeof(value));
		call(__NR_setsockopt, o.listener, SOL_SOCKET, SO_SNDBUF, &value, sizeof(value));
	}
	assert_int_equal(call(__NR_bind, o.listener, &here, sizeof(here), 0, 0), 0);
	assert_int_equal(call(__NR_listen, o.listener, 1, 0, 0, 0), 0);
	segment(ISN, 0, TCPHDR_SYN, 0);
	run();
	o.ack = theirs + 1;
	segment(ISN + 1, o.ack, TCPHDR_ACK, 0);
	run();
	o.fd = call(__NR_accept, o.listener, 0, 0, 0, 0);
	assert_true(o.fd >= 0);
	o.sk = the_connection();
	return o;
}

static void close_connection(struct open *o, u32 seq)
{
	segment(seq, o->ack, TCPHDR_RST, 0);
	run();
	assert_int_equal(call(__NR_close, o->fd, 0, 0, 0, 0), 0);
	assert_int_equal(call(__NR_close, o->listener, 0, 0, 0, 0), 0);
}

/* ---- the backlog ---------------------------------------------------------------------------------------------- */

/*
 * Many segments arrive while a thread owns the socket: the backlog takes as much as the socket's
 * two buffers and SOCK_BACKLOG_EXTRA; further segments are dropped and counted.  When the thread
 * releases the socket, the backlog is processed and the connection continues.
 *
 * LIMIT(SOCK_BACKLOG_EXTRA)
 */
static void test_the_backlog_is_bounded(void **state)
{
	enum { LEN = 1000, SEGMENTS = 400 };
	struct open o = open_connection(1);
	u64 drops = skb_drop_count[SKB_DROP_REASON_SOCKET_BACKLOG];
	u64 counted = snmp_counters[SNMP_TcpExtTCPBacklogDrop];
	u32 limit = o.sk->sk_rcvbuf + o.sk->sk_sndbuf + SOCK_BACKLOG_EXTRA;
	u32 most = 0, reached_at = 0, next;
	static u8 got[SEGMENTS * LEN];
	s64 n;

	assert_int_equal(o.sk->sk_rcvbuf, SOCK_MIN_RCVBUF);
	assert_int_equal(o.sk->sk_sndbuf, SOCK_MIN_SNDBUF);
	o.sk->sk_lock.owned = true; /* as if a thread had called lock_sock() */
	for (u32 i = 0; i < SEGMENTS; i++) {
		segment(ISN + 1 + i * LEN, o.ack, TCPHDR_ACK, LEN);
		run();
		if (!reached_at && snmp_counters[SNMP_TcpExtTCPBacklogDrop] > counted)
			reached_at = o.sk->sk_backlog.len;
		most = max(most, o.sk->sk_backlog.len);
	}
	/* The full backlog exceeds its limit by at most one packet. */
	assert_true(reached_at > limit);
	assert_in_range(most, limit + 1, limit + 2 * SKB_TRUESIZE(2048));
	assert_int_equal(most, reached_at);
	counted = snmp_counters[SNMP_TcpExtTCPBacklogDrop] - counted;
	assert_in_range(counted, 1, SEGMENTS - SOCK_BACKLOG_EXTRA / (2 * SKB_TRUESIZE(2048)));
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_SOCKET_BACKLOG] - drops, counted);

	o.sk->sk_lock.owned = false;
	/* As on Linux, the first recv() finds no data and then processes the backlog; the second gets the data. */
	n = call(__NR_recvfrom, o.fd, got, sizeof(got), MSG_DONTWAIT, 0);
	assert_int_equal(n, -EAGAIN);
	n = call(__NR_recvfrom, o.fd, got, sizeof(got), MSG_DONTWAIT, 0);
	assert_true(n >= LEN);
	assert_int_equal(o.sk->sk_backlog.len, 0);
	assert_null(o.sk->sk_backlog.head);
	/* A retransmission of a dropped segment is accepted. */
	next = tcp_sk(o.sk)->rcv_nxt;
	assert_int_equal(next, ISN + 1 + n);
	segment(next, o.ack, TCPHDR_ACK, 10);
	run();
	assert_int_equal(call(__NR_recvfrom, o.fd, got, sizeof(got), MSG_DONTWAIT, 0), 10);
	close_connection(&o, next + 10);
}

/*
 * Packets in backlogs count in tcp_mem.  Above the third mark of tcp_mem, a backlog takes only
 * SOCK_BACKLOG_LEAST bytes, so that an ACK or a reset is not lost.  When the owner releases the socket,
 * no packet is counted twice.
 *
 * LIMIT(SOCK_BACKLOG_LEAST)
 */
static void test_backlogs_count_in_tcp_mem(void **state)
{
	enum { LEN = 100, SEGMENTS = 40 };
	struct open o = open_connection(1);
	u64 counted = snmp_counters[SNMP_TcpExtTCPBacklogDrop];
	int most = sysctl_tcp_mem[2];
	u8 got[SEGMENTS * LEN];
	u32 kept;

	assert_int_equal(sk_memory_allocated(o.sk), 0);
	sysctl_tcp_mem[2] = 1;
	o.sk->sk_lock.owned = true; /* as if a thread had called lock_sock() */
	for (u32 i = 0; i < SEGMENTS; i++) {
		segment(ISN + 1 + i * LEN, o.ack, TCPHDR_ACK, LEN);
		run();
		assert_int_equal(sk_memory_allocated(o.sk), o.sk->sk_backlog.len);
	}
	kept = SEGMENTS - (snmp_counters[SNMP_TcpExtTCPBacklogDrop] - counted);
	assert_int_equal(o.sk->sk_backlog.len % kept, 0);
	assert_in_range(o.sk->sk_backlog.len, SOCK_BACKLOG_LEAST,
			SOCK_BACKLOG_LEAST + o.sk->sk_backlog.len / kept);
	/* With a large tcp_mem only the socket's own limit holds; it is not reached, so a segment is accepted. */
	sysctl_tcp_mem[2] = most;
	segment(ISN + 1 + kept * LEN, o.ack, TCPHDR_ACK, LEN);
	run();
	assert_int_equal(SEGMENTS - kept, snmp_counters[SNMP_TcpExtTCPBacklogDrop] - counted);

	o.sk->sk_lock.owned = false;
	assert_int_equal(call(__NR_recvfrom, o.fd, got, sizeof(got), MSG_DONTWAIT, 0), -EAGAIN);
	assert_int_equal(sk_memory_allocated(o.sk), atomic_read(&o.sk->sk_rmem_alloc));
	assert_int_equal(call(__NR_recvfrom, o.fd, got, sizeof(got), MSG_DONTWAIT, 0),
			 (kept + 1) * LEN);
	assert_int_equal(sk_memory_allocated(o.sk), 0);
	close_connection(&o, ISN + 1 + (kept + 1) * LEN);
}

/*
 * The number of a system call that this test adds.  It empties the route cache, whose locks only a
 * thread of the kernel may take.
 */
#define FORGET_ROUTES (NR_SYSCALLS - 1)
static long forget_routes(long a, long b, long c, long d, long e, long f)
{
	rt_cache_drop();
	return 0;
}

/* ---- a new route lookup ------------------------------------------------------------------------------------------ */

/*
 * Retransmissions stay unanswered.  R1 (RFC 1122 4.2.3.5) is the time that TCP_RETRIES1 retransmissions take with
 * the minimum RTO; each timeout after R1 looks up the route again.  Here the lookup returns a new route.
 *
 * LIMIT(TCP_RETRIES1)
 */
static void test_the_route_is_asked_for_again(void **state)
{
	/* 200 + 400 + 800 + 1600 ms: this kernel's minimum RTO (RFC 6298), doubled three times */
	const u64 r1 = ((2 << TCP_RETRIES1) - 1) * 200 * MS;
	struct open o = open_connection(0);
	struct inet_connection_sock *icsk = inet_csk(o.sk);
	struct dst_entry *before = o.sk->sk_dst_cache;
	u64 first = 0, last = sn_clock();
	u8 seen = 0;

	assert_non_null(before);
	dst_hold(before);
	assert_int_equal(call(__NR_write, o.fd, "x", 1, 0, 0), 1);
	/* Empty the route cache, so that the next lookup returns a new route. */
	assert_int_equal(call(FORGET_ROUTES, 0, 0, 0, 0, 0), 0);
	for (;;) {
		u64 next = run();

		if (o.sk->sk_dst_cache != before)
			break;
		if (icsk->icsk_retransmits > seen) {
			seen = icsk->icsk_retransmits;
			last = sn_clock();
			first = first ? first : last;
		}
		assert_true(next < last + 60000 * MS);
		sn_set_clock(next);
	}
	/* The route was replaced at the first timeout after R1, not at the one before. */
	assert_true(last - first < r1);
	assert_true(sn_clock() - first >= r1);
	assert_int_equal(icsk->icsk_retransmits, seen + 1);
	dst_release(before);
	close_connection(&o, ISN + 1);
}

/* ---- the table of connections -------------------------------------------------------------------------------------- */

/* The hash table of connections grows with memory, within limits.  LIMIT(EHASH_BUCKETS_MIN) LIMIT(EHASH_BUCKETS_MAX) */
static void test_the_table_is_as_large_as_memory_allows(void **state)
{
	const u64 mib = 1 << 20;

	assert_int_equal(inet_ehash_buckets(0), EHASH_BUCKETS_MIN);
	assert_int_equal(inet_ehash_buckets(2 * mib), EHASH_BUCKETS_MIN);
	assert_int_equal(inet_ehash_buckets(4 * mib), 256);
	assert_int_equal(inet_ehash_buckets(4 * mib + 16384), 512);
	assert_int_equal(inet_ehash_buckets(256 * mib), 16384);
	assert_int_equal(inet_ehash_buckets(1024 * mib), EHASH_BUCKETS_MAX);
	assert_int_equal(inet_ehash_buckets(1ULL << 40), EHASH_BUCKETS_MAX);
	/* The booted kernel has as many buckets as inet_ehash_buckets() says. */
	assert_int_equal(tcp_hashinfo.ehash_mask + 1, inet_ehash_buckets(RAM));
}

/* ---- before and after ------------------------------------------------------------------------------------------------ */

static u64 live_socks;

static int boot(void **state)
{
	static const struct syscall_def def = {FORGET_ROUTES, forget_routes, "forget_routes"};

	if (sn_set("ram", RAM) || sn_boot(3, "app=none"))
		return -1;
	register_syscalls(&def, 1);
	pass(QUIET);
	live_socks = tcp_prot.slab->live;
	return 0;
}

static int teardown(void **state)
{
	pass(QUIET);
	if (sn_warn_count())
		fail_msg("%s", sn_console());
	assert_int_equal(tcp_prot.slab->live, live_socks);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_the_backlog_is_bounded, teardown),
		cmocka_unit_test_teardown(test_backlogs_count_in_tcp_mem, teardown),
		cmocka_unit_test_teardown(test_the_route_is_asked_for_again, teardown),
		cmocka_unit_test_teardown(test_the_table_is_as_large_as_memory_allows, teardown),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
