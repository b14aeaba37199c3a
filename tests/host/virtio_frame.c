/* SPDX-License-Identifier: MIT */
/*
 * The offloads of the device model: the sums of RFC 1071 and the cutting of a TCP/IPv4 packet, so
 * that the wire sees what it would see of a card.
 *
 * Called: virtio_frame_next() from virtio_model_tx() until it says 0.  One host thread, no lock.
 * Uses tests/wire and nothing of net/: it is independent of net/core's checksum and TCP's
 * segmentation, which it checks.
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
 * The field holds the sum of the pseudo header; the checksum is over everything from start.  A UDP
 * checksum that comes out as zero would mean "none" and is sent as ffff; TCP does not mind either.
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

/* Length of all headers of a packet that is to be cut, after looking whether it is one. */
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
