/* SPDX-License-Identifier: MIT */
/*
 * TIME_WAIT: the segments that restart it and those that end it; the SYNs that may replace it,
 * whose sequence number is beyond the old connection's or whose timestamp is newer (RFC 6191, RFC
 * 1122 4.2.2.13); and the sockets that may use its port.
 */
#include "net/tcp/limits.h"
#include "tests/hosted/scene_forge.h"

#define PORT 7
#define PEER 999  /* a port of A without a socket; the scene plays the peer */
#define ISN  1000 /* the peer's first sequence number */

/* A connection that B has closed first: B is in TIME_WAIT. */
struct ended {
	int listener;
	uint32_t theirs, ours; /* next sequence numbers: rcv_nxt and snd_nxt of B */
	uint32_t tsval;        /* the newest timestamp that B saw; 0: none */
};

/* Opens and ends a connection with forged segments; they have timestamps unless @tsval is 0. */
static struct ended time_wait(uint32_t isn, uint32_t tsval)
{
	struct ended e = {.listener = scene_listen(B, PORT, 4), .tsval = tsval};
	struct forged f = {.sport = PEER, .dport = PORT, .flags = SYN_FLAG, .seq = isn};
	int b;

	scene_drop_many(A, TCP, 1, ALWAYS); /* A has no such connection and would send resets */
	if (tsval)
		stamp(&f, tsval, 0);
	forge(&f);
	f.flags = ACK_FLAG;
	f.seq++;
	f.ack = scene_last(B, SYNACK)->seq + 1;
	if (tsval)
		stamp(&f, tsval, scene_last(B, SYNACK)->tsval);
	forge(&f);
	b = scene_accept(B, e.listener);
	assert_true(b >= 0);
	scene_close(B, b);
	f.flags = FIN_FLAG | ACK_FLAG;
	f.ack++;
	forge(&f);
	assert_state(B, PORT, PEER, TCP_TIME_WAIT);
	e.theirs = f.seq + 1;
	e.ours = f.ack;
	/* B answers unacceptable segments at most once in half a second; after a second it may answer again. */
	scene_sleep(1 * SEC);
	scene_mark();
	return e;
}

static struct forged from_peer(const struct ended *e, uint8_t flags, uint32_t seq)
{
	return (struct forged){
		.sport = PEER, .dport = PORT, .flags = flags, .seq = seq, .ack = e->ours};
}

/* Checks that B answered only with an ACK that has the old connection's numbers. */
static void assert_answered(const struct ended *e)
{
	assert_state(B, PORT, PEER, TCP_TIME_WAIT);
	assert_int_equal(scene_count(B, TCP), 1);
	assert_int_equal(scene_count(B, ACK), 1);
	assert_int_equal(scene_last(B, ACK)->ack, e->theirs);
	assert_int_equal(scene_last(B, ACK)->seq, e->ours);
}

/* Checks that B began a new connection, whose numbers lie beyond all that the old one can have sent. */
static void assert_taken_over(const struct ended *e, const struct forged *syn)
{
	const struct seg *synack;

	assert_state(B, PORT, PEER, TCP_SYN_RECV);
	assert_int_equal(scene_count(B, TCP), 1);
	synack = scene_last(B, SYNACK);
	assert_int_equal(synack->ack, syn->seq + 1);
	assert_int_equal(synack->seq, e->ours + 65535 + 2); /* Linux's choice */
}

static void let_go(struct ended *e)
{
	scene_close(B, e->listener);
}

/* ---- without timestamps: the numbers decide ----------------------------------------------------------- */

static void a_syn_beyond_the_last_number(void)
{
	struct ended e = time_wait(ISN, 0);
	struct forged syn = from_peer(&e, SYN_FLAG, e.theirs + 1);

	forge(&syn);
	assert_taken_over(&e, &syn);
	let_go(&e);
}

static void a_syn_at_the_last_number(void)
{
	struct ended e = time_wait(ISN, 0);
	struct forged syn = from_peer(&e, SYN_FLAG, e.theirs);

	forge(&syn);
	assert_answered(&e);
	let_go(&e);
}

static void a_syn_below_the_last_number(void)
{
	struct ended e = time_wait(ISN, 0);
	struct forged syn = from_peer(&e, SYN_FLAG, e.theirs - 10000);

	forge(&syn);
	assert_answered(&e);
	/* Modulo 2^32, a number more than 2^31 beyond the last number is below the last number, so
	 * this SYN is old, too. */
	scene_sleep(1 * SEC);
	scene_mark();
	syn.seq = e.theirs + 0x80000001;
	forge(&syn);
	assert_answered(&e);
	let_go(&e);
}

/* The old connection's sequence numbers have wrapped: a SYN beyond them is accepted all the same. */
static void a_syn_beyond_the_wrap(void)
{
	struct ended e = time_wait(0xfffffffe, 0);
	struct forged syn = from_peer(&e, SYN_FLAG, e.theirs + 5);

	assert_int_equal(e.theirs, 0);
	forge(&syn);
	assert_taken_over(&e, &syn);
	let_go(&e);
}

/* ---- with timestamps: these decide, too ------------------------------------------------------------------- */

static void a_syn_with_a_newer_timestamp(void)
{
	struct ended e = time_wait(ISN, 5000);
	struct forged syn = from_peer(&e, SYN_FLAG, e.theirs - 10000);

	stamp(&syn, e.tsval + 1, 0);
	forge(&syn);
	assert_taken_over(&e, &syn);
	let_go(&e);
}

static void a_syn_with_the_same_timestamp(void)
{
	struct ended e = time_wait(ISN, 5000);
	struct forged syn = from_peer(&e, SYN_FLAG, e.theirs - 10000);

	stamp(&syn, e.tsval, 0);
	forge(&syn);
	assert_answered(&e);
	assert_int_equal(scene_counter(B, "TcpExt.PAWSEstab"), 0);
	let_go(&e);
}

/*
 * A SYN with an older timestamp is old, even if its sequence number is far beyond the last one (RFC
 * 7323 5.2).
 */
static void a_syn_with_an_older_timestamp(void)
{
	struct ended e = time_wait(ISN, 5000);
	struct forged syn = from_peer(&e, SYN_FLAG, e.theirs + 10000);

	stamp(&syn, e.tsval - 1, 0);
	forge(&syn);
	assert_answered(&e);
	assert_int_equal(scene_counter(B, "TcpExt.PAWSEstab"), 1);
	let_go(&e);
}

/* ---- without the listener -------------------------------------------------------------------- */

static void a_syn_without_a_listener(void)
{
	struct ended e = time_wait(ISN, 0);
	struct forged syn = from_peer(&e, SYN_FLAG, e.theirs + 1);

	scene_close(B, e.listener);
	forge(&syn);
	assert_answered(&e);
	/*
	 * A minute after the connection's last segment TIME_WAIT is over, and the SYN is refused
	 * like any other.
	 */
	scene_sleep(61 * SEC);
	assert_int_equal(scene_state(B, PORT, PEER), 0);
	scene_mark();
	forge(&syn);
	assert_int_equal(scene_count(B, RST), 1);
}

/* ---- other segments -------------------------------------------------------------------------- */

/* RFC 9293 3.10.7.4: a copy of the FIN is acknowledged again, and TIME_WAIT begins again. */
static void the_fin_again(void)
{
	struct ended e = time_wait(ISN, 0);
	struct forged f = from_peer(&e, FIN_FLAG | ACK_FLAG, e.theirs - 1);

	scene_sleep(40 * SEC);
	forge(&f);
	assert_answered(&e);
	scene_sleep(40 * SEC);
	assert_state(B, PORT, PEER, TCP_TIME_WAIT);
	scene_sleep(21 * SEC);
	assert_int_equal(scene_state(B, PORT, PEER), 0);
	let_go(&e);
}

/* A copy of the last ACK gets no answer: otherwise two ends in TIME_WAIT would answer each other for ever. */
static void the_ack_again(void)
{
	struct ended e = time_wait(ISN, 0);
	struct forged f = from_peer(&e, ACK_FLAG, e.theirs);

	forge(&f);
	assert_state(B, PORT, PEER, TCP_TIME_WAIT);
	assert_int_equal(scene_count(B, TCP), 0);
	let_go(&e);
}

/*
 * In TIME_WAIT, old data is answered at most once in half a second.
 *
 * LIMIT(TCP_INVALID_RATELIMIT_MS)
 */
static void data_is_answered_but_rationed(void)
{
	struct ended e = time_wait(ISN, 0);
	struct forged f = from_peer(&e, ACK_FLAG, e.theirs - 100);

	for (unsigned int i = 0; i < 5; i++)
		forge(&f);
	assert_answered(&e);
	assert_int_equal(scene_counter(B, "TcpExt.TCPACKSkippedTimeWait"), 4);
	assert_int_equal(scene_drops(B, "TCP_TIMEWAIT"), 5);
	scene_sleep(TCP_INVALID_RATELIMIT_MS * MS - 5 * 10 * MS);
	forge(&f);
	forge(&f);
	assert_int_equal(scene_count(B, ACK), 2);
	assert_int_equal(scene_counter(B, "TcpExt.TCPACKSkippedTimeWait"), 5);
	let_go(&e);
}

/* By RFC 1337 a reset should not end TIME_WAIT; as on Linux it does, if its number is exact. */
static void a_reset(void)
{
	struct ended e = time_wait(ISN, 0);
	struct forged f = from_peer(&e, RST_FLAG, e.theirs + 1);

	forge(&f);
	assert_state(B, PORT, PEER, TCP_TIME_WAIT);
	f.seq = e.theirs - 1;
	forge(&f);
	assert_state(B, PORT, PEER, TCP_TIME_WAIT);
	f.seq = e.theirs;
	forge(&f);
	assert_int_equal(scene_state(B, PORT, PEER), 0);
	assert_int_equal(scene_count(B, TCP), 0);
	let_go(&e);
}

/* ---- the port ------------------------------------------------------------------------------------------------------- */

/*
 * A server that was the first to close its connections is started again.  bind() needs SO_REUSEADDR
 * on the old and on the new socket. The old clients come from the same ports and are served at
 * once.
 */
static void a_server_starts_again(void)
{
	struct pair p = scene_pair();
	int fd, client, b;

	scene_close(B, p.b);
	scene_sleep(10 * MS);
	scene_close(A, p.a);
	scene_sleep(10 * MS);
	scene_close(B, p.listener);
	assert_state(B, p.bport, p.aport, TCP_TIME_WAIT);
	fd = scene_socket(B);
	assert_int_equal(scene_bind(B, fd, p.bport), -EADDRINUSE);
	scene_close(B, fd);
	fd = scene_listen(B, p.bport, 4); /* with SO_REUSEADDR */
	client = scene_socket(A);
	assert_int_equal(scene_bind(A, client, p.aport), 0);
	scene_mark();
	assert_int_equal(scene_connect(A, client, B, p.bport), 0);
	assert_int_equal(scene_count(A, SYN), 1);
	b = scene_accept(B, fd);
	scene_carry(A, client, B, b, 5000);
	scene_carry(B, b, A, client, 5000);
	scene_close(A, client);
	scene_close(B, b);
	scene_close(B, fd);
}

/*
 * A client that binds its old port again may connect to the same peer at once, if the old
 * connection had timestamps: a sequence number beyond the old ones and PAWS keep the two
 * connections apart (as on Linux, even if tcp_tw_reuse is 0).
 */
static void a_client_takes_its_own_port_again(void)
{
	struct pair p = scene_pair();
	uint32_t end;
	int fd = scene_socket(A), b;

	scene_sysctl(A, "net/ipv4/tcp_tw_reuse", "0");
	scene_set(A, p.a, SOL_SOCKET, SO_REUSEADDR, 1);
	scene_close(A, p.a);
	scene_close(B, p.b);
	scene_sleep(100 * MS);
	assert_state(A, p.aport, p.bport, TCP_TIME_WAIT);
	end = next_of(A);
	scene_set(A, fd, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(scene_bind(A, fd, p.aport), 0);
	scene_mark();
	assert_int_equal(scene_connect(A, fd, B, p.bport), 0);
	assert_int_equal(scene_last(A, SYN)->seq - end, 65535 + 2);
	assert_int_equal(scene_counter(A, "TcpExt.TWRecycled"), 1);
	b = scene_accept(B, p.listener);
	scene_carry(A, fd, B, b, 5000);
	scene_carry(B, b, A, fd, 5000);
	scene_close(A, fd);
	scene_close(B, b);
	scene_close(B, p.listener);
}

/*
 * The client closed first.  Without timestamps, it cannot connect from its old port to the same
 * peer before TIME_WAIT ends.
 */
static void a_client_waits_for_its_port(void)
{
	int fd = scene_socket(A), other = scene_socket(A), listener;
	struct pair p;

	scene_sysctl(A, "net/ipv4/tcp_timestamps", "0");
	p = scene_pair();
	scene_set(A, p.a, SOL_SOCKET, SO_REUSEADDR, 1);
	scene_close(A, p.a);
	scene_close(B, p.b);
	scene_sleep(100 * MS);
	assert_state(A, p.aport, p.bport, TCP_TIME_WAIT);
	assert_int_equal(scene_bind(A, fd, p.aport), -EADDRINUSE);
	scene_set(A, fd, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(scene_bind(A, fd, p.aport), 0);
	assert_int_equal(scene_connect(A, fd, B, p.bport), -EADDRNOTAVAIL);
	/* The client may connect to another port of the peer. */
	listener = scene_listen(B, 8, 1);
	assert_int_equal(scene_connect(A, fd, B, 8), 0);
	scene_close(A, fd);
	scene_close(B, listener);
	scene_sleep(61 * SEC);
	assert_int_equal(scene_state(A, p.aport, p.bport), 0);
	assert_int_equal(scene_bind(A, other, p.aport), 0);
	assert_int_equal(scene_connect(A, other, B, p.bport), 0);
	scene_close(A, other);
	scene_close(B, p.listener);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_syn_beyond_the_last_number),
		SCENE(a_syn_at_the_last_number),
		SCENE(a_syn_below_the_last_number),
		SCENE(a_syn_beyond_the_wrap),
		SCENE(a_syn_with_a_newer_timestamp),
		SCENE(a_syn_with_the_same_timestamp),
		SCENE(a_syn_with_an_older_timestamp),
		SCENE(a_syn_without_a_listener),
		SCENE(the_fin_again),
		SCENE(the_ack_again),
		SCENE(data_is_answered_but_rationed),
		SCENE(a_reset),
		SCENE(a_server_starts_again),
		SCENE(a_client_takes_its_own_port_again),
		SCENE(a_client_waits_for_its_port),
	};

	return scene_play(tests);
}
