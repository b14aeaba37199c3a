/* SPDX-License-Identifier: MIT */
/*
 * IPv4 output.
 *
 *   tcp_transmit_skb -> ip_queue_xmit ---------.
 *   tcp_v4_send_synack -> ip_build_and_send_pkt +-> ip_local_out -> ip_output -> ip_finish_output
 *   tcp_v4_send_reset -> ip_send_unicast_reply -'     -> neigh_output -> dev_queue_xmit
 *   longer than the MTU: ip_output -> ip_fragment -> ip_do_fragment (ip_output_frag.c)
 *
 * Process or softirq; no lock here. Every function takes the packet that it sends, even if it
 * fails. RFC 791, RFC 1122 3.2, RFC 6864. Compare Linux's net/ipv4/ip_output.c.
 */
#define LOG_SOURCE ip_log
#include "include/uapi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/random.h"
#include "kernel/printk.h"
#include "kernel/time/time.h"
#include "net/core/checksum.h"
#include "net/core/eth.h"
#include "net/core/netdevice.h"
#include "net/core/snmp.h"
#include "net/ipv4/arp.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/igmp.h"
#include "net/inet/inet_sock.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_options.h"
#include "net/ipv4/route.h"

/*
 * Counters for the identification field of datagrams that no socket sends, and that routers may
 * fragment. A hash of source, destination and protocol selects the counter of a datagram.
 */
#define IP_IDENTS 256
static u16 ip_idents[IP_IDENTS];
static siphash_key_t ip_ident_key;

void ip_output_init(void)
{
	get_random_bytes(&ip_ident_key, sizeof(ip_ident_key));
	get_random_bytes(ip_idents, sizeof(ip_idents));
}

/* ---- the header ------------------------------------------------------------------------------- */

struct ip_header_args {
	__be32 saddr, daddr;
	__be16 frag_off;
	u16 id;
	u8 protocol, tos, ttl;
	const struct ip_options *opt; /* NULL: there are none */
};

/*
 * Datagrams have the "don't fragment" bit, so that the path MTU is discovered (RFC 1191). The
 * exceptions are a path below the minimum MTU, and a socket whose application disabled the
 * discovery (IP_MTU_DISCOVER).
 */
bool ip_dont_fragment(const struct sock *sk, const struct rtable *rt)
{
	u8 pmtudisc = sk ? inet_sk(sk)->pmtudisc : IP_PMTUDISC_WANT;

	return pmtudisc == IP_PMTUDISC_DO ||
	       (pmtudisc == IP_PMTUDISC_WANT && !READ_ONCE(rt->rt_mtu_locked));
}

/*
 * Returns false if the application asked the socket to ignore a router's report of a smaller path
 * MTU, because the report may be forged (ip(7)). Such a report then causes no retransmission. The
 * route's MTU still limits the socket's next segments, as on Linux.
 */
bool ip_sk_accept_pmtu(const struct sock *sk)
{
	return inet_sk(sk)->pmtudisc != IP_PMTUDISC_DONT &&
	       inet_sk(sk)->pmtudisc < IP_PMTUDISC_INTERFACE;
}

static __be16 ip_frag_off(const struct sock *sk, const struct rtable *rt)
{
	return ip_dont_fragment(sk, rt) ? HTONS_CONST(IP_DF) : 0;
}

static unsigned int ip_optlen(const struct ip_header_args *args)
{
	return args->opt ? args->opt->len : 0;
}

/* Puts the options in front of the packet, with this host's address and the time where they ask for them. */
static noinline void ip_push_options(struct sk_buff *skb, const struct ip_header_args *args)
{
	u8 *opt = skb_push(skb, args->opt->len);

	memcpy(opt, args->opt->data, args->opt->len);
	ip_options_record(opt, args->opt->len, args->saddr, false);
}

static void ip_push_header(struct sk_buff *skb, const struct ip_header_args *args)
{
	struct iphdr *iph;

	if (unlikely(args->opt))
		ip_push_options(skb, args);
	iph = skb_push(skb, sizeof(*iph));
	skb_reset_network_header(skb);
	/* Write version 4, a header length of five words, and the type of service in one store. */
	*(__be16 *)iph = htons(0x4500 | args->tos);
	if (unlikely(args->opt))
		iph->ihl += args->opt->len / 4;
	iph->id = htons(args->id);
	iph->frag_off = args->frag_off;
	iph->ttl = args->ttl;
	iph->protocol = args->protocol;
	iph->saddr = args->saddr;
	iph->daddr = args->daddr;
}

/* ---- passing a packet to the link layer ------------------------------------------------------- */

/*
 * Creates the neighbour entry of @rt's next hop. If the table of neighbours is full, empties the
 * route cache, because cached routes hold neighbours, and tries again. The cache is emptied at most
 * once a second.
 */
static struct neighbour *ip_neigh_create(struct rtable *rt)
{
	static unsigned long last_drop;
	struct neighbour *neigh = neigh_create(&arp_tbl, rt->rt_gateway, rt->dst.dev);

	if (likely(neigh) || time_before(jiffies, last_drop + HZ))
		return neigh;
	last_drop = jiffies;
	rt_cache_drop();
	return neigh_create(&arp_tbl, rt->rt_gateway, rt->dst.dev);
}

static int ip_neigh_output(struct rtable *rt, struct sk_buff *skb)
{
	struct neighbour *neigh = READ_ONCE(rt->neigh), *none = NULL;
	int err;

	if (likely(neigh && !neigh->dead))
		return neigh_output(neigh, skb);
	/*
	 * The route's neighbour has left the table. Readers of rt->neigh hold no lock, so it cannot
	 * be replaced there: mark the route, so that the next packet looks up a new route.
	 */
	if (neigh)
		WRITE_ONCE(rt->obsolete, true);
	neigh = ip_neigh_create(rt);
	if (unlikely(!neigh)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_TABLE_FULL);
		return -ENOBUFS;
	}
	if (__atomic_compare_exchange_n(&rt->neigh, &none, neigh, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		return neigh_output(neigh, skb);
	err = neigh_output(neigh, skb);
	neigh_release(neigh);
	return err;
}

/*
 * Sends a broadcast or multicast packet. ARP is not needed: a multicast link address is computed
 * from the IP address (RFC 1112 6.4).
 */
static int ip_group_output(const struct rtable *rt, struct sk_buff *skb)
{
	struct net_device *dev = rt->dst.dev;
	u32 group = ntohl(ip_hdr(skb)->daddr);
	u8 mac[ETH_ALEN] = {0x01, 0x00, 0x5e, (group >> 16) & 0x7f, group >> 8, group};
	bool mcast = rt->rt_type == RTN_MULTICAST;
	int err;

	snmp_inc(mcast ? SNMP_IpExtOutMcastPkts : SNMP_IpExtOutBcastPkts);
	snmp_add(mcast ? SNMP_IpExtOutMcastOctets : SNMP_IpExtOutBcastOctets, skb->len);
	if (!dev->header_ops)
		return dev_queue_xmit(skb);
	err = skb_cow_head(skb, dev->hard_header_len);
	if (!err)
		err = dev->header_ops->create(skb, dev, ETH_P_IP, mcast ? mac : NULL, NULL);
	if (err < 0) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return -ENOBUFS;
	}
	return dev_queue_xmit(skb);
}

static int ip_finish_output(struct rtable *rt, struct sk_buff *skb)
{
	if (unlikely(rt->rt_type == RTN_BROADCAST || rt->rt_type == RTN_MULTICAST))
		return ip_group_output(rt, skb);
	if (!rt->dst.dev->header_ops)
		return dev_queue_xmit(skb);
	return ip_neigh_output(rt, skb);
}

/*
 * Returns the size in bytes of the datagram on the wire. A GSO packet becomes several datagrams;
 * returns the size of the largest.
 */
static unsigned int ip_wire_len(const struct sk_buff *skb)
{
	unsigned int headers;

	if (!skb_is_gso(skb))
		return skb->len;
	if (skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4)
		return min(skb->len, ip_hdrlen(skb) + 8 + skb_shinfo(skb)->gso_size);
	/* Byte 12 of the TCP header has the header's length in 32-bit words in its upper half. */
	headers = ip_hdrlen(skb) + (skb_transport_header(skb)[12] >> 4) * 4;
	return min(skb->len, headers + skb_shinfo(skb)->gso_size);
}

/*
 * Sends a packet that is longer than the path's MTU. A socket that ignores the path's MTU
 * (IP_PMTUDISC_PROBE, IP_PMTUDISC_INTERFACE) may use the device's.
 */
static noinline int ip_fragment(struct rtable *rt, struct sk_buff *skb)
{
	bool probes = skb->sk && inet_sk(skb->sk)->pmtudisc >= IP_PMTUDISC_PROBE;
	unsigned int mtu = probes ? rt->dst.dev->mtu : dst_mtu(&rt->dst);

	if (ip_wire_len(skb) <= mtu)
		return ip_finish_output(rt, skb);
	if (ip_hdr(skb)->frag_off & HTONS_CONST(IP_DF) || skb_is_gso(skb)) {
		snmp_inc(SNMP_IpFragFails);
		kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_BIG);
		return -EMSGSIZE;
	}
	return ip_do_fragment(rt, skb, mtu, ip_finish_output);
}

/* Receives @skb, or each datagram of it if it is to be segmented. Takes @skb. */
static void ip_loop_receive(struct sk_buff *skb)
{
	struct sk_buff *next;

	if (skb_is_gso(skb)) {
		struct sk_buff *segs = skb_segment(skb);

		if (IS_ERR(segs)) {
			kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
			return;
		}
		consume_skb(skb);
		skb = segs;
	}
	for (; skb; skb = next) {
		next = skb->next;
		skb->next = NULL;
		netif_rx(skb);
	}
}

/*
 * Gives this host a copy of a broadcast or multicast packet of a socket, if the host receives this
 * group (RFC 1112 6.1, IP_MULTICAST_LOOP). The copy has a linear part of its own, because the
 * headers of the packet on its way to the wire still change. The copy is not charged to the sender.
 */
static noinline void ip_loop_copy(const struct rtable *rt, struct sk_buff *skb)
{
	struct in_device *in_dev = rt->dst.dev->ip_ptr;
	const struct iphdr *iph = ip_hdr(skb);
	bool mcast = rt->rt_type == RTN_MULTICAST;
	struct sk_buff *copy;
	struct rtable *in_rt;

	if (!skb->sk || !in_dev || (rt->dst.dev->flags & IFF_LOOPBACK))
		return;
	if (mcast && (!inet_sk(skb->sk)->mc_loop || !ip_check_mc(in_dev, iph->daddr, iph->saddr)))
		return;
	copy = pskb_copy(skb, GFP_ATOMIC);
	if (!copy) {
		skb_drop_inc(SKB_DROP_REASON_NOMEM);
		return;
	}
	skb_orphan(copy);
	skb_dst_drop(copy);
	/*
	 * Set the input route here: ip_route_input() would drop a packet with our own source
	 * address.
	 */
	in_rt = mcast ? in_dev->multicast_rt : in_dev->broadcast_rt;
	rt_get(in_rt);
	skb_dst_set(copy, &in_rt->dst);
	skb_reset_mac_header(copy);
	copy->pkt_type = PACKET_LOOPBACK;
	copy->skb_mstamp = 0;
	ip_loop_receive(copy);
}

static int ip_output(struct sk_buff *skb)
{
	struct rtable *rt = skb_rtable(skb);

	snmp_inc(SNMP_IpOutRequests);
	snmp_add(SNMP_IpExtOutOctets, skb->len);
	skb->dev = rt->dst.dev;
	skb->protocol = HTONS_CONST(ETH_P_IP);
	if (unlikely(rt->rt_type == RTN_BROADCAST || rt->rt_type == RTN_MULTICAST)) {
		ip_loop_copy(rt, skb);
		/* RFC 1112 6.1: a TTL of 0 restricts a packet to this host. */
		if (!ip_hdr(skb)->ttl && !(skb->dev->flags & IFF_LOOPBACK)) {
			consume_skb(skb);
			return 0;
		}
	}
	if (unlikely(ip_wire_len(skb) > dst_mtu(&rt->dst)))
		return ip_fragment(rt, skb);
	return ip_finish_output(rt, skb);
}

int ip_local_out(struct sk_buff *skb)
{
	struct iphdr *iph = ip_hdr(skb);

	if (unlikely(skb->len > 0xffff)) {
		snmp_inc(SNMP_IpOutDiscards);
		kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_BIG);
		return -EMSGSIZE;
	}
	iph->tot_len = htons(skb->len);
	iph->check = 0;
	iph->check = ip_fast_csum(iph, iph->ihl);
	if (pr_debug_on())
		ip_log_packet("out", skb);
	return ip_output(skb);
}

/* ---- sending for a connected socket ----------------------------------------------------------- */

/*
 * Returns the socket's route with a reference, after looking it up again if it is no longer valid;
 * or ERR_PTR.
 */
static struct rtable *ip_sk_route(struct sock *sk)
{
	struct rtable *rt = dst_rtable(sk->sk_dst_cache);
	struct flowi4 fl;

	if (likely(rt && rt_is_valid(rt))) {
		rt_get(rt);
		return rt;
	}
	fl = (struct flowi4){.daddr = inet_sk(sk)->inet_daddr,
			     .saddr = inet_sk(sk)->inet_saddr,
			     .oif = sk->sk_bound_dev_if,
			     .proto = sk->sk_protocol,
			     .flags = inet_sk_flowi_flags(sk)};
	rt = ip_route_output_key(&fl);
	if (IS_ERR(rt))
		return rt;
	rt_get(rt);
	sk_dst_set(sk, &rt->dst);
	return rt;
}

static u8 sk_ttl(const struct sock *sk)
{
	s16 ttl = inet_sk(sk)->uc_ttl;

	return ttl < 0 ? sysctl_ip_default_ttl : ttl;
}

int ip_queue_xmit(struct sock *sk, struct sk_buff *skb)
{
	struct inet_sock *inet = inet_sk(sk);
	struct ip_header_args args;
	struct rtable *rt = skb_rtable(skb);

	if (!rt) {
		rt = ip_sk_route(sk);
		if (IS_ERR(rt)) {
			snmp_inc(SNMP_IpOutNoRoutes);
			kfree_skb_reason(skb, SKB_DROP_REASON_IP_OUTNOROUTES);
			return -EHOSTUNREACH;
		}
		skb_dst_set(skb, &rt->dst);
	}
	args = (struct ip_header_args){
		.saddr = inet->inet_saddr,
		.daddr = inet->inet_daddr,
		.frag_off = ip_frag_off(sk, rt),
		.id = inet->inet_id,
		.protocol = sk->sk_protocol,
		.tos = inet->tos,
		.ttl = sk_ttl(sk),
		.opt = inet->inet_opt,
	};
	/* A GSO packet uses one identification for each of its segments. */
	inet->inet_id += max_t(u16, skb_shinfo(skb)->gso_segs, 1);
	ip_push_header(skb, &args);
	return ip_local_out(skb);
}

/* ---- sending without a connected socket ------------------------------------------------------- */

/* Returns the identification for @skb. A GSO packet gets one for each of its segments, in a row. */
static u16 ip_select_id(const struct sk_buff *skb, const struct ip_header_args *args)
{
	u16 segs = max_t(u16, skb_shinfo(skb)->gso_segs, 1);
	u64 hash;

	/*
	 * RFC 6864 4.1: with "don't fragment" the identification may have any value. A counter would
	 * tell its reader how many packets this host sends to others (idle scan).
	 */
	if (args->frag_off)
		return 0;
	/*
	 * Several destinations share a counter. The upper half of their different hashes is added,
	 * so that no destination learns the counter's value.
	 */
	hash = siphash_2u64((u64)args->saddr << 32 | args->daddr, args->protocol, &ip_ident_key);
	return __atomic_fetch_add(&ip_idents[hash % IP_IDENTS], segs, __ATOMIC_RELAXED) +
	       (u16)(hash >> 32);
}

static int ip_send_along(struct sk_buff *skb, struct rtable *rt, struct ip_header_args *args)
{
	args->id = ip_select_id(skb, args);
	ip_push_header(skb, args);
	skb_dst_drop(skb);
	rt_get(rt);
	skb_dst_set(skb, &rt->dst);
	return ip_local_out(skb);
}

int ip_send_skb(struct sk_buff *skb, struct rtable *rt, __be32 saddr, __be32 daddr, u8 protocol,
		u8 tos, u8 ttl, const struct ip_options *opt)
{
	struct ip_header_args args = {
		.saddr = saddr,
		.daddr = daddr,
		.protocol = protocol,
		.tos = tos,
		.ttl = ttl,
		.opt = opt,
	};

	if (sizeof(struct iphdr) + ip_optlen(&args) + skb->len <= dst_mtu(&rt->dst))
		args.frag_off = ip_frag_off(NULL, rt);
	return ip_send_along(skb, rt, &args);
}

int ip_build_and_send_pkt(struct sk_buff *skb, const struct sock *sk, struct rtable *rt,
			  __be32 saddr, __be32 daddr, u8 protocol)
{
	struct ip_header_args args = {
		.saddr = saddr,
		.daddr = daddr,
		.frag_off = ip_frag_off(sk, rt),
		.protocol = protocol,
		.tos = inet_sk(sk)->tos,
		.ttl = sk_ttl(sk),
	};

	return ip_send_along(skb, rt, &args);
}

/*
 * Returns the "don't fragment" bit of a datagram. A datagram that is longer than the path's MTU is
 * fragmented here, so it has no such bit, unless the program forbade fragments.
 */
static __be16 ip_datagram_frag_off(const struct sock *sk, const struct rtable *rt, unsigned int len)
{
	u8 pmtudisc = inet_sk(sk)->pmtudisc;

	if (pmtudisc == IP_PMTUDISC_DO || pmtudisc == IP_PMTUDISC_PROBE)
		return HTONS_CONST(IP_DF);
	return len <= dst_mtu(&rt->dst) ? ip_frag_off(sk, rt) : 0;
}

int ip_send_datagram(struct sk_buff *skb, const struct sock *sk, struct rtable *rt, __be32 saddr,
		     __be32 daddr, u8 protocol, u8 tos, s16 ttl, const struct ip_options *opt)
{
	struct ip_header_args args = {
		.saddr = saddr,
		.daddr = daddr,
		.frag_off =
			ip_datagram_frag_off(sk, rt, sizeof(struct iphdr) + opt->len + skb->len),
		.protocol = protocol,
		.tos = tos,
		.ttl = ttl < 0 ? sk_ttl(sk) : ttl,
		.opt = opt->len ? opt : NULL,
	};

	return ip_send_along(skb, rt, &args);
}

int ip_send_raw(struct sk_buff *skb, struct rtable *rt, __be32 saddr)
{
	struct iphdr *iph = ip_hdr(skb);

	if (!iph->saddr)
		iph->saddr = saddr;
	if (!iph->id) {
		const struct ip_header_args args = {.saddr = iph->saddr,
						    .daddr = iph->daddr,
						    .frag_off = iph->frag_off & HTONS_CONST(IP_DF),
						    .protocol = iph->protocol};

		iph->id = htons(ip_select_id(skb, &args));
	}
	skb->transport_header = skb->network_header + ip_hdrlen(skb);
	if (iph->protocol == IPPROTO_ICMP && skb_headlen(skb) > ip_hdrlen(skb))
		icmp_out_count(*skb_transport_header(skb));
	rt_get(rt);
	skb_dst_set(skb, &rt->dst);
	return ip_local_out(skb);
}

void ip_send_unicast_reply(const struct sk_buff *skb, __be32 saddr, __be32 daddr, u8 tos,
			   u8 protocol, const void *data, unsigned int len,
			   unsigned int csum_offset)
{
	struct flowi4 fl = {.daddr = daddr, .saddr = saddr, .proto = protocol};
	struct sk_buff *reply;
	struct rtable *rt;
	__sum16 sum = 0;
	u8 *th;

	BUG_ON(csum_offset + sizeof(sum) > len);
	rt = ip_route_output_key(&fl);
	if (IS_ERR(rt)) {
		snmp_inc(SNMP_IpOutNoRoutes);
		skb_drop_inc(SKB_DROP_REASON_IP_OUTNOROUTES);
		return;
	}
	reply = alloc_skb(MAX_TCP_HEADER + len, GFP_ATOMIC);
	if (!reply) {
		snmp_inc(SNMP_IpOutDiscards);
		skb_drop_inc(SKB_DROP_REASON_NOMEM);
		goto out;
	}
	skb_reserve(reply, MAX_TCP_HEADER);
	th = skb_put(reply, len);
	memcpy(th, data, len);
	skb_reset_transport_header(reply);
	memcpy(th + csum_offset, &sum, sizeof(sum));
	sum = csum_tcpudp_magic(saddr, daddr, len, protocol, csum_partial(th, len, 0));
	memcpy(th + csum_offset, &sum, sizeof(sum));
	ip_send_skb(reply, rt, saddr, daddr, protocol, tos, sysctl_ip_default_ttl, NULL);
out:
	rt_put(rt);
}
