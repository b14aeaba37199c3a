/* SPDX-License-Identifier: MIT */
/*
 * Very many connections: ten thousand at once, every local port in use, more orphans and TIME_WAITs
 * than the limits permit. A connection above a limit is refused and counted, the others are served;
 * afterwards all memory is free again.
 */
#include "net/inet/limits.h"
#include "net/tcp/limits.h"
#include "tests/hosted/scene.h"

#include <stdio.h>

#define PORT  7
#define PORTS (LOCAL_PORT_MAX - LOCAL_PORT_MIN + 1)
#define MIB   (1ULL << 20)

static int a[PORTS], b[PORTS];

/* Returns the number after @what in the line "TCP: inuse 3 orphan 0 tw 0 alloc 5 mem 0". */
static int sockstat(struct host *h, const char *what)
{
	const char *line = strstr(scene_proc(h, "/proc/net/sockstat"), "TCP:"), *at;
	int value;

	assert_non_null(line);
	at = strstr(line, what);
	assert_non_null(at);
	assert_int_equal(sscanf(at + strlen(what), " %d", &value), 1);
	return value;
}

/* Makes the table of files grow for @n files.  The table keeps its pages, so they belong to the baseline. */
static void grow_the_table_of_files(struct host *h, unsigned int n)
{
	int fd = scene_socket(h), last = scene_call(h, SYS_fcntl, fd, F_DUPFD, n + 64);

	assert_int_equal(last, n + 64);
	for (unsigned int i = fd + 1; i < n + 64; i++)
		assert_int_equal(scene_call(h, SYS_dup, fd), i);
	for (unsigned int i = fd; i <= n + 64; i++)
		scene_close(h, i);
	host_set_baseline(h);
}

/* Waits now and then: each close() sends a frame, and the device has a limited number of buffers. */
static void breathe(unsigned int i)
{
	if (i % 64 == 0)
		scene_sleep(5 * MS);
}

/*
 * Returns the @i-th of many sockets.  connect() tries all even ports before the odd ones, so every
 * second socket is bound to an odd port: otherwise each search would visit all ports in use.
 */
static int socket_of_many(unsigned int i)
{
	int fd = scene_socket(A);

	if (i & 1)
		assert_int_equal(scene_bind(A, fd, LOCAL_PORT_MIN + i), 0);
	return fd;
}

/* Opens @n connections from A to B and accepts them; returns the listener. */
static int open_many(unsigned int n)
{
	int listener;

	grow_the_table_of_files(A, n);
	grow_the_table_of_files(B, n);
	listener = scene_listen(B, PORT, 8);

	for (unsigned int i = 0; i < n; i++) {
		a[i] = socket_of_many(i);
		assert_int_equal(scene_connect(A, a[i], B, PORT), 0);
		b[i] = scene_accept(B, listener);
		assert_true(b[i] >= 0);
	}
	return listener;
}

/* ---- connections ------------------------------------------------------------------------------------ */

static void ten_thousand_at_once(void)
{
	enum { N = 10000, LEN = 64 };
	uint8_t sent[LEN], got[LEN];
	int listener = open_many(N);

	assert_int_equal(scene_counter(A, "Tcp.CurrEstab"), N);
	assert_int_equal(scene_counter(B, "Tcp.CurrEstab"), N);
	assert_int_equal(scene_counter(A, "Tcp.ActiveOpens"), N);
	assert_int_equal(scene_counter(B, "Tcp.PassiveOpens"), N);
	/*
	 * All data waits in B's receive queues before the first read; then each connection must get
	 * its own data.
	 */
	for (unsigned int i = 0; i < N; i++) {
		scene_fill(sent, LEN, i);
		scene_send_all(A, a[i], sent, LEN);
		breathe(i);
	}
	for (unsigned int i = 0; i < N; i++) {
		scene_fill(sent, LEN, i);
		scene_recv_all(B, b[i], got, LEN);
		assert_memory_equal(sent, got, LEN);
		scene_send_all(B, b[i], got, LEN);
		breathe(i);
	}
	for (unsigned int i = 0; i < N; i++) {
		scene_fill(sent, LEN, i);
		scene_recv_all(A, a[i], got, LEN);
		assert_memory_equal(sent, got, LEN);
	}
	scene_sleep(1 * SEC);
	/* A closes one half of the connections first, B the other half. */
	for (unsigned int i = 0; i < N; i++) {
		scene_close(i & 1 ? A : B, i & 1 ? a[i] : b[i]);
		breathe(i);
	}
	scene_sleep(1 * SEC);
	for (unsigned int i = 0; i < N; i++) {
		scene_close(i & 1 ? B : A, i & 1 ? b[i] : a[i]);
		breathe(i);
	}
	scene_sleep(1 * SEC);
	assert_int_equal(scene_counter(A, "Tcp.CurrEstab"), 0);
	assert_int_equal(scene_counter(B, "Tcp.CurrEstab"), 0);
	assert_int_equal(sockstat(A, "tw"), N / 2);
	assert_int_equal(sockstat(B, "tw"), N / 2);
	assert_int_equal(scene_counter(A, "Tcp.RetransSegs"), 0);
	assert_int_equal(scene_counter(B, "Tcp.RetransSegs"), 0);
	assert_int_equal(scene_count(A, RST) + scene_count(B, RST), 0);
	scene_close(B, listener);
	scene_sleep(61 * SEC);
	assert_int_equal(sockstat(A, "alloc"), 0);
	assert_int_equal(sockstat(B, "alloc"), 0);
}

/* ---- ports --------------------------------------------------------------------------------------------- */

/* LIMIT(LOCAL_PORT_MIN) LIMIT(LOCAL_PORT_MAX) */
static void every_port_to_one_place(void)
{
	int one_more, listener;
	uint16_t port;

	grow_the_table_of_files(A, PORTS);
	one_more = scene_socket(A);
	/* No peer answers: only the ports matter here. */
	scene_drop_many(A, SYN, 1, ALWAYS);
	for (unsigned int i = 0; i < PORTS; i++) {
		a[i] = socket_of_many(i);
		scene_nonblock(A, a[i]);
		assert_int_equal(scene_connect(A, a[i], B, PORT), -EINPROGRESS);
	}
	assert_int_equal(scene_connect(A, one_more, B, PORT), -EADDRNOTAVAIL);
	assert_int_equal(scene_port(A, one_more), 0);
	assert_int_equal(scene_counter(A, "Tcp.ActiveOpens"), PORTS);
	/* For a connection to another port of B, every local port is free. */
	scene_nonblock(A, one_more);
	assert_int_equal(scene_connect(A, one_more, B, PORT + 1), -EINPROGRESS);
	scene_close(A, one_more);
	/* bind() needs a local port without any connection, and there is none. */
	one_more = scene_socket(A);
	assert_int_equal(scene_bind(A, one_more, 0), -EADDRINUSE);
	/* One port becomes free, and connect() finds it. */
	port = scene_port(A, a[PORTS / 2]);
	scene_close(A, a[PORTS / 2]);
	scene_heal();
	listener = scene_listen(B, PORT, 1);
	assert_int_equal(scene_connect(A, one_more, B, PORT), 0);
	assert_int_equal(scene_port(A, one_more), port);
	scene_close(A, one_more);
	for (unsigned int i = 0; i < PORTS; i++) {
		if (i != PORTS / 2)
			scene_close(A, a[i]);
	}
	scene_close(B, listener);
}

/* ---- orphans and TIME_WAITs ------------------------------------------------------------------ */

static void close_many(struct host *h, const int *fds, unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i < to; i++) {
		scene_close(h, fds[i]);
		breathe(i);
	}
	scene_sleep(10 * MS);
}

/* Returns the limit of orphans, which is also that of TIME_WAITs; it depends on the size of memory. */
static unsigned int most_ends(struct host *h)
{
	unsigned long kib;
	unsigned int most;

	assert_int_equal(sscanf(scene_proc(h, "/proc/meminfo"), "MemTotal: %lu", &kib), 1);
	most = kib * 1024 / CONNECTION_ENDS_BYTES;
	most = most < TIMEWAIT_MAX ? most : TIMEWAIT_MAX;
	_Static_assert(TIMEWAIT_MAX == TCP_ORPHANS_MAX, "one limit must serve for both");
	assert_int_equal(atoi(scene_sysctl_get(h, "net/ipv4/tcp_max_tw_buckets")), most);
	assert_int_equal(atoi(scene_sysctl_get(h, "net/ipv4/tcp_max_orphans")), most);
	return most;
}

/*
 * A few connections are closed in order and enter TIME_WAIT.  Then the wire loses everything, and
 * all others are closed: they become orphans, up to the limit, and the few above it are reset.
 * When the wire works again, the orphans enter TIME_WAIT; they are a few more than the limit of
 * TIME_WAITs permits.
 *
 * LIMIT(TCP_ORPHANS_MAX) LIMIT(TIMEWAIT_MAX) LIMIT(CONNECTION_ENDS_BYTES)
 */
static void more_orphans_and_time_waits_than_there_may_be(void)
{
	enum { FEW = 5, MORE = 7 };
	const unsigned int most = most_ends(A), n = FEW + most + MORE;
	int listener = open_many(n);

	close_many(A, a, 0, FEW);
	close_many(B, b, 0, FEW);
	assert_int_equal(sockstat(A, "tw"), FEW);
	assert_int_equal(sockstat(A, "orphan"), 0);

	scene_drop_many(A, TCP, 1, ALWAYS);
	close_many(A, a, FEW, FEW + most);
	assert_int_equal(sockstat(A, "orphan"), most);
	assert_int_equal(scene_counter(A, "TcpExt.TCPAbortOnMemory"), 0);
	assert_int_equal(scene_count(A, RST), 0);
	close_many(A, a, FEW + most, n);
	assert_int_equal(sockstat(A, "orphan"), most);
	assert_int_equal(scene_counter(A, "TcpExt.TCPAbortOnMemory"), MORE);
	assert_int_equal(scene_count(A, RST), MORE);

	scene_heal();
	scene_sleep(30 * SEC);
	assert_int_equal(sockstat(A, "orphan"), 0);
	assert_int_equal(sockstat(A, "tw"), most);
	assert_int_equal(scene_counter(A, "TcpExt.TCPTimeWaitOverflow"), FEW);
	close_many(B, b, FEW, n);
	scene_close(B, listener);
	scene_sleep(70 * SEC);
	assert_int_equal(sockstat(A, "tw"), 0);
}

static void more_ends_than_64_mib_permit(void)
{
	assert_in_range(most_ends(A), 7000, 8192);
	more_orphans_and_time_waits_than_there_may_be();
}

static void more_ends_than_16_mib_permit(void)
{
	assert_in_range(most_ends(A), 1750, 2048);
	more_orphans_and_time_waits_than_there_may_be();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE_WITH(ten_thousand_at_once, {"ram", 256 * MIB}),
		SCENE_WITH(every_port_to_one_place, {"ram", 256 * MIB}),
		SCENE_WITH(more_orphans_and_time_waits_than_there_may_be, {"ram", 256 * MIB}),
		SCENE_WITH(more_ends_than_64_mib_permit, {"ram", 64 * MIB}),
		SCENE_WITH(more_ends_than_16_mib_permit, {"ram", 16 * MIB}),
	};

	return scene_play(tests);
}
