/* SPDX-License-Identifier: MIT */
/*
 * /proc/net/igmp: the groups of each interface; /proc/net/mcfilter: the sources of their filters.
 * Both in Linux's formats. open() calls the show functions; process context.
 */
#include "kernel/fs/proc.h"
#include "kernel/time/time.h"
#include "net/core/netdevice.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/igmp.h"

#define USER_HZ 100 /* the unit of times in /proc */

static void igmp_show_dev(struct seq_file *m, struct in_device *in_dev)
{
	struct igmp_if *mc = &in_dev->mc;
	const struct ip_mc_list *im;
	unsigned int users = 0;

	spin_lock_bh(&mc->lock);
	list_for_each_entry(im, &mc->groups, list)
		users += !!im->users;
	if (users)
		seq_printf(m, "%d\t%-10s: %5u      V%u\n", in_dev->dev->ifindex, in_dev->dev->name,
			   users, igmp_version(mc));
	list_for_each_entry(im, &mc->groups, list) {
		long left = im->expires ? (long)(im->expires - jiffies) : 0;

		if (im->users)
			seq_printf(m, "\t\t\t\t%08X %5u %d:%08lX\t\t%d\n", im->multiaddr, im->users,
				   !!im->expires, left > 0 ? left * USER_HZ / HZ : 0, im->reporter);
	}
	spin_unlock_bh(&mc->lock);
}

static int igmp_show(struct seq_file *m)
{
	struct net_device *dev;

	seq_puts(m, "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n");
	for_each_netdev(dev) {
		if (dev->ip_ptr)
			igmp_show_dev(m, dev->ip_ptr);
	}
	return 0;
}

static void mcfilter_show_dev(struct seq_file *m, struct in_device *in_dev)
{
	struct igmp_if *mc = &in_dev->mc;
	const struct ip_mc_list *im;

	spin_lock_bh(&mc->lock);
	list_for_each_entry(im, &mc->groups, list) {
		for (const struct ip_sf_list *psf = im->sources; psf; psf = psf->sf_next) {
			if (!psf->sf_count[MCAST_INCLUDE] && !psf->sf_count[MCAST_EXCLUDE])
				continue;
			seq_printf(m, "%3d %6.6s 0x%08x 0x%08x %6u %6u\n", in_dev->dev->ifindex,
				   in_dev->dev->name, ntohl(im->multiaddr), ntohl(psf->sf_inaddr),
				   psf->sf_count[MCAST_INCLUDE], psf->sf_count[MCAST_EXCLUDE]);
		}
	}
	spin_unlock_bh(&mc->lock);
}

static int mcfilter_show(struct seq_file *m)
{
	struct net_device *dev;

	seq_puts(m, "Idx Device        MCA        SRC    INC    EXC\n");
	for_each_netdev(dev) {
		if (dev->ip_ptr)
			mcfilter_show_dev(m, dev->ip_ptr);
	}
	return 0;
}

void igmp_proc_init(void)
{
	static const struct proc_entry entries[] = {
		{"net/igmp", igmp_show},
		{"net/mcfilter", mcfilter_show},
	};

	proc_register(entries, ARRAY_SIZE(entries));
}
