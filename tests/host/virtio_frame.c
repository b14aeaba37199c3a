/* SPDX-License-Identifier: MIT */
/*
 * The offloads of the device model: the sums of RFC 1071 and the cutting of a TCP/IPv4 packet, so
 * that the wire sees what it would see of a card.
 *
 * Called: virtio_frame_next() from virtio_model_tx() until it says 0.  One host thread, no lock.
 * Written for itself: it checks net/core's checksum and TCP's segmentation by being another one.
 */
#include "tests/host/virtio_frame.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"

#define ETH         14
#define IP_LENGTH   2
#define IP_ID       4
#define IP_CHECKSUM 10
#define TCP_SEQ     4
#define TCP_OFFSET  12
#define TCP_FLAGS   13
#define TCP_FIN_PSH 0x09
#define TCP_CWR     0x80

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

/* One's complement sum of big-endian words, folded. */
static uint32_t sum16(const uint8_t *p, size_t len, uint32_t sum)
{
	for (; len > 1; p += 2, len -= 2)
		sum += get16(p);
	if (len)
		sum += p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/*
 * The field holds the sum of the pseudo header; the checksum is over everything from start.  A UDP
 * checksum that comes out as zero would mean "none" and is sent as ffff; TCP does not mind either.
 */
static void complete_csum(uint8_t *bytes, size_t len, size_t start, size_t offset)
{
	uint32_t sum = ~sum16(bytes + start, len - start, 0) & 0xffff;

	put16(bytes + start + offset, sum ? sum : 0xffff);
}

static size_t copy_out(void *buf, size_t max, const uint8_t *bytes, size_t len)
{
	memcpy(buf, bytes, len < max ? len : max);
	return len;
}

/* Length of all headers of a packet that is to be cut, after looking whether it is one. */
static size_t gso_headers(const struct virtio_frame *f)
{
	size_t ip, tcp;

	if (f->len < ETH + 40 || get16(f->bytes + 12) != 0x0800 || f->bytes[ETH] >> 4 != 4 ||
	    f->bytes[ETH + 9] != 6)
		panic("virtio_model: TSO for something that is not TCP over IPv4");
	ip = (f->bytes[ETH] & 15) * 4;
	tcp = ETH + ip + (f->bytes[ETH + ip + TCP_OFFSET] >> 4) * 4;
	if (f->csum_start != ETH + ip || f->csum_offset != 16 || tcp >= f->len ||
	    get16(f->bytes + ETH + IP_LENGTH) != (uint16_t)(f->len - ETH))
		panic("virtio_model: TSO: checksum at %u, headers %u, length %u", f->csum_start,
		      (unsigned int)tcp, (unsigned int)f->len);
	return tcp;
}

/*
 * The segment that begins at payload byte f->at.  What the driver left in the checksum field is the
 * pseudo header's sum with the length of the whole: it is taken back to the segment's.
 */
static size_t next_segment(struct virtio_frame *f, uint8_t *buf, size_t max)
{
	size_t headers = gso_headers(f), payload = f->len - headers;
	size_t part = payload - f->at < f->gso_size ? payload - f->at : f->gso_size;
	size_t start = f->csum_start, len = headers + part;
	uint8_t *tcp = buf + start;
	bool last = f->at + part == payload;
	uint32_t pseudo;

	if (len > max)
		panic("virtio_model: a segment of %u bytes", (unsigned int)len);
	memcpy(buf, f->bytes, headers);
	memcpy(buf + headers, f->bytes + headers + f->at, part);

	put16(buf + ETH + IP_LENGTH, len - ETH);
	put16(buf + ETH + IP_ID, get16(f->bytes + ETH + IP_ID) + f->at / f->gso_size);
	put16(buf + ETH + IP_CHECKSUM, 0);
	put16(buf + ETH + IP_CHECKSUM, ~sum16(buf + ETH, start - ETH, 0) & 0xffff);

	put32(tcp + TCP_SEQ, get32(tcp + TCP_SEQ) + f->at);
	if (!last)
		tcp[TCP_FLAGS] &= ~TCP_FIN_PSH;
	if (f->at)
		tcp[TCP_FLAGS] &= ~TCP_CWR;
	pseudo = sum16(buf + ETH + 12, 8, 6 + (uint32_t)(len - start));
	put16(tcp + 16, pseudo);
	complete_csum(buf, len, start, 16);

	f->at += part;
	return len;
}

size_t virtio_frame_next(struct virtio_frame *f, void *buf, size_t max)
{
	if (f->gso_size)
		return f->at < f->len - gso_headers(f) ? next_segment(f, buf, max) : 0;
	if (f->sent)
		return 0;
	f->sent = true;
	if (f->csum)
		complete_csum(f->bytes, f->len, f->csum_start, f->csum_offset);
	return copy_out(buf, max, f->bytes, f->len);
}
