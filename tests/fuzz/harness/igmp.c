/* SPDX-License-Identifier: MIT */
/*
 * IGMP: queries and reports of versions 1 to 3 with arbitrary fields, while programs join and leave groups, change
 * filters of sources, and set the interface down and up.
 *
 * harness_setup() opens SOCKETS sockets.  Each step of an input is an opcode (enum op) and its arguments.  The harness
 * checks each IGMP message that the kernel sends (harness_sent()): its form; that a program has joined its
 * group; that it does not come more often than the limits permit; that its version is not newer than a querier's that
 * was heard just before.  At the end a group is joined and queried: it must be reported.  Callers and context: see
 * engine.c.  RFC 1112 appendix I, 2236, 3376.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire.h"
#include "tests/wire/pkt.h"

#define STEPS_MAX   40
#define SOCKETS     3
#define GROUPS      8
#define SOURCES     12
#define PORT        9
#define PROTO       2          /* IGMP */
#define ALERT       0x94040000 /* the option Router Alert (RFC 2113) */
#define ALL_HOSTS   0xe0000001
#define ALL_ROUTERS 0xe0000002
#define ALL_V3      0xe0000016 /* 224.0.0.22: routers of version 3 */
#define GROUP(n)    (0xef010200 + (n))
#define LAST_GROUP  (GROUPS - 1) /* the group of check_answer(), which no step joins */
#define HEADER      24           /* bytes of an IP header with Router Alert */
#define MESSAGE_MAX 600
#define QUERY       0x11
#define REPORT_V1   0x12
#define REPORT_V2   0x16
#define LEAVE       0x17
#define REPORT_V3   0x22
/* RFC 3376 8.1: at most this number of reports of each change, because the robustness variable of a query and
 * igmp_qrv are at most 7 (docs/limits.md: IGMP_QRV_RANGE). */
#define ROBUSTNESS_MAX 7
/* One report of a change has a record of new sources and one of old sources; a leave has one message more. */
#define CHANGE_MESSAGES (2 * ROBUSTNESS_MAX + 1)
#define ANSWER_GAP      (100 * MS) /* docs/limits.md: IGMP_ANSWER_MS */
#define TICK            (1 * MS)
/* RFC 3376 8.12: the shortest time in which the version of an older querier is used; one second of the fields QQIC
 * and one of the robustness variable. */
#define OLDER_QUERIER (1 * SEC)
/* RFC 3376 4.1.1: the longest time until an answer, 31,744 tenths of a second. */
#define LONGEST_DELAY (3175 * SEC)
/* offsets in fuzz_user */
#define ARGUMENT 0
#define NAME     4000

enum op {
	OP_QUERY,  /* a query whose fields are arbitrary, but whose form is that of its version */
	OP_WRONG,  /* the same with some bytes changed, or with another length */
	OP_REPORT, /* a report or a leave of another host */
	OP_RAW,    /* arbitrary bytes with a correct checksum */
	OP_JOIN,   /* IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP */
	OP_SOURCE, /* the options for one source of a group */
	OP_FILTER, /* IP_MSFILTER */
	OP_CLOSE,  /* a socket is closed, and another one opened */
	OP_LINK,   /* the interface goes down or up */
	OP_SYSCTL,
	OP_DATA, /* a datagram to a group */
	OP_SLEEP,
	OPS,
};

static struct {
	int sockets[SOCKETS];
	/* Messages about each group that calls of programs may still cause. */
	unsigned int changes[GROUPS];
	/* Times of the last two answers to queries about each group; 0: none. */
	uint64_t answers[GROUPS][2];
	bool joined[GROUPS]; /* a program has ever tried to join the group */
	bool reported;       /* LAST_GROUP was reported */
	/* When a general query of versions 1 and 2 was heard; 0: never. */
	uint64_t heard[3];
} state, first;

/* ---- messages that the kernel sends ----------------------------------------------------------- */

/* Returns the number of a group that may be reported. */
static unsigned int known_group(uint32_t addr)
{
	unsigned int n = addr - GROUP(0);

	if (n >= GROUPS || !state.joined[n])
		fuzz_fail("a message about the group %08x, which no program joined", addr);
	if (n == LAST_GROUP)
		state.reported = true;
	return n;
}

/* A message that reports a change of a program's: each call permits CHANGE_MESSAGES. */
static void count_change(unsigned int group)
{
	if (!state.changes[group])
		fuzz_fail("more messages about changes of group %u than calls", group);
	state.changes[group]--;
}

/* Returns whether the report may be an answer to a query.  A query about one group and a general query are
 * answered separately, each at most once in ANSWER_GAP: so between an answer and the next but one is this time. */
static bool may_answer(unsigned int group)
{
	uint64_t *times = state.answers[group];

	if (times[1] && sn_clock() + TICK < times[1] + ANSWER_GAP)
		return false;
	times[1] = times[0];
	times[0] = sn_clock();
	return true;
}

/* Version 1 and 2 do not tell an answer from a report of a join. */
static void count_report(unsigned int group)
{
	if (!may_answer(group))
		count_change(group);
}

static void check_version(unsigned int version)
{
	for (unsigned int older = 1; older < version; older++) {
		if (state.heard[older] && sn_clock() < state.heard[older] + OLDER_QUERIER)
			fuzz_fail("a message of version %u, after a query of version %u", version,
				  older);
	}
}

static void check_records(const uint8_t *message, size_t len)
{
	unsigned int n = pkt_get16(message + 6);
	size_t at = 8;

	if (!n)
		fuzz_fail("a report without records");
	while (n--) {
		const uint8_t *record = message + at;
		unsigned int group, sources;

		if (at + 8 > len)
			fuzz_fail("a report ends in a record");
		sources = pkt_get16(record + 2);
		at += 8 + 4 * sources;
		group = known_group(pkt_get32(record + 4));
		if (record[0] < 1 || record[0] > 6 || record[1] || at > len)
			fuzz_fail("a record of type %u with %u sources", record[0], sources);
		if (record[0] > 2)
			count_change(group);
		else if (!may_answer(group))
			fuzz_fail("answers about group %u come too often", group);
	}
	if (at != len)
		fuzz_fail("a report has %zu bytes behind its records", len - at);
}

static void check_message(uint32_t daddr, const uint8_t *message, size_t len)
{
	uint32_t to = message[0] == REPORT_V3 ? ALL_V3 : ALL_ROUTERS;

	if (message[0] == REPORT_V1 || message[0] == REPORT_V2)
		to = pkt_get32(message + 4);
	if (daddr != to)
		fuzz_fail("an IGMP message of type %02x to %08x", message[0], daddr);
	switch (message[0]) {
	case REPORT_V1:
	case REPORT_V2:
		check_version(message[0] == REPORT_V1 ? 1 : 2);
		count_report(known_group(to));
		break;
	case LEAVE:
		check_version(2);
		count_change(known_group(pkt_get32(message + 4)));
		break;
	case REPORT_V3:
		check_version(3);
		check_records(message, len);
		break;
	default:
		fuzz_fail("an IGMP message of type %02x", message[0]);
	}
}

void harness_sent(const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + PKT_ETH, *message = ip + HEADER;
	size_t total;

	if (len < PKT_ETH + PKT_IP || pkt_get16(frame + 12) != PKT_TYPE_IP || ip[9] != PROTO)
		return;
	total = pkt_get16(ip + 2);
	/* RFC 3376 4: every message has a TTL of 1 and the option Router Alert. */
	if (ip[0] != 0x46 || ip[8] != 1 || pkt_get32(ip + PKT_IP) != ALERT ||
	    pkt_get32(ip + 12) != FUZZ_IP || total < HEADER + 8 || PKT_ETH + total > len)
		fuzz_fail("a wrong IP header of an IGMP message");
	if (pkt_sum(ip, HEADER, 0) != 0xffff || pkt_sum(message, total - HEADER, 0) != 0xffff)
		fuzz_fail("a wrong checksum of an IGMP message");
	check_message(pkt_get32(ip + 16), message, total - HEADER);
}

/* ---- messages that the kernel receives -------------------------------------------------------- */

/* Sends an IP packet to @daddr, with a TTL of 1, and with Router Alert if @alert. */
static void send_packet(uint32_t saddr, uint32_t daddr, unsigned int proto, bool alert,
			const uint8_t *body, size_t len)
{
	uint8_t frame[PKT_ETH + HEADER + MESSAGE_MAX], *ip = frame + PKT_ETH;
	size_t options = alert ? HEADER - PKT_IP : 0;
	uint64_t mac = daddr >> 28 == 14 ? 0x01005e000000ULL | (daddr & 0x7fffff) : FUZZ_MAC;

	pkt_put_eth(frame, mac, FUZZ_PEER, PKT_TYPE_IP);
	pkt_put_ip(ip, proto, saddr, daddr, options + len);
	ip[8] = 1;
	ip[0] = (uint8_t)(0x45 + options / 4);
	if (alert)
		pkt_put32(ip + PKT_IP, ALERT);
	pkt_put16(ip + 10, 0);
	pkt_put16(ip + 10, pkt_checksum(ip, PKT_IP + options, 0));
	memcpy(ip + PKT_IP + options, body, len);
	fuzz_put(frame, PKT_ETH + PKT_IP + options + len);
}

static void send_message(uint32_t daddr, bool alert, uint8_t *message, size_t len)
{
	pkt_sum_icmp(message, len); /* IGMP's checksum is at the place of ICMP's */
	send_packet(FUZZ_GATEWAY, daddr, PROTO, alert, message, len);
	fuzz_run();
}

static uint32_t a_group(struct input *in)
{
	uint8_t n = take8(in);

	if (n < 200)
		return GROUP(n % LAST_GROUP);
	return n < 220 ? ALL_HOSTS : n < 240 ? 0 : take32(in);
}

/* A group for a program's call: one of GROUPS, or an address that cannot be joined or is not reported. */
static uint32_t group_to_join(struct input *in)
{
	uint8_t n = take8(in);

	return n < 240 ? GROUP(n % LAST_GROUP) : n < 248 ? ALL_HOSTS : FUZZ_REMOTE;
}

static uint32_t a_source(struct input *in)
{
	return 0xc0000200 + take8(in) % SOURCES;
}

/* The kernel uses the version of its oldest querier, when it has heard a general query that RFC 3376 9.1 permits. */
static void note_query(uint32_t daddr, unsigned int version, uint32_t group, bool alert)
{
	if (version < 3 && !group && (alert || version == 1) && daddr == ALL_HOSTS)
		state.heard[version] = sn_clock();
}

static void send_query(struct input *in, bool wrong)
{
	uint8_t message[MESSAGE_MAX] = {QUERY}, kind = take8(in), n = 0;
	unsigned int version = 1 + kind % 3, len = version == 3 ? 12 : 8;
	uint32_t group = kind & 32 ? 0 : a_group(in), daddr;
	bool alert = !(kind & 64);

	message[1] = version == 1 ? 0 : take8(in);
	if (version == 2 && !message[1])
		message[1] = 1;
	pkt_put32(message + 4, group);
	if (version == 3) {
		message[8] = take8(in);
		message[9] = take8(in);
		for (n = kind & 128 ? take8(in) % 140 : 0; len < 12u + 4 * n; len += 4)
			pkt_put32(message + len, a_source(in));
		message[11] = n;
	}
	daddr = group ? group : ALL_HOSTS;
	if (wrong) {
		for (unsigned int i = take8(in) % 6; i > 0; i--)
			message[take8(in) % 16] = take8(in);
		len = 1 + (len + take8(in) % 16) % MESSAGE_MAX;
		daddr = take8(in) & 1 ? FUZZ_IP : a_group(in);
	} else if (version < 3) {
		note_query(daddr, version, version == 1 ? 0 : group, alert);
	}
	send_message(daddr, alert, message, len);
}

static void send_report(struct input *in)
{
	static const uint8_t types[] = {REPORT_V1, REPORT_V2, LEAVE, REPORT_V3};
	uint8_t message[MESSAGE_MAX] = {types[take8(in) & 3]};
	uint32_t group = a_group(in);
	size_t len = 8;

	pkt_put32(message + 4, group);
	if (message[0] == REPORT_V3)
		len += take_bytes(in, message + 8, take8(in) % 40);
	send_message(group, take8(in) & 1, message, len);
}

static void send_raw(struct input *in)
{
	uint8_t message[MESSAGE_MAX] = {take8(in) & 1 ? QUERY : 0};
	size_t len = 1 + take_bytes(in, message + 1, take8(in));

	if (len >= 4)
		send_message(take8(in) & 1 ? ALL_HOSTS : a_group(in), take8(in) & 1, message, len);
}

static void send_data(struct input *in)
{
	uint8_t udp[8 + 4] = {0};
	uint32_t saddr = a_source(in);

	pkt_put16(udp, 99);
	pkt_put16(udp + 2, PORT);
	pkt_put16(udp + 4, sizeof(udp));
	send_packet(saddr, a_group(in), PKT_PROTO_UDP, false, udp, sizeof(udp));
	fuzz_run();
}

/* ---- calls ------------------------------------------------------------------------------------ */

/* A call may have changed the membership in @group: its messages are permitted, and an answer may come at once. */
static void permit(uint32_t group)
{
	unsigned int n = group - GROUP(0);

	if (n >= GROUPS)
		return;
	state.joined[n] = true;
	state.changes[n] += CHANGE_MESSAGES;
	memset(state.answers[n], 0, sizeof(state.answers[n]));
}

static void permit_all(void)
{
	for (unsigned int i = 0; i < GROUPS; i++) {
		if (state.joined[i])
			permit(GROUP(i));
	}
}

static int open_socket(void)
{
	int fd = (int)fuzz_call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	int *one = (int *)(fuzz_user + ARGUMENT);

	*one = 1;
	fuzz_call(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, PTR(one), 4);
	fuzz_call(SYS_bind, fd, fuzz_address(NAME, 0, PORT), sizeof(struct sockaddr_in));
	return fd;
}

static void set_option(int fd, int name, uint32_t group, size_t len)
{
	permit(group);
	fuzz_call(SYS_setsockopt, fd, IPPROTO_IP, name, PTR(fuzz_user + ARGUMENT), len);
}

static void join(int fd, int name, uint32_t group)
{
	struct ip_mreq *mreq = (struct ip_mreq *)(fuzz_user + ARGUMENT);

	*mreq = (struct ip_mreq){.imr_multiaddr.s_addr = htonl(group),
				 .imr_interface.s_addr = htonl(FUZZ_IP)};
	set_option(fd, name, group, sizeof(*mreq));
}

static int a_socket(struct input *in)
{
	return state.sockets[take8(in) % SOCKETS];
}

static void change_source(struct input *in)
{
	static const int names[] = {IP_BLOCK_SOURCE, IP_UNBLOCK_SOURCE, IP_ADD_SOURCE_MEMBERSHIP,
				    IP_DROP_SOURCE_MEMBERSHIP};
	struct ip_mreq_source *mreq = (struct ip_mreq_source *)(fuzz_user + ARGUMENT);
	int fd = a_socket(in), name = names[take8(in) & 3];
	uint32_t group = group_to_join(in);

	*mreq = (struct ip_mreq_source){.imr_multiaddr.s_addr = htonl(group),
					.imr_interface.s_addr = htonl(FUZZ_IP),
					.imr_sourceaddr.s_addr = htonl(a_source(in))};
	set_option(fd, name, group, sizeof(*mreq));
}

static void change_filter(struct input *in)
{
	uint8_t *filter = fuzz_user + ARGUMENT;
	int fd = a_socket(in);
	uint32_t group = group_to_join(in), values[4] = {htonl(group), htonl(FUZZ_IP)};
	unsigned int n = take8(in) % 16;

	values[2] = take8(in) & 1;
	values[3] = n;
	memcpy(filter, values, sizeof(values));
	for (unsigned int i = 0; i < n; i++) {
		uint32_t source = htonl(a_source(in));

		memcpy(filter + sizeof(values) + 4 * i, &source, 4);
	}
	set_option(fd, IP_MSFILTER, group, sizeof(values) + 4 * n);
}

static void reopen(struct input *in)
{
	int *fd = &state.sockets[take8(in) % SOCKETS];

	permit_all();
	fuzz_call(SYS_close, *fd);
	*fd = open_socket();
}

/* The interface forgets its queriers when it goes down; it reports its groups when it comes up. */
static void set_link(int fd, bool up)
{
	struct {
		char name[16];
		int16_t flags;
		char rest[22];
	} *ifr = (void *)(fuzz_user + ARGUMENT);

	memset(ifr, 0, sizeof(*ifr));
	strcpy(ifr->name, "eth0");
	ifr->flags = up; /* IFF_UP */
	permit_all();
	if (!up)
		memset(state.heard, 0, sizeof(state.heard));
	fuzz_call(SYS_ioctl, fd, 0x8914 /* SIOCSIFFLAGS */, PTR(ifr));
	fuzz_run();
}

static void set_sysctl(const char *name, unsigned int value)
{
	char path[64], text[16];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", name);
	snprintf(text, sizeof(text), "%u", value);
	if (!fuzz_write_file(path, text))
		fuzz_fail("no file %s", path);
}

/* ---- an input --------------------------------------------------------------------------------- */

static void step(struct input *in)
{
	int fd;

	switch (take8(in) % OPS) {
	case OP_QUERY:
		send_query(in, false);
		break;
	case OP_WRONG:
		send_query(in, true);
		break;
	case OP_REPORT:
		send_report(in);
		break;
	case OP_RAW:
		send_raw(in);
		break;
	case OP_JOIN:
		fd = a_socket(in);
		join(fd, take8(in) % 3 ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, group_to_join(in));
		break;
	case OP_SOURCE:
		change_source(in);
		break;
	case OP_FILTER:
		change_filter(in);
		break;
	case OP_CLOSE:
		reopen(in);
		break;
	case OP_LINK:
		set_link(state.sockets[0], take8(in) & 1);
		break;
	case OP_SYSCTL:
		switch (take8(in) % 3) {
		case 0:
			set_sysctl("igmp_qrv", 1 + take8(in) % ROBUSTNESS_MAX);
			break;
		case 1:
			set_sysctl("igmp_max_msf", take8(in) % 20);
			break;
		default:
			set_sysctl("igmp_max_memberships", take8(in) % 10);
		}
		break;
	case OP_DATA:
		send_data(in);
		break;
	default:
		fuzz_sleep((1 + take8(in)) * (take8(in) & 1 ? 100 * MS : 2 * MS));
	}
	fuzz_run();
}

/* Whatever was received: a host that joins a group reports it, and answers a query about it in the time that the
 * query permits (RFC 2236 3, RFC 3376 5.2). */
static void check_answer(void)
{
	uint8_t query[8] = {QUERY, 10 /* tenths of a second */};

	set_link(state.sockets[0], true);
	set_sysctl("igmp_max_memberships", 20);
	fuzz_call(SYS_close, state.sockets[1]);
	state.sockets[1] = open_socket();
	permit_all();
	join(state.sockets[1], IP_ADD_MEMBERSHIP, GROUP(LAST_GROUP));
	fuzz_sleep(1 * SEC);
	if (!state.reported)
		fuzz_fail("a group that was joined is not reported");
	fuzz_sleep(100 * SEC); /* until all reports of the change are sent */
	state.reported = false;
	pkt_put32(query + 4, GROUP(LAST_GROUP));
	send_message(GROUP(LAST_GROUP), true, query, sizeof(query));
	fuzz_sleep(1 * SEC + 2 * ANSWER_GAP);
	if (!state.reported)
		fuzz_fail("a query is not answered");
	fuzz_sleep(LONGEST_DELAY); /* until no timer of an answer is armed */
}

void harness_setup(void)
{
	fuzz_boot(FUZZ_CMDLINE, NULL, 0);
	for (unsigned int i = 0; i < SOCKETS; i++)
		state.sockets[i] = open_socket();
	first = state;
}

void harness_play(struct input *in)
{
	state = first;
	for (unsigned int i = 0; in->len && i < STEPS_MAX; i++)
		step(in);
	check_answer();
}
