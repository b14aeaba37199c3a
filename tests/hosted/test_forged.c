/* SPDX-License-Identifier: MIT */
/*
 * Forged segments, sent by neither host: guessed resets and SYNs (RFC 5961), old timestamps (RFC
 * 7323), ACKs of data that was never sent, invalid flags and options.  The connection is not
 * affected; the receiver answers where it must.
 */
#include "tests/hosted/scene_forge.h"

#define PORT 7

static void still_alive(struct pair *p)
{
	assert_state(B, p->bport, p->aport, TCP_ESTABLISHED);
	scene_carry(A, p->a, B, p->b, 2000);
	scene_carry(B, p->b, A, p->a, 2000);
}

/*
 * RFC 5961 3.2: only a reset with the exact number ends the connection; one within the window is
 * challenged.
 */
static void a_reset_must_be_exact(void)
{
	struct pair p = scene_pair();
	struct forged f = forged_of(&p, RST_FLAG);
	char byte;

	scene_mark();
	f.seq += 1000;
	f.options_len = 0;
	forge(&f);
	assert_int_equal(scene_count(B, ACK), 1);
	assert_int_equal(scene_counter(B, "TcpExt.TCPChallengeACK"), 1);
	f.seq -= 1000000; /* outside the window */
	scene_mark();
	forge(&f);
	assert_int_equal(scene_count(B, TCP), 0);
	still_alive(&p);
	f = forged_of(&p, RST_FLAG);
	f.options_len = 0;
	forge(&f);
	assert_int_equal(scene_state(B, p.bport, p.aport), 0);
	assert_int_equal(scene_recv(B, p.b, &byte, 1), -ECONNRESET);
	scene_pair_close(&p);
}

/* RFC 5961 4.2: a SYN on an established connection is challenged, whatever its sequence number. */
static void a_syn_in_a_connection(void)
{
	struct pair p = scene_pair();
	struct forged f = forged_of(&p, SYN_FLAG);

	scene_mark();
	forge(&f);
	assert_int_equal(scene_counter(B, "TcpExt.TCPSYNChallenge"), 1);
	f.seq += 1 << 30;
	scene_sleep(1 * SEC);
	forge(&f);
	assert_int_equal(scene_counter(B, "TcpExt.TCPSYNChallenge"), 2);
	assert_int_equal(scene_count(B, RST), 0);
	still_alive(&p);
	scene_pair_close(&p);
}

/* RFC 5961 5.2: data whose ACK is for bytes never sent, or is far in the past, is dropped. */
static void acks_out_of_range(void)
{
	struct pair p = scene_pair();
	struct forged f = forged_of(&p, ACK_FLAG | PSH_FLAG);

	f.data = "evil";
	f.ack += 100000;
	scene_mark();
	forge(&f);
	f.ack -= 100000 + (1u << 30);
	scene_sleep(1 * SEC);
	forge(&f);
	/* The data was dropped. */
	char got[4];

	assert_int_equal(scene_recv_now(B, p.b, got, 4), -EAGAIN);
	still_alive(&p);
	scene_pair_close(&p);
}

static void old_timestamps(void)
{
	struct pair p = scene_pair();
	struct forged f;
	char got[4];

	scene_carry(A, p.a, B, p.b, 100);
	scene_sleep(1 * SEC);
	f = forged_of(&p, ACK_FLAG | PSH_FLAG);
	f.data = "old!";
	stamp(&f, scene_last(A, TCP)->tsval - 5000, scene_last(B, TCP)->tsval);
	scene_mark();
	forge(&f);
	assert_int_equal(scene_recv_now(B, p.b, got, 4), -EAGAIN);
	assert_int_equal(scene_counter(B, "TcpExt.PAWSEstab"), 1);
	assert_int_equal(scene_drops(B, "TCP_PAWS"), 1);
	/*
	 * RFC 7323 5.3 R1: the old segment is answered with an ACK, so that a genuine peer learns
	 * our numbers.
	 */
	assert_int_equal(scene_count(B, ACK), 1);
	still_alive(&p);
	scene_pair_close(&p);
}

static void data_outside_the_window(void)
{
	struct pair p = scene_pair();
	struct forged f = forged_of(&p, ACK_FLAG);

	f.data = "far";
	f.seq += 10 << 20;
	scene_mark();
	forge(&f);
	assert_int_equal(scene_count(B, ACK), 1);
	f.seq -= 20 << 20;
	scene_sleep(1 * SEC);
	forge(&f);
	assert_int_equal(scene_count(B, ACK), 2);
	still_alive(&p);
	scene_pair_close(&p);
}

static void invalid_headers(void)
{
	struct pair p = scene_pair();
	struct forged good = forged_of(&p, ACK_FLAG | PSH_FLAG), f = good;

	good.data = f.data = "bad";
	scene_mark();
	f.doff = 4; /* shorter than a header */
	forge(&f);
	f.doff = 15; /* longer than the segment */
	forge(&f);
	assert_int_equal(scene_drops(B, "TCP_HDR"), 2);
	f = good;
	f.bad_sum = true;
	forge(&f);
	assert_int_equal(scene_drops(B, "TCP_CSUM"), 1);
	f = good;
	f.flags = 0;
	forge(&f);
	f.flags = FIN_FLAG | PSH_FLAG | URG_FLAG;
	forge(&f);
	/* Options that run over the end of the header, or whose length is 0 or missing. */
	f = good;
	memcpy(f.options, "\x08\x28\x01\x01", 4);
	f.options_len = 4;
	f.seq -= 1 << 30;
	forge(&f);
	memcpy(f.options, "\x08\x00\x01\x01", 4);
	forge(&f);
	memcpy(f.options, "\x01\x01\x01\x08", 4);
	forge(&f);
	char got[4];

	assert_int_equal(scene_recv_now(B, p.b, got, 4), -EAGAIN);
	still_alive(&p);
	scene_pair_close(&p);
}

/* RFC 9293 3.10.7.1 and .2: the answers of a closed port and of a listener. */
static void to_a_closed_port_and_to_a_listener(void)
{
	int listener = scene_listen(B, PORT, 4);
	struct forged f = {.sport = 999, .dport = 4242, .flags = ACK_FLAG, .seq = 10, .ack = 20};

	scene_mark();
	forge(&f);
	assert_int_equal(scene_last(B, RST)->seq, 20);
	assert_int_equal(scene_last(B, RST)->flags, RST_FLAG);
	f.flags = FIN_FLAG;
	f.data = "abc";
	forge(&f);
	assert_int_equal(scene_last(B, RST)->seq, 0);
	assert_int_equal(scene_last(B, RST)->ack, 14);
	assert_int_equal(scene_last(B, RST)->flags, RST_FLAG | ACK_FLAG);
	f.flags = RST_FLAG;
	forge(&f);
	assert_int_equal(scene_count(B, RST), 2);
	f.dport = PORT;
	forge(&f);
	assert_int_equal(scene_count(B, RST), 2);
	f.flags = ACK_FLAG;
	forge(&f);
	assert_int_equal(scene_count(B, RST), 3);
	f.flags = SYN_FLAG | ACK_FLAG;
	forge(&f);
	assert_int_equal(scene_count(B, RST), 4);
	f.flags = SYN_FLAG | FIN_FLAG; /* RFC 9293 would open a connection, Linux does not */
	f.data = NULL;
	forge(&f);
	assert_int_equal(scene_count(B, SYNACK), 0);
	scene_close(B, listener);
}

/*
 * On a half-open connection, a wrong ACK is answered with a reset; a reset with a wrong number is
 * ignored, one with the right number ends the connection.
 */
static void to_a_half_open_connection(void)
{
	int listener = scene_listen(B, PORT, 4);
	struct forged f = {.sport = 999, .dport = PORT, .flags = SYN_FLAG, .seq = 1000};
	uint32_t isn;

	/* A has no such socket, and would answer the SYN-ACK with a reset. */
	scene_drop_many(A, RST, 1, ALWAYS);
	scene_mark();
	forge(&f);
	assert_state(B, PORT, 999, TCP_SYN_RECV);
	isn = scene_nth(B, SYNACK, 1)->seq;
	assert_int_equal(scene_nth(B, SYNACK, 1)->wscale, -1);
	assert_false(scene_nth(B, SYNACK, 1)->has_ts);
	f.flags = ACK_FLAG;
	f.seq = 1001;
	f.ack = isn + 2;
	forge(&f);
	assert_int_equal(scene_last(B, RST)->seq, isn + 2);
	assert_state(B, PORT, 999, TCP_SYN_RECV);
	f.flags = RST_FLAG;
	f.seq = 500;
	forge(&f);
	assert_state(B, PORT, 999, TCP_SYN_RECV);
	f.seq = 1001;
	forge(&f);
	assert_int_equal(scene_state(B, PORT, 999), 0);
	assert_int_equal(scene_counter(B, "TcpExt.EmbryonicRsts"), 1);
	scene_close(B, listener);
}

/* Forged SYNs: the number of half-open connections is limited, and their memory is freed again. */
static void a_flood_of_syns(void)
{
	int listener = scene_listen(B, PORT, 16);
	struct forged f = {.dport = PORT, .flags = SYN_FLAG};

	scene_sysctl(B, "net/ipv4/tcp_syncookies", "0");
	scene_drop_many(A, RST, 1, ALWAYS);
	scene_mark();
	for (unsigned int i = 0; i < 100; i++) {
		f.sport = 1000 + i;
		f.seq = 77 * i;
		forge(&f);
	}
	assert_in_range(scene_counter(B, "TcpExt.ListenDrops"), 80, 84);
	assert_in_range(scene_drops(B, "TCP_REQQ_FULL"), 80, 84);
	scene_sleep(70 * SEC);
	assert_int_equal(scene_state(B, PORT, 1000), 0);
	int fd = scene_socket(A);

	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	scene_close(A, fd);
	scene_close(B, listener);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_reset_must_be_exact),
		SCENE(a_syn_in_a_connection),
		SCENE(acks_out_of_range),
		SCENE(old_timestamps),
		SCENE(data_outside_the_window),
		SCENE(invalid_headers),
		SCENE(to_a_closed_port_and_to_a_listener),
		SCENE(to_a_half_open_connection),
		SCENE(a_flood_of_syns),
	};

	return scene_play(tests);
}
