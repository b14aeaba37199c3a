/* SPDX-License-Identifier: MIT */
/*
 * The pacing rate and the delivery rate that an application sets and reads, the limit of data in
 * the device, and the age of the least round-trip time.
 */
#include "tests/hosted/scene.h"

#include <stdio.h>

#define BYTES 300000

/* The fields of Linux's struct tcp_info that this test reads; libc's definition may lack them. */
struct rates {
	uint8_t before[104];
	uint64_t tcpi_pacing_rate, tcpi_max_pacing_rate;
	uint8_t between[28];
	uint32_t tcpi_min_rtt;
	uint32_t segments[2];
	uint64_t tcpi_delivery_rate;
};

static struct rates info_of(struct host *h, int fd)
{
	struct rates info = {0};
	socklen_t len = sizeof(info);

	assert_int_equal(
		scene_call(h, SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, PTR(&info), PTR(&len)), 0);
	assert_int_equal(len, sizeof(info));
	return info;
}

/* Returns the ms that BYTES take from A to B. */
static uint64_t ms_for(const struct pair *p)
{
	uint64_t begin = scene_now();

	scene_carry(A, p->a, B, p->b, BYTES);
	return (scene_now() - begin) / MS;
}

/* At 1 MB/s, 300,000 bytes take 300 ms, less the first ten segments, which are not paced. */
static void a_rate_that_the_application_sets(void)
{
	struct pair p = scene_pair();
	struct rates info;
	uint64_t unpaced = ms_for(&p), gap = 0;

	assert_true(unpaced < 60);
	assert_int_equal(scene_set(A, p.a, SOL_SOCKET, SO_MAX_PACING_RATE, 1000000), 0);
	assert_int_equal(scene_get(A, p.a, SOL_SOCKET, SO_MAX_PACING_RATE), 1000000);
	scene_mark();
	assert_in_range(ms_for(&p), 280, 330);
	/*
	 * Because the round trip is short, six segments are sent in a burst, with a pause of 8.7 ms
	 * after them.
	 */
	for (unsigned int i = 2; i < scene_count(A, DATA); i++) {
		uint64_t between = scene_nth(A, DATA, i)->ns - scene_nth(A, DATA, i - 1)->ns;

		gap = between > gap ? between : gap;
	}
	assert_in_range(gap, 1 * MS, 10 * MS);
	info = info_of(A, p.a);
	assert_int_equal(info.tcpi_max_pacing_rate, 1000000);
	assert_int_equal(info.tcpi_pacing_rate, 1000000);
	/* A burst is acknowledged after a round trip of 2 ms, before the next one is sent. */
	assert_in_range(info.tcpi_delivery_rate, 1000000, 6 * 1448 * 500);
	scene_pair_close(&p);
}

/* SO_MAX_PACING_RATE takes 32 or 64 bits; all ones mean no limit. */
static void widths_of_the_rate(void)
{
	struct pair p = scene_pair();
	uint64_t rate = 5000000000;
	socklen_t len = sizeof(rate);

	assert_int_equal(scene_get(A, p.a, SOL_SOCKET, SO_MAX_PACING_RATE), -1);
	assert_int_equal(scene_call(A, SYS_setsockopt, p.a, SOL_SOCKET, SO_MAX_PACING_RATE,
				    PTR(&rate), sizeof(rate)),
			 0);
	rate = 0;
	assert_int_equal(scene_call(A, SYS_getsockopt, p.a, SOL_SOCKET, SO_MAX_PACING_RATE,
				    PTR(&rate), PTR(&len)),
			 0);
	assert_int_equal(rate, 5000000000);
	assert_int_equal(len, sizeof(rate));
	assert_int_equal(scene_get(A, p.a, SOL_SOCKET, SO_MAX_PACING_RATE),
			 -1); /* 5,000,000,000 does not fit into 32 bits */
	assert_int_equal(scene_set(A, p.a, SOL_SOCKET, SO_MAX_PACING_RATE, -1), 0);
	assert_true(info_of(A, p.a).tcpi_max_pacing_rate == ~0ULL);
	scene_pair_close(&p);
}

/* A paced socket is closed, reset, or shut down while its timer is armed. */
static void an_end_while_paced(void)
{
	for (unsigned int how = 0; how < 3; how++) {
		struct pair p = scene_pair();
		static uint8_t bytes[BYTES];

		scene_carry(A, p.a, B, p.b, 50000);
		assert_int_equal(scene_set(A, p.a, SOL_SOCKET, SO_MAX_PACING_RATE, 100000), 0);
		assert_true(scene_call(A, SYS_sendto, p.a, PTR(bytes), BYTES, MSG_DONTWAIT, 0, 0) >
			    0);
		if (how == 1)
			scene_linger(A, p.a, true, 0);
		if (how == 2)
			assert_int_equal(scene_call(A, SYS_shutdown, p.a, SHUT_WR), 0);
		scene_close(A, p.a);
		p.a = -1;
		scene_sleep(20 * MS);
		scene_pair_close(&p);
	}
}

/*
 * With a limit of 0 only two packets may wait in the device; the transfers still end, and take as
 * long as usual.
 */
static void a_small_queue(void)
{
	struct pair p = scene_pair();

	scene_carry(A, p.a, B, p.b, BYTES); /* opens the congestion window */
	scene_sysctl(A, "net/ipv4/tcp_limit_output_bytes", "0");
	assert_true(ms_for(&p) < 20);
	scene_sysctl(A, "net/ipv4/tcp_limit_output_bytes", "4194304");
	assert_true(ms_for(&p) < 20);
	scene_pair_close(&p);
}

/*
 * The path becomes longer: after tcp_min_rtt_wlen seconds the old least round-trip time is no
 * longer used. LIMIT(TCP_MIN_RTT_WLEN_S)
 */
static void the_least_round_trip_grows_old(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct pair p;

		scene_sysctl(A, "net/ipv4/tcp_min_rtt_wlen", i ? "1" : "300");
		p = scene_pair();
		scene_carry(A, p.a, B, p.b, BYTES);
		assert_in_range(info_of(A, p.a).tcpi_min_rtt, 2000, 2500);
		for (unsigned int n = 1; n <= 16; n++)
			scene_hold(B, ACK, n, 30 * MS);
		for (unsigned int n = 0; n < 4; n++) {
			scene_sleep(600 * MS);
			scene_carry(A, p.a, B, p.b, 4000);
		}
		if (i)
			assert_in_range(info_of(A, p.a).tcpi_min_rtt, 32000, 80000);
		else
			assert_in_range(info_of(A, p.a).tcpi_min_rtt, 2000, 2500);
		scene_heal();
		scene_pair_close(&p);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_rate_that_the_application_sets),
		SCENE(widths_of_the_rate),
		SCENE(an_end_while_paced),
		SCENE(a_small_queue),
		SCENE(the_least_round_trip_grows_old),
	};

	return scene_play(tests);
}
