/* SPDX-License-Identifier: MIT */
/*
 * A peer that announces an MSS of 48 bytes and reports single segments in SACK blocks (CVE-2019-11477, 11478 and
 * 11479): the sender's memory and its number of segments are bounded, and the transfer ends.
 *
 * A sends, B's kernel gets none of A's segments, and the scene forges B's part of the connection.
 */
#include <stdio.h>

#include "tests/hosted/scene_forge.h"
#include "tests/wire/pkt.h"

#define SERVICE 9
#define PORT    5000 /* the peer's port */
#define ISN     1000
#define MSS     48
#define BLOCKS  4 /* number of SACK blocks that fit into a segment without a timestamp */
#define SACK    5 /* the option's kind */
#define WSCALE  7
#define WRITTEN (128 * 1024)
#define SNDBUF  65536          /* SO_SNDBUF doubles it */
#define PACKET  (65536 + 1024) /* about the memory of a packet of GSO_MAX_SIZE */

static int sock; /* A's end of the connection */
static uint8_t bytes[400 * 1024];
static uint32_t una; /* the first byte that the peer has not acknowledged */

/* The peer acknowledges A's data before @ack, and reports @n blocks. */
static void answer(uint32_t ack, const struct pkt_block *blocks, unsigned int n)
{
	struct forged f = {.to = A,
			   .sport = PORT,
			   .dport = SERVICE,
			   .seq = ISN + 1,
			   .ack = ack,
			   .flags = ACK_FLAG,
			   .window = 65535};
	uint8_t option[4 + 8 * BLOCKS] = {1, 1, SACK, (uint8_t)(2 + 8 * n)};

	for (unsigned int i = 0; i < n; i++) {
		pkt_put32(option + 4 + 8 * i, blocks[i].from);
		pkt_put32(option + 8 + 8 * i, blocks[i].to);
	}
	if (n)
		forge_option(&f, option, 4 + 8 * n);
	forge_now(&f);
	una = ack;
}

static uint32_t sent_up_to(void)
{
	const struct seg *last = scene_last(A, DATA);

	return last->seq + last->len;
}

/* Returns the bytes of free memory. */
static unsigned long free_memory(void)
{
	const char *at = strstr(scene_proc(A, "/proc/meminfo"), "MemFree:");
	unsigned long kib;

	assert_non_null(at);
	assert_int_equal(sscanf(at, "MemFree: %lu", &kib), 1);
	return kib * 1024;
}

static struct tcp_info info(void)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	assert_int_equal(
		scene_call(A, SYS_getsockopt, sock, IPPROTO_TCP, TCP_INFO, PTR(&info), PTR(&len)),
		0);
	return info;
}

/* A accepts the forged connection of a peer that announces @mss; then the window opens in slow start to @segments. */
static void connection_of(unsigned int segments, uint8_t mss, int sndbuf)
{
	const uint8_t options[] = {2, 4, 0, mss, 1, 1, 4, 2, 1, 3, 3, WSCALE};
	struct forged f = {.to = A,
			   .sport = PORT,
			   .dport = SERVICE,
			   .seq = ISN,
			   .flags = SYN_FLAG,
			   .window = 65535};
	int listener = scene_listen(A, SERVICE, 1);

	scene_sysctl(A, "net/core/wmem_max", "4194304");

	scene_drop_many(A, TCP, 1, ALWAYS);
	forge_option(&f, options, sizeof(options));
	forge(&f);
	una = scene_last(A, SYNACK)->seq + 1;
	answer(una, NULL, 0);
	sock = scene_accept(A, listener);
	scene_close(A, listener);
	scene_set(A, sock, IPPROTO_TCP, TCP_NODELAY, 1);
	assert_int_equal(
		scene_call(A, SYS_setsockopt, sock, IPPROTO_TCP, TCP_CONGESTION, PTR("reno"), 4),
		0);
	scene_set(A, sock, SOL_SOCKET, SO_SNDBUF, sndbuf);
	for (unsigned int window = 10; window < segments; window *= 2) {
		scene_send_all(A, sock, bytes, window * MSS);
		scene_sleep(20 * MS);
		answer(sent_up_to(), NULL, 0);
		scene_sleep(5 * MS);
	}
	assert_in_range(info().tcpi_snd_mss, 1, MSS);
}

static void end(void)
{
	scene_linger(A, sock, true, 0);
	scene_close(A, sock);
	scene_heal();
}

/*
 * The peer reports every second segment. The SACK blocks cut the packets of the queue into single segments, until
 * the queue uses more than twice its send buffer; then packets stay whole, and a block that ends inside of a
 * packet does not mark that packet. LIMIT(TCP_CUT_PACKETS)
 */
static void every_second_segment_is_reported(void)
{
	unsigned long most = 2 * (2 * SNDBUF + 2 * PACKET), used = 0, free;
	uint32_t first, segments;
	int64_t written;

	connection_of(2048, MSS, SNDBUF);
	free = free_memory();
	scene_nonblock(A, sock);
	first = una;
	written = scene_send(A, sock, bytes, WRITTEN);
	assert_true(written > 64 * 1024);
	scene_sleep(20 * MS);
	segments = (sent_up_to() - first) / MSS;
	assert_true(segments > 1000);
	scene_mark();
	for (uint32_t at = 1; at + 2 * BLOCKS < segments; at += 2 * BLOCKS) {
		struct pkt_block blocks[BLOCKS];

		for (unsigned int i = 0; i < BLOCKS; i++) {
			blocks[i].from = first + (at + 2 * i) * MSS;
			blocks[i].to = blocks[i].from + MSS;
		}
		answer(first, blocks, BLOCKS);
		if (at % 32 == 1)
			scene_sleep(1 * MS);
		if (free - free_memory() > used)
			used = free - free_memory();
	}
	scene_sleep(50 * MS);
	print_message("%u segments, %lu bytes of memory, at most %lu\n", segments, used, most);
	assert_true(scene_counter(A, "TcpExt.TCPWqueueTooBig") > 0);
	/* Slabs and clones on their way to the device also use memory, which the limit does not count. */
	assert_in_range(used, most / 2, most + most / 2);
	assert_true(scene_counter(A, "TcpExt.TCPSackRecovery") > 0);
	/* The peer gets all data at last: the numbers of segments in flight and of reported segments are 0 again. */
	scene_sleep(2 * SEC);
	answer(first + segments * MSS, NULL, 0);
	scene_sleep(100 * MS);
	for (int i = 0; i < 20 && info().tcpi_unacked; i++) {
		answer(sent_up_to(), NULL, 0);
		scene_sleep(100 * MS);
	}
	assert_int_equal(info().tcpi_unacked, 0);
	assert_int_equal(info().tcpi_sacked, 0);
	end();
}

/*
 * The peer reports all segments but the first of a queue of many packets, in one block, and then drops the data.
 * On Linux the merged packet had more segments than 16 bits can count (CVE-2019-11477).
 */
static void all_segments_are_reported_at_once(void)
{
	struct pkt_block all;
	uint32_t unacked;

	connection_of(8192, MSS, 1 << 21);
	scene_nonblock(A, sock);
	all.from = una + MSS;
	scene_send(A, sock, bytes, WRITTEN);
	scene_sleep(20 * MS);
	all.to = sent_up_to();
	unacked = info().tcpi_unacked;
	assert_true(unacked > 2000);
	answer(una, &all, 1);
	scene_sleep(5 * MS);
	assert_int_equal(info().tcpi_sacked, unacked - 1);
	answer(all.from, NULL, 0);
	scene_sleep(5 * SEC);
	assert_int_equal(info().tcpi_sacked, 0);
	answer(all.to, NULL, 0);
	scene_sleep(20 * MS);
	end();
}

/* A peer announces an MSS of 1: segments still have 48 bytes (CVE-2019-11479). */
static void an_mss_of_one_is_raised(void)
{
	connection_of(10, 1, SNDBUF);
	assert_int_equal(info().tcpi_snd_mss, MSS);
	end();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE_WITH(every_second_segment_is_reported, {"ram", 64 << 20}),
		SCENE_WITH(all_segments_are_reported_at_once, {"ram", 64 << 20}),
		SCENE(an_mss_of_one_is_raised),
	};

	return scene_play(tests);
}
