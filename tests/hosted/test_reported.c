/* SPDX-License-Identifier: MIT */
/*
 * Faults that users of other unikernels and small stacks reported: an accept() that stops after
 * some thousands of connections, clients that hang at a short backlog, and a window that stays
 * closed.  docs/storm.md has the list of the reports and of all their tests.
 */
#include "tests/hosted/scene.h"

#define PORT 7

/* ---- a listener that stops ---------------------------------------------------------------------- */

#define ACCEPTS 20000
#define WAVE    50

/*
 * One listener accepts 20,000 connections.  Every third client resets its connection, the others
 * send a byte and close; the server closes in turn.
 */
static void twenty_thousand_accepts(void)
{
	int listener = scene_listen(B, PORT, WAVE);
	char byte = 'x';

	scene_sysctl(A, "net/ipv4/ip_local_port_range", "10000 65000");
	for (unsigned int i = 0; i < ACCEPTS; i++) {
		int a = scene_socket(A), b;

		assert_int_equal(scene_connect(A, a, B, PORT), 0);
		if (i % 3 == 0)
			scene_linger(A, a, true, 0);
		scene_send_all(A, a, &byte, 1);
		b = scene_accept(B, listener);
		assert_true(b >= 0);
		scene_recv_all(B, b, &byte, 1);
		scene_close(A, a);
		scene_close(B, b);
		if (i % WAVE == 0)
			scene_sleep(5 * MS); /* the device has a limited number of buffers */
	}
	assert_int_equal(scene_counter(B, "Tcp.PassiveOpens"), ACCEPTS);
	assert_int_equal(scene_counter(B, "TcpExt.ListenOverflows"), 0);
	assert_int_equal(scene_counter(A, "Tcp.RetransSegs"), 0);
	scene_close(B, listener);
}

/* ---- a short backlog and a slow accept ------------------------------------------------------------ */

#define CLIENTS  40
#define BACKLOG  4
#define REQUEST  100
#define PATIENCE (130 * SEC)

struct client {
	int fd;
	int64_t connecting;
	size_t got;
	bool sent, over, reset;
};

/* Lets @c send when it is connected, and read; returns true if it was served or reset. */
static bool step(struct client *c)
{
	uint8_t bytes[REQUEST];
	int64_t result;

	if (c->over)
		return true;
	if (!c->sent) {
		if (!scene_is_back(A, c->connecting, &result))
			return false;
		assert_int_equal(result, 0);
		scene_fill(bytes, REQUEST, c->fd);
		scene_send_all(A, c->fd, bytes, REQUEST);
		c->sent = true;
	}
	result = scene_recv_now(A, c->fd, bytes, REQUEST - c->got);
	if (result == -EAGAIN)
		return false;
	c->reset = result == -ECONNRESET;
	assert_true(result > 0 || c->reset);
	c->got += c->reset ? 0 : result;
	if (c->got < REQUEST && !c->reset)
		return false;
	c->over = true;
	scene_close(A, c->fd);
	return true;
}

struct server {
	int listener, fd; /* fd: the connection that it serves, or -1 */
	size_t got;
	uint64_t next; /* accepts no connection before this time */
};

/* Accepts a connection if the pause is over, and reads; then answers, closes and pauses. */
static void serve(struct server *s, uint64_t pause)
{
	uint8_t bytes[REQUEST];
	int64_t n;

	if (s->fd < 0) {
		if (scene_now() < s->next)
			return;
		s->fd = scene_call(B, SYS_accept4, s->listener, 0, 0, 0);
		s->got = 0;
		if (s->fd < 0)
			return;
	}
	n = scene_recv_now(B, s->fd, bytes, REQUEST - s->got);
	if (n == -EAGAIN)
		return;
	assert_true(n > 0);
	s->got += n;
	if (s->got < REQUEST)
		return;
	scene_send_all(B, s->fd, bytes, REQUEST);
	scene_close(B, s->fd);
	s->fd = -1;
	s->next = scene_now() + pause;
}

/*
 * 40 clients connect and send at once, to a server with a backlog of 4 that pauses for @pause after each
 * connection.  A client is served, or it is reset: its handshake was complete, but in 63 s the accept
 * queue had no room when its segments came, so the server has forgotten the request.
 *
 * Measured on Linux 6.18 over a loopback device, with the SYN timers of this kernel
 * (tcp_syn_linear_timeouts 0): with pauses of 0.1, 0.5 and 2 s, 40, 33 and 27 clients were served; the
 * last of the others were reset after 107 to 110 s.
 */
static void forty_clients(uint64_t pause, unsigned int most_resets)
{
	struct server server = {.listener = scene_listen(B, PORT, BACKLOG), .fd = -1};
	struct client clients[CLIENTS] = {0};
	unsigned int over = 0, resets = 0;
	uint64_t begin = scene_now();

	scene_nonblock(B, server.listener);
	server.next = begin + pause;
	for (unsigned int i = 0; i < CLIENTS; i++) {
		clients[i].fd = scene_socket(A);
		clients[i].connecting = scene_begin_connect(A, clients[i].fd, B, PORT);
	}
	while (over < CLIENTS && scene_now() - begin < PATIENCE) {
		scene_sleep(10 * MS);
		serve(&server, pause);
		over = 0;
		for (unsigned int i = 0; i < CLIENTS; i++)
			over += step(&clients[i]);
	}
	for (unsigned int i = 0; i < CLIENTS; i++)
		resets += clients[i].reset;
	print_message("[   NOTE   ] %u clients ended, %u by a reset, after %.1f s\n", over, resets,
		      (scene_now() - begin) / 1e9);
	assert_int_equal(over, CLIENTS);
	assert_true(resets <= most_resets);
	assert_true(scene_counter(B, "TcpExt.ListenOverflows") > 0);
	scene_close(B, server.listener);
}

static void forty_clients_and_a_fast_accept(void)
{
	forty_clients(100 * MS, 0);
}

static void forty_clients_and_a_slow_accept(void)
{
	forty_clients(500 * MS, CLIENTS / 2);
}

static void forty_clients_and_a_very_slow_accept(void)
{
	forty_clients(2 * SEC, CLIENTS / 2);
}

/* ---- a window that shuts for ever -------------------------------------------------------------------- */

#define BYTES (256 << 10)

/*
 * B's reader stops and goes on a hundred times.  Each time the first @lost ACKs of B are lost, among
 * them the one that opens the window; only A's probes can find the open window then.
 */
static void a_window_that_opens_unseen(unsigned int lost)
{
	struct pair p = scene_pair();
	uint8_t *sent = malloc(BYTES), *got = malloc(BYTES);
	size_t done = 0;
	int64_t writer;

	scene_set(B, p.b, SOL_SOCKET, SO_RCVBUF, 4096);
	scene_fill(sent, BYTES, 5);
	writer = scene_begin(A, SYS_write, p.a, PTR(sent), BYTES);
	while (done < BYTES) {
		size_t part = BYTES - done < BYTES / 100 ? BYTES - done : BYTES / 100;

		scene_sleep(10 * SEC);
		scene_heal();
		scene_drop_many(B, ACK, 1, lost);
		scene_recv_all(B, p.b, got + done, part);
		done += part;
	}
	assert_memory_equal(sent, got, BYTES);
	assert_int_equal(scene_end(A, writer), BYTES);
	assert_true(scene_counter(A, "TcpExt.TCPWinProbe") > 0);
	scene_pair_close(&p);
	free(sent);
	free(got);
}

static void a_window_whose_update_is_lost(void)
{
	a_window_that_opens_unseen(1);
}

static void a_window_whose_three_updates_are_lost(void)
{
	a_window_that_opens_unseen(3);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(twenty_thousand_accepts),
		SCENE(forty_clients_and_a_fast_accept),
		SCENE(forty_clients_and_a_slow_accept),
		SCENE(forty_clients_and_a_very_slow_accept),
		SCENE(a_window_whose_update_is_lost),
		SCENE(a_window_whose_three_updates_are_lost),
	};

	return scene_play(tests);
}
