/* SPDX-License-Identifier: MIT */
/*
 * The offloads of the device model: it completes checksums (RFC 1071) and cuts a large TCP/IPv4 packet
 * into segments, as a network card does, so that the wire carries ordinary frames.
 *
 * Callers: virtio_model_tx() calls virtio_frame_next() until it returns 0.  One host thread, no lock.
 * This file uses tests/wire and nothing of net/, so that it is an independent check of net/core's
 * checksums and of TCP's packets for segmentation.
 */
#include "tests/host/virtio_frame.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "tests/wire/pkt.h"

#define IP_LENGTH   2
#define IP_ID       4
#define IP_CHECKSUM 10
#define TCP_SEQ     4
#define TCP_OFFSET  12
#define TCP_FLAGS   13
#define TCP_FIN_PSH 0x09
#define TCP_CWR     0x80

/*
 * Stores the checksum of the bytes from @start on at @start + @offset, where the driver left the sum of
 * the pseudo header.  A checksum of 0 is stored as 0xffff: in UDP 0 means "no checksum", and in TCP
 * both values are valid.
 */
static void complete_csum(uint8_t *bytes, size_t len, size_t start, size_t offset)
{
	uint32_t sum = pkt_checksum(bytes + start, len - start, 0);

	pkt_put16(bytes + start + offset, sum ? sum : 0xffff);
}

static size_t copy_out(void *buf, size_t max, const uint8_t *bytes, size_t len)
{
	memcpy(buf, bytes, len < max ? len : max);
	return len;
}

/* Returns the length of all headers of a packet for segmentation; panics if the packet is not
 * TCP over IPv4 or the driver's fields do not fit it. */
static size_t gso_headers(const struct virtio_frame *f)
{
	size_t ip, tcp;

	if (f->len < PKT_ETH + 40 || pkt_get16(f->bytes + 12) != 0x0800 ||
	    f->bytes[PKT_ETH] >> 4 != 4 || f->bytes[PKT_ETH + 9] != 6)
		panic("virtio_model: TSO for something that is not TCP over IPv4");
	ip = (f->bytes[PKT_ETH] & 15) * 4;
	tcp = PKT_ETH + ip + (f->bytes[PKT_ETH + ip + TCP_OFFSET] >> 4) * 4;
	if (f->csum_start != PKT_ETH + ip || f->csum_offset != 16 || tcp >= f->len ||
	    pkt_get16(f->bytes + PKT_ETH + IP_LENGTH) != (uint16_t)(f->len - PKT_ETH))
		panic("virtio_model: TSO: checksum at %u, headers %u, length %u", f->csum_start,
		      (unsigned int)tcp, (unsigned int)f->len);
	/* Without the ECN bit in gso_type a device may copy CWR to every segment. */
	if (f->gso_ecn != !!(f->bytes[PKT_ETH + ip + TCP_FLAGS] & TCP_CWR))
		panic("virtio_model: TSO: ECN bit %u, TCP flags %#x", f->gso_ecn,
		      f->bytes[PKT_ETH + ip + TCP_FLAGS]);
	return tcp;
}

/*
 * Makes the segment that begins at payload byte f->at.  The packet's checksum field holds the sum
 * of a pseudo header with the packet's length.  The segment needs the sum with its own length.
 */
static size_t next_segment(struct virtio_frame *f, uint8_t *buf, size_t max)
{
	size_t headers = gso_headers(f), payload = f->len - headers;
	size_t part = payload - f->at < f->gso_size ? payload - f->at : f->gso_size;
	size_t start = f->csum_start, len = headers + part;
	uint8_t *tcp = buf + start;
	bool last = f->at + part == payload;

	if (len > max)
		panic("virtio_model: a segment of %u bytes", (unsigned int)len);
	memcpy(buf, f->bytes, headers);
	memcpy(buf + headers, f->bytes + headers + f->at, part);

	pkt_put16(buf + PKT_ETH + IP_LENGTH, len - PKT_ETH);
	pkt_put16(buf + PKT_ETH + IP_ID,
		  pkt_get16(f->bytes + PKT_ETH + IP_ID) + f->at / f->gso_size);
	pkt_put16(buf + PKT_ETH + IP_CHECKSUM, 0);
	pkt_put16(buf + PKT_ETH + IP_CHECKSUM, pkt_checksum(buf + PKT_ETH, start - PKT_ETH, 0));

	pkt_put32(tcp + TCP_SEQ, pkt_get32(tcp + TCP_SEQ) + f->at);
	if (!last)
		tcp[TCP_FLAGS] &= ~TCP_FIN_PSH;
	if (f->at)
		tcp[TCP_FLAGS] &= ~TCP_CWR;
	pkt_put16(tcp + 16, pkt_pseudo(buf + PKT_ETH, len - start));
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
