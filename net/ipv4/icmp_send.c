/* SPDX-License-Identifier: MIT */
/*
 * Sends ICMP errors about received packets that could not be delivered, and decides whether an
 * error may be sent, and how often.
 *
 * Callers: ip_input.c (unknown protocol, bad options). Softirq. Lock: icmp_limit_lock protects the
 * token buckets. RFC 1122 3.2.2, RFC 1812 4.3.2.7 and 4.3.2.8. Compare Linux's icmp_send() and its
 * limits.
 */
#define LOG_SOURCE icmp_log
#include "include/uapi/in.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/random.h"
#include "kernel/printk.h"
#include "kernel/sched/spinlock.h"
#include "kernel/time/time.h"
#include "net/core/checksum.h"
#include "net/core/netdevice.h"
#include "net/core/snmp.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/limits.h"
#include "net/ipv4/route.h"

/*
 * RFC 1812 4.3.2.3: the error quotes as much of the original packet as fits into 576 bytes, which
 * every host must accept.
 */
#define ICMP_ERROR_MAX 576
/* RFC 1812 4.3.2.5: ICMP errors have the precedence 6 (internetwork control) or 7. */
#define IPTOS_PREC_INTERNETCONTROL 0xc0
#define IPTOS_TOS_MASK             0x1e

/* ---- the rate limit --------------------------------------------------------------------------- */

/*
 * A token bucket: tokens are added with time, and each message takes some of them. The field last
 * is the time of the last refill in jiffies.
 */
struct icmp_bucket {
	unsigned long last;
	unsigned long tokens;
};

/*
 * How many tokens of the global bucket a message takes on average. The number is large, so that the
 * tokens added in one jiffy do not round to zero at low rates.
 */
#define ICMP_MSG_TOKENS 1000

static DEFINE_SPINLOCK(icmp_limit_lock);
static struct icmp_bucket icmp_global = {.tokens = ICMP_MSGS_BURST * ICMP_MSG_TOKENS};
/*
 * Token buckets of destinations, indexed by a hash. If another destination takes over an element,
 * the bucket starts full; the global bucket still limits the errors to that destination.
 */
static struct {
	__be32 addr;
	struct icmp_bucket bucket;
} icmp_peers[ICMP_PEERS_MAX];
static siphash_key_t icmp_key;

static void bucket_fill(struct icmp_bucket *b, unsigned long rate, unsigned long max_tokens)
{
	unsigned long now = jiffies, passed = now - b->last;

	b->last = now;
	/*
	 * If enough time has passed to fill even an empty bucket, set the bucket to full. This also
	 * prevents an overflow of passed * rate.
	 */
	if (rate && passed >= max_tokens / rate)
		b->tokens = max_tokens;
	else
		b->tokens = min(max_tokens, b->tokens + passed * rate);
}

/*
 * Returns true if one more error may be sent to @daddr, and takes the tokens for it from the global
 * bucket and the destination's. If either bucket has too few tokens, takes none and returns false.
 *
 * An error takes the tokens of zero, one or two messages from the global bucket, of one on average.
 * If each error took the tokens of exactly one message, an attacker could send probes with forged
 * sources, then one probe with its own source, and compute from the answer how many of the forged
 * probes had caused an error (CVE-2020-25705).
 */
static bool icmp_allow(__be32 daddr)
{
	unsigned int slot = siphash_2u64(daddr, 0, &icmp_key) % ICMP_PEERS_MAX;
	const unsigned long peer_cost = msecs_to_jiffies(sysctl_icmp_ratelimit);
	const unsigned long peer_max = peer_cost * ICMP_BURST;
	const unsigned long all_max = ICMP_MSG_TOKENS * sysctl_icmp_msgs_burst;
	const unsigned long all_cost = ICMP_MSG_TOKENS * prandom_u32_max(3);
	struct icmp_bucket *peer = &icmp_peers[slot].bucket;
	bool allow;

	spin_lock_bh(&icmp_limit_lock);
	if (icmp_peers[slot].addr != daddr) {
		icmp_peers[slot].addr = daddr;
		*peer = (struct icmp_bucket){.last = jiffies, .tokens = peer_max};
	}
	bucket_fill(peer, 1, peer_max);
	bucket_fill(&icmp_global, sysctl_icmp_msgs_per_sec * ICMP_MSG_TOKENS / HZ, all_max);
	allow = peer->tokens >= peer_cost && icmp_global.tokens >= ICMP_MSG_TOKENS;
	if (allow) {
		peer->tokens -= peer_cost;
		icmp_global.tokens -= min(icmp_global.tokens, all_cost);
	}
	spin_unlock_bh(&icmp_limit_lock);
	return allow;
}

/* ---- whether an error may be sent ------------------------------------------------------------- */

static bool icmp_type_is_error(u8 type)
{
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
}

/* Returns the packet's length from its IP header on, wherever skb->data is now. */
static unsigned int icmp_orig_len(const struct sk_buff *skb)
{
	return skb->len - skb_network_offset(skb);
}

static void icmp_orig_copy(const struct sk_buff *skb, void *to, unsigned int len)
{
	int pulled = -skb_network_offset(skb);
	unsigned int head;

	if (pulled < 0) {
		BUG_ON(skb_copy_bits(skb, -pulled, to, len));
		return;
	}
	/*
	 * Headers before skb->data were pulled, so they are in the linear part: copy them
	 * separately.
	 */
	head = min(len, (unsigned int)pulled);
	memcpy(to, skb_network_header(skb), head);
	if (len > head)
		BUG_ON(skb_copy_bits(skb, 0, (u8 *)to + head, len - head));
}

/* RFC 1122 3.2.2: returns false for packets about which no error may be sent. */
static bool icmp_may_answer(const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct rtable *rt = skb_rtable(skb);
	u8 quoted[sizeof(struct iphdr) + 40 + 1];
	unsigned int type_at = iph->ihl * 4;

	if (!rt || rt->rt_type != RTN_LOCAL || skb->pkt_type != PACKET_HOST)
		return false;
	if (iph->frag_off & htons(IP_OFFSET))
		return false;
	if (ipv4_is_zeronet(iph->saddr) || ipv4_is_multicast(iph->saddr) ||
	    ipv4_is_lbcast(iph->saddr) || inet_addr_is_broadcast(NULL, iph->saddr))
		return false;
	if (iph->protocol != IPPROTO_ICMP)
		return true;
	/*
	 * An error about an ICMP error is forbidden, because hosts could send errors to each other
	 * without end. If the message is too short to contain a type, treat it as an error.
	 */
	if (icmp_orig_len(skb) <= type_at)
		return false;
	icmp_orig_copy(skb, quoted, type_at + 1);
	return !icmp_type_is_error(quoted[type_at]);
}

/* ---- sending ---------------------------------------------------------------------------------- */

void icmp_out_count(u8 type)
{
	/* SNMP_IcmpInMsgs: the type has no counter. No message is counted as received here. */
	static const u8 counters[NR_ICMP_TYPES + 1] = {
		[ICMP_ECHOREPLY] = SNMP_IcmpOutEchoReps,
		[ICMP_DEST_UNREACH] = SNMP_IcmpOutDestUnreachs,
		[ICMP_SOURCE_QUENCH] = SNMP_IcmpOutSrcQuenchs,
		[ICMP_REDIRECT] = SNMP_IcmpOutRedirects,
		[ICMP_ECHO] = SNMP_IcmpOutEchos,
		[ICMP_TIME_EXCEEDED] = SNMP_IcmpOutTimeExcds,
		[ICMP_PARAMETERPROB] = SNMP_IcmpOutParmProbs,
		[ICMP_TIMESTAMP] = SNMP_IcmpOutTimestamps,
		[ICMP_TIMESTAMPREPLY] = SNMP_IcmpOutTimestampReps,
		[ICMP_ADDRESS] = SNMP_IcmpOutAddrMasks,
		[ICMP_ADDRESSREPLY] = SNMP_IcmpOutAddrMaskReps,
	};

	snmp_inc(SNMP_IcmpOutMsgs);
	if (type <= NR_ICMP_TYPES && counters[type])
		snmp_inc(counters[type]);
}

/*
 * Makes the ICMP error, without an IP header. Its quote is so short that the error fits into a
 * packet of @mtu bytes. Returns NULL if there is no memory.
 */
static struct sk_buff *icmp_build(const struct sk_buff *skb_in, u8 type, u8 code, __be32 info,
				  u32 mtu)
{
	unsigned int most = min_t(unsigned int, mtu, ICMP_ERROR_MAX);
	unsigned int quote = min_t(unsigned int, icmp_orig_len(skb_in),
				   most - sizeof(struct iphdr) - sizeof(struct icmphdr));
	unsigned int len = sizeof(struct icmphdr) + quote;
	struct sk_buff *skb = alloc_skb(MAX_TCP_HEADER + len, GFP_ATOMIC);
	struct icmphdr *icmph;

	if (!skb)
		return NULL;
	skb_reserve(skb, MAX_TCP_HEADER);
	icmph = skb_put(skb, len);
	skb_reset_transport_header(skb);
	*icmph = (struct icmphdr){.type = type, .code = code};
	icmph->un.gateway = info;
	icmp_orig_copy(skb_in, icmph + 1, quote);
	icmph->checksum = ip_compute_csum(icmph, len);
	return skb;
}

void icmp_send(struct sk_buff *skb_in, u8 type, u8 code, __be32 info)
{
	const struct iphdr *iph = ip_hdr(skb_in);
	/*
	 * The error's source is the address that the packet was sent to, so that the packet's
	 * sender recognises it.
	 */
	struct flowi4 fl = {.daddr = iph->saddr, .saddr = iph->daddr, .proto = IPPROTO_ICMP};
	struct sk_buff *skb;
	struct rtable *rt;

	if (!icmp_may_answer(skb_in))
		return;
	/* The limits protect other hosts and links: as in Linux, loopback has none. */
	if (!(skb_in->dev && skb_in->dev->flags & IFF_LOOPBACK) && !icmp_allow(fl.daddr)) {
		skb_drop_inc(SKB_DROP_REASON_ICMP_RATELIMIT);
		return;
	}
	rt = ip_route_output_key(&fl);
	if (IS_ERR(rt)) {
		snmp_inc(SNMP_IcmpOutErrors);
		return;
	}
	skb = icmp_build(skb_in, type, code, info, dst_mtu(&rt->dst));
	if (skb) {
		icmp_out_count(type);
		pr_debug("out to %pI4: type %u, code %u", &fl.daddr, type, code);
		ip_send_skb(skb, rt, fl.saddr, fl.daddr, IPPROTO_ICMP,
			    (iph->tos & IPTOS_TOS_MASK) | IPTOS_PREC_INTERNETCONTROL,
			    sysctl_ip_default_ttl, NULL);
	} else {
		snmp_inc(SNMP_IcmpOutErrors);
	}
	rt_put(rt);
}

void icmp_send_init(void)
{
	get_random_bytes(&icmp_key, sizeof(icmp_key));
	icmp_global = (struct icmp_bucket){.last = jiffies, .tokens = 1000 * ICMP_MSGS_BURST};
}
