/* SPDX-License-Identifier: MIT */
/*
 * The fields of TCP_INFO, and the counters of /proc/net/netstat, that losses, reordering, duplicates,
 * timeouts, marks and closed windows change.  Each value follows from what the scene does to the wire.
 * Layout and meaning are those of Linux 6.7's include/uapi/linux/tcp.h.
 */
#include "tests/hosted/info.h"

#define MSS  1448
#define WARM 200000 /* bytes that open the window before a loss */

/* Makes a connection from A to B whose congestion window permits many segments in flight. */
static struct pair warm_pair(void)
{
	struct pair p = scene_pair();

	scene_set(A, p.a, IPPROTO_TCP, TCP_NODELAY, 1);
	scene_carry(A, p.a, B, p.b, WARM);
	scene_sleep(100 * MS); /* longer than a delayed ACK, shorter than the RTO: cwnd stays */
	scene_mark();
	return p;
}

/* Begins to send @segments full segments from A; no time passes. */
static void send_segments(const struct pair *p, unsigned int segments)
{
	static uint8_t bytes[100 * MSS];

	assert_int_equal(scene_call(A, SYS_sendto, p->a, PTR(bytes), segments * MSS,
				    MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0),
			 segments * MSS);
}

static void read_all(const struct pair *p)
{
	static uint8_t bytes[100 * MSS];

	while (scene_recv_now(B, p->b, bytes, sizeof(bytes)) > 0)
		;
}

/* ---- losses ------------------------------------------------------------------------------------ */

/* The first of ten segments is lost: the sender's view before, in and after the recovery. */
static void a_recovery(void)
{
	struct pair p = warm_pair();
	struct info a, before = info_of(A, p.a);

	assert_int_equal(before.ca_state, INFO_OPEN);
	assert_int_equal(before.snd_ssthresh, 0x7fffffff);
	scene_drop(A, DATA, 1);
	send_segments(&p, 10);
	a = info_of(A, p.a);
	assert_int_equal(a.unacked, 10);
	assert_int_equal(a.sacked + a.lost + a.retrans, 0);
	scene_sleep(2 * WIRE_DELAY);
	/* The nine others are SACKed, so the first counts as lost; it was retransmitted. */
	a = info_of(A, p.a);
	assert_int_equal(a.ca_state, INFO_RECOVERY);
	assert_int_equal(a.unacked, 10);
	assert_int_equal(a.sacked, 9);
	assert_int_equal(a.lost, 1);
	assert_int_equal(a.retrans, 1);
	assert_int_equal(a.fackets, 0);
	assert_int_equal(a.delivered - before.delivered, 9);
	assert_int_equal(a.bytes_acked, before.bytes_acked);
	assert_in_range(a.snd_ssthresh, before.snd_cwnd / 2, before.snd_cwnd * 7 / 10 + 1);
	scene_sleep(2 * WIRE_DELAY);
	a = info_of(A, p.a);
	assert_int_equal(a.ca_state, INFO_OPEN);
	assert_int_equal(a.unacked + a.sacked + a.lost + a.retrans, 0);
	assert_int_equal(a.delivered - before.delivered, 10);
	assert_int_equal(a.bytes_acked - before.bytes_acked, 10 * MSS);
	assert_int_equal(a.total_retrans, 1);
	assert_int_equal(a.bytes_retrans, MSS);
	assert_int_equal(a.total_rto, 0);
	assert_int_equal(scene_counter(A, "TcpExt.TCPSackRecovery"), 1);
	assert_int_equal(scene_counter(A, "TcpExt.TCPFastRetrans"), 1);
	assert_int_equal(scene_counter(A, "TcpExt.TCPTimeouts"), 0);
	assert_true(scene_counter(B, "TcpExt.TCPOFOQueue") >=
		    1); /* packets that GRO may have merged */
	assert_int_equal(info_of(B, p.b).rcv_ooopack, 9);
	read_all(&p);
	scene_pair_close(&p);
}

/* A segment is missing, but no ACK proves that it is lost. */
static void a_disorder(void)
{
	struct pair p = warm_pair();
	struct info a;

	scene_hold(A, DATA, 1, 300 * 1000);
	send_segments(&p, 2);
	scene_sleep(2 * WIRE_DELAY);
	a = info_of(A, p.a);
	assert_int_equal(a.ca_state, INFO_DISORDER);
	assert_int_equal(a.sacked, 1);
	assert_int_equal(a.lost, 0);
	scene_sleep(10 * MS);
	a = info_of(A, p.a);
	assert_int_equal(a.ca_state, INFO_OPEN);
	assert_int_equal(a.total_retrans, 0);
	/* The first segment arrived after the second. */
	assert_int_equal(a.reord_seen, 1);
	assert_int_equal(scene_counter(A, "TcpExt.TCPSACKReorder"), 1);
	read_all(&p);
	scene_pair_close(&p);
}

/*
 * A late segment is taken for lost and retransmitted: both copies arrive.  The receiver reports the
 * duplicate, and the sender restores its window.
 */
static void a_late_segment(void)
{
	struct pair p = warm_pair();
	struct info a, before = info_of(A, p.a);

	scene_hold(A, DATA, 1, 20 * MS);
	send_segments(&p, 20);
	scene_sleep(100 * MS);
	a = info_of(A, p.a);
	assert_int_equal(a.total_retrans, 1);
	assert_int_equal(a.dsack_dups, 1);
	assert_int_equal(a.ca_state, INFO_OPEN);
	assert_true(a.snd_cwnd >= before.snd_cwnd);
	assert_int_equal(a.snd_ssthresh, before.snd_ssthresh);
	assert_int_equal(scene_counter(B, "TcpExt.TCPDSACKOldSent"), 1);
	assert_int_equal(scene_counter(A, "TcpExt.TCPDSACKRecv"), 1);
	assert_int_equal(scene_counter(A, "TcpExt.TCPDSACKUndo"), 1);
	read_all(&p);
	scene_pair_close(&p);
}

/*
 * Once reordering was seen, RACK waits a quarter of a round trip for a late segment.  So 15 later
 * segments may overtake the segment without a retransmission, and the estimate of reordering rises
 * to 15.
 */
static void how_far_segments_are_reordered(void)
{
	struct pair p = warm_pair();
	struct info a, before = info_of(A, p.a);

	assert_int_equal(before.reordering, 3);
	scene_hold(A, DATA, 1, 100 * 1000);
	send_segments(&p, 2);
	scene_sleep(100 * MS);
	assert_int_equal(info_of(A, p.a).reord_seen, 1);
	assert_int_equal(info_of(A, p.a).reordering, 3);
	scene_heal();
	scene_hold(A, DATA, 1, 100 * 1000);
	send_segments(&p, 16);
	scene_sleep(100 * MS);
	a = info_of(A, p.a);
	assert_int_equal(a.total_retrans, 0);
	assert_int_equal(a.reord_seen, 2);
	assert_int_equal(a.reordering, 16);
	read_all(&p);
	scene_pair_close(&p);
}

/*
 * The last segment of a flight is lost.  A tail loss probe retransmits it, and later data shows
 * that the probe repaired the loss.
 */
static void a_tail_loss(void)
{
	struct pair p = warm_pair();
	struct info a;

	scene_drop(A, DATA, 10);
	send_segments(&p, 10);
	scene_sleep(400 * MS);
	send_segments(&p, 1);
	scene_sleep(100 * MS);
	a = info_of(A, p.a);
	assert_int_equal(a.total_retrans, 1);
	assert_int_equal(a.total_rto, 0);
	assert_int_equal(scene_counter(A, "TcpExt.TCPLossProbes"), 1);
	assert_int_equal(scene_counter(A, "TcpExt.TCPLossProbeRecovery"), 1);
	assert_int_equal(scene_counter(A, "TcpExt.TCPTimeouts"), 0);
	read_all(&p);
	scene_pair_close(&p);
}

/* ---- timeouts ---------------------------------------------------------------------------------- */

static void timeouts(void)
{
	struct pair p;
	struct info a;

	scene_sysctl(A, "net/ipv4/tcp_early_retrans", "0"); /* no tail loss probe */
	p = warm_pair();
	scene_drop_many(A, DATA, 1, 3);
	send_segments(&p, 1);
	scene_sleep(100 * MS);
	a = info_of(A, p.a);
	assert_int_equal(a.total_rto + a.total_rto_recoveries + a.total_rto_time, 0);
	/* The timeouts come after 200 ms, 600 ms and 1400 ms; the third retransmission arrives. */
	scene_sleep(900 * MS);
	a = info_of(A, p.a);
	assert_int_equal(a.ca_state, INFO_LOSS);
	assert_int_equal(a.retransmits, 2);
	assert_int_equal(a.backoff, 2);
	assert_int_equal(a.total_rto, 2);
	assert_int_equal(a.total_rto_recoveries, 1);
	assert_in_range(a.total_rto_time, 750, 800); /* ms since the first timeout */
	scene_sleep(2 * SEC);
	a = info_of(A, p.a);
	assert_int_equal(a.ca_state, INFO_OPEN);
	assert_int_equal(a.retransmits + a.backoff, 0);
	assert_int_equal(a.total_rto, 3);
	assert_int_equal(a.total_rto_recoveries, 1);
	assert_in_range(a.total_rto_time, 1195, 1260);
	assert_int_equal(scene_counter(A, "TcpExt.TCPTimeouts"), 3);
	assert_int_equal(scene_counter(A, "TcpExt.TCPSlowStartRetrans"), 0);
	assert_int_equal(scene_counter(A, "Tcp.RetransSegs"), 3);
	/* A timeout after the end of the recovery begins another recovery. */
	scene_heal();
	scene_drop(A, DATA, 1);
	send_segments(&p, 1);
	scene_sleep(2 * SEC);
	a = info_of(A, p.a);
	assert_int_equal(a.total_rto, 4);
	assert_int_equal(a.total_rto_recoveries, 2);
	read_all(&p);
	scene_pair_close(&p);
}

/* The timeouts of the SYN-ACK count in the connection that the handshake creates. */
static void timeouts_of_the_handshake(void)
{
	struct pair p;
	struct info b;

	scene_drop_many(B, SYNACK, 1, 2);
	scene_drop_many(A, SYN, 2, ALWAYS);
	p = scene_pair();
	b = info_of(B, p.b);
	assert_int_equal(b.total_rto, 2);
	assert_int_equal(b.total_rto_recoveries, 1);
	assert_in_range(b.total_rto_time, 2990, 3200); /* timeouts after 1 s and 2 s */
	scene_heal();
	scene_pair_close(&p);
}

/* The timeout of a lost SYN counts in the client's connection. */
static void timeouts_of_a_syn(void)
{
	struct pair p;
	struct info a;

	scene_drop(A, SYN, 1);
	p = scene_pair();
	a = info_of(A, p.a);
	assert_int_equal(a.total_rto, 1);
	assert_int_equal(a.total_rto_recoveries, 1);
	assert_in_range(a.total_rto_time, 1, 10); /* a round trip after the timeout */
	assert_int_equal(a.total_retrans, 1);
	scene_pair_close(&p);
}

/*
 * A late ACK causes a spurious timeout.  The receiver reports the duplicate, and the sender
 * restores its window.
 */
static void a_spurious_timeout(void)
{
	struct info a, before;
	struct pair p;

	scene_sysctl(A, "net/ipv4/tcp_early_retrans", "0");
	p = warm_pair();
	before = info_of(A, p.a);
	/* The ten segments arrive in one poll or in two, so there are one or two ACKs. */
	scene_hold(B, ACK, 1, 300 * MS);
	scene_hold(B, ACK, 2, 300 * MS);
	send_segments(&p, 10);
	scene_sleep(1 * SEC);
	a = info_of(A, p.a);
	assert_int_equal(a.total_rto, 1);
	assert_int_equal(a.ca_state, INFO_OPEN);
	assert_true(a.snd_cwnd >= before.snd_cwnd);
	assert_int_equal(a.snd_ssthresh, before.snd_ssthresh);
	assert_int_equal(scene_counter(A, "TcpExt.TCPLossUndo"), 1);
	read_all(&p);
	scene_pair_close(&p);
}

/* ---- marks ------------------------------------------------------------------------------------- */

static void marks(void)
{
	struct info a, before;
	struct pair p;

	scene_sysctl(A, "net/ipv4/tcp_ecn", "1");
	p = warm_pair();
	before = info_of(A, p.a);
	assert_int_equal(before.options & (INFO_ECN | INFO_ECN_SEEN), INFO_ECN);
	assert_int_equal(info_of(B, p.b).options & INFO_ECN_SEEN, INFO_ECN_SEEN);
	scene_congest(A, DATA, 1, ALWAYS);
	send_segments(&p, 20);
	scene_sleep(2 * WIRE_DELAY);
	a = info_of(A, p.a);
	assert_int_equal(a.ca_state, INFO_CWR);
	assert_int_equal(a.delivered - before.delivered, 20);
	assert_int_equal(a.delivered_ce, 20);
	assert_int_equal(scene_counter(A, "TcpExt.TCPDeliveredCE"), 20);
	assert_int_equal(scene_counter(B, "IpExt.InCEPkts"), 20);
	assert_in_range(a.snd_ssthresh, before.snd_cwnd / 2, before.snd_cwnd * 7 / 10 + 1);
	scene_heal();
	read_all(&p);
	scene_pair_close(&p);
}

/* ---- the receiver ------------------------------------------------------------------------------ */

/* The receiver's window, buffer and times. */
static void receiving(void)
{
	struct pair p = scene_pair();
	struct info b = info_of(B, p.b), after;

	/* The first window is that of the SYN-ACK, in bytes. */
	assert_int_equal(b.rcv_wnd, scene_nth(B, SYNACK, 1)->window);
	assert_in_range(b.rcv_ssthresh, MSS, b.rcv_wnd);
	assert_int_equal(b.ato, 0);
	scene_carry(A, p.a, B, p.b, 2000000);
	after = info_of(B, p.b);
	assert_int_equal(after.rcv_wnd,
			 (uint32_t)scene_last(B, ACK)->window << (after.wscales >> 4));
	assert_true(after.rcv_wnd > b.rcv_wnd);
	assert_true(after.rcv_ssthresh > b.rcv_ssthresh);
	assert_true(after.rcv_space > b.rcv_space);
	/* A round trip takes two milliseconds on the wire. */
	assert_in_range(after.rcv_rtt, 1000, 10000);
	assert_in_range(after.ato, 20000, 200000);
	assert_int_equal(after.rcv_mss, MSS);
	scene_pair_close(&p);
}

/* ---- the sender -------------------------------------------------------------------------------- */

/* The peer's window is closed: number of probes, unsent bytes, time since the last ACK. */
static void a_closed_window(void)
{
	struct pair p = scene_pair();
	uint8_t *bytes = calloc(1, 4 << 20);
	unsigned int probes;
	struct info a;
	int64_t ticket;

	ticket = scene_begin(A, SYS_sendto, p.a, PTR(bytes), 4 << 20, MSG_NOSIGNAL, 0, 0);
	scene_sleep(5 * SEC);
	assert_int_equal(info_of(A, p.a).snd_wnd, 0);
	scene_sleep(1 * SEC);
	assert_int_equal(info_of(A, p.a).probes, 0); /* each probe was answered */
	scene_mark();
	scene_drop_many(B, TCP, 1, ALWAYS);
	scene_sleep(60 * SEC);
	probes = scene_count(A, TCP);
	a = info_of(A, p.a);
	assert_true(probes > 0);
	assert_int_equal(a.probes, probes);
	assert_true(a.backoff > 0);
	assert_true(a.notsent_bytes > 0);
	assert_true(a.last_ack_recv >= 60000);
	assert_int_equal(scene_counter(A, "TcpExt.TCPWinProbe"), probes);
	scene_heal();
	scene_interrupt(A, ticket);
	scene_end(A, ticket);
	scene_pair_close(&p);
	free(bytes);
}

/* One slow round trip raises the RTT variance; the minimum RTT stays. */
static void round_trips(void)
{
	struct pair p = warm_pair();
	struct info a, before = info_of(A, p.a);

	scene_hold(B, ACK, 1, 98 * MS);
	send_segments(&p, 1);
	scene_sleep(150 * MS);
	a = info_of(A, p.a);
	/*
	 * The new RTT sample is 100 ms, or 140 ms with a delayed ACK; earlier samples were 2 ms
	 * (RFC 6298 2.3).
	 */
	assert_in_range(a.rtt - before.rtt, (100 - 5) * 1000 / 8, 145 * 1000 / 8);
	assert_true(a.rttvar > before.rttvar + 10000);
	assert_true(a.rto > before.rto);
	assert_int_equal(a.min_rtt, before.min_rtt);
	read_all(&p);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_recovery),
		SCENE(a_disorder),
		SCENE(a_late_segment),
		SCENE(how_far_segments_are_reordered),
		SCENE(a_tail_loss),
		SCENE(timeouts),
		SCENE(timeouts_of_the_handshake),
		SCENE(timeouts_of_a_syn),
		SCENE(a_spurious_timeout),
		SCENE(marks),
		SCENE(receiving),
		SCENE(a_closed_window),
		SCENE(round_trips),
	};

	return scene_play(tests);
}
