/* SPDX-License-Identifier: MIT */
/* How connections begin (RFC 9293 3.5): the wire, the states and the queues on both sides. */
#include "tests/hosted/scene.h"

#define PORT 7

static void the_three_segments_and_their_options(void)
{
	struct pair p = scene_pair();
	const struct seg *syn = scene_nth(A, SYN, 1), *synack = scene_nth(B, SYNACK, 1);
	const struct seg *ack = scene_nth(A, ACK, 1);

	scene_expect("a S 0 0 0\n"
		     "b SA 0 1 0\n"
		     "a A 1 1 0\n");
	assert_int_equal(syn->mss, 1460);
	assert_int_equal(synack->mss, 1460);
	/* The scale must suffice for the largest buffer, 6 MiB. */
	assert_in_range(syn->wscale, 6, 14);
	assert_in_range(synack->wscale, 6, 14);
	assert_true(syn->has_ts && synack->has_ts && ack->has_ts);
	assert_int_equal(syn->tsecr, 0);
	assert_int_equal(synack->tsecr, syn->tsval);
	assert_int_equal(ack->tsecr, synack->tsval);
	assert_true(syn->sack_permitted && synack->sack_permitted);
	/* The window of a SYN and of a SYN-ACK is not scaled, that of the ACK is. */
	assert_in_range(syn->window, 10 * 1460, 65535);
	assert_in_range(synack->window, 10 * 1460, 65535);
	assert_in_range((uint32_t)ack->window << syn->wscale, 10 * 1460, 1 << 20);
	assert_int_not_equal(syn->seq, synack->seq);
	assert_int_equal(scene_counter(A, "Tcp.ActiveOpens"), 1);
	assert_int_equal(scene_counter(B, "Tcp.PassiveOpens"), 1);
	assert_int_equal(scene_counter(A, "Tcp.CurrEstab"), 1);
	assert_int_equal(scene_counter(A, "Tcp.OutSegs"), 2);
	assert_int_equal(scene_counter(B, "Tcp.InSegs"), 2);
	assert_int_equal(scene_counter(A, "Tcp.RetransSegs"), 0);
	scene_pair_close(&p);
}

static void each_state_on_the_way(void)
{
	int listener = scene_listen(B, PORT, 4), fd = scene_socket(A), accepted;
	uint16_t port;
	int64_t ticket;

	assert_state(B, PORT, 0, TCP_LISTEN);
	scene_hold(B, SYNACK, 1, 200 * MS);
	scene_hold(A, ACK, 1, 200 * MS);
	ticket = scene_begin_connect(A, fd, B, PORT);
	port = scene_port(A, fd);
	assert_in_range(port, 32768, 60999);
	assert_state(A, port, PORT, TCP_SYN_SENT);
	scene_sleep(100 * MS);
	/* B has a request and no socket yet; /proc shows a request as SYN_RECV, as Linux does. */
	assert_state(B, PORT, port, TCP_SYN_RECV);
	assert_state(A, port, PORT, TCP_SYN_SENT);
	scene_sleep(200 * MS);
	assert_state(A, port, PORT, TCP_ESTABLISHED);
	assert_state(B, PORT, port, TCP_SYN_RECV);
	scene_sleep(200 * MS);
	/* The connection is established before accept() is called. */
	assert_state(B, PORT, port, TCP_ESTABLISHED);
	assert_state(B, PORT, 0, TCP_LISTEN);
	assert_int_equal(scene_end(A, ticket), 0);
	accepted = scene_accept(B, listener);
	assert_true(accepted >= 0);
	assert_int_equal(scene_port(B, accepted), PORT);
	scene_close(A, fd);
	scene_close(B, accepted);
	scene_close(B, listener);
}

static void accept_waits_and_is_woken(void)
{
	int listener = scene_listen(B, PORT, 4), fd = scene_socket(A), accepted;
	struct sockaddr_in peer = {0};
	socklen_t len = sizeof(peer);
	int64_t ticket = scene_begin(B, SYS_accept4, listener, PTR(&peer), PTR(&len), 0), result;

	scene_sleep(10 * SEC);
	assert_false(scene_is_back(B, ticket, &result));
	scene_mark();
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	accepted = scene_end(B, ticket);
	assert_true(accepted >= 0);
	/* The third segment woke the thread, not a timer. */
	assert_ms(scene_now() - scene_nth(A, ACK, 1)->ns, 1, 1);
	assert_int_equal(ntohl(peer.sin_addr.s_addr), 0x0a000001);
	assert_int_equal(ntohs(peer.sin_port), scene_port(A, fd));
	scene_close(A, fd);
	scene_close(B, accepted);
	scene_close(B, listener);
}

static void accept_is_first_come_first_served(void)
{
	int listener = scene_listen(B, PORT, 4), fds[4], accepted;
	struct sockaddr_in peer;

	for (unsigned int i = 0; i < 4; i++) {
		fds[i] = scene_socket(A);
		assert_int_equal(scene_connect(A, fds[i], B, PORT), 0);
	}
	for (unsigned int i = 0; i < 4; i++) {
		socklen_t len = sizeof(peer);

		accepted = scene_call(B, SYS_accept, listener, PTR(&peer), PTR(&len));
		assert_true(accepted >= 0);
		assert_int_equal(ntohs(peer.sin_port), scene_port(A, fds[i]));
		scene_close(B, accepted);
		scene_close(A, fds[i]);
	}
	scene_close(B, listener);
}

static void two_acceptors_get_one_connection_each(void)
{
	int listener = scene_listen(B, PORT, 4), first = scene_socket(A), second = scene_socket(A);
	int64_t one = scene_begin_accept(B, listener), two = scene_begin_accept(B, listener),
		fd_one, fd_two;

	assert_int_equal(scene_connect(A, first, B, PORT), 0);
	scene_sleep(5 * MS);
	/* Only one thread wakes: the one that called accept() first. */
	assert_true(scene_is_back(B, one, &fd_one));
	assert_false(scene_is_back(B, two, &fd_two));
	assert_int_equal(scene_connect(A, second, B, PORT), 0);
	fd_two = scene_end(B, two);
	assert_true(fd_one >= 0 && fd_two >= 0 && fd_one != fd_two);
	scene_close(B, fd_one);
	scene_close(B, fd_two);
	scene_close(A, first);
	scene_close(A, second);
	scene_close(B, listener);
}

static void a_closed_port_refuses(void)
{
	int fd = scene_socket(A);

	assert_int_equal(scene_connect(A, fd, B, 4242), -ECONNREFUSED);
	scene_expect("a S 0 0 0\n"
		     "b RA 0 1 0\n");
	assert_int_equal(scene_counter(A, "Tcp.AttemptFails"), 1);
	assert_int_equal(scene_counter(B, "Tcp.OutRsts"), 1);
	assert_int_equal(scene_drops(B, "NO_SOCKET"), 1);
	/* The same socket may connect again. */
	int listener = scene_listen(B, PORT, 1);

	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	scene_close(A, fd);
	scene_close(B, listener);
}

static void both_open_at_once(void)
{
	int a = scene_socket(A), b = scene_socket(B);
	int64_t connect_a, connect_b;
	char byte = 'x';

	assert_int_equal(scene_bind(A, a, 5000), 0);
	assert_int_equal(scene_bind(B, b, 6000), 0);
	/* Both SYNs are on the wire before either arrives. */
	connect_a = scene_begin_connect(A, a, B, 6000);
	connect_b = scene_begin_connect(B, b, A, 5000);
	scene_sleep(WIRE_DELAY + WIRE_DELAY / 2);
	assert_state(A, 5000, 6000, TCP_SYN_RECV);
	assert_state(B, 6000, 5000, TCP_SYN_RECV);
	assert_int_equal(scene_end(A, connect_a), 0);
	assert_int_equal(scene_end(B, connect_b), 0);
	assert_state(A, 5000, 6000, TCP_ESTABLISHED);
	assert_state(B, 6000, 5000, TCP_ESTABLISHED);
	assert_int_equal(scene_count(A, SYN), 1);
	assert_int_equal(scene_count(B, SYN), 1);
	assert_int_equal(scene_count(A, SYNACK), 1);
	assert_int_equal(scene_count(B, SYNACK), 1);
	assert_int_equal(scene_count(A, RST) + scene_count(B, RST), 0);
	scene_send_all(A, a, "y", 1);
	scene_recv_all(B, b, &byte, 1);
	assert_int_equal(byte, 'y');
	scene_carry(B, b, A, a, 50000);
	scene_close(A, a);
	scene_close(B, b);
}

static void a_backlog_of_two_holds_three(void)
{
	int listener = scene_listen(B, PORT, 2), fds[4], accepted[4];
	int64_t fourth, result;

	for (unsigned int i = 0; i < 4; i++)
		fds[i] = scene_socket(A);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(scene_connect(A, fds[i], B, PORT), 0);
	scene_sleep(10 * MS);
	scene_mark();
	fourth = scene_begin_connect(A, fds[3], B, PORT);
	scene_sleep(100 * MS);
	assert_false(scene_is_back(A, fourth, &result));
	assert_int_equal(scene_counter(B, "TcpExt.ListenOverflows"), 1);
	assert_int_equal(scene_counter(B, "TcpExt.ListenDrops"), 1);
	assert_int_equal(scene_drops(B, "TCP_LISTEN_OVERFLOW"), 1);
	assert_int_equal(scene_count(B, TCP), 0);
	accepted[0] = scene_accept(B, listener);
	/* The queue has room now: the SYN is retransmitted after a second, and then accepted. */
	assert_int_equal(scene_end(A, fourth), 0);
	assert_gap_ms(scene_nth(A, SYN, 1), scene_nth(A, SYN, 2), 999, 1002);
	for (unsigned int i = 1; i < 4; i++) {
		accepted[i] = scene_accept(B, listener);
		assert_true(accepted[i] >= 0);
	}
	for (unsigned int i = 0; i < 4; i++) {
		scene_close(A, fds[i]);
		scene_close(B, accepted[i]);
	}
	scene_close(B, listener);
}

/*
 * The last ACK of a handshake arrives when the accept queue is full: the ACK is dropped, and the
 * SYN-ACK is retransmitted.
 */
static void a_full_accept_queue_drops_the_ack(void)
{
	int listener = scene_listen(B, PORT, 2), fds[4], accepted;
	int64_t ticket;

	for (unsigned int i = 0; i < 4; i++)
		fds[i] = scene_socket(A);
	scene_hold(A, ACK, 1, 100 * MS);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(scene_connect(A, fds[i], B, PORT), 0);
	/* The first connection's ACK arrives last, when three connections wait in the queue. */
	scene_sleep(200 * MS);
	assert_state(B, PORT, scene_port(A, fds[0]), TCP_SYN_RECV);
	assert_int_equal(scene_counter(B, "TcpExt.ListenOverflows"), 1);
	for (unsigned int i = 0; i < 3; i++) {
		accepted = scene_accept(B, listener);
		assert_true(accepted >= 0);
		scene_close(B, accepted);
	}
	ticket = scene_begin_accept(B, listener);
	accepted = scene_end(B, ticket);
	assert_true(accepted >= 0);
	assert_gap_ms(scene_nth(B, SYNACK, 1), scene_last(B, SYNACK), 999, 1010);
	scene_close(B, accepted);
	for (unsigned int i = 0; i < 4; i++)
		scene_close(A, fds[i]);
	scene_close(B, listener);
}

static void listen_again_changes_the_backlog(void)
{
	int listener = scene_listen(B, PORT, 1), fds[4];

	assert_int_equal(scene_call(B, SYS_listen, listener, 3), 0);
	for (unsigned int i = 0; i < 4; i++) {
		fds[i] = scene_socket(A);
		assert_int_equal(scene_connect(A, fds[i], B, PORT), 0);
	}
	scene_sleep(10 * MS);
	assert_int_equal(scene_counter(B, "TcpExt.ListenOverflows"), 0);
	/* No connection was accepted: all are reset when the listener closes. */
	scene_mark();
	scene_close(B, listener);
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(B, RST), 4);
	for (unsigned int i = 0; i < 4; i++) {
		char byte;

		assert_int_equal(scene_recv(A, fds[i], &byte, 1), -ECONNRESET);
		scene_close(A, fds[i]);
	}
}

static void a_listener_that_goes_takes_half_open_ones_along(void)
{
	int listener = scene_listen(B, PORT, 4), fd = scene_socket(A);
	int64_t ticket;

	scene_drop_many(B, SYNACK, 1, ALWAYS);
	ticket = scene_begin_connect(A, fd, B, PORT);
	scene_sleep(100 * MS);
	assert_state(B, PORT, scene_port(A, fd), TCP_SYN_RECV);
	scene_close(B, listener);
	/* The retransmitted SYN finds no listener. */
	assert_int_equal(scene_end(A, ticket), -ECONNREFUSED);
	assert_int_equal(scene_state(B, PORT, scene_port(A, fd)), 0);
	scene_close(A, fd);
}

static void a_host_talks_to_itself(void)
{
	int listener = scene_listen(A, PORT, 4), fd = scene_socket(A), accepted;

	scene_mark();
	assert_int_equal(scene_connect(A, fd, A, PORT), 0);
	accepted = scene_accept(A, listener);
	assert_true(accepted >= 0);
	scene_carry(A, fd, A, accepted, 300000);
	scene_carry(A, accepted, A, fd, 300000);
	scene_close(A, fd);
	scene_expect_eof(A, accepted);
	scene_close(A, accepted);
	scene_close(A, listener);
	assert_int_equal(scene_count(A, TCP), 0); /* no segment is on the wire */
}

static void a_socket_connects_to_itself(void)
{
	int fd = scene_socket(A);
	char got[4] = "";

	assert_int_equal(scene_bind(A, fd, 7777), 0);
	assert_int_equal(scene_connect(A, fd, A, 7777), 0);
	scene_send_all(A, fd, "self", 4);
	scene_recv_all(A, fd, got, 4);
	assert_memory_equal(got, "self", 4);
	scene_close(A, fd);
}

static void a_hundred_connections_at_once(void)
{
	enum { N = 100 };
	int listener = scene_listen(B, PORT, 128), fds[N], accepted[N];
	int64_t tickets[N];
	uint8_t sent[64], got[64];

	for (unsigned int i = 0; i < N; i++)
		fds[i] = scene_socket(A);
	for (unsigned int i = 0; i < N; i++)
		tickets[i] = scene_begin_connect(A, fds[i], B, PORT);
	for (unsigned int i = 0; i < N; i++) {
		assert_int_equal(scene_end(A, tickets[i]), 0);
		accepted[i] = scene_accept(B, listener);
		assert_true(accepted[i] >= 0);
	}
	for (unsigned int i = 0; i < N; i++) {
		scene_fill(sent, sizeof(sent), i);
		scene_send_all(A, fds[i], sent, sizeof(sent));
	}
	for (unsigned int i = 0; i < N; i++) {
		scene_fill(sent, sizeof(sent), i);
		scene_recv_all(B, accepted[i], got, sizeof(got));
		assert_memory_equal(sent, got, sizeof(got));
		scene_close(B, accepted[i]);
		scene_close(A, fds[i]);
	}
	scene_close(B, listener);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(the_three_segments_and_their_options),
		SCENE(each_state_on_the_way),
		SCENE(accept_waits_and_is_woken),
		SCENE(accept_is_first_come_first_served),
		SCENE(two_acceptors_get_one_connection_each),
		SCENE(a_closed_port_refuses),
		SCENE(both_open_at_once),
		SCENE(a_backlog_of_two_holds_three),
		SCENE(a_full_accept_queue_drops_the_ack),
		SCENE(listen_again_changes_the_backlog),
		SCENE(a_listener_that_goes_takes_half_open_ones_along),
		SCENE(a_host_talks_to_itself),
		SCENE(a_socket_connects_to_itself),
		SCENE(a_hundred_connections_at_once),
	};

	return scene_play(tests);
}
