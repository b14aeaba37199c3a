/* SPDX-License-Identifier: MIT */
/*
 * The multicast groups that an interface receives, and the filter of sources of each group. A
 * group's filter is made of the filters of all sockets that joined the group (RFC 3376 3.2).
 *
 * Callers: devinet.c (igmp_up, igmp_down: process or softirq); ip_mc_sock.c when a socket joins,
 * leaves or changes its filter (process); ip_route_input() asks ip_check_mc() for each received
 * multicast packet (softirq). igmp_if.lock protects the groups. Compare Linux's net/ipv4/igmp.c.
 */
#include "net/ipv4/igmp.h"

#include "include/uapi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "net/core/netdevice.h"
#include "net/ipv4/devinet.h"
#include "net/wire/ip.h"

int sysctl_igmp_max_memberships = IGMP_MAX_MEMBERSHIPS;
int sysctl_igmp_max_msf = IGMP_MAX_MSF;
int sysctl_igmp_qrv = IGMP_QRV;

/* ---- groups ----------------------------------------------------------------------------------- */

static struct hlist_head *igmp_bucket(struct igmp_if *mc, __be32 addr)
{
	u32 n = ntohl(addr);

	return &mc->hash[(n ^ n >> 8 ^ n >> 16) % IGMP_HASH];
}

struct ip_mc_list *igmp_find(struct igmp_if *mc, __be32 addr)
{
	struct ip_mc_list *im;

	lockdep_assert_held(&mc->lock);
	hlist_for_each_entry(im, igmp_bucket(mc, addr), hash) {
		if (im->multiaddr == addr)
			return im;
	}
	return NULL;
}

static void igmp_free(struct igmp_if *mc, struct ip_mc_list *im)
{
	while (im->sources) {
		struct ip_sf_list *psf = im->sources;

		im->sources = psf->sf_next;
		kfree(psf);
	}
	list_del(&im->list);
	hlist_del_init(&im->hash);
	mc->nr_groups--;
	kfree(im);
}

/*
 * Frees each source that no socket lists any more. A source whose change is still to be reported is
 * freed only if @all is true.
 */
static void igmp_reap_sources(struct ip_mc_list *im, bool all)
{
	struct ip_sf_list **at = &im->sources;

	while (*at) {
		struct ip_sf_list *psf = *at;

		if (psf->sf_count[MCAST_INCLUDE] || psf->sf_count[MCAST_EXCLUDE] ||
		    (psf->sf_crcount && !all)) {
			at = &psf->sf_next;
			continue;
		}
		*at = psf->sf_next;
		im->nr_sources--;
		kfree(psf);
	}
}

void igmp_reap(struct igmp_if *mc, struct ip_mc_list *im)
{
	lockdep_assert_held(&mc->lock);
	igmp_reap_sources(im, false);
	if (!im->users && !im->crcount && !im->sources)
		igmp_free(mc, im);
}

/*
 * Makes room for one more group. If the interface has too many, frees the oldest group that all
 * sockets have left, although reports of the leave are still due. The routers then find out by a
 * query that the group has no members.
 */
static bool igmp_room(struct igmp_if *mc)
{
	struct ip_mc_list *im, *left = NULL;

	if (mc->nr_groups < IGMP_GROUPS_MAX)
		return true;
	list_for_each_entry(im, &mc->groups, list) {
		if (!im->users)
			left = im;
	}
	if (left)
		igmp_free(mc, left);
	return left;
}

static void igmp_mac(__be32 addr, u8 *mac)
{
	u32 group = ntohl(addr);
	const u8 bytes[ETH_ALEN] = {0x01, 0x00, 0x5e, (group >> 16) & 0x7f, group >> 8, group};

	memcpy(mac, bytes, ETH_ALEN);
}

/* igmp_if.lock held. Adds a group without users. On failure returns NULL, with -errno in *@err. */
static struct ip_mc_list *igmp_add(struct igmp_if *mc, __be32 addr, int *err)
{
	struct ip_mc_list *im;

	*err = -ENOBUFS;
	if (!igmp_room(mc))
		return NULL;
	*err = -ENOMEM;
	im = kzalloc(sizeof(*im), GFP_ATOMIC);
	if (!im)
		return NULL;
	im->multiaddr = addr;
	im->sfmode = MCAST_INCLUDE;
	list_add(&im->list, &mc->groups);
	hlist_add_head(&im->hash, igmp_bucket(mc, addr));
	mc->nr_groups++;
	return im;
}

/*
 * igmp_if.lock held. RFC 3376 3.2: the interface's mode for the group is EXCLUDE if any socket has
 * the mode EXCLUDE.
 */
static void igmp_set_mode(struct ip_mc_list *im)
{
	im->sfmode = im->sfcount[MCAST_EXCLUDE] ? MCAST_EXCLUDE : MCAST_INCLUDE;
}

int ip_mc_inc_group(struct in_device *in_dev, __be32 addr, u8 sfmode)
{
	struct igmp_if *mc = &in_dev->mc;
	struct ip_mc_list *im;
	u8 mac[ETH_ALEN], old_mode;
	int err = 0;

	spin_lock_bh(&mc->lock);
	im = igmp_find(mc, addr);
	if (!im)
		im = igmp_add(mc, addr, &err);
	if (!im)
		goto out;
	if (!im->users) {
		igmp_mac(addr, mac);
		err = dev_mc_add(in_dev->dev, mac);
		if (err) {
			igmp_reap(mc, im);
			goto out;
		}
	}
	old_mode = im->sfmode;
	im->sfcount[sfmode]++;
	igmp_set_mode(im);
	igmp_changed(in_dev, im, old_mode, !im->users++);
out:
	spin_unlock_bh(&mc->lock);
	return err;
}

void ip_mc_dec_group(struct in_device *in_dev, __be32 addr, u8 sfmode)
{
	struct igmp_if *mc = &in_dev->mc;
	struct ip_mc_list *im;
	bool leave = false;
	u8 mac[ETH_ALEN], old_mode;

	spin_lock_bh(&mc->lock);
	im = igmp_find(mc, addr);
	if (WARN_ON(!im || !im->users || !im->sfcount[sfmode]))
		goto out;
	old_mode = im->sfmode;
	im->sfcount[sfmode]--;
	igmp_set_mode(im);
	if (!--im->users) {
		igmp_mac(addr, mac);
		WARN_ON(dev_mc_del(in_dev->dev, mac));
		/* RFC 2236 3: only the host that sent the last report needs to tell of its leave. */
		leave = igmp_version(mc) == 2 && im->reporter && !igmp_unreported(addr);
		im->expires = 0;
		im->unsolicit_count = 0;
		im->reporter = false;
		im->nr_queried = 0;
	}
	igmp_changed(in_dev, im, old_mode, false);
	igmp_reap(mc, im);
out:
	spin_unlock_bh(&mc->lock);
	if (leave)
		igmp_send_leave(in_dev, addr);
}

/* ---- sources ---------------------------------------------------------------------------------- */

/*
 * RFC 3376 3.2: the interface's list for a group in mode EXCLUDE has the sources that every socket
 * of that mode excludes and that no socket of mode INCLUDE lists; in mode INCLUDE the list has the
 * sources that any socket lists.
 */
bool ip_sf_permitted(const struct ip_mc_list *im, const struct ip_sf_list *psf)
{
	if (psf->sf_count[MCAST_INCLUDE])
		return true;
	return im->sfmode == MCAST_EXCLUDE &&
	       psf->sf_count[MCAST_EXCLUDE] < im->sfcount[MCAST_EXCLUDE];
}

static struct ip_sf_list *ip_sf_find(const struct ip_mc_list *im, __be32 addr)
{
	struct ip_sf_list *psf;

	for (psf = im->sources; psf; psf = psf->sf_next) {
		if (psf->sf_inaddr == addr)
			return psf;
	}
	return NULL;
}

/* Makes an entry for the source @addr, unless there is one. Returns 0, -ENOBUFS or -ENOMEM. */
static int ip_sf_make(struct ip_mc_list *im, __be32 addr)
{
	struct ip_sf_list *psf;

	if (ip_sf_find(im, addr))
		return 0;
	if (im->nr_sources == IGMP_SOURCES_MAX)
		return -ENOBUFS;
	psf = kzalloc(sizeof(*psf), GFP_ATOMIC);
	if (!psf)
		return -ENOMEM;
	*psf = (struct ip_sf_list){.sf_next = im->sources,
				   .sf_inaddr = addr,
				   .permitted = im->sfmode == MCAST_EXCLUDE};
	im->sources = psf;
	im->nr_sources++;
	return 0;
}

/* Makes an entry for each of the @nr_add sources @add. Returns 0, -ENOBUFS or -ENOMEM. */
static int ip_sf_make_all(struct ip_mc_list *im, const __be32 *add, unsigned int nr_add)
{
	int err = 0;

	/* Entries whose change is still to be reported must not take the room of others. */
	if (im->nr_sources + nr_add > IGMP_SOURCES_MAX)
		igmp_reap_sources(im, true);
	for (unsigned int i = 0; i < nr_add && !err; i++)
		err = ip_sf_make(im, add[i]);
	return err;
}

int ip_mc_change_filter(struct in_device *in_dev, __be32 addr, u8 old_mode, const __be32 *del,
			unsigned int nr_del, u8 sfmode, const __be32 *add, unsigned int nr_add)
{
	struct igmp_if *mc = &in_dev->mc;
	struct ip_mc_list *im;
	int err = -ENOENT;
	u8 before;

	spin_lock_bh(&mc->lock);
	im = igmp_find(mc, addr);
	if (WARN_ON(!im || !im->users || !im->sfcount[old_mode]))
		goto out;
	before = im->sfmode;
	err = ip_sf_make_all(im, add, nr_add);
	if (err)
		goto out_reap;
	im->sfcount[old_mode]--;
	im->sfcount[sfmode]++;
	for (unsigned int i = 0; i < nr_del; i++) {
		struct ip_sf_list *psf = ip_sf_find(im, del[i]);

		if (!WARN_ON(!psf || !psf->sf_count[old_mode]))
			psf->sf_count[old_mode]--;
	}
	for (unsigned int i = 0; i < nr_add; i++)
		ip_sf_find(im, add[i])->sf_count[sfmode]++;
	igmp_set_mode(im);
	igmp_changed(in_dev, im, before, false);
out_reap:
	igmp_reap(mc, im);
out:
	spin_unlock_bh(&mc->lock);
	return err;
}

bool ip_check_mc(struct in_device *in_dev, __be32 addr, __be32 saddr)
{
	struct igmp_if *mc = &in_dev->mc;
	const struct ip_mc_list *im;
	bool accept = false;

	spin_lock_bh(&mc->lock);
	im = igmp_find(mc, addr);
	if (im && im->users) {
		const struct ip_sf_list *psf = saddr ? ip_sf_find(im, saddr) : NULL;

		accept = !saddr || (psf ? ip_sf_permitted(im, psf) : im->sfmode == MCAST_EXCLUDE);
	}
	spin_unlock_bh(&mc->lock);
	return accept;
}

/* ---- the interface ---------------------------------------------------------------------------- */

void igmp_if_init(struct in_device *in_dev)
{
	struct igmp_if *mc = &in_dev->mc;

	spin_lock_init(&mc->lock);
	INIT_LIST_HEAD(&mc->groups);
	setup_timer(&mc->timer, igmp_timer, (unsigned long)in_dev);
	mc->query_interval = IGMP_QUERY_INTERVAL;
}

void igmp_up(struct in_device *in_dev)
{
	struct igmp_if *mc = &in_dev->mc;
	bool joined;

	spin_lock_bh(&mc->lock);
	joined = igmp_find(mc, htonl(IGMP_ALL_HOSTS));
	if (joined)
		igmp_rejoin(in_dev);
	spin_unlock_bh(&mc->lock);
	/* RFC 1112 7.2: a host joins the all-hosts group on each interface when it is initialised. */
	if (!joined && ip_mc_inc_group(in_dev, htonl(IGMP_ALL_HOSTS), MCAST_EXCLUDE))
		pr_err("%s: cannot join 224.0.0.1\n", in_dev->dev->name);
}

void igmp_down(struct in_device *in_dev)
{
	struct igmp_if *mc = &in_dev->mc;

	spin_lock_bh(&mc->lock);
	igmp_cancel(mc);
	mc->v1_seen = mc->v2_seen = 0;
	spin_unlock_bh(&mc->lock);
	del_timer_sync(&mc->timer);
}

void igmp_if_destroy(struct in_device *in_dev)
{
	struct igmp_if *mc = &in_dev->mc;
	struct ip_mc_list *im, *next;

	spin_lock_bh(&mc->lock);
	list_for_each_entry_safe(im, next, &mc->groups, list)
		igmp_free(mc, im);
	spin_unlock_bh(&mc->lock);
	del_timer_sync(&mc->timer);
}
