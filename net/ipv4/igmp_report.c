/* SPDX-License-Identifier: MIT */
/*
 * IGMP reports: which are due, when, and what they contain.
 *
 * A change of a group's filter is reported at once and again at random times, so that routers learn
 * of the change even if a report is lost; queries are answered after a random time. One timer of
 * each interface serves all reports.
 *
 *   igmp_changed (igmp.c), a query (igmp_rcv.c) -> igmp_arm
 *   timer -> igmp_timer -> igmp_build_... (igmp_if.lock held) -> igmp_send -> ip_local_out
 *
 * Softirq; igmp_changed() also process. Packets are built while igmp_if.lock is held, and sent
 * afterwards. RFC 2236 3, RFC 3376 5. Compare Linux's net/ipv4/igmp.c.
 */
#include "include/uapi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/random.h"
#include "kernel/time/time.h"
#include "net/core/checksum.h"
#include "net/core/netdevice.h"
#include "net/core/skbuff.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/igmp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/route.h"

/* jiffies: the time in which reports of a change are repeated. RFC 2236 8.10, RFC 3376 8.11. */
#define IGMPV2_UNSOLICITED_INTERVAL (10 * HZ)
#define IGMPV3_UNSOLICITED_INTERVAL (1 * HZ)

#define IGMP_TOS         0xc0 /* RFC 3376 4: internetwork control */
#define IGMP_IP_HDRLEN   (sizeof(struct iphdr) + IPOPT_ROUTER_ALERT_LEN)
#define IGMP_PACKET_MAX  1500u /* bytes */
#define IGMP_PACKET_ROOM (MAX_TCP_HEADER + IGMP_PACKET_MAX)

/* ---- when a report is due --------------------------------------------------------------------- */

/* Returns @when; but 1 instead of 0, because a time of 0 means "never". */
static unsigned long igmp_at(unsigned long when)
{
	return when ? when : 1;
}

static bool igmp_due(unsigned long expires)
{
	return expires && !time_before(jiffies, expires);
}

unsigned int igmp_version(const struct igmp_if *mc)
{
	if (mc->v1_seen && time_before(jiffies, mc->v1_seen))
		return 1;
	return mc->v2_seen && time_before(jiffies, mc->v2_seen) ? 2 : 3;
}

static void igmp_earliest(unsigned long *first, unsigned long expires)
{
	if (expires && (!*first || time_before(expires, *first)))
		*first = expires;
}

void igmp_arm(struct in_device *in_dev)
{
	struct igmp_if *mc = &in_dev->mc;
	const struct ip_mc_list *im;
	unsigned long first = 0;

	lockdep_assert_held(&mc->lock);
	igmp_earliest(&first, mc->change_expires);
	igmp_earliest(&first, mc->general_expires);
	list_for_each_entry(im, &mc->groups, list)
		igmp_earliest(&first, im->expires);
	if (first && (in_dev->dev->flags & IFF_UP))
		mod_timer(&mc->timer, first);
	else
		del_timer(&mc->timer);
}

void igmp_cancel(struct igmp_if *mc)
{
	struct ip_mc_list *im, *next;

	lockdep_assert_held(&mc->lock);
	mc->change_expires = mc->general_expires = 0;
	list_for_each_entry_safe(im, next, &mc->groups, list) {
		im->expires = 0;
		im->crcount = im->unsolicit_count = 0;
		im->nr_queried = 0;
		for (struct ip_sf_list *psf = im->sources; psf; psf = psf->sf_next)
			psf->sf_crcount = 0;
		igmp_reap(mc, im);
	}
}

/* Versions 1 and 2: reports the group at once, and again later. */
static void igmp_report_unsolicited(struct igmp_if *mc, struct ip_mc_list *im)
{
	im->unsolicit_count = igmp_robustness(mc);
	im->expires = igmp_at(jiffies);
}

/*
 * RFC 3376 5.1: a change of the mode is reported with the whole list of sources; another change is
 * reported with the sources that are newly accepted and those that are no longer accepted. Returns
 * true if there is a change.
 */
static bool igmp_note_changes(const struct igmp_if *mc, struct ip_mc_list *im, u8 old_mode)
{
	bool mode_changed = old_mode != im->sfmode, changed = mode_changed;

	if (mode_changed)
		im->crcount = igmp_robustness(mc);
	for (struct ip_sf_list *psf = im->sources; psf; psf = psf->sf_next) {
		bool permitted = ip_sf_permitted(im, psf);

		if (mode_changed) {
			psf->sf_crcount = 0;
		} else if (permitted != psf->permitted) {
			psf->sf_crcount = igmp_robustness(mc);
			changed = true;
		}
		psf->permitted = permitted;
	}
	return changed;
}

void igmp_changed(struct in_device *in_dev, struct ip_mc_list *im, u8 old_mode, bool joined)
{
	struct igmp_if *mc = &in_dev->mc;
	bool changed;

	lockdep_assert_held(&mc->lock);
	changed = igmp_note_changes(mc, im, old_mode);
	if (igmp_version(mc) < 3 || igmp_unreported(im->multiaddr) ||
	    !(in_dev->dev->flags & IFF_UP) || (in_dev->dev->flags & IFF_LOOPBACK)) {
		im->crcount = 0;
		for (struct ip_sf_list *psf = im->sources; psf; psf = psf->sf_next)
			psf->sf_crcount = 0;
		changed = false;
		if (joined && igmp_version(mc) < 3 && !igmp_unreported(im->multiaddr))
			igmp_report_unsolicited(mc, im);
	}
	if (changed)
		mc->change_expires = igmp_at(jiffies);
	igmp_arm(in_dev);
}

void igmp_rejoin(struct in_device *in_dev)
{
	struct igmp_if *mc = &in_dev->mc;
	struct ip_mc_list *im;

	lockdep_assert_held(&mc->lock);
	if (in_dev->dev->flags & IFF_LOOPBACK)
		return;
	list_for_each_entry(im, &mc->groups, list) {
		if (igmp_unreported(im->multiaddr) || !im->users)
			continue;
		if (igmp_version(mc) < 3) {
			igmp_report_unsolicited(mc, im);
			continue;
		}
		im->crcount = im->sfmode == MCAST_EXCLUDE ? igmp_robustness(mc) : 0;
		for (struct ip_sf_list *psf = im->sources; psf; psf = psf->sf_next)
			psf->sf_crcount = !im->crcount && psf->permitted ? igmp_robustness(mc) : 0;
		mc->change_expires = igmp_at(jiffies);
	}
	igmp_arm(in_dev);
}

/* ---- packets ---------------------------------------------------------------------------------- */

/*
 * Returns a packet with an IP header to @daddr, and room for a message; or NULL if there is no
 * memory.
 */
static struct sk_buff *igmp_packet(__be32 daddr)
{
	struct sk_buff *skb = alloc_skb(IGMP_PACKET_ROOM, GFP_ATOMIC);
	struct iphdr *iph;
	u8 *option;

	if (!skb) {
		skb_drop_inc(SKB_DROP_REASON_NOMEM);
		return NULL;
	}
	skb_reserve(skb, MAX_TCP_HEADER);
	iph = skb_put(skb, IGMP_IP_HDRLEN);
	*iph = (struct iphdr){.version = 4,
			      .ihl = IGMP_IP_HDRLEN / 4,
			      .tos = IGMP_TOS,
			      .frag_off = htons(IP_DF),
			      .ttl = 1, /* RFC 3376 4: a report stays on its link */
			      .protocol = IPPROTO_IGMP,
			      .daddr = daddr};
	option = (u8 *)(iph + 1);
	option[0] = IPOPT_ROUTER_ALERT;
	option[1] = IPOPT_ROUTER_ALERT_LEN;
	option[2] = option[3] = 0;
	skb_reset_network_header(skb);
	skb->transport_header = skb->network_header + IGMP_IP_HDRLEN;
	return skb;
}

/* Makes a message of versions 1 and 2. Returns NULL if there is no memory. */
static struct sk_buff *igmp_message(u8 type, __be32 group)
{
	bool leave = type == IGMP_HOST_LEAVE_MESSAGE;
	struct sk_buff *skb = igmp_packet(leave ? htonl(IGMP_ALL_ROUTERS) : group);
	struct igmphdr *ih;

	if (!skb)
		return NULL;
	ih = skb_put(skb, sizeof(*ih));
	*ih = (struct igmphdr){.type = type, .group = group};
	ih->csum = ip_compute_csum(ih, sizeof(*ih));
	return skb;
}

/* Takes @skb. Without an address of the interface there is no route, and nothing is sent. */
static void igmp_send(struct in_device *in_dev, struct sk_buff *skb)
{
	struct iphdr *iph = ip_hdr(skb);
	struct flowi4 fl = {
		.daddr = iph->daddr, .oif = in_dev->dev->ifindex, .proto = IPPROTO_IGMP};
	struct rtable *rt = ip_route_output_key(&fl);

	if (IS_ERR(rt)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_OUTNOROUTES);
		return;
	}
	iph->saddr = fl.saddr;
	skb_dst_set(skb, &rt->dst);
	ip_local_out(skb);
}

void igmp_send_leave(struct in_device *in_dev, __be32 group)
{
	struct sk_buff *skb = igmp_message(IGMP_HOST_LEAVE_MESSAGE, group);

	if (skb)
		igmp_send(in_dev, skb);
}

/* ---- group records (version 3) ---------------------------------------------------------------- */

/* The packets that are being built. */
struct igmp_build {
	struct sk_buff *done, **last; /* finished packets, linked by ->next */
	struct sk_buff *skb;          /* the packet that has room for more records, or NULL */
	unsigned int mtu;
};

static void igmp_queue(struct igmp_build *b, struct sk_buff *skb)
{
	skb->next = NULL;
	*b->last = skb;
	b->last = &skb->next;
}

static void igmp_finish(struct igmp_build *b)
{
	struct igmpv3_report *report;

	if (!b->skb)
		return;
	report = (struct igmpv3_report *)skb_transport_header(b->skb);
	report->csum = ip_compute_csum(report, b->skb->len - IGMP_IP_HDRLEN);
	igmp_queue(b, b->skb);
	b->skb = NULL;
}

static unsigned int igmp_sources_that_fit(const struct igmp_build *b, unsigned int len)
{
	len += sizeof(struct igmpv3_grec);
	return b->mtu > len ? (b->mtu - len) / sizeof(__be32) : 0;
}

/* Begins a new packet. Returns false if there is no memory. */
static bool igmp_begin(struct igmp_build *b)
{
	b->skb = igmp_packet(htonl(IGMPV3_ALL_MCR));
	if (!b->skb)
		return false;
	*(struct igmpv3_report *)skb_put(b->skb, sizeof(struct igmpv3_report)) =
		(struct igmpv3_report){.type = IGMPV3_HOST_MEMBERSHIP_REPORT};
	return true;
}

/*
 * Appends a group record with the @n sources @srcs. If not all of them fit, the rest goes to
 * further packets. Only the list of an EXCLUDE record is cut instead: RFC 3376 4.2.16, "it is
 * permissible for the transmitted list to be a subset" of the whole list.
 */
static void igmp_record(struct igmp_build *b, u8 type, __be32 group, const __be32 *srcs,
			unsigned int n)
{
	bool may_cut = type == IGMPV3_MODE_IS_EXCLUDE || type == IGMPV3_CHANGE_TO_EXCLUDE;

	do {
		struct igmpv3_report *report;
		struct igmpv3_grec *rec;
		unsigned int part;

		if (b->skb && (b->skb->len + sizeof(*rec) > b->mtu ||
			       igmp_sources_that_fit(b, b->skb->len) < n))
			igmp_finish(b);
		if (!b->skb && !igmp_begin(b))
			return;
		part = min(n, igmp_sources_that_fit(b, b->skb->len));
		rec = skb_put(b->skb, sizeof(*rec) + part * sizeof(__be32));
		*rec = (struct igmpv3_grec){
			.grec_type = type, .grec_nsrcs = htons(part), .grec_mca = group};
		memcpy(rec->grec_src, srcs, part * sizeof(__be32));
		report = (struct igmpv3_report *)skb_transport_header(b->skb);
		report->ngrec = htons(ntohs(report->ngrec) + 1);
		srcs += part;
		n -= part;
	} while (n && !may_cut);
}

/* Writes the sources that a record of @type lists to @srcs. Returns their number. */
static unsigned int igmp_listed(const struct ip_mc_list *im, u8 type, __be32 *srcs)
{
	unsigned int n = 0;

	for (const struct ip_sf_list *psf = im->sources; psf; psf = psf->sf_next) {
		bool permitted = ip_sf_permitted(im, psf), listed;

		if (type == IGMPV3_ALLOW_NEW_SOURCES)
			listed = psf->sf_crcount && permitted;
		else if (type == IGMPV3_BLOCK_OLD_SOURCES)
			listed = psf->sf_crcount && !permitted;
		else
			listed = permitted == (im->sfmode == MCAST_INCLUDE);
		if (listed)
			srcs[n++] = psf->sf_inaddr;
	}
	return n;
}

/* ---- building the reports that are due -------------------------------------------------------- */

/* Appends the records of the group's changes (RFC 3376 5.1). Returns true if they are to be reported again later. */
static bool igmp_build_changes(struct igmp_build *b, struct ip_mc_list *im)
{
	__be32 srcs[IGMP_SOURCES_MAX];
	bool more = false;
	unsigned int n;

	if (im->crcount) {
		u8 type = im->sfmode == MCAST_EXCLUDE ? IGMPV3_CHANGE_TO_EXCLUDE
						      : IGMPV3_CHANGE_TO_INCLUDE;

		igmp_record(b, type, im->multiaddr, srcs, igmp_listed(im, type, srcs));
		more = --im->crcount;
	} else {
		n = igmp_listed(im, IGMPV3_ALLOW_NEW_SOURCES, srcs);
		if (n)
			igmp_record(b, IGMPV3_ALLOW_NEW_SOURCES, im->multiaddr, srcs, n);
		n = igmp_listed(im, IGMPV3_BLOCK_OLD_SOURCES, srcs);
		if (n)
			igmp_record(b, IGMPV3_BLOCK_OLD_SOURCES, im->multiaddr, srcs, n);
	}
	for (struct ip_sf_list *psf = im->sources; psf; psf = psf->sf_next) {
		if (psf->sf_crcount && --psf->sf_crcount)
			more = true;
	}
	return more;
}

/* Version 3: appends a record of the group's filter, the answer to a query about the whole group (RFC 3376 5.2). */
static void igmp_build_state(struct igmp_build *b, const struct ip_mc_list *im)
{
	bool exclude = im->sfmode == MCAST_EXCLUDE;
	u8 type = exclude ? IGMPV3_MODE_IS_EXCLUDE : IGMPV3_MODE_IS_INCLUDE;
	__be32 srcs[IGMP_SOURCES_MAX];
	unsigned int n = igmp_listed(im, type, srcs);

	if (im->users && !igmp_unreported(im->multiaddr) && (n || exclude))
		igmp_record(b, type, im->multiaddr, srcs, n);
}

/*
 * Version 3, the answer to a query about sources: lists those of the queried sources that the
 * filter accepts.
 */
static void igmp_build_queried(struct igmp_build *b, const struct ip_mc_list *im)
{
	__be32 srcs[IGMP_QUERY_SOURCES_MAX];
	unsigned int n = 0;

	for (unsigned int i = 0; i < im->nr_queried; i++) {
		const struct ip_sf_list *psf = im->sources;

		while (psf && psf->sf_inaddr != im->queried[i])
			psf = psf->sf_next;
		if (psf ? ip_sf_permitted(im, psf) : im->sfmode == MCAST_EXCLUDE)
			srcs[n++] = im->queried[i];
	}
	if (n)
		igmp_record(b, IGMPV3_MODE_IS_INCLUDE, im->multiaddr, srcs, n);
}

/* Versions 1 and 2: builds the report that this host is a member of the group. */
static void igmp_build_report(struct igmp_build *b, const struct igmp_if *mc, struct ip_mc_list *im)
{
	struct sk_buff *skb = igmp_message(igmp_version(mc) == 1 ? IGMP_HOST_MEMBERSHIP_REPORT
								 : IGMPV2_HOST_MEMBERSHIP_REPORT,
					   im->multiaddr);

	if (skb)
		igmp_queue(b, skb);
	im->reporter = true;
	if (im->unsolicit_count && --im->unsolicit_count)
		im->expires = igmp_at(jiffies + 1 + prandom_u32_max(IGMPV2_UNSOLICITED_INTERVAL));
}

static void igmp_build_group(struct igmp_build *b, const struct igmp_if *mc, struct ip_mc_list *im)
{
	im->expires = 0;
	im->answered = igmp_at(jiffies);
	if (igmp_version(mc) < 3)
		igmp_build_report(b, mc, im);
	else if (im->nr_queried)
		igmp_build_queried(b, im);
	else
		igmp_build_state(b, im);
	im->nr_queried = 0;
}

/* Builds all reports that are due. The caller holds igmp_if.lock. */
static void igmp_build_due(struct igmp_build *b, struct igmp_if *mc)
{
	bool changes = igmp_due(mc->change_expires), general = igmp_due(mc->general_expires);
	struct ip_mc_list *im, *next;
	bool more = false;

	list_for_each_entry_safe(im, next, &mc->groups, list) {
		if (igmp_due(im->expires))
			igmp_build_group(b, mc, im);
		if (general)
			igmp_build_state(b, im);
	}
	if (general) {
		mc->general_expires = 0;
		mc->general_answered = igmp_at(jiffies);
	}
	igmp_finish(b);
	if (!changes)
		return;
	list_for_each_entry_safe(im, next, &mc->groups, list) {
		more |= igmp_build_changes(b, im);
		igmp_reap(mc, im);
	}
	igmp_finish(b);
	mc->change_expires =
		more ? igmp_at(jiffies + 1 + prandom_u32_max(IGMPV3_UNSOLICITED_INTERVAL)) : 0;
}

void igmp_timer(unsigned long data)
{
	struct in_device *in_dev = (struct in_device *)data;
	struct igmp_build b = {.mtu = min(in_dev->dev->mtu, IGMP_PACKET_MAX)};
	struct igmp_if *mc = &in_dev->mc;
	struct sk_buff *skb;

	b.last = &b.done;
	spin_lock_bh(&mc->lock);
	igmp_build_due(&b, mc);
	igmp_arm(in_dev);
	spin_unlock_bh(&mc->lock);
	while ((skb = b.done)) {
		b.done = skb->next;
		skb->next = NULL;
		igmp_send(in_dev, skb);
	}
}
