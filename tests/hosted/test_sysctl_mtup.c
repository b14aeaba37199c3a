/* SPDX-License-Identifier: MIT */
/*
 * The search for the path MTU without ICMP (RFC 4821), and the sysctls that control it.  The wire
 * drops packets above a size and sends no ICMP error.
 */
#include "tests/hosted/scene.h"

#define HEADERS 52 /* IPv4, TCP, timestamps */
#define FULL    (1500 - HEADERS)
#define ENOUGH  1500000 /* bytes; more than a search takes: ten windows of over eleven segments */

static unsigned int mss_of(const struct pair *p)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	assert_int_equal(
		scene_call(A, SYS_getsockopt, p->a, IPPROTO_TCP, TCP_INFO, PTR(&info), PTR(&len)),
		0);
	return info.tcpi_snd_mss;
}

/* Checks that the search has ended, within @threshold bytes below the path's @mtu. */
static void assert_found(const struct pair *p, unsigned int mtu, unsigned int threshold)
{
	assert_in_range(mss_of(p), mtu - HEADERS - threshold, mtu - HEADERS);
}

/*
 * Without probing the connection would end, because each full segment is lost and no ICMP error
 * reports it. LIMIT(TCP_BASE_MSS) LIMIT(TCP_PROBE_THRESHOLD) LIMIT(TCP_MTUP_CWND_LEAST)
 */
static void a_black_hole(void)
{
	struct pair p;

	scene_sysctl(A, "net/ipv4/tcp_mtu_probing", "1");
	p = scene_pair();
	scene_black_hole(1200);
	assert_int_equal(mss_of(&p), FULL);
	scene_carry(A, p.a, B, p.b, 1000);
	scene_mark();
	scene_carry(A, p.a, B, p.b, FULL);
	/* The full segment was sent again as two smaller ones. */
	assert_int_equal(scene_nth(A, DATA, 1)->len, FULL);
	assert_int_equal(scene_last(A, DATA)->len, FULL - 1024);
	assert_int_equal(mss_of(&p), 1024);
	scene_carry(A, p.a, B, p.b, ENOUGH);
	assert_found(&p, 1200, 8);
	assert_true(scene_counter(A, "TcpExt.TCPMTUPFail") >= 1);
	assert_true(scene_counter(A, "TcpExt.TCPMTUPSuccess") >= 2);
	scene_pair_close(&p);
}

/*
 * The first segments have tcp_base_mss bytes; successful probes raise the size to the link's MTU.
 */
static void small_first(void)
{
	struct pair p;

	scene_sysctl(A, "net/ipv4/tcp_mtu_probing", "2");
	scene_sysctl(A, "net/ipv4/tcp_base_mss", "600");
	scene_sysctl(A, "net/ipv4/tcp_probe_threshold", "20");
	p = scene_pair();
	assert_int_equal(mss_of(&p), 600);
	scene_mark();
	scene_carry(A, p.a, B, p.b, ENOUGH);
	assert_int_equal(scene_nth(A, DATA, 1)->len, 600);
	assert_found(&p, 1500, 20);
	assert_int_equal(scene_counter(A, "TcpExt.TCPMTUPFail"), 0);
	assert_int_equal(scene_counter(A, "TcpExt.TCPTimeouts"), 0);
	assert_int_equal(scene_counter(A, "Tcp.RetransSegs"), 0);
	scene_pair_close(&p);
}

/* An accepted connection also begins with tcp_base_mss. */
static void small_first_after_accept(void)
{
	struct pair p;

	scene_sysctl(B, "net/ipv4/tcp_mtu_probing", "2");
	p = scene_pair();
	scene_mark();
	scene_carry(B, p.b, A, p.a, 5000);
	assert_int_equal(scene_nth(B, DATA, 1)->len, 1024);
	scene_pair_close(&p);
}

/*
 * A search that ended begins again after tcp_probe_interval: the path may have become wider.
 * LIMIT(TCP_PROBE_INTERVAL_S)
 */
static void a_path_that_widens(void)
{
	struct pair p;

	scene_sysctl(A, "net/ipv4/tcp_mtu_probing", "2");
	p = scene_pair();
	scene_black_hole(1300);
	scene_carry(A, p.a, B, p.b, ENOUGH);
	assert_found(&p, 1300, 8);
	scene_black_hole(0);
	scene_sleep(500 * SEC);
	scene_carry(A, p.a, B, p.b, ENOUGH);
	assert_found(&p, 1300, 8);
	scene_sleep(100 * SEC);
	scene_carry(A, p.a, B, p.b, ENOUGH);
	assert_found(&p, 1500, 8);

	/* The path becomes narrow and drops larger packets; later it widens again. */
	scene_black_hole(1250);
	scene_carry(A, p.a, B, p.b, 3 * ENOUGH);
	/*
	 * No probe is sent while the lost window is retransmitted, so the search has not ended yet.
	 */
	assert_in_range(mss_of(&p), 1024, 1250 - HEADERS);
	scene_black_hole(0);
	scene_sysctl(A, "net/ipv4/tcp_probe_interval", "30");
	scene_sleep(31 * SEC);
	scene_carry(A, p.a, B, p.b, 3 * ENOUGH);
	assert_in_range(mss_of(&p), 1300, FULL);
	scene_pair_close(&p);
}

/*
 * Each further timeout in the black hole halves the size, down to tcp_mtu_probe_floor.
 * LIMIT(TCP_MIN_SND_MSS)
 */
static void no_smaller_than_the_floor(void)
{
	static uint8_t bytes[2000];
	unsigned int least = ~0u;
	struct pair p;

	scene_sysctl(A, "net/ipv4/tcp_mtu_probing", "1");
	scene_sysctl(A, "net/ipv4/tcp_mtu_probe_floor", "300");
	p = scene_pair();
	scene_black_hole(200);
	scene_mark();
	scene_send_all(A, p.a, bytes, sizeof(bytes));
	scene_sleep(300 * SEC);
	for (unsigned int i = 1; i <= scene_count(A, DATA); i++)
		least = scene_nth(A, DATA, i)->len < least ? scene_nth(A, DATA, i)->len : least;
	assert_int_equal(mss_of(&p), 300);
	assert_in_range(least, 288, 300);
	scene_sysctl(A, "net/ipv4/tcp_mtu_probe_floor", "48");
	scene_sleep(300 * SEC);
	assert_in_range(mss_of(&p), 48, 200 - HEADERS);
	scene_pair_close(&p);
}

/* CVE-2019-11479: a peer that announces a tiny MSS gets segments of tcp_min_snd_mss bytes. */
static void a_tiny_mss_of_the_peer(void)
{
	int listener = scene_listen(B, 7, 4), fd = scene_socket(A), accepted;

	scene_set(B, listener, IPPROTO_TCP, TCP_MAXSEG, 88);
	scene_sysctl(A, "net/ipv4/tcp_min_snd_mss", "200");
	assert_int_equal(scene_connect(A, fd, B, 7), 0);
	accepted = scene_accept(B, listener);
	assert_int_equal(scene_nth(B, SYNACK, 1)->mss, 88);
	scene_mark();
	scene_carry(A, fd, B, accepted, 2000);
	assert_int_equal(scene_nth(A, DATA, 1)->len, 200 - 12);
	scene_close(A, fd);
	scene_close(B, accepted);
	scene_close(B, listener);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_black_hole),
		SCENE(small_first),
		SCENE(small_first_after_accept),
		SCENE(a_path_that_widens),
		SCENE(no_smaller_than_the_floor),
		SCENE(a_tiny_mss_of_the_peer),
	};

	return scene_play(tests);
}
