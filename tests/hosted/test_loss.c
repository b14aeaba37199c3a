/* SPDX-License-Identifier: MIT */
/*
 * Lost segments are retransmitted at the times of RFC 6298.  The first timeout is a second if no
 * round trip was measured; otherwise it follows from the measured round trips and is at least 200
 * ms. Each timeout doubles the next.
 */
#include "tests/hosted/scene.h"

#define PORT 7
/*
 * Retransmission timeout in ms: the smoothed round trip of 2 ms, plus a term for the variance,
 * which is at least 200 ms.
 */
#define RTO_LEAST 200
#define RTO_MOST  215

static void lost_ack_of_the_handshake(void)
{
	int listener = scene_listen(B, PORT, 4), fd = scene_socket(A), accepted;
	uint64_t begin = scene_now();

	scene_drop(A, ACK, 1);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	assert_ms(scene_now() - begin, 2, 2);
	accepted = scene_accept(B, listener);
	assert_true(accepted >= 0);
	/* B retransmits the SYN-ACK after a second. */
	assert_ms(scene_now() - begin, 1000, 1005);
	assert_int_equal(scene_count(B, SYNACK), 2);
	assert_gap_ms(scene_nth(B, SYNACK, 1), scene_nth(B, SYNACK, 2), 999, 1002);
	assert_int_equal(scene_counter(B, "Tcp.RetransSegs"), 1);
	scene_carry(B, accepted, A, fd, 3000);
	scene_close(A, fd);
	scene_close(B, accepted);
	scene_close(B, listener);
}

static void lost_first_data(void)
{
	struct pair p;
	char got[5];

	scene_sysctl(A, "net/ipv4/tcp_early_retrans", "0"); /* no tail loss probe */
	p = scene_pair();
	scene_sleep(10 * MS);
	scene_mark();
	scene_drop_many(A, DATA, 1, 3);
	scene_send_all(A, p.a, "first", 5);
	scene_recv_all(B, p.b, got, 5);
	assert_memory_equal(got, "first", 5);
	assert_gap_ms(scene_nth(A, DATA, 1), scene_nth(A, DATA, 2), RTO_LEAST, RTO_MOST);
	assert_gap_ms(scene_nth(A, DATA, 2), scene_nth(A, DATA, 3), 2 * RTO_LEAST, 2 * RTO_MOST);
	assert_gap_ms(scene_nth(A, DATA, 3), scene_nth(A, DATA, 4), 4 * RTO_LEAST, 4 * RTO_MOST);
	assert_int_equal(scene_counter(A, "Tcp.RetransSegs"), 3);
	assert_int_equal(scene_counter(A, "TcpExt.TCPTimeouts"), 3);
	/* The next segment has the normal timeout again, not the doubled one. */
	scene_sleep(1 * SEC);
	scene_mark();
	scene_drop(A, DATA, 1);
	scene_send_all(A, p.a, "again", 5);
	scene_recv_all(B, p.b, got, 5);
	assert_gap_ms(scene_nth(A, DATA, 1), scene_nth(A, DATA, 2), RTO_LEAST, 2 * RTO_MOST);
	scene_pair_close(&p);
}

static void lost_last_data(void)
{
	struct pair p;
	uint8_t sent[14600], got[14600];

	scene_sysctl(A, "net/ipv4/tcp_early_retrans", "0"); /* no tail loss probe */
	p = scene_pair();
	scene_fill(sent, sizeof(sent), 2);
	scene_sleep(10 * MS);
	scene_mark();
	/*
	 * Ten full segments of 1448 bytes and a short one, which is lost.  No later segment can
	 * cause duplicate ACKs.
	 */
	scene_drop(A, DATA, 11);
	scene_send_all(A, p.a, sent, sizeof(sent));
	scene_recv_all(B, p.b, got, sizeof(got));
	assert_memory_equal(sent, got, sizeof(got));
	assert_int_equal(scene_count(A, DATA), 12);
	assert_gap_ms(scene_nth(A, DATA, 11), scene_nth(A, DATA, 12), RTO_LEAST, RTO_MOST);
	assert_int_equal(scene_counter(A, "TcpExt.TCPTimeouts"), 1);
	scene_pair_close(&p);
}

static void lost_ack_of_the_fin(void)
{
	struct pair p = scene_pair();

	scene_sleep(10 * MS);
	scene_mark();
	scene_drop(B, ACK, 1);
	scene_close(A, p.a);
	p.a = -1;
	scene_sleep(100 * MS);
	assert_state(A, p.aport, p.bport, TCP_FIN_WAIT1);
	assert_state(B, p.bport, p.aport, TCP_CLOSE_WAIT);
	scene_sleep(200 * MS);
	assert_state(A, p.aport, p.bport, TCP_FIN_WAIT2);
	assert_int_equal(scene_count(A, FIN), 2);
	assert_int_equal(scene_count(B, ACK), 2);
	scene_pair_close(&p);
}

/* The last ACK is lost: B retransmits its FIN, and A, in TIME_WAIT, sends the ACK again. */
static void lost_last_ack(void)
{
	struct pair p = scene_pair();

	scene_sleep(10 * MS);
	scene_close(A, p.a);
	scene_sleep(100 * MS);
	scene_mark();
	scene_drop(A, ACK, 1);
	scene_close(B, p.b);
	p.a = p.b = -1;
	scene_sleep(100 * MS);
	assert_state(B, p.bport, p.aport, TCP_LAST_ACK);
	assert_state(A, p.aport, p.bport, TCP_TIME_WAIT);
	scene_sleep(200 * MS);
	assert_int_equal(scene_state(B, p.bport, p.aport), 0);
	scene_expect("b FA 1 2 0\n"
		     "a A 2 2 0 lost\n"
		     "b FA 1 2 0\n"
		     "a A 2 2 0\n");
	/* The second FIN restarts the minute of TIME_WAIT. */
	scene_sleep(60 * SEC - 200 * MS);
	assert_state(A, p.aport, p.bport, TCP_TIME_WAIT);
	scene_pair_close(&p);
}

/* LIMIT(TCP_SYN_RETRIES) */
static void connect_gives_up_after_127_seconds(void)
{
	int fd = scene_socket(A);
	uint64_t begin = scene_now();
	int64_t ticket;

	scene_drop_many(A, SYN, 1, ALWAYS);
	ticket = scene_begin_connect(A, fd, B, PORT);
	scene_sleep(100 * SEC);
	assert_int_equal(scene_counter(A, "Tcp.RetransSegs"), 6);
	assert_int_equal(scene_counter(A, "TcpExt.TCPSynRetrans"), 6);
	assert_int_equal(scene_counter(A, "TcpExt.TCPTimeouts"), 6);
	/* The counter counts lost retransmissions; the first SYN is no retransmission. */
	assert_int_equal(scene_counter(A, "TcpExt.TCPLostRetransmit"), 5);
	assert_int_equal(scene_end(A, ticket), -ETIMEDOUT);
	assert_ms(scene_now() - begin, 126900, 127200);
	assert_int_equal(scene_count(A, SYN), 7);
	for (unsigned int i = 1; i < 7; i++)
		assert_gap_ms(scene_nth(A, SYN, i), scene_nth(A, SYN, i + 1), (1000 << (i - 1)) - 5,
			      (1000 << (i - 1)) + 10);
	/* All SYNs have the same sequence number, but not the same timestamp. */
	assert_int_equal(scene_nth(A, SYN, 1)->seq, scene_nth(A, SYN, 7)->seq);
	assert_int_not_equal(scene_nth(A, SYN, 1)->tsval, scene_nth(A, SYN, 7)->tsval);
	scene_close(A, fd);
}

static void a_request_gives_up_after_63_seconds(void)
{
	int listener = scene_listen(B, PORT, 4), fd = scene_socket(A);
	int64_t ticket;
	uint16_t port;

	scene_drop_many(B, SYNACK, 1, ALWAYS);
	scene_drop_many(A, SYN, 2, ALWAYS);
	ticket = scene_begin_connect(A, fd, B, PORT);
	port = scene_port(A, fd);
	scene_sleep(62 * SEC);
	assert_state(B, PORT, port, TCP_SYN_RECV);
	scene_sleep(2 * SEC);
	assert_int_equal(scene_state(B, PORT, port), 0);
	assert_int_equal(scene_count(B, SYNACK), 6);
	for (unsigned int i = 1; i < 6; i++)
		assert_gap_ms(scene_nth(B, SYNACK, i), scene_nth(B, SYNACK, i + 1),
			      (1000 << (i - 1)) - 5, (1000 << (i - 1)) + 10);
	assert_int_equal(scene_end(A, ticket), -ETIMEDOUT);
	scene_close(A, fd);
	scene_close(B, listener);
}

/*
 * After 15 retransmissions, a quarter of an hour, the sender gives up (RFC 1122 4.2.3.5 requires at
 * least 100 s).
 *
 * LIMIT(TCP_RETRIES2)
 */
static void data_gives_up_after_a_quarter_of_an_hour(void)
{
	struct pair p;
	uint64_t begin;
	char byte;

	scene_sysctl(A, "net/ipv4/tcp_early_retrans", "0"); /* no tail loss probe */
	p = scene_pair();
	scene_sleep(10 * MS);
	scene_mark();
	scene_drop_many(A, TCP, 1, ALWAYS);
	scene_send_all(A, p.a, "x", 1);
	begin = scene_now();
	assert_int_equal(scene_recv(A, p.a, &byte, 1), -ETIMEDOUT);
	assert_ms(scene_now() - begin, 13 * 60000, 20 * 60000);
	assert_int_equal(scene_count(A, DATA), 16);
	/* The timeout doubles up to two minutes. */
	assert_gap_ms(scene_nth(A, DATA, 15), scene_nth(A, DATA, 16), 119900, 120100);
	assert_int_equal(scene_counter(A, "TcpExt.TCPAbortOnTimeout"), 1);
	assert_int_equal(scene_state(A, p.aport, p.bport), 0);
	scene_heal();
	scene_pair_close(&p);
}

/*
 * RFC 5681 3.2: three duplicate ACKs cause a retransmission long before the timer does.
 *
 * LIMIT(TCP_REORDERING)
 */
static void three_duplicate_acks_retransmit_at_once(void)
{
	struct pair p;
	uint8_t sent[14480], got[14480];

	scene_sysctl(A, "net/ipv4/tcp_sack", "0");
	p = scene_pair();
	scene_fill(sent, sizeof(sent), 3);
	scene_sleep(10 * MS);
	scene_mark();
	scene_drop(A, DATA, 3);
	scene_send_all(A, p.a, sent, sizeof(sent));
	scene_recv_all(B, p.b, got, sizeof(got));
	assert_memory_equal(sent, got, sizeof(got));
	assert_int_equal(scene_count(A, DATA), 11);
	assert_int_equal(scene_nth(A, DATA, 11)->rseq, 1 + 2 * 1448);
	assert_gap_ms(scene_nth(A, DATA, 3), scene_nth(A, DATA, 11), 2, 5);
	scene_sleep(1 * SEC);
	assert_int_equal(scene_count(A, DATA), 11);
	assert_int_equal(scene_counter(A, "TcpExt.TCPFastRetrans"), 1);
	assert_int_equal(scene_counter(A, "TcpExt.TCPRenoRecovery"), 1);
	assert_int_equal(scene_counter(A, "TcpExt.TCPTimeouts"), 0);
	/*
	 * Seven segments arrived beyond the hole; the receiver's polls may have merged them into
	 * fewer packets.
	 */
	assert_in_range(scene_counter(B, "TcpExt.TCPOFOQueue"), 1, 7);
	scene_pair_close(&p);
}

/* RFC 6582: a partial ACK in recovery causes the retransmission of the next lost segment. */
static void two_lost_of_one_window(void)
{
	struct pair p;
	uint8_t sent[14480], got[14480];

	scene_sysctl(A, "net/ipv4/tcp_sack", "0");
	p = scene_pair();
	scene_fill(sent, sizeof(sent), 4);
	scene_sleep(10 * MS);
	scene_mark();
	scene_drop(A, DATA, 2);
	scene_drop(A, DATA, 5);
	scene_send_all(A, p.a, sent, sizeof(sent));
	scene_recv_all(B, p.b, got, sizeof(got));
	assert_memory_equal(sent, got, sizeof(got));
	assert_int_equal(scene_count(A, DATA), 12);
	assert_gap_ms(scene_nth(A, DATA, 1), scene_nth(A, DATA, 12), 4, 20);
	assert_int_equal(scene_counter(A, "TcpExt.TCPTimeouts"), 0);
	scene_pair_close(&p);
}

static void a_whole_window_lost(void)
{
	struct pair p;

	scene_sysctl(A, "net/ipv4/tcp_sack", "0");
	p = scene_pair();
	scene_sleep(10 * MS);
	scene_drop_many(A, DATA, 1, 10);
	scene_carry(A, p.a, B, p.b, 100000);
	assert_int_equal(scene_counter(A, "TcpExt.TCPFastRetrans"), 0);
	assert_in_range(scene_counter(A, "TcpExt.TCPTimeouts"), 1, 4);
	scene_pair_close(&p);
}

static void a_retransmission_lost_too(void)
{
	struct pair p = scene_pair();

	scene_sleep(10 * MS);
	scene_mark();
	/* The third of ten segments is lost, and so is its fast retransmission, the eleventh. */
	scene_drop(A, DATA, 3);
	scene_drop(A, DATA, 11);
	scene_carry(A, p.a, B, p.b, 14480);
	assert_int_equal(scene_counter(A, "TcpExt.TCPTimeouts"), 1);
	assert_int_equal(scene_counter(A, "Tcp.RetransSegs"), 2);
	scene_pair_close(&p);
}

static void every_tenth_frame_lost_both_ways(void)
{
	struct pair p = scene_pair();

	for (unsigned int nth = 5; nth < 300; nth += 20) {
		scene_drop(A, TCP, nth);
		scene_drop(B, TCP, nth + 3);
	}
	scene_carry(A, p.a, B, p.b, 200000);
	scene_carry(B, p.b, A, p.a, 200000);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(lost_ack_of_the_handshake),
		SCENE(lost_first_data),
		SCENE(lost_last_data),
		SCENE(lost_ack_of_the_fin),
		SCENE(lost_last_ack),
		SCENE(connect_gives_up_after_127_seconds),
		SCENE(a_request_gives_up_after_63_seconds),
		SCENE(data_gives_up_after_a_quarter_of_an_hour),
		SCENE(three_duplicate_acks_retransmit_at_once),
		SCENE(two_lost_of_one_window),
		SCENE(a_whole_window_lost),
		SCENE(a_retransmission_lost_too),
		SCENE(every_tenth_frame_lost_both_ways),
	};

	return scene_play(tests);
}
