/* SPDX-License-Identifier: MIT */
/* Segments that neither host sent (scene_forge.h). */
#include "tests/hosted/scene_forge.h"

#define ETH       14
#define HEADERS   (ETH + 20 + 60)
#define DATA_MAX  1460
#define ADDRESS_A 0x0a000001
#define ADDRESS_B 0x0a000002

static void put16(uint8_t *p, unsigned int v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static uint16_t sum(const uint8_t *p, size_t n, uint32_t start)
{
	for (size_t i = 0; i < n; i++)
		start += i & 1 ? p[i] : p[i] << 8;
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return ~start;
}

static void put_ports(uint8_t *tcp, const struct forged *f, bool to_a)
{
	uint16_t sport = f->sport, dport = f->dport;

	if (f->p) {
		sport = to_a ? f->p->bport : f->p->aport;
		dport = to_a ? f->p->aport : f->p->bport;
	}
	put16(tcp, sport);
	put16(tcp + 2, dport);
}

static void put_addresses(uint8_t *frame, const struct forged *f, bool to_a)
{
	uint8_t *ip = frame + ETH;

	if (to_a) {
		frame[5] = 1;
		frame[11] = 2;
	}
	for (unsigned int i = 0; f->link && i < 6; i++)
		frame[i] = f->link >> (40 - 8 * i);
	put32(ip + 12, f->saddr ? f->saddr : to_a ? ADDRESS_B : ADDRESS_A);
	put32(ip + 16, f->daddr ? f->daddr : to_a ? ADDRESS_A : ADDRESS_B);
}

void forge_option(struct forged *f, const void *bytes, unsigned int n)
{
	assert_true(f->options_len + n <= OPTIONS_MAX);
	memcpy(f->options + f->options_len, bytes, n);
	f->options_len += n;
}

uint32_t forge_length(const struct forged *f)
{
	return (f->data ? strlen(f->data) : 0) + !!(f->flags & SYN_FLAG) + !!(f->flags & FIN_FLAG);
}

void forge_now(const struct forged *f)
{
	uint8_t frame[HEADERS + DATA_MAX] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0};
	uint8_t *ip = frame + ETH, *tcp = ip + 20;
	unsigned int header = 20 + f->options_len, len = f->data ? strlen(f->data) : 0;
	struct host *to = f->to ? f->to : B;

	assert_true(len <= DATA_MAX);
	put_addresses(frame, f, to == A);
	ip[0] = 0x45;
	put16(ip + 2, 20 + header + len);
	ip[8] = 64;
	ip[9] = IPPROTO_TCP;
	put16(ip + 10, sum(ip, 20, 0));
	put_ports(tcp, f, to == A);
	put32(tcp + 4, f->seq);
	put32(tcp + 8, f->ack);
	tcp[12] = (f->doff ? f->doff : header / 4) << 4;
	tcp[13] = f->flags;
	put16(tcp + 14, f->no_window ? 0 : f->window ? f->window : 1000);
	put16(tcp + 18, f->urgent);
	memcpy(tcp + 20, f->options, f->options_len);
	memcpy(tcp + header, f->data ? f->data : "", len);
	/* The pseudo header: both addresses (their sum is that of the bytes), the protocol, the length. */
	put16(tcp + 16,
	      sum(tcp, header + len, (uint16_t)~sum(ip + 12, 8, 0) + IPPROTO_TCP + header + len) ^
		      (f->bad_sum ? 0x1111 : 0));
	assert_int_equal(wire_inject(scene->wire, to, frame, ETH + 20 + header + len), 0);
}

void forge(const struct forged *f)
{
	forge_now(f);
	scene_sleep(10 * MS);
}

/* The quote: the IP header, the ports and the sequence number of what was sent. */
void forge_unreachable(const struct seg *s)
{
	uint8_t frame[ETH + 20 + 8 + 28] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0};
	uint8_t *ip = frame + ETH, *icmp = ip + 20, *quote = icmp + 8;
	bool to_a = s->from == A;

	put_addresses(frame, &(struct forged){0}, to_a);
	ip[0] = quote[0] = 0x45;
	put16(ip + 2, sizeof(frame) - ETH);
	ip[8] = quote[8] = 64;
	ip[9] = IPPROTO_ICMP;
	put16(ip + 10, sum(ip, 20, 0));
	put16(quote + 2, 40 + s->len);
	quote[9] = IPPROTO_TCP;
	put32(quote + 12, to_a ? ADDRESS_A : ADDRESS_B);
	put32(quote + 16, to_a ? ADDRESS_B : ADDRESS_A);
	put16(quote + 20, s->sport);
	put16(quote + 22, s->dport);
	put32(quote + 24, s->seq);
	icmp[0] = 3;
	icmp[1] = 1;
	put16(icmp + 2, sum(icmp, 36, 0));
	assert_int_equal(wire_inject(scene->wire, s->from, frame, sizeof(frame)), 0);
	scene_sleep(10 * MS);
}

uint32_t next_of(struct host *h)
{
	const struct seg *s = scene_last(h, TCP);

	return s->seq + s->len + !!(s->flags & (SYN_FLAG | FIN_FLAG));
}

void stamp(struct forged *f, uint32_t tsval, uint32_t tsecr)
{
	f->options[0] = f->options[1] = 1;
	f->options[2] = 8;
	f->options[3] = 10;
	put32(f->options + 4, tsval);
	put32(f->options + 8, tsecr);
	f->options_len = 12;
}

struct forged forged_of(struct pair *p, uint8_t flags)
{
	struct forged f = {.p = p, .flags = flags, .seq = next_of(A), .ack = next_of(B)};
	const struct seg *a = scene_last(A, TCP), *b = scene_last(B, TCP);

	stamp(&f, a->tsval, b->tsval);
	return f;
}

void forge_icmp(const struct icmp_error *e)
{
	uint8_t frame[ETH + 20 + 8 + 20 + 8] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
	uint8_t *ip = frame + ETH, *icmp = ip + 20, *quote = icmp + 8, *tcp = quote + 20;

	ip[0] = quote[0] = 0x45;
	put16(ip + 2, sizeof(frame) - ETH);
	ip[8] = quote[8] = 64;
	ip[9] = IPPROTO_ICMP;
	put32(ip + 12, e->from ? e->from : ADDRESS_B);
	put32(ip + 16, ADDRESS_A);
	put16(ip + 10, sum(ip, 20, 0));
	icmp[0] = e->type;
	icmp[1] = e->code;
	put16(icmp + 6, e->mtu);
	put16(quote + 2, e->tot_len ? e->tot_len : 1500);
	quote[9] = IPPROTO_TCP;
	put32(quote + 12, ADDRESS_A);
	put32(quote + 16, ADDRESS_B);
	put16(quote + 10, sum(quote, 20, 0));
	put16(tcp, e->p->aport);
	put16(tcp + 2, e->p->bport);
	put32(tcp + 4, e->seq);
	put16(icmp + 2, sum(icmp, sizeof(frame) - ETH - 20, 0));
	assert_int_equal(wire_inject(scene->wire, A, frame, sizeof(frame)), 0);
}
