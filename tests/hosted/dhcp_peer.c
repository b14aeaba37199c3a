/* SPDX-License-Identifier: MIT */
/*
 * The DHCP server of the scenes, and the record of the client's messages: dhcp_peer.h.
 */
#include "tests/hosted/dhcp_peer.h"

#include <dlfcn.h>
#include <stdio.h>

#define CLIENT_MAC 0x020000000001ULL
#define SERVER_MAC 0x020000000002ULL
#define OTHER_MAC  0x020000000009ULL
#define BROADCAST  0xffffffffffffULL
#define TYPE_ARP   0x0806
#define UDP        8
#define BOOTP      240 /* bytes before the options */
#define COOKIE     0x63825363u
#define MESSAGES   600
#define FRAGMENT   1480 /* bytes of a packet in one frame */

struct peer peer;
static struct dhcp_message messages[MESSAGES];
static uint8_t texts[MESSAGES][600];
static unsigned int nr_messages, probes, announcements;
static uint32_t arp_answer_of; /* the sender address of the last ARP reply */

static uint64_t get48(const uint8_t *p)
{
	return (uint64_t)pkt_get16(p) << 32 | pkt_get32(p + 2);
}

static void put48(uint8_t *p, uint64_t v)
{
	pkt_put16(p, (uint32_t)(v >> 32));
	pkt_put32(p + 2, (uint32_t)v);
}

/* ---- answers ----------------------------------------------------------------------------------- */

static void append(uint8_t *to, size_t *at, size_t max, uint8_t code, const void *data, size_t len)
{
	assert_true(*at + 2 + len <= max && len < 256);
	to[(*at)++] = code;
	to[(*at)++] = (uint8_t)len;
	memcpy(to + *at, data, len);
	*at += len;
}

void peer_option(uint8_t code, const void *data, size_t len)
{
	append(peer.extra, &peer.extra_len, sizeof(peer.extra), code, data, len);
}

void peer_option32(uint8_t code, uint32_t value)
{
	uint8_t data[4];

	pkt_put32(data, value);
	peer_option(code, data, 4);
}

static void answer32(struct dhcp_answer *a, uint8_t code, uint32_t value)
{
	uint8_t data[4];

	pkt_put32(data, value);
	append(a->options, &a->options_len, sizeof(a->options), code, data, 4);
}

struct dhcp_answer dhcp_answer(uint8_t type)
{
	struct dhcp_answer a = {.xid = nr_messages ? messages[nr_messages - 1].xid : 0,
				.saddr = peer.server,
				.yiaddr = type == DHCP_NAK ? 0 : peer.addr,
				.chaddr = CLIENT_MAC,
				.op = 2,
				.htype = 1,
				.hlen = 6,
				.cookie = COOKIE};

	append(a.options, &a.options_len, sizeof(a.options), 53, &type, 1);
	answer32(&a, 54, peer.server);
	if (type != DHCP_NAK) {
		answer32(&a, 51, peer.lease);
		answer32(&a, 1, 0xffffff00);
		memcpy(a.options + a.options_len, peer.extra, peer.extra_len);
		a.options_len += peer.extra_len;
	}
	a.options[a.options_len++] = 255;
	return a;
}

/* Sends the part of a packet whose IP payload has @len bytes that begins at its byte @at. */
static void put_fragment(const uint8_t *whole, size_t at, size_t len)
{
	uint8_t frame[PKT_ETH + PKT_IP + FRAGMENT], *ip = frame + PKT_ETH;
	size_t part = len - at < FRAGMENT ? len - at : FRAGMENT;

	memcpy(frame, whole, PKT_ETH + PKT_IP);
	memcpy(ip + PKT_IP, whole + PKT_ETH + PKT_IP + at, part);
	pkt_put16(ip + 2, (uint32_t)(PKT_IP + part));
	pkt_put16(ip + 6, (uint32_t)(at / 8) | (at + part < len ? 0x2000 : 0));
	pkt_put16(ip + 10, 0);
	pkt_put16(ip + 10, pkt_checksum(ip, PKT_IP, 0));
	assert_int_equal(wire_inject(scene->wire, A, frame, PKT_ETH + PKT_IP + part), 0);
}

static void put(const struct dhcp_answer *a)
{
	static uint8_t frame[PKT_ETH + PKT_IP + UDP + BOOTP + sizeof(a->options)];
	uint8_t *ip = frame + PKT_ETH, *udp = ip + PKT_IP, *msg = udp + UDP;
	size_t len = UDP + BOOTP + a->options_len;

	memset(frame, 0, sizeof(frame));
	msg[0] = a->op;
	msg[1] = a->htype;
	msg[2] = a->hlen;
	pkt_put32(msg + 4, a->xid);
	pkt_put32(msg + 16, a->yiaddr);
	pkt_put32(msg + 20, peer.server);
	put48(msg + 28, a->chaddr);
	memcpy(msg + 44, a->sname, sizeof(a->sname));
	memcpy(msg + 108, a->file, sizeof(a->file));
	pkt_put32(msg + 236, a->cookie);
	memcpy(msg + BOOTP, a->options, a->options_len);
	pkt_put16(udp, 67);
	pkt_put16(udp + 2, 68);
	pkt_put16(udp + 4, (uint32_t)len);
	pkt_put_eth(frame, a->unicast ? CLIENT_MAC : BROADCAST, SERVER_MAC, PKT_TYPE_IP);
	pkt_put_ip(ip, PKT_PROTO_UDP, a->saddr, a->unicast ? a->yiaddr : 0xffffffff, len);
	pkt_put16(udp + 6, pkt_checksum(udp, len, pkt_pseudo(ip, len)));
	for (size_t at = 0; at < len; at += FRAGMENT)
		put_fragment(frame, at, len);
}

void dhcp_put(const struct dhcp_answer *a)
{
	put(a);
	scene_sleep(10 * MS);
}

/* ---- ARP --------------------------------------------------------------------------------------- */

static void put_arp(unsigned int op, uint64_t sha, uint32_t sip, uint64_t tha, uint32_t tip)
{
	uint8_t frame[60] = {0}, *arp = frame + PKT_ETH;

	pkt_put_eth(frame, tha ? tha : BROADCAST, sha, TYPE_ARP);
	pkt_put32(arp, 0x00010800);
	pkt_put32(arp + 4, 0x06040000 | op);
	put48(arp + 8, sha);
	pkt_put32(arp + 14, sip);
	put48(arp + 18, tha);
	pkt_put32(arp + 24, tip);
	assert_int_equal(wire_inject(scene->wire, A, frame, sizeof(frame)), 0);
}

void dhcp_put_arp(unsigned int op, uint32_t sip, uint32_t tip)
{
	put_arp(op, OTHER_MAC, sip, 0, tip);
	scene_sleep(10 * MS);
}

static void take_arp(const uint8_t *arp)
{
	uint32_t sip = pkt_get32(arp + 14), tip = pkt_get32(arp + 24);

	if (pkt_get16(arp + 6) == 2) {
		arp_answer_of = sip;
	} else if (!sip) {
		probes++;
		if (peer.conflict)
			put_arp(2, OTHER_MAC, tip, CLIENT_MAC, 0);
	} else if (sip == tip) {
		announcements++;
	} else {
		put_arp(2, SERVER_MAC, tip, CLIENT_MAC, sip);
	}
}

bool dhcp_has(uint32_t ip)
{
	arp_answer_of = 0;
	put_arp(1, SERVER_MAC, peer.server, 0, ip);
	scene_sleep(10 * MS);
	return arp_answer_of == ip;
}

/* ---- the client's messages ------------------------------------------------------------------- */

const uint8_t *dhcp_option(const struct dhcp_message *m, uint8_t code, size_t *len)
{
	for (size_t at = 0; at + 1 < m->options_len && m->options[at] != 255;) {
		if (!m->options[at]) {
			at++;
			continue;
		}
		*len = m->options[at + 1];
		if (m->options[at] == code)
			return m->options + at + 2;
		at += 2 + *len;
	}
	return NULL;
}

static uint32_t option32(const struct dhcp_message *m, uint8_t code)
{
	size_t len;
	const uint8_t *data = dhcp_option(m, code, &len);

	return data && len == 4 ? pkt_get32(data) : 0;
}

static void respond(const struct dhcp_message *m)
{
	struct dhcp_answer a;

	if (peer.silent || (m->type != DHCP_DISCOVER && m->type != DHCP_REQUEST))
		return;
	if (m->type == DHCP_REQUEST && !peer.answer)
		return;
	if (m->server && m->server != peer.server)
		return;
	a = dhcp_answer(m->type == DHCP_DISCOVER ? DHCP_OFFER : peer.answer);
	a.unicast = m->ciaddr && peer.answer == DHCP_ACK;
	put(&a);
}

static void take_message(const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + PKT_ETH, *udp = ip + PKT_IP, *msg = udp + UDP;
	struct dhcp_message *m = &messages[nr_messages];
	const uint8_t *type;
	size_t n;

	assert_true(nr_messages < MESSAGES);
	*m = (struct dhcp_message){.ns = scene_now(),
				   .link = get48(frame),
				   .saddr = pkt_get32(ip + 12),
				   .daddr = pkt_get32(ip + 16),
				   .xid = pkt_get32(msg + 4),
				   .secs = pkt_get16(msg + 8),
				   .flags = pkt_get16(msg + 10),
				   .ciaddr = pkt_get32(msg + 12),
				   .len = pkt_get16(udp + 4) - UDP,
				   .options = texts[nr_messages]};
	assert_true(m->len <= len - (size_t)(msg - frame) && m->len - BOOTP <= sizeof(texts[0]));
	/* RFC 2131 2: BOOTREQUEST, Ethernet, no hops, the card's address, and the cookie. */
	assert_int_equal(pkt_get32(msg), 0x01010600);
	assert_int_equal(get48(msg + 28), CLIENT_MAC);
	assert_int_equal(pkt_get32(msg + 236), COOKIE);
	/* A correct checksum makes the sum with the pseudo header zero. */
	assert_int_equal(pkt_checksum(udp, m->len + UDP, pkt_pseudo(ip, m->len + UDP)), 0);
	m->options_len = m->len - BOOTP;
	memcpy(texts[nr_messages], msg + BOOTP, m->options_len);
	type = dhcp_option(m, 53, &n);
	assert_non_null(type);
	m->type = *type;
	m->wanted = option32(m, 50);
	m->server = option32(m, 54);
	nr_messages++;
	respond(m);
}

static void taker(void *arg, struct wire *w, const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + PKT_ETH;

	if (pkt_get16(frame + 12) == TYPE_ARP)
		take_arp(ip);
	else if (pkt_get16(frame + 12) == PKT_TYPE_IP && ip[9] == PKT_PROTO_UDP &&
		 pkt_get16(ip + PKT_IP + 2) == 67)
		take_message(frame, len);
}

const struct dhcp_message *dhcp_nth(uint8_t type, unsigned int nth)
{
	for (unsigned int i = 0; i < nr_messages; i++) {
		if (messages[i].type == type && !--nth)
			return &messages[i];
	}
	fail_msg("the client sent fewer messages of type %u\n%s", type, A->console());
	return NULL;
}

unsigned int dhcp_count(uint8_t type)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < nr_messages; i++)
		n += messages[i].type == type;
	return n;
}

const struct dhcp_message *dhcp_last(uint8_t type)
{
	return dhcp_nth(type, dhcp_count(type) ? dhcp_count(type) : 1);
}

unsigned int dhcp_probes(void)
{
	return probes;
}

unsigned int dhcp_announcements(void)
{
	return announcements;
}

/* ---- the stage --------------------------------------------------------------------------------- */

void dhcp_boot(const char *words)
{
	char cmdline[256];

	snprintf(cmdline, sizeof(cmdline), "app=none %s", words);
	scene->a = host_new(scene->conductor);
	assert_non_null(A);
	A->set("mac", CLIENT_MAC);
	A->set("dhcp", 1);
	scene->wire = conductor_wire(scene->conductor, A, NULL, WIRE_DELAY);
	wire_set_taker(scene->wire, taker, NULL);
	assert_int_equal(host_start(A, cmdline), 0);
}

void dhcp_link(bool up)
{
	union {
		void *object;
		void (*call)(bool up);
	} set_link = {dlsym(A->dl, "virtio_model_set_link")};

	assert_non_null(set_link.object);
	set_link.call(up);
	A->awake = true;
	scene_sleep(100 * MS);
}

bool dhcp_said(const char *text)
{
	return strstr(A->console(), text);
}

int dhcp_setup(void **state)
{
	const char *seed = getenv("SEED");

	scene = *state;
	scene->a = scene->b = NULL;
	scene->seed = seed ? strtoull(seed, NULL, 0) : 1;
	scene->conductor = conductor_new(scene_library(), scene->seed);
	nr_messages = probes = announcements = 0;
	peer = (struct peer){.answer = DHCP_ACK, .addr = LEASED, .server = SERVER, .lease = 3600};
	return scene->conductor ? 0 : -1;
}

void dhcp_perform(void **state)
{
	scene->over = false;
	scene->play();
	scene->over = true;
}

/* A scene fails if the kernel has halted or printed a warning about itself. */
int dhcp_teardown(void **state)
{
	int faults = 0;

	if (A) {
		faults = A->warn_count() || A->halt_code();
		if (faults || !scene->over)
			print_error("%s: SEED=%llu\n%s", scene->name,
				    (unsigned long long)scene->seed, A->console());
		scene_report_refused(A);
	}
	conductor_free(scene->conductor);
	return faults;
}
