/* SPDX-License-Identifier: MIT */
/* Forged segments and ICMP errors (scene_forge.h). */
#include "tests/hosted/scene_forge.h"
#include "tests/wire/pkt.h"

#define DATA_MAX       1460
#define FRAME_MAX      (PKT_ETH + PKT_IP + PKT_TCP + OPTIONS_MAX + DATA_MAX)
#define PING_MAX       65507
#define ADDRESS_A      0x0a000001
#define ADDRESS_B      0x0a000002
#define LINK_A         0x020000000001
#define LINK_B         0x020000000002
#define MORE_FRAGMENTS 0x2000
#define QUOTED         8 /* bytes of the TCP header that an ICMP error quotes: RFC 792 */

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

/* Builds the frame of @f and returns its length. */
static size_t build(const struct forged *f, uint8_t *frame)
{
	uint8_t *ip = frame + PKT_ETH, *tcp = ip + PKT_IP;
	size_t header = PKT_TCP + f->options_len, len = f->data ? strlen(f->data) : 0;
	struct host *to = f->to ? f->to : B;
	bool to_a = to == A;
	uint32_t saddr = to_a ? ADDRESS_B : ADDRESS_A, daddr = to_a ? ADDRESS_A : ADDRESS_B;
	uint16_t aport = f->p ? f->p->aport : 0, bport = f->p ? f->p->bport : 0;

	assert_true(len <= DATA_MAX);
	pkt_put_eth(frame,
		    f->link ? f->link
		    : to_a  ? LINK_A
			    : LINK_B,
		    to_a ? LINK_B : LINK_A, PKT_TYPE_IP);
	pkt_put_ip(ip, PKT_PROTO_TCP, f->saddr ? f->saddr : saddr, f->daddr ? f->daddr : daddr,
		   header + len);
	pkt_put_tcp(tcp, &(struct pkt_tcp){
				 .sport = !f->p  ? f->sport
					  : to_a ? bport
						 : aport,
				 .dport = !f->p  ? f->dport
					  : to_a ? aport
						 : bport,
				 .seq = f->seq,
				 .ack = f->ack,
				 .header = f->doff ? f->doff * 4 : header,
				 .flags = f->flags,
				 .window = f->no_window ? 0
					   : f->window  ? f->window
							: 1000,
				 .urgent = f->urgent,
			 });
	memcpy(tcp + PKT_TCP, f->options, f->options_len);
	memcpy(tcp + header, f->data ? f->data : "", len);
	pkt_sum_tcp(ip, header + len);
	if (f->bad_sum)
		pkt_put16(tcp + 16, pkt_get16(tcp + 16) ^ 0x1111);
	return PKT_ETH + PKT_IP + header + len;
}

void forge_now(const struct forged *f)
{
	uint8_t frame[FRAME_MAX];
	size_t len = build(f, frame);

	assert_int_equal(wire_inject(scene->wire, f->to ? f->to : B, frame, len), 0);
}

void forge(const struct forged *f)
{
	forge_now(f);
	scene_sleep(10 * MS);
}

/*
 * Sends host @to an ICMP error that comes from @router.  The error quotes a packet of @tot_len
 * bytes that @to seems to have sent, with segment @t: the packet's IP header, ports and sequence
 * number.
 */
static void inject_error(struct host *to, uint32_t router, const struct icmp_error *e,
			 const struct pkt_tcp *t, size_t tot_len)
{
	uint8_t frame[PKT_ETH + PKT_IP + PKT_ICMP + PKT_IP + PKT_TCP] = {0};
	uint8_t *ip = frame + PKT_ETH, *icmp = ip + PKT_IP, *quote = icmp + PKT_ICMP;
	size_t len = PKT_ICMP + PKT_IP + QUOTED;
	bool to_a = to == A;
	uint32_t sender = to_a ? ADDRESS_A : ADDRESS_B;

	pkt_put_eth(frame, to_a ? LINK_A : LINK_B, to_a ? LINK_B : LINK_A, PKT_TYPE_IP);
	pkt_put_ip(ip, PKT_PROTO_ICMP, router, sender, len);
	pkt_put_ip(quote, PKT_PROTO_TCP, sender, to_a ? ADDRESS_B : ADDRESS_A, tot_len - PKT_IP);
	pkt_put_tcp(quote + PKT_IP, t);
	icmp[0] = e->type;
	icmp[1] = e->code;
	pkt_put16(icmp + 6, e->mtu);
	pkt_sum_icmp(icmp, len);
	assert_int_equal(wire_inject(scene->wire, to, frame, PKT_ETH + PKT_IP + len), 0);
}

void forge_unreachable(const struct seg *s)
{
	struct icmp_error e = {.type = 3, .code = 1};
	struct pkt_tcp t = {.sport = s->sport, .dport = s->dport, .seq = s->seq};

	inject_error(s->from, s->from == A ? ADDRESS_B : ADDRESS_A, &e, &t, 40 + s->len);
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
	pkt_put32(f->options + 4, tsval);
	pkt_put32(f->options + 8, tsecr);
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
	struct pkt_tcp t = {.sport = e->p->aport, .dport = e->p->bport, .seq = e->seq};

	inject_error(A, e->from ? e->from : ADDRESS_B, e, &t, e->tot_len ? e->tot_len : 1500);
}

/* Sends @to the IP packet of @frame as fragments of at most @mtu bytes, the last one first. */
static void inject_fragments(struct host *to, const uint8_t *frame, size_t mtu)
{
	const uint8_t *ip = frame + PKT_ETH;
	static unsigned int id;
	size_t len = pkt_get16(ip + 2) - PKT_IP, step = (mtu - PKT_IP) / 8 * 8;

	id++;
	for (size_t at = (len - 1) / step * step;; at -= step) {
		size_t n = len - at < step ? len - at : step;
		uint8_t part[FRAME_MAX];

		memcpy(part, frame, PKT_ETH + PKT_IP);
		memcpy(part + PKT_ETH + PKT_IP, ip + PKT_IP + at, n);
		pkt_put16(part + PKT_ETH + 2, PKT_IP + n);
		pkt_put16(part + PKT_ETH + 4, id);
		pkt_put16(part + PKT_ETH + 6, at / 8 | (at + n < len ? MORE_FRAGMENTS : 0));
		pkt_put16(part + PKT_ETH + 10, 0);
		pkt_put16(part + PKT_ETH + 10, pkt_checksum(part + PKT_ETH, PKT_IP, 0));
		assert_int_equal(wire_inject(scene->wire, to, part, PKT_ETH + PKT_IP + n), 0);
		if (!at)
			break;
	}
}

void forge_in_fragments(const struct forged *f, size_t mtu)
{
	uint8_t frame[FRAME_MAX];

	build(f, frame);
	inject_fragments(f->to ? f->to : B, frame, mtu);
}

void forge_ping(size_t len, size_t mtu)
{
	static uint8_t frame[PKT_ETH + PKT_IP + PKT_ICMP + PING_MAX];
	uint8_t *icmp = frame + PKT_ETH + PKT_IP;

	pkt_put_eth(frame, LINK_B, LINK_A, PKT_TYPE_IP);
	pkt_put_ip(frame + PKT_ETH, PKT_PROTO_ICMP, ADDRESS_A, ADDRESS_B, PKT_ICMP + len);
	memset(icmp, 0, PKT_ICMP);
	icmp[0] = 8; /* echo request: RFC 792 */
	for (size_t i = 0; i < len; i++)
		icmp[PKT_ICMP + i] = i * 7;
	pkt_sum_icmp(icmp, PKT_ICMP + len);
	inject_fragments(B, frame, mtu);
}
