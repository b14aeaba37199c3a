/* SPDX-License-Identifier: MIT */
/*
 * The effect of TCP's sysctls on buffers, windows and loss.  As in test_sysctl_tcp.c, each scene
 * compares values with the default.
 */
#include "net/core/limits.h"
#include "tests/hosted/scene.h"

#include <stdio.h>

#define SIOCOUTQNSD 0x894b
#define MIB         (1 << 20)
#define SEGMENT     1448

static struct tcp_info info_of(struct host *h, int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	assert_int_equal(
		scene_call(h, SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, PTR(&info), PTR(&len)), 0);
	return info;
}

static int unsent(struct host *h, int fd)
{
	int n = -1;

	assert_int_equal(scene_call(h, SYS_ioctl, fd, SIOCOUTQNSD, PTR(&n)), 0);
	return n;
}

/* Writes a MiB without waiting; returns how many bytes @fd accepted. */
static int64_t stuff(struct host *h, int fd)
{
	void *bytes = calloc(1, MIB);
	int64_t sent =
		scene_call(h, SYS_sendto, fd, PTR(bytes), MIB, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);

	free(bytes);
	return sent;
}

/* ---- receiving -------------------------------------------------------------------------------------- */

/*
 * The window is the part of the buffer (131072 bytes) that tcp_adv_win_scale gives, a half or an
 * eighth, rounded down to whole segments.
 */
static void the_part_that_is_window(void)
{
	static const struct {
		const char *scale;
		unsigned int window;
	} cases[] = {{"1", 131072 / 2 / SEGMENT * SEGMENT}, {"-3", 131072 / 8 / SEGMENT * SEGMENT}};

	for (unsigned int i = 0; i < 2; i++) {
		struct pair p;

		scene_sysctl(B, "net/ipv4/tcp_adv_win_scale", cases[i].scale);
		scene_mark();
		p = scene_pair();
		assert_int_equal(scene_nth(B, SYNACK, 1)->window, cases[i].window);
		scene_carry(A, p.a, B, p.b, 200000);
		scene_pair_close(&p);
	}
}

static void a_receive_buffer(const char *rmem, const char *moderate, int first, int least, int most)
{
	struct pair p;
	int fd = scene_socket(B), grown;

	scene_close(B, fd);
	scene_sysctl(B, "net/ipv4/tcp_rmem", rmem);
	scene_sysctl(B, "net/ipv4/tcp_moderate_rcvbuf", moderate);
	fd = scene_socket(B);
	assert_int_equal(scene_get(B, fd, SOL_SOCKET, SO_RCVBUF), first);
	scene_close(B, fd);
	p = scene_pair();
	scene_carry(A, p.a, B, p.b, 4 * MIB);
	grown = scene_get(B, p.b, SOL_SOCKET, SO_RCVBUF);
	assert_in_range(grown, least, most);
	scene_pair_close(&p);
}

static void receive_buffers_grow(void)
{
	a_receive_buffer("4096 131072 6291456", "1", 131072, 300000, 6291456);
}

static void receive_buffers_begin_smaller_and_grow_less(void)
{
	a_receive_buffer("4096 100000 200000", "1", 100000, 150000, 200000);
}

static void receive_buffers_stay(void)
{
	a_receive_buffer("4096 131072 6291456", "0", 131072, 131072, 131072);
}

/*
 * With little memory, receive buffers begin smaller, so that the first windows of all connections
 * do not fill most of the memory; a transfer still works.
 *
 * LIMIT(SOCK_RMEM_DEFAULT_PART) LIMIT(SOCK_RMEM_DEFAULT_LEAST)
 */
static void receive_buffers_begin_with(int least, int most)
{
	struct pair p = scene_pair();

	assert_in_range(scene_get(B, p.b, SOL_SOCKET, SO_RCVBUF), least, most);
	scene_carry(A, p.a, B, p.b, 200000);
	scene_pair_close(&p);
}

static void receive_buffers_in_8_mib(void)
{
	receive_buffers_begin_with(131072, 131072);
}

static void receive_buffers_in_4_mib(void)
{
	receive_buffers_begin_with((4 << 20) * 3 / 4 / SOCK_RMEM_DEFAULT_PART,
				   (4 << 20) / SOCK_RMEM_DEFAULT_PART);
}

static void receive_buffers_with_almost_nothing(void)
{
	receive_buffers_begin_with(SOCK_RMEM_DEFAULT_LEAST, SOCK_RMEM_DEFAULT_LEAST);
}

static void an_application_asks_for_buffers(void)
{
	int fd = scene_socket(A);

	scene_set(A, fd, SOL_SOCKET, SO_RCVBUF, 1000000);
	scene_set(A, fd, SOL_SOCKET, SO_SNDBUF, 1000000);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_RCVBUF), 2000000);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_SNDBUF), 2000000);
	scene_sysctl(A, "net/core/rmem_max", "50000");
	scene_sysctl(A, "net/core/wmem_max", "60000");
	scene_set(A, fd, SOL_SOCKET, SO_RCVBUF, 1000000);
	scene_set(A, fd, SOL_SOCKET, SO_SNDBUF, 1000000);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_RCVBUF), 100000);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_SNDBUF), 120000);
	scene_close(A, fd);
}

/* ---- sending ---------------------------------------------------------------------------------------- */

static void a_send_buffer(const char *wmem, int first, int least, int most)
{
	int fd;
	struct pair p;

	scene_sysctl(A, "net/ipv4/tcp_wmem", wmem);
	fd = scene_socket(A);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_SNDBUF), first);
	scene_close(A, fd);
	p = scene_pair();
	scene_carry(A, p.a, B, p.b, 4 * MIB);
	assert_in_range(scene_get(A, p.a, SOL_SOCKET, SO_SNDBUF), least, most);
	scene_pair_close(&p);
}

static void send_buffers_grow(void)
{
	a_send_buffer("4096 65536 4194304", 65536, 300000, 4194304);
}

static void send_buffers_begin_smaller_and_grow_less(void)
{
	a_send_buffer("4096 20000 100000", 20000, 50000, 100000);
}

/*
 * The congestion window permits ten segments.  Behind them waits as much as the buffer holds, or as
 * TCP_NOTSENT_LOWAT permits.
 */
static void little_may_wait(void)
{
	for (unsigned int i = 0; i < 3; i++) {
		struct pair p;
		int waiting;

		scene_sysctl(A, "net/ipv4/tcp_notsent_lowat", i == 1 ? "10000" : "-1");
		p = scene_pair();
		scene_set(A, p.a, SOL_SOCKET, SO_SNDBUF, 4 * MIB);
		if (i == 2)
			assert_int_equal(scene_set(A, p.a, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 10000),
					 0);
		assert_int_equal(scene_get(A, p.a, IPPROTO_TCP, TCP_NOTSENT_LOWAT),
				 i == 2 ? 10000 : 0);
		assert_true(stuff(A, p.a) > 0);
		waiting = unsent(A, p.a);
		/*
		 * As on Linux, the limit is checked only before a segment is begun, and a segment
		 * may hold 64 KiB.
		 */
		if (!i)
			assert_in_range(waiting, MIB - 20 * SEGMENT, MIB);
		else
			assert_in_range(waiting, 10000, 10000 + 65536);
		assert_int_equal(scene_poll(A, p.a) & POLLOUT, i ? 0 : POLLOUT);
		scene_pair_close(&p);
	}
}

static void a_window_after_a_pause(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct pair p = scene_pair();
		unsigned int before;

		scene_sysctl(A, "net/ipv4/tcp_slow_start_after_idle", i ? "0" : "1");
		scene_carry(A, p.a, B, p.b, MIB);
		before = info_of(A, p.a).tcpi_snd_cwnd;
		assert_true(before > 20);
		scene_sleep(20 * SEC);
		scene_carry(A, p.a, B, p.b, 1);
		if (i)
			assert_true(info_of(A, p.a).tcpi_snd_cwnd >= before);
		else
			assert_in_range(info_of(A, p.a).tcpi_snd_cwnd, 10, 11);
		scene_pair_close(&p);
	}
}

/* ---- loss -------------------------------------------------------------------------------------------- */

/*
 * The first of three segments is lost, so there are at most two duplicate ACKs.  RFC 5681 3.2
 * requires three for a retransmission before the timeout; a smaller tcp_reordering requires fewer.
 */
static void how_many_duplicates_are_a_loss(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct pair p;

		scene_sysctl(A, "net/ipv4/tcp_reordering", i ? "1" : "3");
		scene_sysctl(A, "net/ipv4/tcp_sack", "0");
		p = scene_pair();
		scene_set(A, p.a, IPPROTO_TCP, TCP_NODELAY, 1);
		scene_carry(A, p.a, B, p.b, 200000);
		scene_mark();
		scene_drop(A, DATA, 1);
		scene_send_all(A, p.a, "a", 1);
		scene_send_all(A, p.a, "b", 1);
		scene_send_all(A, p.a, "c", 1);
		scene_sleep(1 * SEC);
		if (i)
			assert_gap_ms(scene_nth(A, DATA, 1), scene_nth(A, DATA, 4), 2, 10);
		else
			assert_gap_ms(scene_nth(A, DATA, 1), scene_nth(A, DATA, 4), 200, 210);
		scene_pair_close(&p);
	}
}

/*
 * There are more duplicate ACKs than segments that can have caused them, so the sender assumes
 * reordering instead of loss; tcp_max_reordering limits the reordering that it assumes.
 */
static void how_much_disorder_is_believed(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct pair p;

		scene_sysctl(A, "net/ipv4/tcp_max_reordering", i ? "4" : "300");
		scene_sysctl(A, "net/ipv4/tcp_sack", "0");
		p = scene_pair();
		scene_set(A, p.a, IPPROTO_TCP, TCP_NODELAY, 1);
		scene_drop(A, DATA, 1);
		for (unsigned int k = 1; k <= 5; k++)
			scene_duplicate(B, ACK, k, 3);
		for (unsigned int k = 0; k < 6; k++)
			scene_send_all(A, p.a, "x", 1);
		scene_sleep(1 * SEC);
		if (i)
			assert_int_equal(info_of(A, p.a).tcpi_reordering, 4);
		else
			assert_in_range(info_of(A, p.a).tcpi_reordering, 5, 300);
		scene_heal();
		scene_pair_close(&p);
	}
}

/* ---- waiting for a larger burst ------------------------------------------------------------------------ */

/* Returns the number of packets that the device got; the device cuts each packet into segments. */
static uint64_t packets_out(struct host *h)
{
	const char *line = strstr(scene_proc(h, "/proc/net/dev"), "eth0:");
	unsigned long long packets;

	assert_non_null(line);
	assert_int_equal(sscanf(line, "eth0: %*u %*u %*u %*u %*u %*u %*u %*u %*u %llu", &packets),
			 1);
	return packets;
}

static uint64_t packets_for_a_mib(const char *divisor)
{
	struct pair p;
	uint64_t before;

	scene_sysctl(A, "net/ipv4/tcp_tso_win_divisor", divisor);
	p = scene_pair();
	before = packets_out(A);
	scene_carry(A, p.a, B, p.b, MIB);
	before = packets_out(A) - before;
	scene_pair_close(&p);
	return before;
}

/*
 * With a divisor of 1000 a packet waits only until it has a thousandth of the window, so it never
 * waits; with 0 it waits only until it has three segments, so it seldom waits.
 *
 * LIMIT(TCP_TSO_WIN_DIVISOR)
 */
static void bursts_are_put_off(void)
{
	uint64_t by_default = packets_for_a_mib("3");

	assert_true(packets_for_a_mib("1000") > by_default);
	assert_true(packets_for_a_mib("0") > by_default);
}

static uint64_t packets_with(const char *name, const char *value)
{
	struct pair p;
	uint64_t before;

	scene_sysctl(A, name, value);
	p = scene_pair();
	before = packets_out(A);
	scene_carry(A, p.a, B, p.b, MIB);
	before = packets_out(A) - before;
	scene_pair_close(&p);
	return before;
}

/* Returns the number of packets that the device gets for one write, with a large window after slow start. */
static uint64_t packets_of_a_write(const char *percent)
{
	static uint8_t bytes[20 * SEGMENT];
	struct pair p;
	uint64_t before;

	scene_sysctl(A, "net/ipv4/tcp_pacing_ca_ratio", percent);
	p = scene_pair();
	scene_drop(A, DATA, 300);
	scene_carry(A, p.a, B, p.b, MIB);
	before = packets_out(A);
	scene_send_all(A, p.a, bytes, sizeof(bytes));
	scene_sleep(100 * MS);
	before = packets_out(A) - before;
	scene_pair_close(&p);
	return before;
}

/*
 * These sysctls decide how much of the window goes to the device in one packet.
 *
 * LIMIT(TCP_MIN_TSO_SEGS) LIMIT(TCP_PACING_SS_RATIO) LIMIT(TCP_PACING_CA_RATIO)
 */
static void bursts_follow_the_path(void)
{
	uint64_t by_default = packets_with("net/ipv4/tcp_pacing_ss_ratio", "200");
	uint64_t least = packets_with("net/ipv4/tcp_pacing_ss_ratio", "0");

	assert_true(least > by_default);
	assert_true(packets_with("net/ipv4/tcp_min_tso_segs", "30") < least / 2);
	packets_with("net/ipv4/tcp_min_tso_segs", "2");
	packets_with("net/ipv4/tcp_pacing_ss_ratio", "200");
	assert_true(packets_of_a_write("0") > packets_of_a_write("1000"));
}

/* ---- memory is short ------------------------------------------------------------------------------------- */

#define CROWD      1000
#define SHORT      1000 /* free pages: fewer than a sixteenth of all pages, so memory is short */
#define SEGMENT_64 (64 << 10)

/* When memory is short, CROWD sockets share a quarter of 64 MiB: 16 KiB for each. */
static int crowd[CROWD];

static void gather(struct host *h)
{
	for (unsigned int twice = 0; twice < 2; twice++) {
		for (unsigned int i = 0; i < CROWD; i++)
			crowd[i] = scene_socket(h);
		for (unsigned int i = 0; !twice && i < CROWD; i++)
			scene_close(h, crowd[i]);
		/* The table of files stays large, so it belongs to the baseline. */
		if (!twice)
			host_set_baseline(h);
	}
}

static void disperse(struct host *h)
{
	h->set("keep_pages", ~0ULL);
	for (unsigned int i = 0; i < CROWD; i++)
		scene_close(h, crowd[i]);
}

static void least_send_buffer_when_memory_is_short(void)
{
	gather(A);
	for (unsigned int i = 0; i < 2; i++) {
		struct pair p = scene_pair();
		int64_t taken;

		scene_set(A, p.a, SOL_SOCKET, SO_SNDBUF, 2 * MIB);
		A->set("keep_pages", SHORT);
		scene_sysctl(A, "net/ipv4/tcp_wmem",
			     i ? "1000000 1000000 4194304" : "4096 65536 4194304");
		taken = stuff(A, p.a);
		/* The last segment may be filled up to the largest packet, beyond the limit. */
		if (i)
			assert_true(taken > 500000);
		else
			assert_in_range(taken, 1, 16384 + SEGMENT_64);
		A->set("keep_pages", ~0ULL);
		scene_pair_close(&p);
	}
	disperse(A);
}

/*
 * The first of thirty segments is lost, and the others arrive one by one.  With the default minimum
 * only some of them stay in the out-of-order queue, with a larger minimum all do.  The sender gets
 * no ACK, so it does not fill the hole.
 */
static void least_receive_buffer_when_memory_is_short(void)
{
	static uint8_t bytes[SEGMENT];

	gather(B);
	for (unsigned int i = 0; i < 2; i++) {
		struct pair p = scene_pair();

		scene_carry(A, p.a, B, p.b, 400000);
		scene_sleep(1 * SEC);
		scene_set(A, p.a, IPPROTO_TCP, TCP_NODELAY, 1);
		scene_sysctl(B, "net/ipv4/tcp_rmem",
			     i ? "1000000 1000000 6291456" : "4096 131072 6291456");
		scene_sysctl(A, "net/ipv4/tcp_slow_start_after_idle", "0");
		B->set("keep_pages", SHORT);
		scene_drop(A, DATA, 1);
		scene_drop_many(B, TCP, 1, ALWAYS);
		scene_mark();
		for (unsigned int k = 0; k < 30; k++) {
			scene_send_all(A, p.a, bytes, sizeof(bytes));
			scene_sleep(2 * MS);
		}
		assert_int_equal(scene_count(A, DATA), 30);
		assert_int_equal(scene_counter(B, "TcpExt.OfoPruned") > 0, !i);
		B->set("keep_pages", ~0ULL);
		scene_heal();
		scene_pair_close(&p);
	}
	disperse(B);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(the_part_that_is_window),
		SCENE(receive_buffers_grow),
		SCENE(receive_buffers_begin_smaller_and_grow_less),
		SCENE(receive_buffers_stay),
		SCENE_WITH(receive_buffers_in_8_mib, {"ram", 8 * MIB}),
		SCENE_WITH(receive_buffers_in_4_mib, {"ram", 4 * MIB}),
		SCENE_WITH(receive_buffers_with_almost_nothing, {"ram", 15 * MIB / 16}),
		SCENE(an_application_asks_for_buffers),
		SCENE(send_buffers_grow),
		SCENE(send_buffers_begin_smaller_and_grow_less),
		SCENE(little_may_wait),
		SCENE(a_window_after_a_pause),
		SCENE(how_many_duplicates_are_a_loss),
		SCENE(how_much_disorder_is_believed),
		SCENE(bursts_are_put_off),
		SCENE(bursts_follow_the_path),
		SCENE(least_send_buffer_when_memory_is_short),
		SCENE(least_receive_buffer_when_memory_is_short),
	};

	return scene_play(tests);
}
