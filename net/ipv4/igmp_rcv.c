/* SPDX-License-Identifier: MIT */
/*
 * Received IGMP messages: queries of routers, and reports of other hosts.
 *
 *   ip_local_deliver -> igmp_rcv -> igmp_heard_query, igmp_heard_report
 *
 * Softirq. A query is never answered at once: igmp_timer() answers it after a random time, so that a
 * router does not get the answers of all hosts together. RFC 2236 3, RFC 3376 5.2, 7.2. Compare
 * Linux's net/ipv4/igmp.c.
 */
#include "net/ipv4/igmp.h"

#include "kernel/lib/bug.h"
#include "kernel/lib/random.h"
#include "kernel/time/time.h"
#include "net/core/checksum.h"
#include "net/core/netdevice.h"
#include "net/core/skbuff.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/ip.h"

/* A query as it was received. */
struct igmp_query {
	unsigned int version;
	unsigned int max_delay;         /* jiffies: the time in which the answer must be sent */
	__be32 group;                   /* 0: a general query */
	const struct igmpv3_query *ih3; /* NULL in versions 1 and 2 */
	unsigned int nsrcs;
};

/* ---- parsing ---------------------------------------------------------------------------------- */

static bool has_router_alert(const struct sk_buff *skb)
{
	const u8 *opt = (const u8 *)(ip_hdr(skb) + 1),
		 *end = skb_network_header(skb) + ip_hdrlen(skb);

	/* ip_options_check() has accepted the options: each has a length that ends in the header. */
	while (opt < end && *opt) {
		if (*opt == IPOPT_ROUTER_ALERT)
			return true;
		opt += *opt == 1 ? 1 : opt[1];
	}
	return false;
}

/*
 * RFC 3376 9.1, against queries from outside the link: "Hosts SHOULD ignore v2 or v3 Queries without
 * the Router-Alert option" and general queries to another multicast address than 224.0.0.1.
 */
static bool igmp_query_is_plausible(const struct sk_buff *skb, const struct igmp_query *query)
{
	__be32 daddr = ip_hdr(skb)->daddr;

	if (query->group && !ipv4_is_multicast(query->group))
		return false;
	if (query->version > 1 && !has_router_alert(skb))
		return false;
	return query->group || !ipv4_is_multicast(daddr) || daddr == htonl(IGMP_ALL_HOSTS);
}

/* Fills in @query. The length tells the version (RFC 3376 7.1). Returns 0 or a drop reason. */
static enum skb_drop_reason igmp_parse_query(struct sk_buff *skb, struct igmp_if *mc,
					     struct igmp_query *query)
{
	const struct igmphdr *ih = (const struct igmphdr *)skb->data;
	const struct igmpv3_query *ih3;

	*query = (struct igmp_query){
		.version = 2, .max_delay = ih->code * HZ / 10, .group = ih->group};
	if (skb->len == sizeof(*ih)) {
		if (!ih->code)
			*query = (struct igmp_query){.version = 1,
						     .max_delay = IGMP_RESPONSE_INTERVAL};
		return SKB_NOT_DROPPED_YET;
	}
	if (!pskb_may_pull(skb, sizeof(*ih3)))
		return SKB_DROP_REASON_IGMP_SHORT;
	query->nsrcs = ntohs(((const struct igmpv3_query *)skb->data)->nsrcs);
	if (!pskb_may_pull(skb, sizeof(*ih3) + query->nsrcs * sizeof(__be32)))
		return SKB_DROP_REASON_IGMP_SHORT;
	ih3 = (const struct igmpv3_query *)skb->data;
	query->version = 3;
	query->ih3 = ih3;
	query->max_delay = igmpv3_decode(ih3->code) * HZ / 10;
	return SKB_NOT_DROPPED_YET;
}

/* ---- the answer's time ------------------------------------------------------------------------ */

/* Returns a random time in the next @max_delay jiffies, but not shortly after the last answer. */
static unsigned long igmp_pick_time(unsigned int max_delay, unsigned long answered)
{
	unsigned long when = jiffies + 1 + (max_delay ? prandom_u32_max(max_delay) : 0);
	unsigned long earliest = answered + msecs_to_jiffies(IGMP_ANSWER_MS);

	if (answered && time_before(when, earliest))
		when = earliest;
	return when ? when : 1;
}

static void igmp_sooner(unsigned long *expires, unsigned long when)
{
	if (!*expires || time_before(when, *expires))
		*expires = when;
}

/*
 * Adds the queried sources to those that the next answer is about. If there are more than can be
 * kept, the answer will be about the whole group. A query with more sources than can be kept is not
 * searched for sources that are kept already, because it may list one source thousands of times.
 */
static void igmp_add_queried(struct ip_mc_list *im, const struct igmp_query *query)
{
	if (query->nsrcs > IGMP_QUERY_SOURCES_MAX) {
		im->nr_queried = 0;
		return;
	}
	for (unsigned int i = 0; i < query->nsrcs; i++) {
		unsigned int at = 0;

		while (at < im->nr_queried && im->queried[at] != query->ih3->srcs[i])
			at++;
		if (at == IGMP_QUERY_SOURCES_MAX) {
			im->nr_queried = 0;
			return;
		}
		if (at == im->nr_queried)
			im->queried[im->nr_queried++] = query->ih3->srcs[i];
	}
}

/* RFC 3376 5.2, rules 3 to 5: a query about one group. */
static void igmp_query_group(struct ip_mc_list *im, const struct igmp_query *query)
{
	bool about_all = im->expires && !im->nr_queried;

	if (!query->nsrcs || about_all)
		im->nr_queried = 0;
	else
		igmp_add_queried(im, query);
	igmp_sooner(&im->expires, igmp_pick_time(query->max_delay, im->answered));
}

/* ---- queries ---------------------------------------------------------------------------------- */

/*
 * RFC 3376 7.2.1: after a query of an older version, the host uses that version until none was heard
 * for the "Older Version Querier Present Timeout". A change of the version cancels all reports.
 */
static void igmp_note_querier(struct igmp_if *mc, const struct igmp_query *query)
{
	unsigned int before = igmp_version(mc);
	unsigned long until;

	if (query->group)
		return;
	if (query->version == 3) {
		mc->qrv = query->ih3->qrv;
		if (query->ih3->qqic)
			mc->query_interval = igmpv3_decode(query->ih3->qqic) * HZ;
	}
	until = jiffies + igmp_robustness(mc) * mc->query_interval + query->max_delay;
	if (query->version == 1)
		mc->v1_seen = until ? until : 1;
	else if (query->version == 2)
		mc->v2_seen = until ? until : 1;
	if (igmp_version(mc) != before)
		igmp_cancel(mc);
}

/* Sets when @query will be answered. The caller holds igmp_if.lock. */
static void igmp_answer_query(struct igmp_if *mc, const struct igmp_query *query)
{
	unsigned long when = igmp_pick_time(query->max_delay, mc->general_answered);
	struct ip_mc_list *im;

	/* RFC 3376 5.2, rule 1: the answer to a general query, which is due sooner, answers this query too. */
	if (mc->general_expires && !time_before(when, mc->general_expires))
		return;
	if (!query->group && igmp_version(mc) == 3) {
		mc->general_expires = when;
		return;
	}
	list_for_each_entry(im, &mc->groups, list) {
		if (im->users && !igmp_unreported(im->multiaddr) &&
		    (!query->group || query->group == im->multiaddr))
			igmp_query_group(im, query);
	}
}

static enum skb_drop_reason igmp_heard_query(struct in_device *in_dev, struct sk_buff *skb)
{
	struct igmp_if *mc = &in_dev->mc;
	struct igmp_query query;
	enum skb_drop_reason reason = igmp_parse_query(skb, mc, &query);

	if (reason)
		return reason;
	if (!igmp_query_is_plausible(skb, &query) || (in_dev->dev->flags & IFF_LOOPBACK))
		return SKB_DROP_REASON_IGMP_IGNORED;
	spin_lock_bh(&mc->lock);
	igmp_note_querier(mc, &query);
	igmp_answer_query(mc, &query);
	igmp_arm(in_dev);
	spin_unlock_bh(&mc->lock);
	return SKB_NOT_DROPPED_YET;
}

/* ---- reports of other hosts ------------------------------------------------------------------- */

/*
 * RFC 2236 3: a host that hears the report of another member "MUST stop its timer for that group",
 * because one report is enough for the routers. With version 3 each host reports.
 */
static enum skb_drop_reason igmp_heard_report(struct in_device *in_dev, const struct sk_buff *skb)
{
	__be32 group = ((const struct igmphdr *)skb->data)->group;
	struct igmp_if *mc = &in_dev->mc;
	enum skb_drop_reason reason = SKB_DROP_REASON_IGMP_IGNORED;
	struct ip_mc_list *im;

	spin_lock_bh(&mc->lock);
	im = igmp_version(mc) < 3 ? igmp_find(mc, group) : NULL;
	if (im) {
		im->expires = 0;
		im->unsolicit_count = 0;
		im->reporter = false;
		igmp_arm(in_dev);
		reason = SKB_NOT_DROPPED_YET;
	}
	spin_unlock_bh(&mc->lock);
	return reason;
}

static enum skb_drop_reason igmp_rcv(struct sk_buff *skb)
{
	struct in_device *in_dev = skb->dev->ip_ptr;
	enum skb_drop_reason reason = SKB_DROP_REASON_IGMP_IGNORED;

	if (!pskb_may_pull(skb, sizeof(struct igmphdr)))
		return SKB_DROP_REASON_IGMP_SHORT;
	if (csum_fold(skb_checksum(skb, 0, skb->len, 0)))
		return SKB_DROP_REASON_IGMP_CSUM;
	switch (((const struct igmphdr *)skb->data)->type) {
	case IGMP_HOST_MEMBERSHIP_QUERY:
		reason = igmp_heard_query(in_dev, skb);
		break;
	case IGMP_HOST_MEMBERSHIP_REPORT:
	case IGMPV2_HOST_MEMBERSHIP_REPORT:
		reason = igmp_heard_report(in_dev, skb);
		break;
	}
	if (!reason)
		consume_skb(skb);
	return reason;
}

void igmp_init(void)
{
	static const struct net_protocol igmp_protocol = {.handler = igmp_rcv};

	BUG_ON(inet_add_protocol(&igmp_protocol, IPPROTO_IGMP));
	igmp_proc_init();
}
