/* SPDX-License-Identifier: MIT */
/*
 * The memory of all sockets together is limited (net.ipv4.tcp_mem).  A peer that leaves holes in
 * the data of many connections, or an application that never reads, takes no memory from other
 * connections and no buffers from the device. Linux's tcp(7).
 */
#include "kernel/mm/limits.h"
#include "net/core/limits.h"
#include "net/tcp/limits.h"
#include "tests/hosted/scene_forge.h"

#include <stdio.h>

#define PORT   7
#define PAGE   4096
#define MIB    (1ULL << 20)
#define FLOODS 64 /* connections; their full buffers together would exceed the limit */
#define HONEST 4
#define BYTES  200000

#define DIV_UP(n, by) (((n) + (by)-1) / (by))

static int mem_pages(struct host *h)
{
	const char *at = strstr(scene_proc(h, "/proc/net/sockstat"), " mem ");
	int pages;

	assert_non_null(at);
	assert_int_equal(sscanf(at, " mem %d", &pages), 1);
	return pages;
}

struct marks {
	int low, pressure, most;
};

static struct marks marks_of(struct host *h)
{
	struct marks m;

	assert_int_equal(sscanf(scene_sysctl_get(h, "net/ipv4/tcp_mem"), "%d %d %d", &m.low,
				&m.pressure, &m.most),
			 3);
	return m;
}

/* ---- holes ----------------------------------------------------------------------------------------------- */

static struct forged flood[FLOODS];
static int flood_a[FLOODS], flood_b[FLOODS];

static struct pair one_more(int listener)
{
	struct pair p = {.listener = listener, .bport = PORT};

	p.a = scene_socket(A);
	assert_int_equal(scene_connect(A, p.a, B, PORT), 0);
	p.b = scene_accept(B, listener);
	assert_true(p.b >= 0);
	p.aport = scene_port(A, p.a);
	return p;
}

static void open_floods(int listener)
{
	static char text[1201];

	memset(text, 'x', sizeof(text) - 1);
	for (unsigned int i = 0; i < FLOODS; i++) {
		struct pair p = one_more(listener);

		flood[i] = forged_of(&p, ACK_FLAG);
		flood[i].p = NULL;
		flood[i].sport = p.aport;
		flood[i].dport = p.bport;
		flood[i].data = text;
		flood_a[i] = p.a;
		flood_b[i] = p.b;
	}
}

/* Sends one segment on each flooded connection, within the window and behind a hole. */
static void a_round(unsigned int round)
{
	for (unsigned int i = 0; i < FLOODS; i++) {
		struct forged f = flood[i];

		f.seq += 100 + round % 22 * 1300;
		f.seq += round / 22; /* other sequence numbers than in earlier rounds */
		forge_now(&f);
	}
	scene_sleep(2 * WIRE_DELAY);
}

static void close_floods(void)
{
	for (unsigned int i = 0; i < FLOODS; i++) {
		scene_close(B, flood_b[i]);
		scene_close(A, flood_a[i]);
	}
}

/*
 * While the floods go on, other connections transfer data as if there were none.
 *
 * LIMIT(TCP_MEM_PRESSURE_PART)
 */
static void holes_in(int ram)
{
	int listener = scene_listen(B, PORT, 8), most = 0;
	uint64_t dropped = B->stat("frames_dropped"), few = B->free_pages() / 4;
	struct marks m = marks_of(B);
	struct pair honest[HONEST];
	unsigned int round = 0;

	/* tcp_mem is rounded, and a part of the RAM does not belong to the page allocator. */
	assert_in_range(m.pressure, ram / PAGE / TCP_MEM_PRESSURE_PART * 3 / 4,
			ram / PAGE / TCP_MEM_PRESSURE_PART);
	open_floods(listener);
	for (unsigned int i = 0; i < HONEST; i++)
		honest[i] = one_more(listener);
	scene_sleep(100 * MS);
	assert_int_equal(mem_pages(B), 0);
	scene_mark();
	for (unsigned int i = 0; i < 4 * HONEST; i++) {
		struct pair *p = &honest[i % HONEST];

		for (unsigned int k = 0; k < 11; k++) {
			a_round(round++);
			most = most > mem_pages(B) ? most : mem_pages(B);
			assert_true(B->free_pages() > few);
		}
		if (i & 1)
			scene_carry(A, p->a, B, p->b, BYTES);
		else
			scene_carry(B, p->b, A, p->a, BYTES);
	}
	assert_in_range(most, m.pressure, m.most);
	assert_true(scene_counter(B, "TcpExt.TCPMemoryPressures") >= 1);
	assert_true(scene_counter(B, "TcpExt.OfoPruned") > 0);
	/* The other connections had no retransmission, and no frame was lost for lack of a buffer. */
	assert_int_equal(scene_counter(A, "Tcp.RetransSegs"), 0);
	assert_int_equal(scene_counter(B, "Tcp.RetransSegs"), 0);
	assert_int_equal(scene_counter(B, "TcpExt.TCPRcvQDrop"), 0);
	assert_int_equal(B->stat("frames_dropped"), dropped);
	close_floods();
	scene_sleep(100 * MS);
	assert_int_equal(mem_pages(B), 0);
	for (unsigned int i = 0; i < HONEST; i++) {
		scene_close(A, honest[i].a);
		scene_close(B, honest[i].b);
	}
	scene_close(B, listener);
}

static void holes_on_many_connections(void)
{
	holes_in(16 * MIB);
}

static void holes_on_many_connections_in_4_mib(void)
{
	holes_in(4 * MIB);
}

/* ---- many writers, no reader ----------------------------------------------------------------- */

#define TALKS 8
#define LEN   250000 /* more than a first window and a send buffer together */

static uint8_t sent[TALKS][LEN], got[TALKS][LEN];

/*
 * Checks that the queues of @h hold at most @pages, plus the minimum of each socket: its smallest
 * buffer, which is a page, and the packet that exceeds this buffer.
 *
 * LIMIT(SOCK_RMEM_LEAST) LIMIT(SOCK_WMEM_LEAST)
 */
static void assert_within(struct host *h, int pages)
{
	_Static_assert(SOCK_RMEM_LEAST == PAGE && SOCK_WMEM_LEAST == PAGE, "a page");
	assert_in_range(mem_pages(h), pages * 3 / 4, pages + 2 * TALKS);
}

/* A begins to write on all connections before B reads from any.  @h is the host with little memory. */
static void talks(struct host *h)
{
	int listener = scene_listen(B, PORT, TALKS);
	struct stream all[2 * TALKS];
	struct pair p[TALKS];
	int64_t writers[TALKS], n;

	for (unsigned int i = 0; i < TALKS; i++) {
		p[i] = one_more(listener);
		scene_fill(sent[i], LEN, i);
	}
	scene_mark();
	scene_sysctl(h, "net/ipv4/tcp_mem", "24 32 48");
	for (unsigned int i = 0; i < TALKS; i++)
		writers[i] = scene_begin(A, SYS_sendto, p[i].a, PTR(sent[i]), LEN, 0, 0, 0);
	for (unsigned int i = 0; i < 20; i++) {
		scene_sleep(100 * MS);
		assert_within(h, 48);
	}
	assert_true(scene_counter(h, "TcpExt.TCPMemoryPressures") >= 1);
	/* If A has little memory, its writers wait until there is more; if B has little, the
	 * writers need not wait. */
	for (unsigned int i = 0; i < TALKS; i++)
		assert_true(h == B || !scene_is_back(A, writers[i], &n));
	/* B reads the connections one after the other, and gets all data of each. */
	for (unsigned int i = 0; i < TALKS; i++) {
		scene_recv_all(B, p[i].b, got[i], LEN);
		assert_memory_equal(sent[i], got[i], LEN);
		assert_int_equal(scene_end(A, writers[i]), LEN);
	}
	/* Then all connections write and read at the same time. */
	for (unsigned int i = 0; i < TALKS; i++) {
		all[2 * i] = (struct stream){.host = A,
					     .fd = p[i].a,
					     .writes = true,
					     .bytes = sent[i],
					     .len = LEN,
					     .step = LEN};
		all[2 * i + 1] = (struct stream){
			.host = B, .fd = p[i].b, .bytes = got[i], .len = LEN, .step = 5000};
	}
	memset(got, 0, sizeof(got));
	scene_streams(all, 2 * TALKS);
	assert_memory_equal(sent, got, sizeof(got));
	scene_sleep(1 * SEC);
	assert_int_equal(mem_pages(A), 0);
	assert_int_equal(mem_pages(B), 0);
	for (unsigned int i = 0; i < TALKS; i++) {
		scene_close(A, p[i].a);
		scene_close(B, p[i].b);
	}
	scene_close(B, listener);
}

static void writers_wait_for_memory(void)
{
	talks(A);
}

static void unread_data_is_bounded(void)
{
	talks(B);
}

/* ---- poll() and write() agree ------------------------------------------------------------------------------ */

/* Returns the number of pages that only softirqs may take: kernel/mm/limits.h:MIN_FREE_FACTOR. */
static unsigned int floor_of(struct host *h)
{
	unsigned long kib, min = 0;

	assert_int_equal(sscanf(scene_proc(h, "/proc/meminfo"), "MemTotal: %lu", &kib), 1);
	while ((min + 1) * (min + 1) <= MIN_FREE_FACTOR * kib)
		min++;
	return min * 1024 / PAGE;
}

static bool may_write(struct host *h, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	assert_true(scene_call(h, SYS_poll, PTR(&p), 1, 0) >= 0);
	return p.revents & POLLOUT;
}

static int64_t try_to_write(struct pair *p, int64_t len)
{
	int64_t n = scene_call(A, SYS_sendto, p->a, PTR(sent[0]), len, MSG_DONTWAIT, 0, 0);

	assert_true(n > 0 || n == -EAGAIN);
	if (n > 0)
		scene_recv_all(B, p->b, got[0], n);
	scene_sleep(100 * MS); /* by then all is acknowledged, so the queue is empty */
	return n;
}

/*
 * poll(2): POLLOUT says that a write will not block.  At each number of free pages around the limit
 * for system calls, a write agrees with poll().
 */
static void poll_agrees_with_write(void)
{
	struct pair p = scene_pair();
	unsigned int yes = 0, no = 0, floor = floor_of(A);

	scene_fill(sent[0], LEN, 0);
	assert_true(try_to_write(&p, 1000) > 0);
	for (unsigned int keep = floor - 8; keep <= floor + 8; keep++) {
		for (int64_t len = 1; len <= 10000; len = len * 100 + 1) {
			unsigned int in_vain = 0;
			bool said;

			A->set("keep_pages", keep);
			assert_true(A->free_pages() == keep);
			said = may_write(A, p.a);
			assert_int_equal(said, keep > floor);
			*(said ? &yes : &no) += 1;
			/*
			 * A packet takes two objects and a page, so a write may need more than the
			 * page that poll() saw.  The caches keep the memory of a failed attempt, so
			 * a few attempts suffice.
			 */
			while (said && try_to_write(&p, len) < 0) {
				said = may_write(A, p.a);
				assert_true(++in_vain <= 3 && keep < floor + 4);
			}
			if (!said)
				assert_int_equal(try_to_write(&p, len), -EAGAIN);
		}
	}
	assert_true(yes && no);
	A->set("keep_pages", ~0ULL);
	scene_pair_close(&p);
}

/*
 * No data is in flight, so no ACK will come.  A writer and a poll() wait, without being woken,
 * until there are pages again; then they are woken within TCP_SHRINK_INTERVAL_MS.
 */
static void a_writer_is_woken_when_pages_return(void)
{
	struct pair p = scene_pair(), q = one_more(p.listener), r = one_more(p.listener);
	struct pollfd poll = {.fd = q.a, .events = POLLOUT};
	int64_t writer, poller, n;

	scene_fill(sent[0], LEN, 0);
	A->set("keep_pages", floor_of(A));
	writer = scene_begin(A, SYS_sendto, p.a, PTR(sent[0]), 100, 0, 0, 0);
	/* On @q a write fails with EAGAIN, and a thread then waits in poll(). */
	assert_int_equal(try_to_write(&q, 100), -EAGAIN);
	poller = scene_begin(A, SYS_poll, PTR(&poll), 1, -1);
	/*
	 * On @r a write fails too, but no thread waits; the kernel stops looking for waiters once
	 * there is memory.
	 */
	assert_int_equal(try_to_write(&r, 100), -EAGAIN);
	scene_sleep(60 * SEC);
	assert_false(scene_is_back(A, writer, &n));
	assert_false(scene_is_back(A, poller, &n));
	A->set("keep_pages", ~0ULL);
	scene_sleep((TCP_SHRINK_INTERVAL_MS + 10) * MS);
	assert_true(scene_is_back(A, writer, &n) && n == 100);
	assert_true(scene_is_back(A, poller, &n) && n == 1);
	assert_int_equal(poll.revents, POLLOUT);
	scene_recv_all(B, p.b, got[0], 100);
	assert_int_equal(try_to_write(&q, 100), 100);
	scene_close(A, q.a);
	scene_close(B, q.b);
	scene_close(A, r.a);
	scene_close(B, r.b);
	scene_pair_close(&p);
}

/*
 * Like a_writer_is_woken_when_pages_return(), but pages are not scarce: all sockets together hold
 * as much as tcp_mem permits.
 */
static void a_writer_is_woken_when_others_let_go(void)
{
	struct pair p = scene_pair(), q = one_more(p.listener);
	struct pollfd poll = {.fd = q.a, .events = POLLOUT};
	int64_t poller, n;
	int size = 60000;

	scene_fill(sent[0], LEN, 0);
	scene_fill(sent[1], LEN, 1);
	/*
	 * Fix the buffer's size. Otherwise the refused write would shrink the buffer, and only an
	 * ACK would make room.
	 */
	assert_int_equal(
		scene_call(A, SYS_setsockopt, q.a, SOL_SOCKET, SO_SNDBUF, PTR(&size), sizeof(size)),
		0);
	/*
	 * A socket may always hold one page (SOCK_WMEM_LEAST).  @q holds more than that, because
	 * the wire loses everything.
	 */
	scene_drop_many(A, TCP, 1, ALWAYS);
	assert_int_equal(scene_call(A, SYS_sendto, p.a, PTR(sent[0]), 20000, 0, 0, 0), 20000);
	assert_int_equal(scene_call(A, SYS_sendto, q.a, PTR(sent[1]), 8192, 0, 0, 0), 8192);
	assert_true(may_write(A, q.a));
	scene_sysctl(A, "net/ipv4/tcp_mem", "1 1 1");
	assert_int_equal(scene_call(A, SYS_sendto, q.a, PTR(sent[1]), 100, MSG_DONTWAIT, 0, 0),
			 -EAGAIN);
	assert_false(may_write(A, q.a));
	poller = scene_begin(A, SYS_poll, PTR(&poll), 1, -1);
	scene_sleep(SEC);
	assert_false(scene_is_back(A, poller, &n));
	scene_sysctl(A, "net/ipv4/tcp_mem", "2688 3584 7168");
	scene_sleep((TCP_SHRINK_INTERVAL_MS + 10) * MS);
	assert_true(scene_is_back(A, poller, &n) && n == 1);
	scene_heal();
	scene_recv_all(B, p.b, got[0], 20000);
	scene_recv_all(B, q.b, got[1], 8192);
	scene_close(A, q.a);
	scene_close(B, q.b);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE_WITH(holes_on_many_connections, {"ram", 16 * MIB}),
		SCENE_WITH(holes_on_many_connections_in_4_mib, {"ram", 4 * MIB}),
		SCENE(writers_wait_for_memory),
		SCENE(unread_data_is_bounded),
		SCENE(poll_agrees_with_write),
		SCENE(a_writer_is_woken_when_pages_return),
		SCENE(a_writer_is_woken_when_others_let_go),
	};

	return scene_play(tests);
}
