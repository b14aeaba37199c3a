/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out, at every place where the network allocates it.
 *
 * A connection's life (socket, handshake, data both ways, close) is played again and again.  In the
 * Nth play the Nth allocation of one host fails, until a play makes fewer than N allocations.  In
 * each play neither host may crash or hang, a call that fails must return the reason, accepted data
 * must arrive completely, and at the end no object, page, timer or descriptor may be left.
 *
 * Other scenes take all free pages away for a while.  The device's ring must stay full: the driver
 * drops a frame whose buffer it cannot replace, and puts that buffer back into the ring.
 */
#include "tests/hosted/scene_forge.h"

#include "tests/host/virtio_model.h"

#define PORT      7
#define OFFLOADS  (1ULL << 0 | 1ULL << 11 | 1ULL << 13) /* VIRTIO_NET_F_CSUM, HOST_TSO4, HOST_ECN */
#define BYTES     20000       /* more than the first window of either side */
#define AFTER_ALL (200 * SEC) /* longer than TIME_WAIT and than the life of a request */
#define PLAYS_MAX 5000
#define LOAD      60000 /* bytes on each connection; they fit into the window even without a reader */

static uint8_t load[LOAD], got[LOAD];

static bool out_of_memory(int64_t result)
{
	return result == -ENOMEM || result == -ENOBUFS || result == -ENFILE || result == -EMFILE;
}

/*
 * Returns the accepted connection.  If accept() fails for want of memory, the connection stays in
 * the queue, and another accept() gets it.
 */
static int accept_at_last(int listener, int64_t ticket)
{
	int64_t fd = scene_end(B, ticket);

	if (fd < 0) {
		assert_true(out_of_memory(fd));
		fd = scene_accept(B, listener);
	}
	assert_true(fd >= 0);
	return fd;
}

/*
 * Interrupts the accept() of @ticket after the client gave up, and closes the connection if
 * accept() returned one.
 */
static void call_off(int64_t ticket)
{
	int64_t fd;

	scene_interrupt(B, ticket);
	fd = scene_end(B, ticket);
	if (fd >= 0)
		scene_close(B, fd);
	else
		assert_true(fd == -EINTR || out_of_memory(fd));
}

/*
 * The allocation that fails: the @n-th of @victim, counted from the start of a_life() or, with
 * @once_open, from the end of the handshake.
 */
struct fault {
	struct host *victim;
	int lowest; /* lowest free descriptor at the start; if it is higher at the end, one leaked */
	bool once_open;
	unsigned int n;
};

static void arm(const struct fault *fault, bool open)
{
	if (fault->once_open == open)
		fault->victim->set("fail_alloc", fault->n);
}

static void a_life(int listener, const struct fault *fault)
{
	int64_t ticket, a, err;
	int b;

	arm(fault, false);
	a = scene_call(A, SYS_socket, AF_INET, SOCK_STREAM, 0);
	if (a < 0) {
		assert_true(out_of_memory(a));
		return;
	}
	ticket = scene_begin_accept(B, listener);
	err = scene_connect(A, a, B, PORT);
	if (err) {
		assert_true(out_of_memory(err));
		call_off(ticket);
	} else {
		b = accept_at_last(listener, ticket);
		arm(fault, true);
		scene_carry(A, a, B, b, BYTES);
		scene_carry(B, b, A, a, BYTES);
		assert_int_equal(scene_close(B, b), 0);
	}
	assert_int_equal(scene_close(A, a), 0);
}

static int listen_and_forget(void)
{
	int listener = scene_listen(B, PORT, 8);

	host_set_baseline(A);
	host_set_baseline(B);
	return listener;
}

static int lowest_number(struct host *h)
{
	int fd = scene_socket(h);

	assert_int_equal(scene_close(h, fd), 0);
	return fd;
}

static void nothing_is_left(const struct fault *fault)
{
	scene_sleep(AFTER_ALL);
	if (conductor_check(scene->conductor, stderr) ||
	    lowest_number(fault->victim) != fault->lowest)
		fail_msg("after allocation %u of host %s failed", fault->n,
			 scene_host_name(fault->victim));
}

static void fail_each(struct host *victim, bool once_open)
{
	struct fault fault = {.victim = victim, .once_open = once_open};
	int listener = listen_and_forget();
	uint64_t refused;

	fault.lowest = lowest_number(victim);
	do {
		assert_true(++fault.n < PLAYS_MAX);
		refused = victim->stat("allocs_refused");
		a_life(listener, &fault);
		victim->set("fail_alloc", 0);
		nothing_is_left(&fault);
	} while (victim->stat("allocs_refused") > refused);
	/*
	 * A whole connection makes more than 20 allocations; if there were fewer, the scene did not
	 * run one.
	 */
	assert_true(fault.n > 20);
	assert_int_equal(scene_close(B, listener), 0);
}

static void each_allocation_of_the_client_fails_once(void)
{
	fail_each(A, false);
}

static void each_allocation_of_the_server_fails_once(void)
{
	fail_each(B, false);
}

/*
 * Retransmissions and out-of-order data allocate memory at further places.  The handshake is left
 * out: if its ACK is lost and there is no memory for the second SYN-ACK, the request ends, and the
 * client learns it only when it sends.
 */
static void each_allocation_on_a_bad_wire_fails_once(void)
{
	scene_hostile(16);
	fail_each(A, true);
	fail_each(B, true);
}

/* ---- no pages --------------------------------------------------------------------------------- */

#define LINES 12 /* connections; their windows together exceed the ring's buffers */
/* The driver refills its ring of 256 descriptors only when more than this many are free. */
#define RX_REFILL 64

static void open_lines(int listener, int *a, int *b)
{
	for (int i = 0; i < LINES; i++) {
		a[i] = scene_socket(A);
		assert_int_equal(scene_connect(A, a[i], B, PORT), 0);
		b[i] = scene_accept(B, listener);
		assert_true(b[i] >= 0);
	}
}

static void close_lines(int listener, int *a, int *b)
{
	for (int i = 0; i < LINES; i++) {
		assert_int_equal(scene_close(A, a[i]), 0);
		assert_int_equal(scene_close(B, b[i]), 0);
	}
	assert_int_equal(scene_close(B, listener), 0);
}

static unsigned int free_rx_descriptors(void)
{
	const char *line = strstr(scene_proc(B, "/proc/virtio"), "virtio0-input.0");
	unsigned int size, unused;

	assert_non_null(line);
	assert_int_equal(sscanf(line, "%*s %u %u", &size, &unused), 2);
	return unused;
}

/* A sends while @victim has no free page; everything arrives when @victim has pages again. */
static void starve(struct host *victim)
{
	int a[LINES], b[LINES], listener = scene_listen(B, PORT, LINES);
	uint64_t dropped = B->stat("frames_dropped");
	int64_t sends[LINES], result;

	scene_fill(load, LOAD, 1);
	open_lines(listener, a, b);
	/* First make as many sleeping calls as there will be sends.  Their threads end, and leave
	 * room in the slab for the threads of the sends. */
	for (int i = 0; i < LINES; i++)
		sends[i] = scene_begin(A, SYS_poll, 0, 0, 1);
	for (int i = 0; i < LINES; i++)
		assert_int_equal(scene_end(A, sends[i]), 0);
	scene_mark();
	/* Make such calls on @victim, too: later no page is free for a slab of threads. */
	for (int i = 0; i < LINES; i++)
		sends[i] = scene_begin(victim, SYS_poll, 0, 0, 1);
	for (int i = 0; i < LINES; i++)
		assert_int_equal(scene_end(victim, sends[i]), 0);
	victim->set("keep_pages", 0);
	for (int i = 0; i < LINES; i++)
		sends[i] = scene_begin(A, SYS_sendto, a[i], PTR(load), LOAD, MSG_NOSIGNAL, 0, 0);
	scene_sleep(5 * SEC);
	assert_int_equal(victim->free_pages(), 0);
	/*
	 * If B is the victim, it had no memory for a received frame; if A is, it had no page for
	 * data to send.
	 */
	if (victim == B) {
		assert_true(scene_drops(B, "NOMEM") > 0);
		assert_true(free_rx_descriptors() <= RX_REFILL);
		assert_int_equal(B->stat("frames_dropped"), dropped);
	} else {
		assert_false(scene_is_back(A, sends[LINES - 1], &result));
	}
	victim->set("keep_pages", ~0ULL);
	for (int i = 0; i < LINES; i++) {
		assert_int_equal(scene_end(A, sends[i]), LOAD);
		scene_recv_all(B, b[i], got, LOAD);
		assert_memory_equal(got, load, LOAD);
	}
	close_lines(listener, a, b);
}

static void a_ring_without_pages_stays_full(void)
{
	starve(B);
}

static void a_sender_without_pages_waits_for_some(void)
{
	starve(A);
}

/*
 * Without offloads, software copies a packet, splits it and computes the checksums.  A segment for
 * which there is no memory counts as local congestion (tcp_enter_cwr()) and is sent again.
 */
static void each_allocation_without_offloads_fails_once(void)
{
	fail_each(A, true);
	fail_each(B, true);
}

static struct tcp_info info_of(struct host *h, int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	assert_int_equal(
		scene_call(h, SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, PTR(&info), PTR(&len)), 0);
	return info;
}

/*
 * If the kernel cannot queue a segment for its own device, TCP takes this as congestion (as on
 * Linux): CUBIC reduces cwnd to 7/10.
 */
static void no_room_on_the_way_out_is_congestion(void)
{
	struct pair p = scene_pair();
	unsigned int reduced = 0;

	for (unsigned int n = 1; n < 30; n++) {
		struct tcp_info before, after;
		int64_t writer;

		scene_carry(A, p.a, B, p.b, 3 * BYTES);
		before = info_of(A, p.a);
		A->set("fail_alloc", n);
		writer = scene_begin(A, SYS_write, p.a, PTR(load), BYTES);
		A->set("fail_alloc", 0);
		after = info_of(A, p.a);
		if (after.tcpi_ca_state == TCP_CA_CWR) {
			reduced++;
			assert_int_equal(after.tcpi_snd_ssthresh, before.tcpi_snd_cwnd * 7 / 10);
		}
		assert_int_equal(scene_end(A, writer), BYTES);
		scene_recv_all(B, p.b, got, BYTES);
		scene_sleep(1 * SEC);
	}
	assert_true(reduced > 0);
	assert_int_equal(info_of(A, p.a).tcpi_ca_state, TCP_CA_Open);
	scene_pair_close(&p);
}

/*
 * The route to the client expires between the SYN-ACK and the handshake's last ACK, so the ACK causes a
 * new route lookup.  If there is no memory for the new route or for the child socket, the ACK is
 * dropped, and the next ACK creates the child.
 */
static void no_memory_for_the_route_of_a_child(void)
{
	struct pair p = {.bport = 999, .aport = PORT};
	int listener = scene_listen(A, PORT, 8);
	struct forged f = {.to = A, .sport = 999, .dport = PORT, .flags = SYN_FLAG, .seq = 1000};
	struct icmp_error narrow = {.type = 3, .code = 4, .mtu = 1000, .p = &p};
	bool undone = false;

	scene_drop_many(B, TCP, 1, ALWAYS);
	for (unsigned int n = 1; n < 8; n++) {
		int64_t fd;

		/*
		 * An ICMP error makes A learn a path MTU, which expires after ten minutes together
		 * with its route (RFC 1191).
		 */
		scene_mark();
		f = (struct forged){
			.to = A, .sport = 999, .dport = PORT, .flags = SYN_FLAG, .seq = 1000};
		forge(&f);
		f.flags = ACK_FLAG;
		f.seq++;
		f.ack = scene_last(A, SYNACK)->seq + 1;
		forge(&f);
		fd = scene_accept(A, listener);
		assert_true(fd >= 0);
		scene_send_all(A, fd, "x", 1);
		narrow.seq = f.ack;
		forge_icmp(&narrow);
		scene_sleep(1 * MS);
		assert_int_equal(scene_get(A, fd, IPPROTO_IP, IP_MTU), 1000);
		f.flags = RST_FLAG;
		forge(&f);
		scene_close(A, fd);
		scene_sleep(600 * SEC - 500 * MS);
		scene_mark();
		f = (struct forged){
			.to = A, .sport = 999, .dport = PORT, .flags = SYN_FLAG, .seq = 5000};
		forge(&f);
		scene_sleep(700 * MS); /* the SYN-ACK is sent again only after a second */
		A->set("fail_alloc", n);
		f.flags = ACK_FLAG;
		f.seq++;
		f.ack = scene_last(A, SYNACK)->seq + 1;
		forge(&f);
		A->set("fail_alloc", 0);
		undone |= scene_counter(A, "Ip.OutNoRoutes") > 0;
		if (scene_state(A, PORT, 999) == TCP_SYN_RECV)
			forge(&f);
		fd = scene_accept(A, listener);
		assert_true(fd >= 0);
		f.flags = RST_FLAG;
		forge(&f);
		scene_close(A, fd);
	}
	assert_true(undone);
	scene_close(A, listener);
}

/*
 * There is no memory for the first SYN-ACK, so the timer sends one after a second and another two
 * seconds later.  The client's ACK echoes the timestamp of the first of these two SYN-ACKs. So the
 * round trip is measured from that SYN-ACK, and no loss is assumed (RFC 6928 2, as in
 * tests/packet/scripts/cwnd/ten-after-spurious-synacks.pkt; Linux takes the timestamp when it makes
 * a SYN-ACK).
 */
static void the_handshake_begins_with_the_first_synack(void)
{
	int listener = scene_listen(B, PORT, 5), fd;
	struct forged f = {.sport = 999, .dport = PORT, .flags = SYN_FLAG, .seq = 1000};
	const struct seg *first;
	struct tcp_info info;
	socklen_t len = sizeof(info);

	stamp(&f, 100, 0);
	scene_drop_many(B, SYNACK, 1, ALWAYS); /* A has no such socket and would send a reset */
	/* The first four allocations are for the ring, the packet and the request; the fifth, for the SYN-ACK, fails. */
	B->set("fail_alloc", 5);
	forge(&f);
	B->set("fail_alloc", 0);
	assert_int_equal(scene_count(B, SYNACK), 0);
	scene_sleep(3100 * MS);
	assert_int_equal(scene_count(B, SYNACK), 2);
	first = scene_nth(B, SYNACK, 1);
	f.flags = ACK_FLAG;
	f.seq = 1001;
	f.ack = first->seq + 1;
	stamp(&f, 3100, first->tsval);
	forge(&f);
	fd = scene_accept(B, listener);
	assert_true(fd >= 0);
	assert_int_equal(
		scene_call(B, SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, PTR(&info), PTR(&len)), 0);
	assert_int_equal(info.tcpi_total_retrans, 2);
	assert_int_equal(info.tcpi_snd_cwnd, 10);
	/* The round trip in us, measured from the first SYN-ACK to the ACK with the timestamps. */
	assert_in_range(info.tcpi_rtt, 2090000, 2110000);
	scene_linger(B, fd, true, 0);
	scene_close(B, fd);
	scene_close(B, listener);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(each_allocation_of_the_client_fails_once),
		SCENE(each_allocation_of_the_server_fails_once),
		SCENE(each_allocation_on_a_bad_wire_fails_once),
		SCENE(a_ring_without_pages_stays_full),
		SCENE(a_sender_without_pages_waits_for_some),
		SCENE_WITH(each_allocation_without_offloads_fails_once,
			   {"features", MODEL_FEATURES_DEFAULT & ~OFFLOADS}),
		SCENE_WITH(no_room_on_the_way_out_is_congestion,
			   {"features", MODEL_FEATURES_DEFAULT & ~OFFLOADS}),
		SCENE(no_memory_for_the_route_of_a_child),
		SCENE(the_handshake_begins_with_the_first_synack),
	};

	return scene_play(tests);
}
