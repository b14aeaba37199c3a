/* SPDX-License-Identifier: MIT */
/*
 * Fragments between two hosts. tests/unit/test_ip_fragment.c has the details of reassembly; here the datagrams pass
 * through the driver, and TCP reads them.
 */
#include "tests/hosted/scene_forge.h"

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
	char data[1401], got[1401] = "";

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
	assert_int_equal(scene_recv_now(B, p.b, got, sizeof(got)), 1400);
	assert_string_equal(got, data);
	assert_int_equal(scene_last(B, TCP)->ack, f.seq + 1400);
	end(&p, &f, 1400);
}

/* A segment that arrives in fragments beside others: out of order, and in front of queued data. */
static void fragments_among_segments(void)
{
	struct pair p = scene_pair();
	struct forged f[3];
	char data[3][1001], got[3001] = "";

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
	assert_int_equal(scene_recv_now(B, p.b, got, sizeof(got)), 3000);
	for (unsigned int i = 0; i < 3000; i++)
		assert_int_equal(got[i], 'x' + i / 1000);
	end(&p, &f[0], 3000);
}

/* The longest ping over a link of the smallest MTU: all of its 1,365 fragments fit a source's part of the memory. */
static void longest_ping_over_the_smallest_mtu(void)
{
	forge_ping(65507, 68);
	scene_sleep(100 * MS);
	assert_int_equal(scene_counter(B, "Ip.ReasmReqds"), 1365);
	assert_int_equal(scene_counter(B, "Ip.ReasmOKs"), 1);
	assert_int_equal(scene_counter(B, "Icmp.InEchos"), 1);
	assert_int_equal(scene_counter(B, "Icmp.InErrors"), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_segment_in_fragments),
		SCENE(fragments_among_segments),
		SCENE(longest_ping_over_the_smallest_mtu),
	};

	return scene_play(tests);
}
