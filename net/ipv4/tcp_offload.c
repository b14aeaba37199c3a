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
#include "kernel/lib/byteorder.h"
#include "kernel/lib/string.h"
#include "net/core/checksum.h"
#include "net/core/eth.h"
#include "net/core/netdevice.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/limits.h"
#include "net/wire/tcp.h"

#define IP_LEN sizeof(struct iphdr) /* bytes of a header without options */

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

/*
 * Returns true for an unfragmented datagram to this host without options or padding and with a
 * correct header checksum.  When it returns true, the IP header and the TCP header without options are linear.
 */
static bool ip_is_plain(struct sk_buff *skb)
{
	const struct iphdr *iph;

	if (skb->pkt_type != PACKET_HOST || skb_is_gso(skb) || skb_shinfo(skb)->frag_list ||
	    !pskb_may_pull(skb, IP_LEN + sizeof(struct tcphdr)))
		return false;
	iph = (const struct iphdr *)skb->data;
	return iph->version == 4 && iph->ihl == IP_LEN / 4 && iph->protocol == IPPROTO_TCP &&
	       !(iph->frag_off & htons(IP_MF | IP_OFFSET)) && ntohs(iph->tot_len) == skb->len &&
	       !ip_fast_csum(iph, iph->ihl);
}

/*
 * Verifies the TCP checksum, unless the device says that it is correct. If it is correct, the
 * packet is marked, so that TCP need not verify it again. If it is wrong, the packet goes up
 * unmerged, and TCP counts it.
 */
static bool tcp_sum_is_right(struct sk_buff *skb)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	unsigned int len = skb->len - IP_LEN;

	if (skb->ip_summed == CHECKSUM_UNNECESSARY || skb->ip_summed == CHECKSUM_PARTIAL)
		return true;
	if (skb->ip_summed != CHECKSUM_NONE ||
	    csum_tcpudp_magic(iph->saddr, iph->daddr, len, IPPROTO_TCP,
			      skb_checksum(skb, IP_LEN, len, 0)))
		return false;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	return true;
}

static bool tcp4_gro_look(struct sk_buff *skb, bool *last)
{
	unsigned int headers;
	const struct tcphdr *th;

	if (!ip_is_plain(skb))
		return false;
	headers = IP_LEN + tcp_header(skb)->doff * 4;
	if (headers < IP_LEN + sizeof(*th) || headers >= skb->len || !pskb_may_pull(skb, headers))
		return false;
	th = tcp_header(skb);
	if ((tcp_flag_byte(th) & ~(TCPHDR_PSH | TCPHDR_ECE)) != TCPHDR_ACK || th->res1 ||
	    !tcp_sum_is_right(skb))
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

#define TCP_PORTS_LEN 4 /* bytes of both ports */

/*
 * Returns true if the packet is for this host and has TCP ports. If not, it goes up at once, before
 * the packets that are held. For a fragment other than the first, which has no ports, that does no
 * harm: its datagram goes to TCP only when all of its fragments have arrived.
 */
static bool tcp4_gro_has_flow(struct sk_buff *skb)
{
	const struct iphdr *iph;

	if (skb->pkt_type != PACKET_HOST || !pskb_may_pull(skb, IP_LEN))
		return false;
	iph = (const struct iphdr *)skb->data;
	return iph->version == 4 && iph->ihl >= IP_LEN / 4 && iph->protocol == IPPROTO_TCP &&
	       !(iph->frag_off & htons(IP_OFFSET)) &&
	       pskb_may_pull(skb, iph->ihl * 4 + TCP_PORTS_LEN);
}

/* A held packet has no IP options; @skb may have some, so use its ihl. */
static bool tcp4_gro_same_flow(const struct sk_buff *held, const struct sk_buff *skb)
{
	const struct iphdr *a = (const struct iphdr *)held->data;
	const struct iphdr *b = (const struct iphdr *)skb->data;

	return a->saddr == b->saddr && a->daddr == b->daddr &&
	       !memcmp(tcp_header(held), skb->data + b->ihl * 4, TCP_PORTS_LEN);
}

/*
 * Returns true if @skb's data can be appended to @held's without changing the meaning of either
 * header.
 */
static bool tcp4_gro_fits(const struct sk_buff *held, const struct sk_buff *skb)
{
	const struct iphdr *a = (const struct iphdr *)held->data;
	const struct iphdr *b = (const struct iphdr *)skb->data;
	const struct tcphdr *tha = tcp_header(held), *thb = tcp_header(skb);
	const struct tcp_gro_cb *cb = GRO_CB(held), *more = GRO_CB(skb);

	return a->tos == b->tos && a->ttl == b->ttl && a->frag_off == b->frag_off &&
	       cb->headers == more->headers && more->mss <= cb->mss &&
	       held->len + more->mss <= IP_LEN_MAX && ntohl(thb->seq) == cb->next_seq &&
	       tha->ack_seq == thb->ack_seq && tha->window == thb->window && tha->ece == thb->ece &&
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
	struct iphdr *iph = (struct iphdr *)skb->data;
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	shinfo->gso_segs = GRO_CB(skb)->segs;
	shinfo->gso_type = SKB_GSO_TCPV4;
	iph->tot_len = htons(skb->len);
	iph->check = 0;
	iph->check = ip_fast_csum(iph, iph->ihl);
}

void tcp_offload_init(void)
{
	static struct packet_offload tcp4_offload = {
		.type = HTONS_CONST(ETH_P_IP),
		.gro_look = tcp4_gro_look,
		.gro_has_flow = tcp4_gro_has_flow,
		.gro_same_flow = tcp4_gro_same_flow,
		.gro_merge = tcp4_gro_merge,
		.gro_complete = tcp4_gro_complete,
	};

	dev_add_offload(&tcp4_offload);
}
