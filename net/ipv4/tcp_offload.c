/* SPDX-License-Identifier: MIT */
/*
 * GRO for TCP over IPv4: decides which received segments may be merged into one packet, and merges
 * them.
 *
 * Callers: napi_gro_receive and napi_gro_flush (net/core/gro.c), through struct packet_offload.
 * Softirq; the packets have no other holder. skb->data is at the IP header, and the transport
 * header is not set.
 *
 * Segments are merged only if the peer could have sent them as one. Their addresses, ports, type of
 * service (with the ECN field, so that no CE mark is lost), time to live, acknowledgement, window
 * and options must be the same. Only the flags ACK, PSH and ECE may be set, and ECE must be set in
 * all segments or in none. The data must follow without a gap, all segments but the last must have
 * the same size, and the IP and TCP checksums must be correct. So TCP loses no information: the
 * merged packet has gso_size and gso_segs, like one from a device that merges segments. Any other
 * segment goes up unchanged. Compare Linux's net/ipv4/tcp_offload.c and af_inet.c.
 */
#include "include/uapi/in.h"
#include "net/ipv4/ip_gro.h"
#include "net/ipv4/limits.h"
#include "net/wire/tcp.h"

/* State of a packet that is examined or held for merging, in skb->cb. */
struct tcp_gro_cb {
	u32 next_seq; /* sequence number that follows its data */
	u16 headers;  /* bytes before the TCP data */
	u16 mss;      /* bytes of data in its first segment */
	u16 segs;
};
#define GRO_CB(skb) ((struct tcp_gro_cb *)((skb)->cb))

/* skb->data must be at the IP header, and all of the TCP header linear. */
static struct tcphdr *tcp_header(const struct sk_buff *skb)
{
	return (struct tcphdr *)(skb->data + IP_LEN);
}

static bool tcp4_gro_look(struct sk_buff *skb, bool *last)
{
	unsigned int headers;
	const struct tcphdr *th;

	if (!ip_gro_is_plain(skb, IPPROTO_TCP, sizeof(*th)))
		return false;
	headers = IP_LEN + tcp_header(skb)->doff * 4;
	if (headers < IP_LEN + sizeof(*th) || headers >= skb->len || !pskb_may_pull(skb, headers))
		return false;
	th = tcp_header(skb);
	if ((tcp_flag_byte(th) & ~(TCPHDR_PSH | TCPHDR_ECE)) != TCPHDR_ACK || th->res1 ||
	    !ip_gro_sum_is_right(skb, IPPROTO_TCP))
		return false;
	*GRO_CB(skb) = (struct tcp_gro_cb){
		.next_seq = ntohl(th->seq) + skb->len - headers,
		.headers = headers,
		.mss = skb->len - headers,
		.segs = 1,
	};
	*last = th->psh;
	return true;
}

static bool tcp4_gro_has_flow(struct sk_buff *skb)
{
	return ip_gro_has_ports(skb, IPPROTO_TCP);
}

/*
 * Returns true if @skb's data can be appended to @held's without changing the meaning of either
 * header.
 */
static bool tcp4_gro_fits(const struct sk_buff *held, const struct sk_buff *skb)
{
	const struct tcphdr *tha = tcp_header(held), *thb = tcp_header(skb);
	const struct tcp_gro_cb *cb = GRO_CB(held), *more = GRO_CB(skb);

	return ip_gro_same_header(held, skb) && cb->headers == more->headers &&
	       more->mss <= cb->mss && held->len + more->mss <= IP_LEN_MAX &&
	       ntohl(thb->seq) == cb->next_seq && tha->ack_seq == thb->ack_seq &&
	       tha->window == thb->window && tha->ece == thb->ece &&
	       !memcmp(tha + 1, thb + 1, cb->headers - IP_LEN - sizeof(*tha));
}

static bool tcp4_gro_merge(struct sk_buff *held, struct sk_buff *skb, bool *last)
{
	struct tcp_gro_cb *cb = GRO_CB(held), more = *GRO_CB(skb);
	bool push = tcp_header(skb)->psh, stolen;
	int delta;

	if (!tcp4_gro_fits(held, skb))
		return false;
	__skb_pull(skb, more.headers);
	if (!skb_try_coalesce(held, skb, &stolen, &delta)) {
		__skb_push(skb, more.headers);
		return false;
	}
	tcp_header(held)->psh |= push;
	cb->next_seq = more.next_seq;
	cb->segs++;
	skb_shinfo(held)->gso_size = cb->mss;
	/* No segment may follow one that has PSH, or less data than the first segment. */
	*last = push || more.mss < cb->mss;
	kfree_skb_partial(skb, stolen);
	return true;
}

static void tcp4_gro_complete(struct sk_buff *skb)
{
	ip_gro_complete(skb, GRO_CB(skb)->segs, SKB_GSO_TCPV4);
}

void tcp_offload_init(void)
{
	static struct packet_offload tcp4_offload = {
		.protocol = IPPROTO_TCP,
		.gro_look = tcp4_gro_look,
		.gro_has_flow = tcp4_gro_has_flow,
		.gro_same_flow = ip_gro_same_flow,
		.gro_merge = tcp4_gro_merge,
		.gro_complete = tcp4_gro_complete,
	};

	dev_add_offload(&tcp4_offload);
}
