/* SPDX-License-Identifier: MIT */
/*
 * Routes: the table of routes, sorted by prefix length, and the results of lookups (struct rtable),
 * which packets and sockets hold.
 *
 * Callers: tcp_v4_connect, ip_queue_xmit and ICMP call ip_route_output_key(); ip_rcv_finish calls
 * ip_route_input(). Process and softirq. rt_lock protects the table and the cache; an rtable is
 * reference-counted. A change of the table increments rt_genid; the holder of an rtable with an
 * older genid must look it up again. The cache is an array of fixed size: a new destination
 * replaces an older one with the same hash index. RFC 1122 3.3.1; compare Linux's net/ipv4/route.c
 * and fib_*.c.
 */
#include "include/uapi/errno.h"
#include "kernel/fs/proc.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/byteorder.h"
#include "kernel/lib/random.h"
#include "kernel/mm/slab.h"
#include "kernel/time/time.h"
#include "net/core/dev_ioctl.h"
#include "net/core/netdevice.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/limits.h"
#include "net/ipv4/neighbour.h"
#include "net/ipv4/route.h"
#include "net/ipv4/rtnl.h"
#include "net/netlink/rtnetlink.h"
#include "net/wire/tcp.h"

#define IP_MAX_MTU 65535u /* bytes; tot_len has 16 bits */
/* bytes: a smaller path MTU is not used; routers must fragment instead. Linux's ip_rt_min_pmtu */
#define IP_MIN_PMTU    552u
#define IP_PMTU_EXPIRE (10 * 60 * HZ) /* jiffies; RFC 1191 6.3: after this time try a larger MTU */

struct fib_entry {
	__be32 dst, mask;
	__be32 gateway;
	__be32 prefsrc;
	struct net_device *dev; /* NULL: the destination is unreachable */
	u8 prefix_len;
	u8 type;
};

static DEFINE_SPINLOCK(rt_lock);
/* Sorted by prefix length, longest first; of equal lengths, the older first. */
static struct fib_entry fib[ROUTES_MAX];
static unsigned int fib_len;
static struct rtable *rt_cache[ROUTE_CACHE_SIZE];
static siphash_key_t rt_key;
u32 rt_genid;
static struct kmem_cache *ip_dst_cache;

/* ---- destruction and confirmation of an rtable ------------------------------------------------ */

static void ipv4_dst_destroy(struct dst_entry *dst)
{
	struct rtable *rt = container_of(dst, struct rtable, dst);

	neigh_release(rt->neigh);
	kmem_cache_free(ip_dst_cache, rt);
}

static void ipv4_confirm_neigh(struct dst_entry *dst)
{
	struct neighbour *neigh = READ_ONCE(dst_rtable(dst)->neigh);

	if (neigh && !neigh->confirm)
		WRITE_ONCE(neigh->confirm, true);
}

/* ---- path MTUs ---------------------------------------------------------------------------------- */

/* The reported MTU of the path to @daddr, for all routes to it (Linux's fib_nh_exception). */
struct pmtu_entry {
	__be32 daddr;
	u32 mtu;
	bool locked;
	unsigned long expires; /* jiffies; 0: this entry is empty */
};
/* Protected by rt_lock. A new destination replaces an older one with the same hash index. */
static struct pmtu_entry pmtus[PMTU_ENTRIES];

static struct pmtu_entry *pmtu_slot(__be32 daddr)
{
	return &pmtus[siphash_2u64(daddr, 0, &rt_key) % PMTU_ENTRIES];
}

/* rt_lock held. */
static void rt_apply_pmtu(struct rtable *rt, const struct pmtu_entry *entry)
{
	lockdep_assert_held(&rt_lock);
	if (!entry->expires || entry->daddr != rt->rt_dst || !time_before(jiffies, entry->expires))
		return;
	WRITE_ONCE(rt->dst.mtu, min(rt->dst.mtu, entry->mtu));
	WRITE_ONCE(rt->rt_mtu_locked, entry->locked);
	WRITE_ONCE(rt->rt_pmtu_expires, entry->expires);
}

/*
 * Called when a router reported the path MTU @mtu. RFC 1191 3 permits an MTU as low as 68, with
 * which most of a packet is headers, and any attacker can forge such a report. So no report makes
 * the route's MTU smaller than IP_MIN_PMTU. If a smaller MTU is reported, rt_mtu_locked is set:
 * packets are sent without "don't fragment", and the routers of a path that really is so narrow
 * fragment them (Linux's __ip_rt_update_pmtu()). The other routes to that host get the new MTU too,
 * and so do routes that are made before the entry expires.
 */
static void ipv4_update_pmtu(struct dst_entry *dst, u32 mtu)
{
	struct rtable *rt = dst_rtable(dst);
	struct pmtu_entry *entry;
	bool lock = mtu < IP_MIN_PMTU;

	mtu = max(mtu, IP_MIN_PMTU);
	if (rt->rt_mtu_locked || (mtu >= rt->dst.mtu && !lock))
		return;
	spin_lock_bh(&rt_lock);
	entry = pmtu_slot(rt->rt_dst);
	/* expires 0 marks an empty entry, so make expires odd. */
	*entry = (struct pmtu_entry){.daddr = rt->rt_dst,
				     .mtu = mtu,
				     .locked = lock,
				     .expires = (jiffies + IP_PMTU_EXPIRE) | 1};
	rt_apply_pmtu(rt, entry);
	for (unsigned int i = 0; i < ROUTE_CACHE_SIZE; i++) {
		if (rt_cache[i])
			rt_apply_pmtu(rt_cache[i], entry);
	}
	spin_unlock_bh(&rt_lock);
}

/* ---- allocating an rtable --------------------------------------------------------------------- */

static const struct dst_ops ipv4_dst_ops = {
	.destroy = ipv4_dst_destroy,
	.update_pmtu = ipv4_update_pmtu,
	.confirm_neigh = ipv4_confirm_neigh,
};

static struct rtable *rt_alloc(struct net_device *dev, u8 type)
{
	struct rtable *rt = kmem_cache_zalloc(ip_dst_cache, GFP_ATOMIC);

	if (!rt)
		return NULL;
	refcount_set(&rt->dst.refs, 1);
	rt->dst.ops = &ipv4_dst_ops;
	rt->dst.dev = dev;
	rt->dst.mtu = min(dev->mtu, IP_MAX_MTU);
	/*
	 * RFC 6691 2: the MSS option is the MTU less the headers without options. There is no
	 * minimum of 256 as in Linux, because a link with a smaller MTU could not carry segments of
	 * that size.
	 */
	rt->dst.advmss =
		max(rt->dst.mtu, IPV4_MIN_MTU) - sizeof(struct iphdr) - sizeof(struct tcphdr);
	rt->rt_type = type;
	rt->genid = READ_ONCE(rt_genid);
	return rt;
}

struct rtable *rt_alloc_input(struct net_device *dev, u8 type)
{
	return rt_alloc(dev, type);
}

/* ---- output routes ---------------------------------------------------------------------------- */

/* Returns false for a route through a device that is down: it is not used, and not shown. */
static bool fib_is_up(const struct fib_entry *e)
{
	return !e->dev || e->dev->flags & IFF_UP;
}

/* rt_lock held. */
static const struct fib_entry *fib_lookup(__be32 daddr, int oif, bool onlink)
{
	lockdep_assert_held(&rt_lock);
	for (unsigned int i = 0; i < fib_len; i++) {
		const struct fib_entry *e = &fib[i];

		if ((daddr ^ e->dst) & e->mask)
			continue;
		if (!fib_is_up(e) || (oif && e->dev && e->dev->ifindex != oif) ||
		    (onlink && e->gateway))
			continue;
		return e;
	}
	return NULL;
}

/*
 * rt_lock held. Chooses the device for a broadcast or multicast packet, among the devices with IPv4
 * that are up. If fl->oif is not 0, the device must have this index; else, if fl->saddr is not 0, it
 * must have this address; else a multicast packet takes the device of the route to the group, if the
 * table has such a route, and every other packet takes the first device. Loopback is used only for a
 * multicast packet whose sender chose it. Returns NULL if no device fits.
 */
static struct net_device *rt_group_dev(const struct flowi4 *fl)
{
	bool mcast = ipv4_is_multicast(fl->daddr), chosen = fl->oif || fl->saddr;
	const struct fib_entry *e = mcast && !chosen ? fib_lookup(fl->daddr, 0, false) : NULL;
	struct net_device *dev;

	if (e && e->dev && e->dev->ip_ptr)
		return e->dev;
	for_each_netdev(dev) {
		if (!(dev->flags & IFF_UP) || !dev->ip_ptr ||
		    ((dev->flags & IFF_LOOPBACK) && !(mcast && chosen)))
			continue;
		if (fl->oif ? dev->ifindex == fl->oif
			    : !fl->saddr || inet_addr_is_ours(dev, fl->saddr))
			return dev;
	}
	return NULL;
}

/* Returns the device that has a subnet with this broadcast address. */
static struct net_device *rt_broadcast_dev(__be32 daddr)
{
	struct net_device *dev;

	for_each_netdev(dev) {
		if ((dev->flags & IFF_UP) && inet_addr_is_broadcast(dev, daddr))
			return dev;
	}
	return NULL;
}

/*
 * Returns an address of @dev. For the loopback device returns an address of another device, because
 * addresses of 127/8 are only for this host.
 */
static __be32 rt_link_addr(const struct net_device *dev)
{
	__be32 addr = dev->flags & IFF_LOOPBACK ? 0 : inet_select_addr(dev, 0);

	for_each_netdev(dev) {
		if (!addr && !(dev->flags & IFF_LOOPBACK))
			addr = inet_select_addr(dev, 0);
	}
	return addr;
}

/* Returns 0, or the errno if a packet cannot be sent through the device @oif that its sender chose. */
static int rt_check_oif(int oif)
{
	const struct net_device *dev = dev_get_by_index(oif);

	if (!dev)
		return -ENODEV;
	return dev->flags & IFF_UP && dev->ip_ptr ? 0 : -ENETUNREACH;
}

/* The result of a lookup, from which an rtable is made. */
struct rt_answer {
	struct net_device *dev;
	__be32 gateway, src;
	u8 type;
};

/*
 * rt_lock held. Looks up a unicast destination. Returns 0, -ENETUNREACH or -EHOSTUNREACH. As on Linux, a
 * destination without a route through the device that the sender chose is on the device's link.
 */
static int rt_resolve_unicast(const struct flowi4 *fl, struct rt_answer *a)
{
	const struct fib_entry *e = fib_lookup(fl->daddr, fl->oif, fl->flags & FLOWI_FLAG_ONLINK);

	a->type = RTN_UNICAST;
	if (fl->oif && (!e || e->type == RTN_UNREACHABLE)) {
		a->dev = dev_get_by_index(fl->oif);
		a->src = rt_link_addr(a->dev);
		return 0;
	}
	if (!e)
		return -ENETUNREACH;
	if (e->type == RTN_UNREACHABLE)
		return -EHOSTUNREACH;
	a->dev = e->dev;
	a->gateway = e->gateway ? e->gateway : fl->daddr;
	a->src = e->prefsrc ? e->prefsrc : inet_select_addr(e->dev, a->gateway);
	return 0;
}

/* rt_lock held. Looks up any destination. Returns 0, -ENODEV, -ENETUNREACH, -EHOSTUNREACH or -EINVAL. */
static int rt_resolve(const struct flowi4 *fl, struct rt_answer *a)
{
	bool lbcast = ipv4_is_lbcast(fl->daddr);
	int err;

	if (fl->saddr && !(fl->flags & FLOWI_FLAG_ANYSRC) && !inet_is_local_addr(fl->saddr))
		return ipv4_is_multicast(fl->saddr) || ipv4_is_lbcast(fl->saddr) ? -EINVAL
										 : -ENETUNREACH;
	/* RFC 1122 3.2.1.3: no packet has such a source address, even with IP_FREEBIND. */
	if (fl->saddr && (ipv4_is_multicast(fl->saddr) || ipv4_is_lbcast(fl->saddr) ||
			  ipv4_is_zeronet(fl->saddr)))
		return -EINVAL;
	if (fl->oif) {
		err = rt_check_oif(fl->oif);
		if (err)
			return err;
	}
	*a = (struct rt_answer){.gateway = fl->daddr};
	if (inet_is_local_addr(fl->daddr)) {
		a->type = RTN_LOCAL;
		a->dev = loopback_dev();
		/*
		 * Packets to any address of 127/8 have the source 127.0.0.1, as in Linux's local
		 * table ("src 127.0.0.1").
		 */
		a->src = ipv4_is_loopback(fl->daddr) ? htonl(0x7f000001) : fl->daddr;
		if (!a->dev || !(a->dev->flags & IFF_UP))
			return -ENETUNREACH;
	} else if (lbcast || ipv4_is_multicast(fl->daddr) ||
		   inet_addr_is_broadcast(NULL, fl->daddr)) {
		bool mcast = ipv4_is_multicast(fl->daddr);

		a->type = mcast ? RTN_MULTICAST : RTN_BROADCAST;
		a->dev = lbcast || mcast ? rt_group_dev(fl) : rt_broadcast_dev(fl->daddr);
		if (!a->dev)
			return -ENETUNREACH;
		a->src = inet_select_addr(a->dev, fl->daddr);
	} else {
		err = rt_resolve_unicast(fl, a);
		if (err)
			return err;
	}
	if (fl->saddr)
		a->src = fl->saddr;
	if (!a->src)
		return -ENETUNREACH;
	/* RFC 1122 3.2.1.3 (g): addresses of 127/8 "MUST NOT appear outside a host". */
	if (ipv4_is_loopback(a->src) && !(a->dev->flags & IFF_LOOPBACK))
		return -EINVAL;
	return 0;
}

static bool rt_answers(const struct rtable *rt, const struct flowi4 *fl)
{
	return rt->rt_dst == fl->daddr && rt->fl_saddr == fl->saddr && rt->fl_oif == fl->oif &&
	       rt->fl_flags == fl->flags;
}

struct rtable *ip_route_output_key(struct flowi4 *fl)
{
	struct rtable *rt, **slot, *old = NULL;
	struct rt_answer a;
	int err;

	/*
	 * 0.0.0.0 means "this host" (RFC 1122 3.2.1.3): use the source address or, if there is
	 * none, the loopback address.
	 */
	if (!fl->daddr)
		fl->daddr = fl->saddr ? fl->saddr : htonl(0x7f000001);
	slot = &rt_cache[hsiphash_2u64(fl->daddr, (u64)fl->saddr << 32 | (u32)fl->oif, &rt_key) %
			 ROUTE_CACHE_SIZE];

	spin_lock_bh(&rt_lock);
	rt = *slot;
	if (rt && rt_answers(rt, fl) && rt_is_valid(rt)) {
		rt_get(rt);
		goto out;
	}
	err = rt_resolve(fl, &a);
	rt = err ? NULL : rt_alloc(a.dev, a.type);
	if (!rt) {
		spin_unlock_bh(&rt_lock);
		return ERR_PTR(err ? err : -ENOBUFS);
	}
	rt->rt_dst = fl->daddr;
	rt->rt_gateway = a.gateway;
	rt->rt_src = a.src;
	rt->fl_saddr = fl->saddr;
	rt->fl_oif = fl->oif;
	rt->fl_flags = fl->flags;
	rt_apply_pmtu(rt, pmtu_slot(rt->rt_dst));
	rt_get(rt); /* the cache's reference, besides the caller's */
	old = *slot;
	*slot = rt;
out:
	spin_unlock_bh(&rt_lock);
	rt_put(old);
	if (!fl->saddr)
		fl->saddr = rt->rt_src;
	return rt;
}

/* ---- input routes ----------------------------------------------------------------------------- */

/*
 * Returns true if @saddr must not be the source of a received packet (RFC 1122 3.2.1.3, RFC 1812
 * 5.3.7).
 */
static bool martian_source(__be32 saddr, __be32 daddr, const struct net_device *dev)
{
	if (ipv4_is_multicast(saddr) || ipv4_is_lbcast(saddr))
		return true;
	/*
	 * A host that has no address yet sends broadcasts with the source 0.0.0.0 (DHCP), and a
	 * switch without an address sends IGMP queries (RFC 3376 4.1.13).
	 */
	if (ipv4_is_zeronet(saddr))
		return saddr || (!ipv4_is_lbcast(daddr) && !ipv4_is_local_multicast(daddr));
	if (dev->flags & IFF_LOOPBACK)
		return false;
	return ipv4_is_loopback(saddr) || inet_addr_type(saddr) != RTN_UNICAST;
}

enum skb_drop_reason ip_route_input(struct sk_buff *skb, __be32 daddr, __be32 saddr,
				    struct net_device *dev)
{
	struct in_device *in_dev = __atomic_load_n(&dev->ip_ptr, __ATOMIC_ACQUIRE);
	struct rtable *rt;

	if (unlikely(!in_dev || martian_source(saddr, daddr, dev)))
		return SKB_DROP_REASON_IP_INADDRERRORS;
	if (likely(inet_addr_is_ours(dev, daddr)))
		rt = in_dev->local_rt;
	else if (ipv4_is_lbcast(daddr) || inet_addr_is_broadcast(dev, daddr))
		rt = in_dev->broadcast_rt;
	else if (ipv4_is_multicast(daddr)) {
		/*
		 * RFC 1112 7.2: drop a packet to a group that no socket joined. An IGMP message is
		 * for the host itself, not for a socket.
		 */
		if (ip_hdr(skb)->protocol != IPPROTO_IGMP && !ip_check_mc(in_dev, daddr, saddr))
			return SKB_DROP_REASON_IP_NOGROUP;
		rt = in_dev->multicast_rt;
	} else if (ipv4_is_zeronet(daddr) ||
		   (ipv4_is_loopback(daddr) && !(dev->flags & IFF_LOOPBACK)))
		return SKB_DROP_REASON_IP_INADDRERRORS;
	else if (inet_is_local_addr(daddr))
		rt = in_dev->local_rt;
	else
		return SKB_DROP_REASON_IP_FORWARD;
	rt_get(rt);
	skb_dst_set(skb, &rt->dst);
	return SKB_NOT_DROPPED_YET;
}

/* ---- the table -------------------------------------------------------------------------------- */

void rt_cache_drop(void)
{
	for (unsigned int i = 0; i < ROUTE_CACHE_SIZE; i++) {
		struct rtable *rt;

		spin_lock_bh(&rt_lock);
		rt = rt_cache[i];
		rt_cache[i] = NULL;
		spin_unlock_bh(&rt_lock);
		rt_put(rt);
	}
}

void rt_cache_flush(void)
{
	spin_lock_bh(&rt_lock);
	WRITE_ONCE(rt_genid, rt_genid + 1);
	/* Packets may now use other paths with other MTUs, so forget all reports. */
	memset(pmtus, 0, sizeof(pmtus));
	spin_unlock_bh(&rt_lock);
	rt_cache_drop();
}

void rt_mtu_changed(const struct net_device *dev)
{
	spin_lock_bh(&rt_lock);
	for (unsigned int i = 0; i < ROUTE_CACHE_SIZE; i++) {
		struct rtable *rt = rt_cache[i];

		if (rt && rt->dst.dev == dev)
			WRITE_ONCE(rt->dst.mtu, min(dev->mtu, IP_MAX_MTU));
	}
	spin_unlock_bh(&rt_lock);
	rt_cache_flush();
}

/* rt_lock held. Adds @entry to the table. Returns 0, -EEXIST or -ENOSPC. */
static int fib_insert(const struct fib_entry *entry)
{
	unsigned int at;

	for (at = 0; at < fib_len && fib[at].prefix_len >= entry->prefix_len; at++) {
		if (fib[at].dst == entry->dst && fib[at].prefix_len == entry->prefix_len &&
		    fib[at].dev == entry->dev)
			return -EEXIST;
	}
	if (fib_len == ROUTES_MAX)
		return -ENOSPC;
	memmove(&fib[at + 1], &fib[at], (fib_len - at) * sizeof(fib[0]));
	fib[at] = *entry;
	fib_len++;
	return 0;
}

bool ip_route_onlink(const struct net_device *dev, __be32 addr)
{
	const struct fib_entry *e;
	bool onlink;

	spin_lock_bh(&rt_lock);
	e = fib_lookup(addr, dev->ifindex, false);
	onlink = e && e->dev == dev && !e->gateway;
	spin_unlock_bh(&rt_lock);
	return onlink;
}

static struct ip_route_entry exported(const struct fib_entry *e)
{
	return (struct ip_route_entry){.dst = e->dst,
				       .gateway = e->gateway,
				       .prefsrc = e->prefsrc,
				       .dev = e->dev,
				       .prefix_len = e->prefix_len,
				       .type = e->type};
}

int ip_route_add(__be32 dst, unsigned int prefix_len, __be32 gateway, struct net_device *dev,
		 __be32 prefsrc, u8 type)
{
	struct fib_entry entry;
	int err;

	if (prefix_len > 32 || (dst & ~inet_make_mask(prefix_len)))
		return -EINVAL;
	if (type == RTN_UNREACHABLE)
		dev = NULL;
	else if (type != RTN_UNICAST || !dev)
		return -EINVAL;
	/* A gateway must be on @dev's link, and must not be this host itself. */
	if (gateway && dev && (!ip_route_onlink(dev, gateway) || inet_is_local_addr(gateway)))
		return -EINVAL;
	entry = (struct fib_entry){.dst = dst,
				   .mask = inet_make_mask(prefix_len),
				   .gateway = gateway,
				   .prefsrc = prefsrc,
				   .dev = dev,
				   .prefix_len = prefix_len,
				   .type = type};
	spin_lock_bh(&rt_lock);
	err = fib_insert(&entry);
	spin_unlock_bh(&rt_lock);
	if (!err) {
		const struct ip_route_entry new = exported(&entry);

		rt_cache_flush();
		rtmsg_route(RTM_NEWROUTE, &new);
	}
	return err;
}

bool ip_route_nth(unsigned int i, struct ip_route_entry *entry)
{
	bool found = false;

	spin_lock_bh(&rt_lock);
	for (const struct fib_entry *e = fib; e < fib + fib_len && !found; e++) {
		if (!fib_is_up(e) || i--)
			continue;
		*entry = exported(e);
		found = true;
	}
	spin_unlock_bh(&rt_lock);
	return found;
}

/*
 * Removes the first route through @dev whose source address is @src (0: any) and copies it to
 * @entry. Returns false if there is none.
 */
static bool fib_remove(const struct net_device *dev, __be32 src, struct ip_route_entry *entry)
{
	bool found = false;

	spin_lock_bh(&rt_lock);
	for (unsigned int i = 0; i < fib_len && !found; i++) {
		if (fib[i].dev != dev || (src && fib[i].prefsrc != src))
			continue;
		*entry = exported(&fib[i]);
		memmove(&fib[i], &fib[i + 1], (fib_len - i - 1) * sizeof(fib[0]));
		fib_len--;
		found = true;
	}
	spin_unlock_bh(&rt_lock);
	return found;
}

void ip_route_del_dev(const struct net_device *dev)
{
	struct ip_route_entry entry;

	while (fib_remove(dev, 0, &entry))
		;
	rt_cache_flush();
}

void ip_route_del_src(const struct net_device *dev, __be32 src)
{
	struct ip_route_entry entry;

	while (fib_remove(dev, src, &entry))
		rtmsg_route(RTM_DELROUTE, &entry);
	rt_cache_flush();
}

/* ---- /proc/net/route -------------------------------------------------------------------------- */

#define RTF_UP      0x0001
#define RTF_GATEWAY 0x0002
#define RTF_HOST    0x0004
#define RTF_REJECT  0x0200
#define ROUTE_LINE  127 /* bytes of a line, padded with spaces, as on Linux */

/*
 * Returns the entry that Linux lists after @last: the entries are ordered by destination, the longer
 * prefix first. If @last is NULL, returns the first entry; after the last entry returns NULL.
 * Routes through a device that is down are left out. rt_lock held.
 */
static const struct fib_entry *route_after(const struct fib_entry *last)
{
	const struct fib_entry *next = NULL;

	for (const struct fib_entry *e = fib; e < fib + fib_len; e++) {
		if (!fib_is_up(e))
			continue;
		/* Of entries with the same destination, the table has the longer prefix first. */
		if (last &&
		    (ntohl(e->dst) < ntohl(last->dst) || (e->dst == last->dst && e <= last)))
			continue;
		if (!next || ntohl(e->dst) < ntohl(next->dst))
			next = e;
	}
	return next;
}

static void route_show_one(struct seq_file *m, const struct fib_entry *e)
{
	unsigned int flags = RTF_UP;
	char line[ROUTE_LINE + 1];

	if (e->gateway)
		flags |= RTF_GATEWAY;
	if (e->prefix_len == 32)
		flags |= RTF_HOST;
	if (e->type == RTN_UNREACHABLE)
		flags |= RTF_REJECT;
	scnprintf(line, sizeof(line), "%s\t%08X\t%08X\t%04X\t0\t0\t0\t%08X\t0\t0\t0",
		  e->dev ? e->dev->name : "*", e->dst, e->gateway, flags, e->mask);
	seq_printf(m, "%-*s\n", ROUTE_LINE, line);
}

static int route_show(struct seq_file *m)
{
	seq_printf(m, "%-*s\n", ROUTE_LINE,
		   "Iface\tDestination\tGateway "
		   "\tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT");
	spin_lock_bh(&rt_lock);
	for (const struct fib_entry *e = route_after(NULL); e; e = route_after(e))
		route_show_one(m, e);
	spin_unlock_bh(&rt_lock);
	return 0;
}

void ip_rt_init(void)
{
	static const struct proc_entry entries[] = {
		{"net/route", route_show},
	};

	get_random_bytes(&rt_key, sizeof(rt_key));
	ip_dst_cache = kmem_cache_create("ip_dst_cache", sizeof(struct rtable), 0, 0);
	proc_register(entries, ARRAY_SIZE(entries));
	rtnl_route_init();
}
