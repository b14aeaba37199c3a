/* SPDX-License-Identifier: MIT */
/*
 * Each allocation of the network fails once, in connections that open, close and lose packets in many ways.
 *
 * In each play the Nth allocation of one host fails, for every N (refused.h); the play must end without a crash,
 * a hang or a leak, and an error must be one that a lack of memory explains.  `make hosted` compares the call
 * sites that failed here and in test_exhaustion with all call sites of the kernel (alloc_sites.py).
 */
#include "tests/hosted/refused.h"

#include <linux/net_tstamp.h>

#include "tests/host/virtio_model.h"

#define PORT  7
#define BYTES 20000 /* more than the first window of either side */

static int listener = -1;

static void refuse_on_both(void (*play)(void))
{
	refuse_each(A, listener, play);
	refuse_each(B, listener, play);
}

/* Plays with a listener that exists before the first allocation fails. */
static void refuse_with_listener(int backlog, void (*play)(void))
{
	listener = scene_listen(B, PORT, backlog);
	scene_nonblock(B, listener);
	refuse_on_both(play);
	assert_int_equal(scene_close(B, listener), 0);
	listener = -1;
}

/*
 * The number of allocations that come before a rare allocation may differ from play to play, so single failures may
 * miss the rare allocation.  Two failures in a row reach it.
 */
static void refuse_rare(void (*play)(void))
{
	for (unsigned int row = 1; row <= 2; row++) {
		A->set("fail_row", row);
		B->set("fail_row", row);
		refuse_with_listener(8, play);
	}
	A->set("fail_row", 1);
	B->set("fail_row", 1);
}

/* ---- opening ------------------------------------------------------------------------------------ */

static void open_and_close(void)
{
	struct pair p = refused_pair();

	refused_carry(A, p.a, B, p.b, 100);
	refused_close(&p);
}

static void handshake(void)
{
	refuse_with_listener(8, open_and_close);
}

static void handshake_with_cookies(void)
{
	scene_sysctl(B, "net/ipv4/tcp_syncookies", "2");
	refuse_with_listener(8, open_and_close);
}

/* The SYN's headers are kept for TCP_SAVED_SYN. */
static void handshake_with_saved_syn(void)
{
	listener = scene_listen(B, PORT, 8);
	scene_nonblock(B, listener);
	scene_set(B, listener, IPPROTO_TCP, TCP_SAVE_SYN, 1);
	refuse_on_both(open_and_close);
	assert_int_equal(scene_close(B, listener), 0);
	listener = -1;
}

static int fast_open_flags; /* MSG_ZEROCOPY, or 0 */

/*
 * Fast Open: the SYN has the first data, for which B makes the child at once; the rest follows the handshake. All
 * bytes that sendto() accepts arrive.
 */
static void fast_open_and_close(void)
{
	static uint8_t sent[3000], got[sizeof(sent)];
	int64_t fd = may(A, SYS_socket, AF_INET, SOCK_STREAM, 0), child, n, accepted, done = 0;

	if (fd < 0)
		return;
	scene_fill(sent, sizeof(sent), 7);
	scene_timeout(A, fd, SO_SNDTIMEO, 120000);
	if (fast_open_flags & MSG_ZEROCOPY)
		scene_set(A, fd, SOL_SOCKET, SO_ZEROCOPY, 1);
	accepted = may(A, SYS_sendto, fd, PTR(sent), sizeof(sent),
		       MSG_FASTOPEN | MSG_NOSIGNAL | fast_open_flags, PTR(scene_address(B, PORT)),
		       sizeof(struct sockaddr_in));
	should(accepted, sizeof(sent));
	scene_sleep(10 * SEC);
	child = accepted < 0 ? accepted : may(B, SYS_accept4, listener, 0, 0, 0);
	while (child >= 0 && (n = scene_recv_now(B, child, got + done, sizeof(got) - done)) > 0)
		done += n;
	if (child >= 0)
		assert_int_equal(done, accepted);
	assert_memory_equal(sent, got, done);
	refused_close_fd(A, fd);
	refused_close_fd(B, child);
}

static void set_fast_open_keys(void)
{
	int64_t fd = may(B, SYS_socket, AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return;
	for (unsigned int i = 0; i < 2; i++)
		may(B, SYS_setsockopt, fd, IPPROTO_TCP, TCP_FASTOPEN_KEY, PTR("0123456789abcdef"),
		    16);
	refused_close_fd(B, fd);
}

static void fast_open(void)
{
	scene_sysctl(A, "net/ipv4/tcp_fastopen", "5"); /* data without a cookie */
	/* data without a cookie, at each listener */
	scene_sysctl(B, "net/ipv4/tcp_fastopen", "0x602");
	for (int i = 0; i < 2; i++) {
		fast_open_flags = i ? MSG_ZEROCOPY : 0;
		refuse_with_listener(8, fast_open_and_close);
	}
	refuse_each(B, -1, set_fast_open_keys);
}

static void listen_and_close(void)
{
	int64_t fd = may(B, SYS_socket, AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return;
	if (!may_result(scene_bind(B, fd, 99)))
		may(B, SYS_listen, fd, 5);
	refused_close_fd(B, fd);
}

static void listening(void)
{
	refuse_each(B, -1, listen_and_close);
}

/* Four clients connect at once; the accept queue has room for two. */
static void overflow(void)
{
	int64_t fd[4], got;

	for (int i = 0; i < 4; i++) {
		fd[i] = may(A, SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (fd[i] >= 0)
			scene_connect(A, fd[i], B, PORT);
	}
	scene_sleep(2 * SEC);
	while ((got = scene_call(B, SYS_accept4, listener, 0, 0, 0)) >= 0) {
		scene_send(B, got, "x", 1);
		scene_sleep(5 * SEC);
		refused_close_fd(B, got);
	}
	for (int i = 0; i < 4; i++)
		refused_close_fd(A, fd[i]);
}

static void accept_queue_overflow(void)
{
	refuse_with_listener(1, overflow);
}

static void accept_queue_overflow_with_reset(void)
{
	scene_sysctl(B, "net/ipv4/tcp_abort_on_overflow", "1");
	refuse_with_listener(1, overflow);
}

static void connect_to(uint32_t address, uint16_t port, int expected)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
	int64_t fd = may(A, SYS_socket, AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return;
	scene_set(A, fd, IPPROTO_TCP, TCP_SYNCNT, 2);
	should(scene_call(A, SYS_connect, fd, PTR(&sin), sizeof(sin)), expected);
	sin.sin_family = AF_UNSPEC;
	should(scene_call(A, SYS_connect, fd, PTR(&sin), sizeof(sin)), 0);
	refused_close_fd(A, fd);
}

static void no_connection(void)
{
	connect_to(0x0a000002, 1, -ECONNREFUSED);
	connect_to(0x0a000063, 1, -EHOSTUNREACH);
	connect_to(0x0b000001, 1, -ENETUNREACH);
	scene_drop_many(A, SYN, 1, ALWAYS);
	connect_to(0x0a000002, 1, -ETIMEDOUT);
	scene_heal();
}

static void connect_anywhere(uint32_t address)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = 9, .sin_addr.s_addr = htonl(address)};
	int64_t fd = scene_call(A, SYS_socket, AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return;
	assert_true(scene_call(A, SYS_connect, fd, PTR(&sin), sizeof(sin)) < 0);
	refused_close_fd(A, fd);
}

static void failed_connects(void)
{
	refuse_on_both(no_connection);
}

/* Returns the number of live objects other than cached routes and link addresses. */
static uint64_t objects_outside_caches(struct host *h)
{
	uint64_t live, sum = 0;
	const char *name;

	for (uint32_t i = 0; !h->cache(i, &name, &live); i++) {
		if (strcmp(name, "neighbour") && strcmp(name, "ip_dst_cache"))
			sum += live;
	}
	return sum;
}

/* Each connect() is to another address, so that route and link address must be allocated each time. */
static void strangers(void)
{
	uint64_t before = objects_outside_caches(A), refused;
	uint32_t address = 0x0a00000a;

	for (unsigned int row = 1; row <= 2; row++) {
		A->set("fail_row", row);
		for (unsigned int n = 1; n < 30; n++) {
			refused = A->stat("allocs_refused");
			A->set("fail_alloc", n);
			connect_anywhere(address++);
			A->set("fail_alloc", 0);
			if (A->stat("allocs_refused") == refused)
				break;
			scene_sleep(200 * SEC);
			assert_int_equal(objects_outside_caches(A), before);
		}
	}
	host_set_baseline(A);
}

/* A ping and its answer in fragments; if an allocation fails, the fragments that are left expire. */
static void ping_in_fragments(void)
{
	forge_ping(3000, 1500);
	scene_sleep(40 * SEC);
}

static void fragments(void)
{
	refuse_each(B, -1, ping_in_fragments);
}

/* A ping, its reply, and the report that B has no socket for a datagram of A. */
static void ping_and_report(void)
{
	int ping = may(A, SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_ICMP);
	int udp = may(A, SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), on = 1;
	static const uint8_t echo[9] = {8};
	struct sockaddr_in to = *scene_address(B, 1);
	char bytes[100];

	if (ping >= 0) {
		may(A, SYS_sendto, ping, PTR(echo), sizeof(echo), 0, PTR(&to), sizeof(to));
		scene_sleep(10 * MS);
		may(A, SYS_recvfrom, ping, PTR(bytes), sizeof(bytes), 0, 0, 0);
	}
	if (udp >= 0) {
		may(A, SYS_setsockopt, udp, IPPROTO_IP, IP_RECVERR, PTR(&on), sizeof(on));
		may(A, SYS_sendto, udp, PTR(echo), sizeof(echo), 0, PTR(&to), sizeof(to));
		scene_sleep(10 * MS);
		may(A, SYS_recvfrom, udp, PTR(bytes), sizeof(bytes), MSG_ERRQUEUE, 0, 0);
	}
	refused_close_fd(A, ping);
	refused_close_fd(A, udp);
	/* The next play may send as many errors again. */
	scene_sleep(10 * SEC);
}

static void pings_and_reports(void)
{
	refuse_each(A, -1, ping_and_report);
	refuse_each(B, -1, ping_and_report);
}

/* The link address of the peer has expired: ARP comes before the connection. */
static void connect_after_a_day(void)
{
	struct pair p;

	scene_sleep(86400 * SEC);
	p = refused_pair();
	refused_close(&p);
}

static void handshake_after_arp(void)
{
	refuse_with_listener(8, connect_after_a_day);
}

/* ---- closing ------------------------------------------------------------------------------------ */

enum order { A_FIRST, B_FIRST, BOTH, A_RESETS, B_RESETS, B_UNREAD, HALVES, ORPHAN, ORDERS };

static void close_in(enum order order, struct pair *p)
{
	switch (order) {
	case A_RESETS:
		scene_linger(A, p->a, true, 0);
		/* fallthrough */
	case A_FIRST:
		refused_close_fd(A, p->a);
		scene_sleep(SEC);
		refused_close_fd(B, p->b);
		break;
	case B_RESETS:
		scene_linger(B, p->b, true, 0);
		/* fallthrough */
	case B_FIRST:
		refused_close_fd(B, p->b);
		scene_sleep(SEC);
		refused_close_fd(A, p->a);
		break;
	case BOTH:
		refused_close(p);
		break;
	case B_UNREAD:
		scene_send(A, p->a, "unread", 6);
		scene_sleep(SEC);
		refused_close_fd(B, p->b);
		refused_close_fd(A, p->a);
		break;
	case HALVES:
		scene_shutdown(A, p->a, SHUT_WR);
		refused_carry(B, p->b, A, p->a, 100);
		scene_shutdown(B, p->b, SHUT_WR);
		refused_close(p);
		break;
	default: /* FIN_WAIT2 ends by its timeout; the other side closes later */
		refused_close_fd(A, p->a);
		scene_sleep(100 * SEC);
		scene_send(B, p->b, "late", 4);
		refused_close_fd(B, p->b);
	}
}

static enum order order;

static void close_it(void)
{
	struct pair p = refused_pair();

	if (p.b >= 0)
		close_in(order, &p);
	else
		refused_close(&p);
}

static void each_order_of_closing(void)
{
	for (order = 0; order < ORDERS; order++)
		refuse_with_listener(8, close_it);
}

/* The client uses its port again while the server is in TIME_WAIT. */
static void again_from_the_same_port(void)
{
	for (int i = 0; i < 2; i++) {
		int64_t fd = may(A, SYS_socket, AF_INET, SOCK_STREAM, 0), got;

		if (fd < 0)
			return;
		scene_set(A, fd, SOL_SOCKET, SO_REUSEADDR, 1);
		if (!may_result(scene_bind(A, fd, 777)) &&
		    !may_result(scene_connect(A, fd, B, PORT))) {
			got = scene_call(B, SYS_accept4, listener, 0, 0, 0);
			refused_close_fd(B, got);
			scene_sleep(SEC);
		}
		refused_close_fd(A, fd);
		scene_sleep(2 * SEC);
	}
}

static void time_wait_reuse(void)
{
	refuse_with_listener(8, again_from_the_same_port);
}

/* ---- transfers ---------------------------------------------------------------------------------- */

static struct pair pair;

/* Transfers @n bytes in each direction after a call of @lose.  Allocations fail from the end of the handshake on. */
static void transfer(size_t n, void (*lose)(void))
{
	pair = refused_pair();
	refuse_from_here();
	lose();
	refused_carry(A, pair.a, B, pair.b, n);
	refused_carry(B, pair.b, A, pair.a, n);
	scene_heal();
	refused_close(&pair);
}

static void lose_some(void)
{
	scene_drop_many(A, DATA, 3, 2);
	scene_drop(A, DATA, 8);
	scene_drop_many(B, DATA, 3, 2);
	scene_drop(B, DATA, 8);
}

static void lose_the_tail(void)
{
	scene_drop_many(A, DATA, 14, 2);
	scene_drop_many(B, DATA, 14, 2);
}

static void lose_all_at_first(void)
{
	scene_drop_many(A, DATA, 1, 10);
	scene_drop_many(B, DATA, 1, 10);
}

static void a_gap(void)
{
	transfer(BYTES, lose_some);
}

static void a_lost_tail(void)
{
	transfer(BYTES, lose_the_tail);
}

static void a_lost_window(void)
{
	transfer(BYTES, lose_all_at_first);
}

static void lose_nothing(void)
{
}

static void simple_transfer(void)
{
	transfer(BYTES, lose_nothing);
}

static void lose_the_end(void)
{
	scene_drop_many(A, DATA, 7, 2);
}

static void a_lost_end(void)
{
	transfer(8 * 1448, lose_the_end);
}

static void losses(void)
{
	refuse_with_listener(8, a_gap);
	refuse_with_listener(8, a_lost_tail);
	refuse_with_listener(8, a_lost_window);
	refuse_with_listener(8, a_lost_end);
}

static void losses_without_sack(void)
{
	scene_sysctl(A, "net/ipv4/tcp_sack", "0");
	losses();
}

static void losses_without_rack(void)
{
	scene_sysctl(A, "net/ipv4/tcp_recovery", "0");
	scene_sysctl(B, "net/ipv4/tcp_recovery", "0");
	losses();
}

/* The peer reads nothing for a while: its window closes, and A probes. */
static void closed_window(void)
{
	static uint8_t bytes[60000];
	int64_t n, got = 0, sent = 0;

	pair = refused_pair();
	refuse_from_here();
	if (pair.b >= 0) {
		scene_set(B, pair.b, SOL_SOCKET, SO_RCVBUF, 4096);
		scene_nonblock(A, pair.a);
		for (int i = 0; i < 8; i++) {
			n = scene_send(A, pair.a, bytes, sizeof(bytes));
			sent += n > 0 ? n : 0;
			scene_sleep(3 * SEC);
		}
		while (got < sent && (n = may_result(scene_recv(B, pair.b, bytes, 1000))) > 0)
			got += n;
		should(got, sent);
	}
	refused_close(&pair);
}

static void window_probes(void)
{
	refuse_with_listener(8, closed_window);
}

/*
 * Like closed_window(), but an acknowledgment makes the window smaller than the next segment, or
 * closes it.
 */
static void small_window(bool closed)
{
	struct forged f = {.to = A, .p = &pair, .flags = ACK_FLAG};
	static uint8_t bytes[3000];

	pair = refused_pair();
	if (pair.b >= 0) {
		refused_carry(A, pair.a, B, pair.b, 3000);
		scene_sleep(SEC);
		scene_drop_many(B, TCP, 1, ALWAYS);
		f.seq = next_of(B);
		f.ack = next_of(A);
		f.no_window = closed;
		f.window = 1; /* the window field, before scaling */
		stamp(&f, scene_last(B, TCP)->tsval, scene_last(A, TCP)->tsval);
		forge(&f);
		refuse_from_here();
		scene_send(A, pair.a, bytes, sizeof(bytes));
		scene_sleep(5 * SEC);
		scene_heal();
	}
	refused_close(&pair);
}

static void nearly_closed(void)
{
	small_window(false);
}

static void wholly_closed(void)
{
	small_window(true);
}

static void probes_of_a_small_window(void)
{
	refuse_rare(nearly_closed);
	refuse_rare(wholly_closed);
}

/* Small segments in large buffers are collapsed when the receive buffer is full. */
static void many_small_segments(void)
{
	static uint8_t bytes[8000], got[8000];
	int64_t n, sent = 0, done = 0;

	pair = refused_pair();
	if (pair.b >= 0) {
		scene_set(B, pair.b, SOL_SOCKET, SO_RCVBUF, 8192);
		scene_set(A, pair.a, IPPROTO_TCP, TCP_NODELAY, 1);
		scene_fill(bytes, sizeof(bytes), 3);
		for (sent = 0; sent < 5000; sent += n) {
			n = scene_send(A, pair.a, bytes + sent, 100);
			assert_int_equal(n, 100);
			scene_sleep(5 * MS);
		}
		refuse_from_here();
		for (; sent < 8000; sent += n) {
			n = may_result(scene_send(A, pair.a, bytes + sent, 100));
			if (n < 0)
				break;
			scene_sleep(5 * MS);
		}
		while (done < sent && (n = may_result(scene_recv(B, pair.b, got + done, 500))) > 0)
			done += n;
		assert_memory_equal(bytes, got, done);
		should(done, sent);
	}
	refused_close(&pair);
}

static void collapses(void)
{
	refuse_rare(many_small_segments);
}

/*
 * Clones of sent segments still wait, in the device or for the peer's link address, when @acks forged ACKs arrive.
 * The ACKs acknowledge @acked bytes of the data.  A segment that they acknowledge in part is cut, and needs a fragment
 * table of its own.
 */
static void wait_in(bool in_device, unsigned int acks, unsigned int acked)
{
	struct forged f = {.to = A, .p = &pair, .flags = ACK_FLAG};
	static uint8_t bytes[BYTES];

	pair = refused_pair();
	if (pair.b >= 0) {
		refused_carry(A, pair.a, B, pair.b, 30000);
		scene_sleep(SEC);
		f.seq = next_of(B);
		f.ack = next_of(A) + acked;
		stamp(&f, scene_last(B, TCP)->tsval, scene_last(A, TCP)->tsval);
		if (in_device) {
			A->set("hold_tx", 1);
		} else {
			scene_sleep(86400 * SEC);
			scene_drop_many(B, OTHER, 1, ALWAYS);
		}
		refuse_from_here();
		may_result(scene_send(A, pair.a, bytes, sizeof(bytes)));
		for (unsigned int i = 0; i < acks; i++)
			forge(&f);
		scene_sleep(2 * SEC);
		A->set("hold_tx", 0);
		scene_heal();
		scene_sleep(10 * SEC);
	}
	refused_close(&pair);
}

static void partial_ack_in_device(void)
{
	wait_in(true, 1, 2000);
}

static void partial_ack_before_arp(void)
{
	wait_in(false, 1, 2000);
}

static void duplicate_acks_in_device(void)
{
	wait_in(true, 6, 0);
}

static void clones_that_wait(void)
{
	refuse_rare(partial_ack_in_device);
	refuse_rare(partial_ack_before_arp);
	/*
	 * Without SACK and timestamps, duplicate ACKs make TCP cut the first segment off its
	 * packet.
	 */
	scene_sysctl(A, "net/ipv4/tcp_sack", "0");
	refuse_rare(duplicate_acks_in_device);
}

/* Reports of the error queue: timestamps of sent segments, and the completion of writes with MSG_ZEROCOPY. */
static void reports(void)
{
	static const int flags[] = {
		SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE,
		SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_OPT_TSONLY};
	static uint8_t bytes[3000];

	pair = refused_pair();
	if (pair.b >= 0) {
		refuse_from_here();
		for (int i = 0; i < 2; i++) {
			scene_set(A, pair.a, SOL_SOCKET, SO_TIMESTAMPING, flags[i]);
			may_result(scene_send(A, pair.a, bytes, 100));
			scene_sleep(SEC);
		}
		scene_set(A, pair.a, SOL_SOCKET, SO_ZEROCOPY, 1);
		may(A, SYS_sendto, pair.a, PTR(bytes), 3000, MSG_ZEROCOPY | MSG_NOSIGNAL, 0, 0);
		scene_sleep(SEC);
	}
	refused_close(&pair);
}

static void reports_of_the_error_queue(void)
{
	refuse_rare(reports);
}

/* Several allocations fail in a row, so that the allocation of a fallback fails, too. */
static void in_a_row(void)
{
	for (unsigned int row = 2; row <= 4; row += 2) {
		A->set("fail_row", row);
		B->set("fail_row", row);
		refuse_with_listener(8, simple_transfer);
		refuse_with_listener(8, a_gap);
		refuse_with_listener(8, connect_after_a_day);
	}
}

/* A packet of many fragments is made linear, because the ring has too few entries for it. */
static void small_ring(void)
{
	refuse_with_listener(8, simple_transfer);
}

static void probe_the_mtu(void)
{
	transfer(3 * BYTES, lose_nothing);
}

static void mtu_probes(void)
{
	scene_sysctl(A, "net/ipv4/tcp_mtu_probing", "2");
	scene_sysctl(A, "net/ipv4/tcp_base_mss", "600");
	refuse_rare(probe_the_mtu);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(handshake),
		SCENE(handshake_with_cookies),
		SCENE(handshake_with_saved_syn),
		SCENE(handshake_after_arp),
		SCENE(fast_open),
		SCENE(listening),
		SCENE(accept_queue_overflow),
		SCENE(accept_queue_overflow_with_reset),
		SCENE(failed_connects),
		SCENE(strangers),
		SCENE(fragments),
		SCENE(pings_and_reports),
		SCENE(each_order_of_closing),
		SCENE(time_wait_reuse),
		SCENE(losses),
		SCENE(losses_without_sack),
		SCENE(losses_without_rack),
		SCENE(window_probes),
		SCENE(mtu_probes),
		SCENE(probes_of_a_small_window),
		SCENE(collapses),
		SCENE(clones_that_wait),
		SCENE(reports_of_the_error_queue),
		SCENE(in_a_row),
		SCENE_WITH(small_ring, {"queue_size", 8}),
	};

	return scene_play(tests);
}
