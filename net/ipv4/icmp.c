/* SPDX-License-Identifier: MIT */
/*
 * Processes received ICMP messages: answers echo and timestamp requests, passes echo replies to ping
 * sockets, and passes errors to the raw sockets and the transport whose packet they quote.
 *
 * Callers: ip_local_deliver -> icmp_rcv (softirq, owns the packet); arp.c -> icmp_link_failure
 * (softirq, no lock held). icmp_rcv and icmp_link_failure call net_protocol's err_handler. No lock
 * of its own. RFC 792, 1122 section 3.2.2, 1191. Compare Linux's net/ipv4/icmp.c; errors are sent in icmp_send.c.
 */
#define LOG_SOURCE icmp_log
#include "include/uapi/errno.h"
#include "include/uapi/in.h"
#include "kernel/lib/bug.h"
#include "kernel/printk.h"
#include "net/core/checksum.h"
#include "net/core/eth.h"
#include "net/core/netdevice.h"
#include "net/core/snmp.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_options.h"
#include "net/ipv4/ping.h"
#include "net/ipv4/raw.h"
#include "net/ipv4/route.h"

DEFINE_LOG_SOURCE(icmp_log, "icmp");

const struct icmp_err icmp_err_convert[NR_ICMP_UNREACH + 1] = {
	{ENETUNREACH, false},  /* network unreachable */
	{EHOSTUNREACH, false}, /* host unreachable */
	{ENOPROTOOPT, true},   /* protocol unreachable */
	{ECONNREFUSED, true},  /* port unreachable */
	{EMSGSIZE, false},     /* fragmentation needed */
	{EOPNOTSUPP, false},   /* source route failed */
	{ENETUNREACH, true},   /* network unknown */
	{EHOSTDOWN, true},     /* host unknown */
	{ENONET, true},        /* host isolated */
	{ENETUNREACH, true},   /* network prohibited */
	{EHOSTUNREACH, true},  /* host prohibited */
	{ENETUNREACH, false},  /* network unreachable for this type of service */
	{EHOSTUNREACH, false}, /* host unreachable for this type of service */
	{EHOSTUNREACH, true},  /* communication administratively prohibited */
	{EHOSTUNREACH, true},  /* host precedence violation */
	{EHOSTUNREACH, true},  /* precedence cutoff in effect */
};

/* ---- echo and timestamp ----------------------------------------------------------------------- */

/*
 * Answers the request @skb with a message of @type and @len bytes, whose first bytes are those of the
 * request. RFC 1122 3.2.2.6 and 3.2.2.8: the answer's source is the address that the request was sent to.
 */
static enum skb_drop_reason icmp_reply(struct sk_buff *skb, u8 type, unsigned int len)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct flowi4 fl = {.daddr = iph->saddr, .saddr = iph->daddr, .proto = IPPROTO_ICMP};
	enum skb_drop_reason reason = SKB_CONSUMED;
	struct ip_options opt;
	struct icmphdr *icmph;
	struct sk_buff *reply;
	struct rtable *rt;

	/*
	 * RFC 1122 permits discarding requests to a broadcast address. This prevents amplification
	 * attacks.
	 */
	if (skb_rtable(skb)->rt_type != RTN_LOCAL)
		return SKB_DROP_REASON_ICMP_BROADCAST;
	/* This host's first entry may have left too little room for the second: no answer, as on Linux. */
	ip_options_echo(&opt, skb);
	if (ip_options_check(opt.data, opt.len))
		return SKB_DROP_REASON_IP_OPTIONS;
	rt = ip_route_output_key(&fl);
	if (IS_ERR(rt))
		return SKB_DROP_REASON_IP_OUTNOROUTES;
	reply = alloc_skb(MAX_TCP_HEADER + len, GFP_ATOMIC);
	if (!reply) {
		reason = SKB_DROP_REASON_NOMEM;
		goto out;
	}
	skb_reserve(reply, MAX_TCP_HEADER);
	icmph = skb_put(reply, len);
	skb_reset_transport_header(reply);
	BUG_ON(skb_copy_bits(skb, 0, icmph, min(len, skb->len)));
	icmph->type = type;
	if (type == ICMP_TIMESTAMPREPLY) {
		__be32 *times = (__be32 *)(icmph + 1); /* originate, receive, transmit */

		icmph->code = 0;
		times[1] = times[2] = inet_current_timestamp();
	}
	icmph->checksum = 0;
	icmph->checksum = ip_compute_csum(icmph, len);
	icmp_out_count(type);
	ip_send_skb(reply, rt, iph->daddr, iph->saddr, IPPROTO_ICMP, iph->tos,
		    sysctl_ip_default_ttl, opt.len ? &opt : NULL);
out:
	rt_put(rt);
	return reason;
}

static enum skb_drop_reason icmp_echo(struct sk_buff *skb)
{
	if (sysctl_icmp_echo_ignore_all)
		return SKB_DROP_REASON_ICMP_IGNORED;
	return icmp_reply(skb, ICMP_ECHOREPLY, skb->len);
}

/* RFC 792: the answer has the time of the request, and twice the time of this host. */
#define ICMP_TIMESTAMP_LEN (sizeof(struct icmphdr) + 3 * sizeof(__be32))

static enum skb_drop_reason icmp_timestamp(struct sk_buff *skb)
{
	if (skb->len < ICMP_TIMESTAMP_LEN) {
		snmp_inc(SNMP_IcmpInErrors);
		return SKB_DROP_REASON_ICMP_SHORT;
	}
	return icmp_reply(skb, ICMP_TIMESTAMPREPLY, ICMP_TIMESTAMP_LEN);
}

/* ---- errors ----------------------------------------------------------------------------------- */

/*
 * If an old router reports no MTU, returns the largest common MTU (RFC 1191 section 7) below
 * @too_big, the length of the packet that was too large.
 */
static u32 pmtu_guess(u32 too_big)
{
	static const u16 plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 576};

	for (unsigned int i = 0; i < ARRAY_SIZE(plateaus); i++) {
		if (plateaus[i] < too_big)
			return plateaus[i];
	}
	return 576;
}

/*
 * Returns true if the message quotes a packet of ours, with the first 8 bytes of its transport
 * header. The quoted IP header and these 8 bytes are then in the linear part.
 */
static bool icmp_quote_ok(struct sk_buff *skb)
{
	const struct iphdr *iph;

	if (!pskb_may_pull(skb, sizeof(struct icmphdr) + sizeof(*iph)))
		return false;
	iph = (const struct iphdr *)(skb->data + sizeof(struct icmphdr));
	if (iph->version != 4 || iph->ihl < 5 ||
	    !pskb_may_pull(skb, sizeof(struct icmphdr) + iph->ihl * 4 + 8))
		return false;
	iph = (const struct iphdr *)(skb->data + sizeof(struct icmphdr));
	/*
	 * Only the first fragment contains the ports. The source of the quoted packet must be one
	 * of our addresses.
	 */
	return !(iph->frag_off & htons(IP_OFFSET)) && inet_is_local_addr(iph->saddr);
}

/*
 * Gives the error @skb to the raw sockets and the transport whose packet it quotes. skb->data is at the
 * quoted IP header; this header and the eight bytes behind it are linear. Returns false if the error is
 * for none of them.
 */
static bool icmp_socket_deliver(struct sk_buff *skb, u32 info)
{
	const u8 protocol = ((const struct iphdr *)skb->data)->protocol;
	const struct net_protocol *prot = inet_protocol(protocol);
	bool raw = raw_icmp_error(skb, info);

	if (!prot || !prot->err_handler)
		return raw;
	prot->err_handler(skb, info);
	return true;
}

/*
 * Passes an error to the sockets whose packet it quotes. @info of err_handler is the reported MTU, or the offset of the bad byte for a parameter problem. err_handler reads the
 * message's type and code through icmp_hdr().
 */
static enum skb_drop_reason icmp_error(struct sk_buff *skb)
{
	const struct icmphdr *icmph;
	const struct iphdr *quoted;
	u32 info = 0;

	/*
	 * A conforming host sends no error to a broadcast or multicast address, so ignore such a
	 * message.
	 */
	if (skb_rtable(skb)->rt_type != RTN_LOCAL)
		return SKB_DROP_REASON_ICMP_BROADCAST;
	if (!icmp_quote_ok(skb)) {
		snmp_inc(SNMP_IcmpInErrors);
		return SKB_DROP_REASON_ICMP_BAD_QUOTE;
	}
	icmph = icmp_hdr(skb);
	quoted = (const struct iphdr *)(icmph + 1);
	if (icmph->type == ICMP_DEST_UNREACH) {
		if (icmph->code > NR_ICMP_UNREACH)
			return SKB_DROP_REASON_ICMP_IGNORED;
		if (icmph->code == ICMP_FRAG_NEEDED) {
			info = ntohs(icmph->un.frag.mtu);
			if (!info)
				info = pmtu_guess(ntohs(quoted->tot_len));
		}
	} else if (icmph->type == ICMP_PARAMETERPROB) {
		info = ntohl(icmph->un.gateway) >> 24;
	}
	__skb_pull(skb, sizeof(*icmph));
	return icmp_socket_deliver(skb, info) ? SKB_CONSUMED : SKB_DROP_REASON_ICMP_IGNORED;
}

void icmp_link_failure(struct sk_buff *skb)
{
	unsigned int quote = min(skb->len, 128u);
	struct sk_buff *told;
	struct icmphdr *icmph;

	if (skb->protocol != HTONS_CONST(ETH_P_IP) || skb_network_offset(skb) ||
	    quote < sizeof(struct iphdr) || quote < ip_hdrlen(skb) + 8)
		return;
	/* Only a datagram's first fragment has the ports. */
	if (ip_hdr(skb)->frag_off & htons(IP_OFFSET))
		return;
	told = alloc_skb(sizeof(struct iphdr) + sizeof(*icmph) + quote, GFP_ATOMIC);
	if (!told) {
		skb_drop_inc(SKB_DROP_REASON_NOMEM);
		return;
	}
	/*
	 * No other host has reported this error, so build the message as if this host had sent it
	 * to itself.
	 */
	skb_reset_network_header(told);
	memcpy(skb_put(told, sizeof(struct iphdr)), ip_hdr(skb), sizeof(struct iphdr));
	ip_hdr(told)->ihl = 5;
	ip_hdr(told)->protocol = IPPROTO_ICMP;
	ip_hdr(told)->daddr = ip_hdr(skb)->saddr;
	__skb_pull(told, sizeof(struct iphdr));
	skb_reset_transport_header(told);
	icmph = skb_put(told, sizeof(*icmph));
	*icmph = (struct icmphdr){.type = ICMP_DEST_UNREACH, .code = ICMP_HOST_UNREACH};
	BUG_ON(skb_copy_bits(skb, 0, skb_put(told, quote), quote));
	__skb_pull(told, sizeof(*icmph));
	told->dev = skb->dev;
	told->protocol = skb->protocol;
	memset(told->cb, 0, sizeof(struct inet_skb_parm));
	IPCB(told)->iif = skb->dev->ifindex;
	icmp_socket_deliver(told, 0);
	consume_skb(told);
}

/* ---- receiving -------------------------------------------------------------------------------- */

/*
 * Counts a received message by its type. Returns false for a type that has no counter; this host
 * does not process such types.
 */
static bool icmp_count_in(u8 type)
{
	switch (type) {
	case ICMP_ECHOREPLY:
		snmp_inc(SNMP_IcmpInEchoReps);
		return true;
	case ICMP_DEST_UNREACH:
		snmp_inc(SNMP_IcmpInDestUnreachs);
		return true;
	case ICMP_SOURCE_QUENCH:
		snmp_inc(SNMP_IcmpInSrcQuenchs);
		return true;
	case ICMP_REDIRECT:
		snmp_inc(SNMP_IcmpInRedirects);
		return true;
	case ICMP_ECHO:
		snmp_inc(SNMP_IcmpInEchos);
		return true;
	case ICMP_TIMESTAMP:
		snmp_inc(SNMP_IcmpInTimestamps);
		return true;
	case ICMP_TIMESTAMPREPLY:
		snmp_inc(SNMP_IcmpInTimestampReps);
		return true;
	case ICMP_ADDRESS:
		snmp_inc(SNMP_IcmpInAddrMasks);
		return true;
	case ICMP_ADDRESSREPLY:
		snmp_inc(SNMP_IcmpInAddrMaskReps);
		return true;
	case ICMP_TIME_EXCEEDED:
		snmp_inc(SNMP_IcmpInTimeExcds);
		return true;
	case ICMP_PARAMETERPROB:
		snmp_inc(SNMP_IcmpInParmProbs);
		return true;
	default:
		return false;
	}
}

static enum skb_drop_reason icmp_dispatch(struct sk_buff *skb)
{
	u8 type = icmp_hdr(skb)->type;
	__be32 saddr = ip_hdr(skb)->saddr;

	pr_debug("in  from %pI4: type %u, code %u, %u bytes", &saddr, type, icmp_hdr(skb)->code,
		 skb->len);
	if (!icmp_count_in(type)) {
		/*
		 * RFC 1122 3.2.2: "If an ICMP message of unknown type is received, it MUST be
		 * silently discarded."
		 */
		snmp_inc(SNMP_IcmpInErrors);
		return SKB_DROP_REASON_ICMP_IGNORED;
	}
	switch (type) {
	case ICMP_ECHO:
		return icmp_echo(skb);
	case ICMP_TIMESTAMP:
		return icmp_timestamp(skb);
	case ICMP_ECHOREPLY:
		/* As on Linux, a reply to a group is for no ping socket. */
		if (skb_rtable(skb)->rt_type != RTN_LOCAL)
			return SKB_DROP_REASON_ICMP_BROADCAST;
		return ping_rcv(skb);
	case ICMP_DEST_UNREACH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return icmp_error(skb);
	default:
		/*
		 * Source quench is obsolete (RFC 6633), and so are address masks (RFC 6918).
		 * Redirects are ignored, even those of a gateway in use.
		 */
		return SKB_DROP_REASON_ICMP_IGNORED;
	}
}

static enum skb_drop_reason icmp_rcv(struct sk_buff *skb)
{
	enum skb_drop_reason reason;

	snmp_inc(SNMP_IcmpInMsgs);
	if (!pskb_may_pull(skb, sizeof(struct icmphdr))) {
		snmp_inc(SNMP_IcmpInErrors);
		reason = SKB_DROP_REASON_ICMP_SHORT;
	} else if (csum_fold(skb_checksum(skb, 0, skb->len, 0))) {
		snmp_inc(SNMP_IcmpInErrors);
		snmp_inc(SNMP_IcmpInCsumErrors);
		reason = SKB_DROP_REASON_ICMP_CSUM;
	} else {
		reason = icmp_dispatch(skb);
		/*
		 * A message that ICMP ignores does not count as dropped if a raw socket has
		 * received a copy.
		 */
		if (reason == SKB_DROP_REASON_ICMP_IGNORED && IPCB(skb)->flags & IPSKB_RAW)
			reason = SKB_CONSUMED;
	}
	if (!reason)
		consume_skb(skb);
	return reason;
}

void icmp_init(void)
{
	static const struct net_protocol icmp_protocol = {.handler = icmp_rcv,
							  .err_handler = ping_err};

	log_register(&icmp_log);
	icmp_send_init();
	BUG_ON(inet_add_protocol(&icmp_protocol, IPPROTO_ICMP));
}
