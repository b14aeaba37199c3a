/* SPDX-License-Identifier: MIT */
/*
 * Reassembly of fragmented IPv4 datagrams.
 *
 *   ip_local_deliver -> ip_defrag -> ip_find          the datagram that the fragment belongs to
 *                                 -> ip_frag_queue    into its tree, within the limits
 *                                 -> ip_frag_reasm    all fragments are there: one packet
 *   timer -> ip_expire                                not complete in time: ICMP, and free it
 *
 * Softirq. ipfrag_lock protects all data of this file; no ICMP error is sent while it is held.
 *
 * A datagram's fragments wait in a tree, sorted by offset, without overlaps. RFC 791 lets a later
 * fragment overwrite an earlier one. An attacker can then insert bytes into another host's datagram
 * or hide bytes from a filter (RFC 1858, 3128). So a datagram with fragments that overlap, or that
 * disagree about its length, is dropped as a whole, as RFC 5722 requires for IPv6. A fragment whose
 * bytes another fragment already has is a duplicate, and is dropped alone.
 *
 * The memory of all incomplete datagrams together is limited. The incomplete datagrams of one
 * source are limited in number and in memory. At a source's limit the oldest of its other datagrams
 * is dropped; at the limit of all, the oldest other datagram of any source. All fragments of a
 * datagram usually arrive within milliseconds, so the oldest datagram has most probably lost a
 * fragment. A keyed hash assigns the sources to IPFRAG_SOURCES buckets; sources in one bucket count
 * as one.
 *
 * RFC 791 3.2, 815, 1122 3.3.2, 3168 5.3. Compare Linux's net/ipv4/ip_fragment.c and inet_fragment.c.
 */
#include "kernel/lib/bug.h"
#include "kernel/lib/list.h"
#include "kernel/lib/random.h"
#include "kernel/lib/rbtree.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/spinlock.h"
#include "kernel/time/timer.h"
#include "net/core/checksum.h"
#include "net/core/netdevice.h"
#include "net/core/snmp.h"
#include "net/inet/inet_ecn.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/limits.h"
#include "net/ipv4/route.h"

/* The incomplete datagrams of all sources that have the same hash. */
struct ipfrag_source {
	struct list_head datagrams; /* ipq.source_list, oldest first */
	unsigned int count;
	u64 memory; /* bytes that these datagrams hold */
};

/* A datagram of which not all fragments have arrived. */
struct ipq {
	struct list_head source_list, age_list;
	struct ipfrag_source *source;
	unsigned long created; /* jiffies */
	__be32 saddr, daddr;
	__be16 id;
	u8 protocol;
	u8 ecn;        /* bit n: a fragment has the ECN field n */
	bool has_last; /* the last fragment is there, so len is the datagram's length */
	int iif;       /* index of the device that received the latest fragment */
	/* bytes of payload from offset 0 to the end of the fragment that reaches farthest */
	u32 len;
	u32 meat; /* bytes of payload that the fragments in the tree have together */
	u64 memory;
	struct rb_root fragments; /* sorted by offset; no two overlap */
};

/*
 * skb->cb of a fragment. Fragments that arrived in order, each at the end of all that had arrived,
 * form a run: a copy of bytes within one run is a duplicate, as in Linux. The payload begins at skb->data; the IP header is in front of it. */
struct ipfrag_skb_cb {
	struct inet_skb_parm h; /* first, as IPCB() expects */
	u32 start;              /* offset of the payload in the datagram */
	u32 run_end;            /* of the first fragment of a run: where the run ends */
	struct sk_buff *run;    /* the first fragment of this fragment's run */
};
#define FRAG_CB(skb) ((struct ipfrag_skb_cb *)(skb)->cb)

static DEFINE_SPINLOCK(ipfrag_lock);
static struct ipfrag_source ipfrag_sources[IPFRAG_SOURCES];
static LIST_HEAD(ipfrag_by_age); /* all incomplete datagrams, oldest first */
u64 ipfrag_memory;               /* bytes that all incomplete datagrams hold */
unsigned int ipfrag_datagrams;   /* entries of ipfrag_by_age */
static siphash_key_t ipfrag_key;
static struct kmem_cache *ipq_cache;
/* Pending while there are incomplete datagrams; expires with the oldest of them. */
static struct timer_list ipfrag_timer;

int sysctl_ipfrag_high_thresh = IPFRAG_HIGH_THRESH;
int sysctl_ipfrag_time = IPFRAG_TIME;

/* ---- the set of incomplete datagrams ---------------------------------------------------------- */

static unsigned long ip_frag_expires(const struct ipq *q)
{
	return q->created + (unsigned long)READ_ONCE(sysctl_ipfrag_time) * HZ;
}

static void ip_frag_arm(void)
{
	if (list_empty(&ipfrag_by_age))
		del_timer(&ipfrag_timer);
	else
		mod_timer(&ipfrag_timer,
			  ip_frag_expires(list_first_entry(&ipfrag_by_age, struct ipq, age_list)));
}

static void ip_frag_charge(struct ipq *q, u64 bytes)
{
	q->memory += bytes;
	q->source->memory += bytes;
	ipfrag_memory += bytes;
}

/* Removes @q from the lists of incomplete datagrams; the caller frees @q. */
static void ip_frag_unlink(struct ipq *q)
{
	list_del(&q->source_list);
	list_del(&q->age_list);
	q->source->count--;
	ipfrag_datagrams--;
	q->source->memory -= q->memory;
	ipfrag_memory -= q->memory;
	ip_frag_arm();
}

/* Frees @q, which ip_frag_unlink() has removed from the lists, and its fragments. */
static void ip_frag_free(struct ipq *q, enum skb_drop_reason reason)
{
	struct rb_node *node;

	while ((node = rb_first(&q->fragments))) {
		rb_erase(node, &q->fragments);
		kfree_skb_reason(rb_to_skb(node), reason);
	}
	kmem_cache_free(ipq_cache, q);
}

/* Gives up a datagram that will not become complete. */
static void ip_frag_kill(struct ipq *q, enum skb_drop_reason reason)
{
	snmp_inc(SNMP_IpReasmFails);
	ip_frag_unlink(q);
	ip_frag_free(q, reason);
}

/* Returns the oldest datagram of @source, or of all if @source is NULL, other than @q; or NULL. */
static struct ipq *ip_frag_oldest(const struct ipfrag_source *source, const struct ipq *q)
{
	struct ipq *other;

	if (source) {
		list_for_each_entry(other, &source->datagrams, source_list) {
			if (other != q)
				return other;
		}
	} else {
		list_for_each_entry(other, &ipfrag_by_age, age_list) {
			if (other != q)
				return other;
		}
	}
	return NULL;
}

/*
 * Drops the oldest datagrams other than @q until the limits permit another @bytes bytes of @source;
 * while few pages are free, drops all other datagrams. Returns false if there is still no room.
 */
static bool ip_frag_make_room(const struct ipfrag_source *source, const struct ipq *q, u64 bytes)
{
	u64 limit = mm_pages_are_short() ? 0 : READ_ONCE(sysctl_ipfrag_high_thresh);

	for (;;) {
		bool much = limit && source->memory + bytes > limit / IPFRAG_SOURCE_PART;
		struct ipq *victim;

		if (!much && ipfrag_memory + bytes <= limit)
			return true;
		victim = ip_frag_oldest(much ? source : NULL, q);
		if (!victim)
			return false;
		ip_frag_kill(victim, SKB_DROP_REASON_FRAG_LIMIT);
	}
}

static struct ipq *ip_frag_create(const struct iphdr *iph, struct ipfrag_source *source)
{
	struct ipq *q;

	if (source->count == IPFRAG_SOURCE_DATAGRAMS)
		ip_frag_kill(ip_frag_oldest(source, NULL), SKB_DROP_REASON_FRAG_LIMIT);
	q = kmem_cache_zalloc(ipq_cache, GFP_ATOMIC);
	if (!q)
		return NULL;
	q->saddr = iph->saddr;
	q->daddr = iph->daddr;
	q->id = iph->id;
	q->protocol = iph->protocol;
	q->source = source;
	q->created = jiffies;
	q->fragments = RB_ROOT;
	list_add_tail(&q->source_list, &source->datagrams);
	list_add_tail(&q->age_list, &ipfrag_by_age);
	source->count++;
	ipfrag_datagrams++;
	ip_frag_charge(q, sizeof(*q));
	ip_frag_arm();
	return q;
}

/*
 * Returns the datagram that the fragment with header @iph belongs to, which is made if this is the
 * first fragment to arrive; NULL if there is no memory. RFC 791 3.2 names the four fields that
 * identify a datagram.
 */
static struct ipq *ip_find(const struct iphdr *iph)
{
	struct ipfrag_source *source =
		&ipfrag_sources[hsiphash_2u64(iph->saddr, 0, &ipfrag_key) % IPFRAG_SOURCES];
	struct ipq *q;

	list_for_each_entry(q, &source->datagrams, source_list) {
		if (q->id == iph->id && q->saddr == iph->saddr && q->daddr == iph->daddr &&
		    q->protocol == iph->protocol)
			return q;
	}
	return ip_frag_create(iph, source);
}

/* ---- one fragment ----------------------------------------------------------------------------- */

/* Checks the fragment by itself, and moves skb->data to its payload. */
static enum skb_drop_reason ip_frag_check(struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int hdrlen = ip_hdrlen(skb), len = skb->len - hdrlen;
	u32 start = (ntohs(iph->frag_off) & IP_OFFSET) * 8u;

	/*
	 * RFC 791 3.2: "the first portion of the data must be placed on an 8 octet boundary", so
	 * the length of every fragment but the last is a multiple of eight. A datagram has at most
	 * 65,535 bytes ("ping of death", CVE-1999-0128). A merged packet cannot be a fragment.
	 */
	if (!len || start + len > IP_LEN_MAX - hdrlen || skb_is_gso(skb) ||
	    (iph->frag_off & HTONS_CONST(IP_MF) && len % 8))
		return SKB_DROP_REASON_FRAG_MALFORMED;
	__skb_pull(skb, hdrlen);
	FRAG_CB(skb)->start = start;
	return SKB_NOT_DROPPED_YET;
}

/* Returns true if a fragment up to @end disagrees with earlier ones about the datagram's length. */
static bool ip_frag_length_differs(const struct ipq *q, u32 end, bool last)
{
	if (q->has_last)
		return end > q->len || (last && end != q->len);
	return last && end < q->len;
}

/* Returns true if a run has all bytes from @start to @end. @run is its first fragment. */
static bool ip_frag_in_run(const struct sk_buff *run, u32 start, u32 end)
{
	return start >= FRAG_CB(run)->start && end <= FRAG_CB(run)->run_end;
}

/* Adds a fragment of the tree to the last run, if it continues that run; else begins a run. */
static void ip_frag_set_run(struct sk_buff *skb)
{
	struct rb_node *prev = rb_prev(&skb->rbnode);
	u32 start = FRAG_CB(skb)->start;
	struct sk_buff *run = skb;

	if (prev && !rb_next(&skb->rbnode) &&
	    FRAG_CB(rb_to_skb(prev))->start + rb_to_skb(prev)->len == start)
		run = FRAG_CB(rb_to_skb(prev))->run;
	FRAG_CB(skb)->run = run;
	FRAG_CB(run)->run_end = start + skb->len;
}

/* Puts the fragment into the tree, or returns the reason why it has no place there. */
static enum skb_drop_reason ip_frag_insert(struct ipq *q, struct sk_buff *skb)
{
	struct rb_node **link = &q->fragments.rb_node, *parent = NULL;
	u32 start = FRAG_CB(skb)->start, end = start + skb->len;

	while (*link) {
		const struct sk_buff *other = rb_to_skb(*link);
		u32 other_start = FRAG_CB(other)->start, other_end = other_start + other->len;

		parent = *link;
		if (end <= other_start)
			link = &parent->rb_left;
		else if (start >= other_end)
			link = &parent->rb_right;
		else if (ip_frag_in_run(FRAG_CB(other)->run, start, end))
			return SKB_DROP_REASON_DUP_FRAG;
		else
			return SKB_DROP_REASON_FRAG_OVERLAP;
	}
	/*
	 * The route and the device may disappear while the fragment waits. ip_defrag() takes those
	 * of the last fragment to arrive.
	 */
	skb_dst_drop(skb);
	skb->dev = NULL;
	rb_link_node(&skb->rbnode, parent, link);
	rb_insert_color(&skb->rbnode, &q->fragments);
	ip_frag_set_run(skb);
	return SKB_NOT_DROPPED_YET;
}

/*
 * Adds the fragment to @q. If it returns a drop reason, @skb still belongs to the caller, and @q
 * was freed, unless the fragment was a duplicate.
 */
static enum skb_drop_reason ip_frag_queue(struct ipq *q, struct sk_buff *skb)
{
	bool last = !(ip_hdr(skb)->frag_off & HTONS_CONST(IP_MF));
	u32 end = FRAG_CB(skb)->start + skb->len;
	enum skb_drop_reason reason;

	if (ip_frag_length_differs(q, end, last))
		reason = SKB_DROP_REASON_FRAG_OVERLAP;
	else if (!ip_frag_make_room(q->source, q, skb->truesize))
		reason = SKB_DROP_REASON_FRAG_LIMIT;
	else
		reason = ip_frag_insert(q, skb);
	/* As in Linux, a duplicate may be the first that tells where the datagram ends. */
	if (!reason || reason == SKB_DROP_REASON_DUP_FRAG) {
		q->has_last |= last;
		q->len = max(q->len, end);
	}
	if (unlikely(reason)) {
		if (reason == SKB_DROP_REASON_FRAG_OVERLAP)
			snmp_inc(SNMP_IpExtReasmOverlaps);
		if (reason != SKB_DROP_REASON_DUP_FRAG)
			ip_frag_kill(q, reason);
		return reason;
	}
	ip_frag_charge(q, skb->truesize);
	q->meat += skb->len;
	q->ecn |= 1 << (ip_hdr(skb)->tos & INET_ECN_MASK);
	q->iif = IPCB(skb)->iif;
	return SKB_NOT_DROPPED_YET;
}

/* ---- the whole datagram ----------------------------------------------------------------------- */

/*
 * RFC 3168 5.3: the datagram gets the mark CE if a fragment has it and all fragments are
 * ECN-capable. A datagram with ECN-capable and other fragments is dropped, as in Linux: no sender
 * makes it. Returns false if the datagram must be dropped.
 */
static bool ip_frag_ecn_ok(u8 seen)
{
	return !(seen & 1 << INET_ECN_NOT_ECT) || seen == 1 << INET_ECN_NOT_ECT;
}

/*
 * Makes one packet of all fragments of @q, which is not in the lists any more: the first fragment,
 * with the others in its frag_list. Frees @q. Returns NULL if the datagram must be dropped.
 */
static struct sk_buff *ip_frag_reasm(struct ipq *q)
{
	struct sk_buff *head = rb_to_skb(rb_first(&q->fragments)), **link;
	unsigned int hdrlen = ip_hdrlen(head);
	enum skb_drop_reason reason = SKB_CONSUMED;
	struct rb_node *node;
	struct iphdr *iph;

	if (hdrlen + q->len > IP_LEN_MAX)
		reason = SKB_DROP_REASON_FRAG_MALFORMED;
	else if (!ip_frag_ecn_ok(q->ecn))
		reason = SKB_DROP_REASON_FRAG_ECN;
	else if (skb_unclone(head, GFP_ATOMIC))
		reason = SKB_DROP_REASON_NOMEM;
	if (reason) {
		snmp_inc(SNMP_IpReasmFails);
		ip_frag_free(q, reason);
		return NULL;
	}
	rb_erase(&head->rbnode, &q->fragments);
	head->next = head->prev = NULL;
	/* Neither a driver nor loopback delivers a packet with a frag_list. */
	BUG_ON(skb_shinfo(head)->frag_list);
	link = &skb_shinfo(head)->frag_list;
	while ((node = rb_first(&q->fragments))) {
		struct sk_buff *skb = rb_to_skb(node);

		rb_erase(node, &q->fragments);
		skb->next = skb->prev = NULL;
		*link = skb;
		link = &skb->next;
		head->len += skb->len;
		head->data_len += skb->len;
		head->truesize += skb->truesize;
	}
	/* The device has not verified the transport's checksum, which covers the whole datagram. */
	head->ip_summed = CHECKSUM_NONE;
	__skb_push(head, hdrlen);
	iph = ip_hdr(head);
	if (q->ecn & 1 << INET_ECN_CE)
		iph->tos |= INET_ECN_CE;
	iph->frag_off = 0;
	iph->tot_len = htons(head->len);
	iph->check = 0;
	iph->check = ip_fast_csum(iph, iph->ihl);
	IPCB(head)->iif = q->iif;
	kmem_cache_free(ipq_cache, q);
	return head;
}

enum skb_drop_reason ip_defrag(struct sk_buff *skb, struct sk_buff **whole)
{
	struct net_device *dev = skb->dev;
	struct dst_entry *dst = skb->dst;
	enum skb_drop_reason reason;
	u64 stamp = skb->skb_mstamp;
	struct ipq *q;

	*whole = NULL;
	snmp_inc(SNMP_IpReasmReqds);
	reason = ip_frag_check(skb);
	if (unlikely(reason)) {
		snmp_inc(SNMP_IpReasmFails);
		return reason;
	}
	dst_hold(dst);
	spin_lock(&ipfrag_lock);
	q = ip_find(ip_hdr(skb));
	if (likely(q)) {
		reason = ip_frag_queue(q, skb);
	} else {
		reason = SKB_DROP_REASON_NOMEM;
		snmp_inc(SNMP_IpReasmFails);
	}
	if (!reason && q->has_last && q->meat == q->len) {
		ip_frag_unlink(q);
		*whole = ip_frag_reasm(q);
	}
	spin_unlock(&ipfrag_lock);
	if (!*whole) {
		dst_release(dst);
		return reason;
	}
	snmp_inc(SNMP_IpReasmOKs);
	(*whole)->dev = dev;
	(*whole)->skb_mstamp = stamp;
	skb_dst_set(*whole, dst);
	return SKB_CONSUMED;
}

/* ---- giving up -------------------------------------------------------------------------------- */

static struct net_device *ip_frag_device(int ifindex)
{
	struct net_device *dev;

	for_each_netdev(dev) {
		if (dev->ifindex == ifindex)
			return dev;
	}
	return NULL;
}

/*
 * RFC 1122 3.3.2: when the time is over, "the partially-reassembled datagram MUST be discarded and
 * an ICMP Time Exceeded message sent to the source host (if fragment zero has been received)".
 */
static void ip_frag_report(struct ipq *q)
{
	struct sk_buff *first = rb_to_skb(rb_first(&q->fragments));
	const struct iphdr *iph = ip_hdr(first);

	if (FRAG_CB(first)->start)
		return;
	first->dev = ip_frag_device(q->iif);
	if (!first->dev || ip_route_input(first, iph->daddr, iph->saddr, first->dev))
		return;
	icmp_send(first, ICMP_TIME_EXCEEDED, ICMP_EXC_FRAGTIME, 0);
}

static void ip_expire(unsigned long data)
{
	LIST_HEAD(expired);
	struct ipq *q, *next;

	spin_lock(&ipfrag_lock);
	while ((q = ip_frag_oldest(NULL, NULL)) && !time_before(jiffies, ip_frag_expires(q))) {
		ip_frag_unlink(q);
		list_add_tail(&q->age_list, &expired);
	}
	ip_frag_arm();
	spin_unlock(&ipfrag_lock);
	list_for_each_entry_safe(q, next, &expired, age_list) {
		snmp_inc(SNMP_IpReasmTimeout);
		snmp_inc(SNMP_IpReasmFails);
		ip_frag_report(q);
		ip_frag_free(q, SKB_DROP_REASON_FRAG_REASM_TIMEOUT);
	}
}

void ipfrag_init(void)
{
	for (unsigned int i = 0; i < IPFRAG_SOURCES; i++)
		INIT_LIST_HEAD(&ipfrag_sources[i].datagrams);
	get_random_bytes(&ipfrag_key, sizeof(ipfrag_key));
	ipq_cache = kmem_cache_create("ip4-frags", sizeof(struct ipq), 0, 0);
	setup_timer(&ipfrag_timer, ip_expire, 0);
	sysctl_ipfrag_high_thresh =
		min_t(u64, IPFRAG_HIGH_THRESH, nr_total_pages() * PAGE_SIZE / IPFRAG_PART);
}
