/* SPDX-License-Identifier: MIT */
/*
 * Fragments between two hosts. tests/unit/test_ip_fragment.c has the details of reassembly, and
 * test_ip_output_frag.c those of sending; here the fragments pass through the drivers, and carry
 * TCP, UDP and ICMP.
 */
#include "tests/hosted/scene_forge.h"

#define PORT      7
#define NOT_THERE 0x0a000063

static uint8_t out[70000], in[70000];

/* Resets both ends of @p, of which B has received @n bytes that A did not send, and closes them. */
static void end(struct pair *p, const struct forged *sent, unsigned int n)
{
	struct forged f = {.p = p, .flags = RST_FLAG, .seq = sent->seq + n};

	forge(&f);
	f = (struct forged){.to = A, .p = p, .flags = RST_FLAG, .seq = sent->ack};
	forge(&f);
	scene_close(B, p->listener);
	scene_close(B, p->b);
	scene_close(A, p->a);
}

/* A router with a small MTU has cut a segment: the data arrives, and is acknowledged once. */
static void a_segment_in_fragments(void)
{
	struct pair p = scene_pair();
	struct forged f = forged_of(&p, ACK_FLAG | PSH_FLAG);
	char data[1401], text[1401] = "";

	for (unsigned int i = 0; i < 1400; i++)
		data[i] = 'a' + i % 23;
	data[1400] = '\0';
	f.data = data;
	scene_mark();
	/* Also the TCP header, of 32 bytes, is in two fragments. */
	forge_in_fragments(&f, 44);
	scene_sleep(100 * MS);
	assert_int_equal(scene_counter(B, "Ip.ReasmReqds"), 60);
	assert_int_equal(scene_counter(B, "Ip.ReasmOKs"), 1);
	assert_int_equal(scene_recv_now(B, p.b, text, sizeof(text)), 1400);
	assert_string_equal(text, data);
	assert_int_equal(scene_last(B, TCP)->ack, f.seq + 1400);
	end(&p, &f, 1400);
}

/* A segment that arrives in fragments beside others: out of order, and in front of queued data. */
static void fragments_among_segments(void)
{
	struct pair p = scene_pair();
	struct forged f[3];
	char data[3][1001], text[3001] = "";

	for (unsigned int i = 0; i < 3; i++) {
		f[i] = forged_of(&p, ACK_FLAG | PSH_FLAG);
		memset(data[i], 'x' + i, 1000);
		data[i][1000] = '\0';
		f[i].seq += 1000 * i;
		f[i].data = data[i];
	}
	forge_in_fragments(&f[2], 300);
	forge_now(&f[1]);
	forge_in_fragments(&f[0], 500);
	scene_sleep(100 * MS);
	assert_int_equal(scene_recv_now(B, p.b, text, sizeof(text)), 3000);
	for (unsigned int i = 0; i < 3000; i++)
		assert_int_equal(text[i], 'x' + i / 1000);
	end(&p, &f[0], 3000);
}

/*
 * The longest ping over a link of the smallest MTU: all of its 1,365 fragments fit into the part of
 * the reassembly memory that one source may use. The answer has the 45 fragments that Ethernet
 * needs, and A finds the checksum of the whole correct.
 */
static void longest_ping_over_the_smallest_mtu(void)
{
	forge_ping(65507, 68);
	scene_sleep(100 * MS);
	assert_int_equal(scene_counter(B, "Ip.ReasmReqds"), 1365);
	assert_int_equal(scene_counter(B, "Ip.ReasmOKs"), 1);
	assert_int_equal(scene_counter(B, "Icmp.InEchos"), 1);
	assert_int_equal(scene_counter(B, "Icmp.InErrors"), 0);
	assert_int_equal(scene_counter(B, "Ip.FragCreates"), 45);
	assert_int_equal(scene_counter(A, "Ip.ReasmOKs"), 1);
	assert_int_equal(scene_counter(A, "Icmp.InEchoReps"), 1);
	assert_int_equal(scene_counter(A, "Icmp.InErrors"), 0);
}

/* ---- UDP ------------------------------------------------------------------------------------------- */

static int udp_socket(struct host *h, uint16_t port)
{
	int fd = scene_call(h, SYS_socket, AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(scene_bind(h, fd, port), 0);
	return fd;
}

/* Sends @n bytes from A to B, which must receive them. */
static void carry(int a, int b, unsigned int n)
{
	scene_fill(out, n, n);
	assert_int_equal(scene_call(A, SYS_sendto, a, PTR(out), n, 0, PTR(scene_address(B, PORT)),
				    sizeof(struct sockaddr_in)),
			 n);
	memset(in, 0, sizeof(in));
	assert_int_equal(scene_call(B, SYS_recvfrom, b, PTR(in), sizeof(in), 0, 0, 0), n);
	assert_memory_equal(in, out, n);
}

/*
 * One of two fragments is lost: /proc/net/sockstat counts the other one until ipfrag_time (30 s)
 * has passed.
 */
static void an_incomplete_datagram_is_told(void)
{
	int a = udp_socket(A, PORT);
	unsigned int bytes;

	scene_drop(A, OTHER, 1);
	assert_int_equal(scene_call(A, SYS_sendto, a, PTR(out), 2000, 0,
				    PTR(scene_address(B, PORT)), sizeof(struct sockaddr_in)),
			 2000);
	scene_sleep(10 * MS);
	assert_int_equal(sscanf(strstr(scene_proc(B, "/proc/net/sockstat"), "FRAG:"),
				"FRAG: inuse 1 memory %u", &bytes),
			 1);
	assert_in_range(bytes, 512, 4096); /* one fragment of 520 bytes */
	scene_sleep(31 * SEC);
	assert_non_null(strstr(scene_proc(B, "/proc/net/sockstat"), "FRAG: inuse 0 memory 0\n"));
	scene_close(A, a);
}

/* RFC 1122 3.3.3; a datagram of Ethernet's 1,500 bytes has 1,472 bytes of data. */
static void datagrams_of_any_length(void)
{
	static const unsigned int lengths[] = {1472, 1473, 2952, 2953, 9000, 40000, 65507};
	int a = udp_socket(A, PORT), b = udp_socket(B, PORT);
	unsigned int parts = 0;

	for (unsigned int i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		carry(a, b, lengths[i]);
		if (lengths[i] > 1472)
			parts += (lengths[i] + 8 + 1479) / 1480;
		assert_int_equal(scene_counter(A, "Ip.FragOKs"), i);
		assert_int_equal(scene_counter(A, "Ip.FragCreates"), parts);
	}
	assert_int_equal(scene_counter(B, "Ip.ReasmReqds"), parts);
	assert_int_equal(scene_counter(B, "Ip.ReasmFails"), 0);
	/* A program may forbid fragments. */
	scene_set(A, a, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	carry(a, b, 1472);
	assert_int_equal(scene_call(A, SYS_sendto, a, PTR(out), 1473, 0,
				    PTR(scene_address(B, PORT)), sizeof(struct sockaddr_in)),
			 -EMSGSIZE);
	assert_int_equal(scene_counter(A, "Ip.FragCreates"), parts);
	scene_close(A, a);
	scene_close(B, b);
}

/* If one fragment is lost, the whole datagram is lost; the next datagram arrives. */
static void a_lost_fragment(void)
{
	int a = udp_socket(A, PORT), b = udp_socket(B, PORT);
	const char *line;

	scene_drop(A, OTHER, 2);
	assert_int_equal(scene_call(A, SYS_sendto, a, PTR(out), 5000, 0,
				    PTR(scene_address(B, PORT)), sizeof(struct sockaddr_in)),
			 5000);
	carry(a, b, 4000);
	assert_int_equal(scene_counter(B, "Ip.ReasmReqds"), 3 + 3);
	assert_int_equal(scene_counter(B, "Ip.ReasmOKs"), 1);
	/* As on Linux: a datagram waits, and its fragments take at least the bytes that arrived. */
	line = strstr(scene_proc(B, "/proc/net/sockstat"), "FRAG: inuse 1 memory ");
	assert_non_null(line);
	assert_in_range(atoi(line + strlen("FRAG: inuse 1 memory ")), 5000 - 1480, 64 << 10);
	scene_sleep(31 * SEC);
	assert_non_null(strstr(scene_proc(B, "/proc/net/sockstat"), "FRAG: inuse 0 memory 0\n"));
	assert_int_equal(scene_counter(B, "Ip.ReasmTimeout"), 1);
	/* RFC 1122 3.3.2: A gets an ICMP error, because B had the first fragment. */
	assert_int_equal(scene_counter(A, "Icmp.InTimeExcds"), 1);
	scene_close(A, a);
	scene_close(B, b);
}

/*
 * Fragments are charged to the socket that sent the datagram: when fragments that wait for a link
 * address fill its send buffer, the next write fails with EAGAIN.
 */
static void fragments_are_charged(void)
{
	int a = udp_socket(A, PORT);
	struct sockaddr_in at = *scene_address(B, PORT);
	int64_t result;
	unsigned int n = 0;

	at.sin_addr.s_addr = htonl(NOT_THERE);
	assert_int_equal(scene_call(A, SYS_sendto, a, PTR(out), 1, 0, PTR(&at), sizeof(at)), 1);
	/* The route to that address stays in the cache. */
	scene_sleep(200 * SEC);
	host_set_baseline(A);
	scene_set(A, a, SOL_SOCKET, SO_SNDBUF, 50000);
	while ((result = scene_call(A, SYS_sendto, a, PTR(out), 8000, MSG_DONTWAIT, PTR(&at),
				    sizeof(at))) == 8000)
		assert_in_range(++n, 1, 20);
	assert_int_equal(result, -EAGAIN);
	/*
	 * The kernel doubles SO_SNDBUF, and counts the memory of the packets: a datagram of 8,000
	 * bytes takes less than 20,000.
	 */
	assert_in_range(n, 5, 12);
	scene_sleep(200 * SEC);
	scene_close(A, a);
	scene_sleep(200 * SEC);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_segment_in_fragments),
		SCENE(fragments_among_segments),
		SCENE(longest_ping_over_the_smallest_mtu),
		SCENE(an_incomplete_datagram_is_told),
		SCENE(datagrams_of_any_length),
		SCENE(a_lost_fragment),
		SCENE(fragments_are_charged),
	};

	return scene_play(tests);
}
