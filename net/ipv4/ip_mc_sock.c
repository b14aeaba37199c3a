/* SPDX-License-Identifier: MIT */
/*
 * The multicast groups that a socket joined, and its filter of sources for each (RFC 3376 3.1).
 *
 * Callers: ip_mc_options.c (process, socket owned), inet_release() (process), and transports in
 * softirq (ip_mc_sf_allow). Lists change under the socket lock and ip_mc_lock, and are read under
 * either. ip_mc_lock is innermost. Compare ip_mc_join_group() and those after it in Linux's
 * net/ipv4/igmp.c.
 */
#include "net/ipv4/ip_mc_sock.h"

#include "include/uapi/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "net/core/limits.h"
#include "net/core/netdevice.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/dgram_sock.h"
#include "net/ipv4/igmp.h"
#include "net/ipv4/route.h"
#include "net/wire/ip.h"

static DEFINE_SPINLOCK(ip_mc_lock);

static struct dgram_sock *mc_sk(const struct sock *sk)
{
	return sk->sk_type == SOCK_STREAM ? NULL : dgram_sk(sk);
}

/* ---- devices ---------------------------------------------------------------------------------- */

struct net_device *ip_mc_find_dev(const struct ip_mreqn *group)
{
	struct flowi4 fl = {.daddr = group->imr_multiaddr.s_addr};
	struct net_device *dev;
	struct rtable *rt;

	if (group->imr_ifindex || group->imr_address.s_addr) {
		for_each_netdev(dev) {
			if (group->imr_ifindex ? dev->ifindex == group->imr_ifindex
					       : inet_addr_is_ours(dev, group->imr_address.s_addr))
				return dev;
		}
		return NULL;
	}
	rt = ip_route_output_key(&fl);
	if (IS_ERR(rt))
		return NULL;
	dev = rt->dst.dev;
	rt_put(rt);
	return dev;
}

/* Finds the struct in_device of the interface that @group names. Returns 0, -EINVAL or -ENODEV. */
static int mc_find(const struct ip_mreqn *group, struct in_device **in_dev)
{
	struct net_device *dev;

	if (!ipv4_is_multicast(group->imr_multiaddr.s_addr))
		return -EINVAL;
	dev = ip_mc_find_dev(group);
	*in_dev = dev ? dev->ip_ptr : NULL;
	return *in_dev ? 0 : -ENODEV;
}

static struct in_device *mc_in_dev(const struct ip_mc_socklist *entry)
{
	struct net_device *dev = ip_mc_find_dev(&(struct ip_mreqn){.imr_ifindex = entry->ifindex});

	return dev ? dev->ip_ptr : NULL;
}

/* ---- the list of a socket's groups ------------------------------------------------------------ */

static size_t mc_size(const struct ip_mc_socklist *entry)
{
	return sizeof(*entry) + entry->nr * sizeof(entry->srcs[0]);
}

/*
 * Allocates a copy of @like, an entry of @sk's list of groups, but with the filter mode @mode and the first @nr sources
 * of @srcs. On failure returns NULL, with -errno in *@err.
 */
static struct ip_mc_socklist *mc_alloc(struct sock *sk, const struct ip_mc_socklist *like, u8 mode,
				       const __be32 *srcs, unsigned int nr, int *err)
{
	struct ip_mc_socklist *entry;
	size_t size = sizeof(*entry) + nr * sizeof(srcs[0]);

	*err = -ENOBUFS;
	if (atomic_read(&sk->sk_omem_alloc) + size > SOCK_OPTMEM_MAX)
		return NULL;
	*err = -ENOMEM;
	entry = kmalloc(size, GFP_KERNEL);
	if (!entry)
		return NULL;
	*entry = *like;
	entry->sfmode = mode;
	entry->nr = nr;
	if (nr)
		memcpy(entry->srcs, srcs, nr * sizeof(srcs[0]));
	atomic_add(size, &sk->sk_omem_alloc);
	return entry;
}

static void mc_free(struct sock *sk, struct ip_mc_socklist *entry)
{
	atomic_sub(mc_size(entry), &sk->sk_omem_alloc);
	kfree(entry);
}

/* Returns the link to the group's entry, or to the end of the list. The socket is owned. */
static struct ip_mc_socklist **mc_entry(struct sock *sk, __be32 multiaddr, int ifindex)
{
	struct ip_mc_socklist **at = &mc_sk(sk)->mc_list;

	while (*at && ((*at)->multiaddr != multiaddr || (*at)->ifindex != ifindex))
		at = &(*at)->next;
	return at;
}

/* Puts @to in the place of the entry *@at, or at the end of the list; @to NULL removes the entry. */
static void mc_replace(struct sock *sk, struct ip_mc_socklist **at, struct ip_mc_socklist *to)
{
	struct ip_mc_socklist *old = *at, *next = old ? old->next : NULL;

	if (to)
		to->next = next;
	spin_lock_bh(&ip_mc_lock);
	*at = to ? to : next;
	spin_unlock_bh(&ip_mc_lock);
	if (old)
		mc_free(sk, old);
}

/* ---- groups ----------------------------------------------------------------------------------- */

int ip_mc_join_group(struct sock *sk, const struct ip_mreqn *group, u8 mode)
{
	struct ip_mc_socklist like = {.multiaddr = group->imr_multiaddr.s_addr}, *entry, **at;
	struct in_device *in_dev;
	int err = mc_find(group, &in_dev);
	unsigned int n = 0;

	if (err)
		return err;
	like.ifindex = in_dev->dev->ifindex;
	at = mc_entry(sk, like.multiaddr, like.ifindex);
	if (*at)
		return -EADDRINUSE;
	for (entry = mc_sk(sk)->mc_list; entry; entry = entry->next)
		n++;
	if (n >= sysctl_igmp_max_memberships)
		return -ENOBUFS;
	entry = mc_alloc(sk, &like, mode, NULL, 0, &err);
	if (!entry)
		return err;
	err = ip_mc_inc_group(in_dev, like.multiaddr, mode);
	if (err)
		mc_free(sk, entry);
	else
		mc_replace(sk, at, entry);
	return err;
}

/* Removes the entry *@at, and subtracts its filter from the interface's filter. */
static void mc_leave(struct sock *sk, struct ip_mc_socklist **at)
{
	const struct ip_mc_socklist *entry = *at;
	struct in_device *in_dev = mc_in_dev(entry);

	if (in_dev) {
		if (entry->nr)
			ip_mc_change_filter(in_dev, entry->multiaddr, entry->sfmode, entry->srcs,
					    entry->nr, entry->sfmode, NULL, 0);
		ip_mc_dec_group(in_dev, entry->multiaddr, entry->sfmode);
	}
	mc_replace(sk, at, NULL);
}

int ip_mc_leave_group(struct sock *sk, const struct ip_mreqn *group)
{
	const struct net_device *dev = ip_mc_find_dev(group);
	struct ip_mc_socklist **at;

	if (!dev)
		return group->imr_ifindex || group->imr_address.s_addr ? -EADDRNOTAVAIL : -ENODEV;
	at = mc_entry(sk, group->imr_multiaddr.s_addr, dev->ifindex);
	if (!*at)
		return -EADDRNOTAVAIL;
	mc_leave(sk, at);
	return 0;
}

void ip_mc_drop_socket(struct sock *sk)
{
	if (!mc_sk(sk))
		return;
	lock_sock(sk);
	while (mc_sk(sk)->mc_list)
		mc_leave(sk, &mc_sk(sk)->mc_list);
	release_sock(sk);
}

/* ---- sources ---------------------------------------------------------------------------------- */

/*
 * Replaces the filter of the entry *@at by the mode @mode and the @nr sources @srcs. Returns 0, -ENOBUFS
 * or -ENOMEM.
 */
static int mc_set_filter(struct sock *sk, struct ip_mc_socklist **at, struct in_device *in_dev,
			 u8 mode, const __be32 *srcs, unsigned int nr)
{
	const struct ip_mc_socklist *old = *at;
	struct ip_mc_socklist *entry;
	int err;

	entry = mc_alloc(sk, old, mode, srcs, nr, &err);
	if (!entry)
		return err;
	err = ip_mc_change_filter(in_dev, old->multiaddr, old->sfmode, old->srcs, old->nr, mode,
				  srcs, nr);
	if (err)
		mc_free(sk, entry);
	else
		mc_replace(sk, at, entry);
	return err;
}

/* Returns the index of @src in @srcs, @nr if it is not there. */
static unsigned int mc_index(const __be32 *srcs, unsigned int nr, __be32 src)
{
	unsigned int i = 0;

	while (i < nr && srcs[i] != src)
		i++;
	return i;
}

int ip_mc_source(struct sock *sk, const struct ip_mreqn *group, u8 mode, __be32 src, bool add)
{
	__be32 srcs[IGMP_SOURCES_MAX + 1];
	const struct ip_mc_socklist *old;
	struct ip_mc_socklist **at;
	struct in_device *in_dev;
	unsigned int i, nr;
	int err = mc_find(group, &in_dev);

	if (err)
		return err;
	at = mc_entry(sk, group->imr_multiaddr.s_addr, in_dev->dev->ifindex);
	old = *at;
	/* As in Linux, only a filter without sources may change its mode here. */
	if (!old || (old->sfmode != mode && old->nr))
		return -EINVAL;
	i = mc_index(old->srcs, old->nr, src);
	if ((i < old->nr) == add)
		return -EADDRNOTAVAIL;
	if (add && old->nr >= sysctl_igmp_max_msf)
		return -ENOBUFS;
	if (!add && mode == MCAST_INCLUDE && old->nr == 1) {
		mc_leave(sk, at);
		return 0;
	}
	nr = old->nr;
	memcpy(srcs, old->srcs, nr * sizeof(srcs[0]));
	if (add)
		srcs[nr++] = src;
	else
		srcs[i] = srcs[--nr];
	return mc_set_filter(sk, at, in_dev, mode, srcs, nr);
}

int ip_mc_msfilter(struct sock *sk, const struct ip_mreqn *group,
		   const struct ip_mc_sources *filter)
{
	__be32 srcs[IGMP_SOURCES_MAX];
	struct ip_mc_socklist **at;
	struct in_device *in_dev;
	unsigned int nr = 0;
	int err;

	if (filter->mode != MCAST_INCLUDE && filter->mode != MCAST_EXCLUDE)
		return -EINVAL;
	err = mc_find(group, &in_dev);
	if (err)
		return err;
	if (filter->mode == MCAST_INCLUDE && !filter->nr)
		return ip_mc_leave_group(sk, group);
	at = mc_entry(sk, group->imr_multiaddr.s_addr, in_dev->dev->ifindex);
	if (!*at)
		return -EINVAL;
	/* A source that is named twice counts once. */
	for (unsigned int i = 0; i < filter->nr; i++) {
		if (mc_index(srcs, nr, filter->srcs[i]) == nr)
			srcs[nr++] = filter->srcs[i];
	}
	return mc_set_filter(sk, at, in_dev, filter->mode, srcs, nr);
}

int ip_mc_msfget(struct sock *sk, const struct ip_mreqn *group, const struct ip_mc_socklist **entry)
{
	struct in_device *in_dev;
	int err = mc_find(group, &in_dev);

	if (err)
		return err;
	*entry = *mc_entry(sk, group->imr_multiaddr.s_addr, in_dev->dev->ifindex);
	return *entry ? 0 : -EADDRNOTAVAIL;
}

/* ---- receiving -------------------------------------------------------------------------------- */

/* A socket that did not join the group gets the packet too, unless IP_MULTICAST_ALL is off. */
bool ip_mc_sf_allow(const struct sock *sk, __be32 daddr, __be32 saddr, int dif)
{
	const struct ip_mc_socklist *entry;
	bool allow;

	if (!ipv4_is_multicast(daddr) || !mc_sk(sk))
		return true;
	spin_lock_bh(&ip_mc_lock);
	entry = mc_sk(sk)->mc_list;
	while (entry && (entry->multiaddr != daddr || entry->ifindex != dif))
		entry = entry->next;
	if (entry) {
		bool listed = mc_index(entry->srcs, entry->nr, saddr) < entry->nr;

		allow = listed == (entry->sfmode == MCAST_INCLUDE);
	} else {
		allow = inet_sk(sk)->mc_all;
	}
	spin_unlock_bh(&ip_mc_lock);
	return allow;
}
