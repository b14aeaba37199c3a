/* SPDX-License-Identifier: MIT */
/*
 * Packets as bytes, for the tests in C: computes the Internet checksum; writes and reads the headers of
 * Ethernet, IPv4, TCP and ICMP.
 *
 * The tests in tests/hosted, watch.c of the simulator (tests/sim), the device model (tests/host) and
 * unit tests include this file.  It uses no code of the kernel, because the kernel's checksum and
 * headers are tested with it; tests/unit/test_pkt.c tests it with the examples of RFC 1071 and with
 * packets that Linux sent.  pkt.py has the same for Python.  tests/sim/peer.py has code of its own
 * on purpose, to be independent.
 *
 * Numbers are in host byte order; addresses of Ethernet and IP are numbers, too (0x0a000001 is
 * 10.0.0.1).  The functions use only the caller's memory; no lock.  RFC 894, 791, 1071, 792, 9293
 * 3.1 and 3.2, 7323.
 */
#ifndef TESTS_WIRE_PKT_H
#define TESTS_WIRE_PKT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lengths in bytes of the headers of Ethernet, IP, TCP and ICMP, without options. */
#define PKT_ETH  14
#define PKT_IP   20
#define PKT_TCP  20
#define PKT_ICMP 8

#define PKT_TYPE_IP    0x0800 /* EtherType */
#define PKT_PROTO_ICMP 1
#define PKT_PROTO_TCP  6
#define PKT_PROTO_UDP  17

static inline uint16_t pkt_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t pkt_get32(const uint8_t *p)
{
	return (uint32_t)pkt_get16(p) << 16 | pkt_get16(p + 2);
}

static inline void pkt_put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void pkt_put32(uint8_t *p, uint32_t v)
{
	pkt_put16(p, v >> 16);
	pkt_put16(p + 2, v);
}

/* ---- the checksum ------------------------------------------------------------------------------ */

/*
 * RFC 1071: returns the ones' complement sum of 16-bit words, folded to 16 bits.  An odd last byte
 * counts as a word whose second byte is zero.  The sum begins with @start.
 */
static inline uint16_t pkt_sum(const uint8_t *p, size_t len, uint32_t start)
{
	uint64_t sum = start;

	for (; len > 1; p += 2, len -= 2)
		sum += pkt_get16(p);
	if (len)
		sum += (uint32_t)p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Returns the value of a header's checksum field; the field must be zero in these bytes. */
static inline uint16_t pkt_checksum(const uint8_t *p, size_t len, uint32_t start)
{
	return (uint16_t)~pkt_sum(p, len, start);
}

/*
 * Returns the sum of the pseudo header for the segment of @len bytes behind the header @ip (RFC
 * 9293 3.1).
 */
static inline uint16_t pkt_pseudo(const uint8_t *ip, size_t len)
{
	return pkt_sum(ip + 12, 8, ip[9] + (uint32_t)len);
}

/* ---- writing headers --------------------------------------------------------------------------- */

static inline void pkt_put_eth(uint8_t *frame, uint64_t dst, uint64_t src, unsigned int type)
{
	for (unsigned int i = 0; i < 6; i++) {
		frame[i] = (uint8_t)(dst >> (40 - 8 * i));
		frame[6 + i] = (uint8_t)(src >> (40 - 8 * i));
	}
	pkt_put16(frame + 12, type);
}

/*
 * Writes an IP header without options, with its checksum, for a packet of @len bytes behind the
 * header.
 */
static inline void pkt_put_ip(uint8_t *ip, unsigned int proto, uint32_t saddr, uint32_t daddr,
			      size_t len)
{
	for (unsigned int i = 0; i < PKT_IP; i++)
		ip[i] = 0;
	ip[0] = 0x45;
	pkt_put16(ip + 2, (uint32_t)(PKT_IP + len));
	ip[8] = 64;
	ip[9] = (uint8_t)proto;
	pkt_put32(ip + 12, saddr);
	pkt_put32(ip + 16, daddr);
	pkt_put16(ip + 10, pkt_checksum(ip, PKT_IP, 0));
}

/*
 * Marks the IP packet of a frame as a congested router does: an ECN-capable packet gets CE (RFC
 * 3168 5). Returns false if the packet is not ECN-capable: a router must then drop it.
 */
static inline bool pkt_mark_ce(uint8_t *frame)
{
	uint8_t *ip = frame + PKT_ETH;

	if (!(ip[1] & 3))
		return false;
	ip[1] |= 3;
	pkt_put16(ip + 10, 0);
	pkt_put16(ip + 10, pkt_checksum(ip, (size_t)(ip[0] & 15) * 4, 0));
	return true;
}

struct pkt_tcp {
	uint16_t sport, dport;
	uint32_t seq, ack;
	unsigned int header; /* bytes of the TCP header with its options */
	uint8_t flags;
	uint16_t window, urgent;
	/* Set by pkt_read_tcp(): options and data, with their lengths in bytes. */
	const uint8_t *options, *data;
	size_t options_len, len;
};

/*
 * Writes the first 20 bytes of a TCP header.  The caller adds options and data, then calls
 * pkt_sum_tcp().
 */
static inline void pkt_put_tcp(uint8_t *tcp, const struct pkt_tcp *t)
{
	pkt_put16(tcp, t->sport);
	pkt_put16(tcp + 2, t->dport);
	pkt_put32(tcp + 4, t->seq);
	pkt_put32(tcp + 8, t->ack);
	tcp[12] = (uint8_t)(t->header / 4 << 4);
	tcp[13] = t->flags;
	pkt_put16(tcp + 14, t->window);
	pkt_put16(tcp + 16, 0);
	pkt_put16(tcp + 18, t->urgent);
}

/*
 * Sets the checksum of the TCP segment of @len bytes behind the header @ip, which has no options.
 */
static inline void pkt_sum_tcp(uint8_t *ip, size_t len)
{
	uint8_t *tcp = ip + PKT_IP;

	pkt_put16(tcp + 16, 0);
	pkt_put16(tcp + 16, pkt_checksum(tcp, len, pkt_pseudo(ip, len)));
}

/* Sets the checksum of an ICMP message of @len bytes. */
static inline void pkt_sum_icmp(uint8_t *icmp, size_t len)
{
	pkt_put16(icmp + 2, 0);
	pkt_put16(icmp + 2, pkt_checksum(icmp, len, 0));
}

/* ---- reading headers --------------------------------------------------------------------------- */

static inline bool pkt_is_tcp(const uint8_t *frame, size_t len)
{
	return len >= PKT_ETH + PKT_IP + PKT_TCP && pkt_get16(frame + 12) == PKT_TYPE_IP &&
	       frame[PKT_ETH + 9] == PKT_PROTO_TCP;
}

/*
 * Reads a frame for which pkt_is_tcp() is true.  Returns NULL, or the name of the header that is
 * impossible.
 */
static inline const char *pkt_read_tcp(const uint8_t *frame, size_t len, struct pkt_tcp *t)
{
	const uint8_t *ip = frame + PKT_ETH, *tcp;
	size_t ihl = (ip[0] & 15) * 4, total = pkt_get16(ip + 2);

	if (ip[0] >> 4 != 4 || ihl < PKT_IP || total > len - PKT_ETH || total < ihl + PKT_TCP)
		return "lengths of the IP header";
	tcp = ip + ihl;
	*t = (struct pkt_tcp){
		.sport = pkt_get16(tcp),
		.dport = pkt_get16(tcp + 2),
		.seq = pkt_get32(tcp + 4),
		.ack = pkt_get32(tcp + 8),
		.header = (tcp[12] >> 4) * 4,
		.flags = tcp[13],
		.window = pkt_get16(tcp + 14),
		.urgent = pkt_get16(tcp + 18),
		.options = tcp + PKT_TCP,
	};
	if (t->header < PKT_TCP || t->header > total - ihl)
		return "data offset";
	t->options_len = t->header - PKT_TCP;
	t->data = tcp + t->header;
	t->len = total - ihl - t->header;
	return NULL;
}

/*
 * Checks the checksums of a frame that pkt_read_tcp() has read.  Returns NULL, or the name of the
 * wrong checksum.
 */
static inline const char *pkt_check_sums(const uint8_t *frame)
{
	const uint8_t *ip = frame + PKT_ETH;
	size_t ihl = (ip[0] & 15) * 4, len = pkt_get16(ip + 2) - ihl;

	if (pkt_sum(ip, ihl, 0) != 0xffff)
		return "checksum of the IP header";
	if (pkt_sum(ip + ihl, len, pkt_pseudo(ip, len)) != 0xffff)
		return "TCP's checksum";
	return NULL;
}

#define PKT_BLOCKS_MAX 4

/* A SACK block (RFC 2018 3): [from, to). */
struct pkt_block {
	uint32_t from, to;
};

struct pkt_options {
	bool has_mss, has_wscale, sack_permitted, has_ts;
	unsigned int mss, wscale;
	uint32_t tsval, tsecr;
	unsigned int nr_blocks;
	struct pkt_block blocks[PKT_BLOCKS_MAX];
};

/* Reads the options of a TCP header; skips unknown ones.  Returns NULL, or the error in them. */
static inline const char *pkt_read_options(const uint8_t *p, size_t len, struct pkt_options *o)
{
	const uint8_t *end = p + len;

	*o = (struct pkt_options){0};
	while (p < end && *p) {
		if (*p == 1) {
			p++;
			continue;
		}
		if (end - p < 2 || p[1] < 2 || p[1] > end - p)
			return "an option longer than its header";
		if (*p == 2 && p[1] == 4) {
			o->has_mss = true;
			o->mss = pkt_get16(p + 2);
		} else if (*p == 3 && p[1] == 3) {
			o->has_wscale = true;
			o->wscale = p[2];
		} else if (*p == 4 && p[1] == 2) {
			o->sack_permitted = true;
		} else if (*p == 5 && p[1] > 2 && p[1] % 8 == 2 && !o->nr_blocks) {
			for (; o->nr_blocks < p[1] / 8; o->nr_blocks++) {
				o->blocks[o->nr_blocks].from = pkt_get32(p + 2 + 8 * o->nr_blocks);
				o->blocks[o->nr_blocks].to = pkt_get32(p + 6 + 8 * o->nr_blocks);
			}
		} else if (*p == 8 && p[1] == 10) {
			o->has_ts = true;
			o->tsval = pkt_get32(p + 2);
			o->tsecr = pkt_get32(p + 6);
		} else if ((*p >= 2 && *p <= 5) || *p == 8) {
			return "an option of a wrong length";
		}
		p += p[1];
	}
	return NULL;
}

#endif
