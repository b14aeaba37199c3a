/* SPDX-License-Identifier: MIT */
/*
 * Segments that must not be answered: those to a broadcast or group address, and those from an
 * address that is not a single host's (RFC 1122 3.2.1.3, 3.3.6 and 4.2.3.10; RFC 9293 3.9.2.3,
 * MUST-57 and 63).  An answer would go to all hosts, to ourselves, or to the sender's victim.
 *
 * Each such address is tested with each kind of segment, at a listener and at a closed port: B must
 * not answer, the drop must be counted with its reason, and no counter may show an attempt to
 * answer.
 */
#include "tests/hosted/scene_forge.h"

#define LISTENER    7
#define CLOSED_PORT 9
#define BROADCAST   0xffffffffffffULL

struct place {
	const char *name;
	uint32_t saddr, daddr; /* saddr 0: A's address; daddr 0: B's address */
	uint64_t link;
	const char *reason; /* NULL: the segment reaches TCP, see reason_of() */
};

/* clang-format off */
static const struct place places[] = {
	/* to many hosts: the subnet, the subnet's number (an old form of its broadcast), all hosts, groups */
	{"to the subnet",            0,          0x0a0000ff, 0, NULL},
	{"to the subnet's number",   0,          0x0a000000, 0, NULL},
	{"to all hosts",             0,          0xffffffff, 0, NULL},
	{"to the group of all hosts", 0,         0xe0000001, 0, NULL},
	{"to another group",         0,          0xe0000002, 0, "IP_NOGROUP"},
	{"to loopback",              0,          0x7f000001, 0, "IP_INADDRERRORS"},
	/* to B alone, but in a frame to many hosts (RFC 1122 3.3.6) */
	{"in a broadcast frame",     0,          0, BROADCAST,         "OTHERHOST"},
	{"in a group's frame",       0,          0, 0x01005e000001ULL, "OTHERHOST"},
	/* from an address that is not a single host's */
	{"from the subnet",          0x0a0000ff, 0, 0, "IP_INADDRERRORS"},
	{"from the subnet's number", 0x0a000000, 0, 0, "IP_INADDRERRORS"},
	{"from all hosts",           0xffffffff, 0, 0, "IP_INADDRERRORS"},
	{"from a group",             0xe0000001, 0, 0, "IP_INADDRERRORS"},
	{"from loopback",            0x7f000001, 0, 0, "IP_INADDRERRORS"},
	{"from this network",        0x00000001, 0, 0, "IP_INADDRERRORS"},
	/* from B itself; with equal ports this is the LAND attack */
	{"from ourselves",           0x0a000002, 0, 0, "IP_INADDRERRORS"},
};

static const struct {
	const char *name;
	uint8_t flags;
	const char *data;
} kinds[] = {
	{"SYN",      SYN_FLAG,            NULL},
	{"SYN-ACK",  SYN_FLAG | ACK_FLAG, NULL},
	{"ACK",      ACK_FLAG,            NULL},
	{"bytes",    PSH_FLAG | ACK_FLAG, "text"},
	{"FIN",      FIN_FLAG,            NULL},
	{"no flags", 0,                   NULL},
};
/* clang-format on */

/*
 * Returns the reason of the drop.  If a segment to a broadcast address reaches a listener, a SYN is
 * refused for its address, any other segment for its flags.
 */
static const char *reason_of(const struct place *p, uint8_t flags, uint16_t port)
{
	if (p->reason)
		return p->reason;
	if (port == CLOSED_PORT)
		return "NO_SOCKET";
	return flags == SYN_FLAG ? "IP_INADDRERRORS" : "TCP_FLAGS";
}

static bool is_silence(const struct place *p, unsigned int kind, uint16_t port)
{
	struct forged f = {
		.saddr = p->saddr,
		.daddr = p->daddr,
		.link = p->link,
		.sport = port, /* equal ports, as in the LAND attack */
		.dport = port,
		.seq = 1000,
		.ack = 2000,
		.flags = kinds[kind].flags,
		.data = kinds[kind].data,
	};
	const char *reason = reason_of(p, f.flags, port), *wrong = NULL;

	scene_mark();
	forge(&f);
	if (scene_count(B, TCP | OTHER))
		wrong = "there was an answer";
	else if (scene_counter(B, "Tcp.OutRsts") || scene_counter(B, "Tcp.OutSegs") ||
		 scene_counter(B, "Icmp.OutMsgs"))
		wrong = "an answer was counted";
	else if (scene_counter(B, "Ip.OutNoRoutes") || scene_drops(B, "IP_OUTNOROUTES"))
		wrong = "a route for an answer was looked up";
	else if (scene_drops(B, reason) != 1)
		wrong = "the drop was not counted, or with another reason than";
	else if (scene_state(B, port, port))
		wrong = "a connection began";
	if (wrong)
		print_error("%s %s, port %u: %s (%s)\n", kinds[kind].name, p->name, port, wrong,
			    reason);
	return !wrong;
}

static void no_sender_is_answered(void)
{
	int listener = scene_listen(B, LISTENER, 8), fd;
	bool ok = true;

	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		for (unsigned int k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			ok &= is_silence(&places[i], k, LISTENER);
			ok &= is_silence(&places[i], k, CLOSED_PORT);
		}
	}
	assert_true(ok);
	/* A normal client is still served. */
	fd = scene_socket(A);
	assert_int_equal(scene_connect(A, fd, B, LISTENER), 0);
	scene_close(A, fd);
	scene_close(B, listener);
}

/*
 * ListenDrops counts a SYN that reaches a listener and is refused, but not one that IP drops before
 * (as on Linux).
 */
static void a_syn_to_many_is_a_listen_drop(void)
{
	int listener = scene_listen(B, LISTENER, 8);
	struct forged f = {.daddr = 0x0a0000ff, .sport = 1, .dport = LISTENER, .flags = SYN_FLAG};

	scene_mark();
	forge(&f);
	assert_int_equal(scene_counter(B, "TcpExt.ListenDrops"), 1);
	f.daddr = 0;
	f.saddr = 0x0a0000ff;
	forge(&f);
	assert_int_equal(scene_counter(B, "TcpExt.ListenDrops"), 1);
	assert_int_equal(scene_counter(B, "Ip.InAddrErrors"), 1);
	scene_close(B, listener);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(no_sender_is_answered),
		SCENE(a_syn_to_many_is_a_listen_drop),
	};

	return scene_play(tests);
}
