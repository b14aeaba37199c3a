/* SPDX-License-Identifier: MIT */
/*
 * /proc/net/dev, /proc/net/dev_mcast, /proc/net/softnet_stat and /proc/net/drops.
 *
 * Callers: open() of these paths. Process context; the counters are read without a lock. All but
 * the last have Linux's formats; the last is our own: reason, count and meaning.
 */
#include "kernel/fs/proc.h"
#include "kernel/sched/cpu.h"
#include "net/core/dropreason.h"
#include "net/core/netdevice.h"

typedef unsigned long long ull;

static int dev_show(struct seq_file *m)
{
	struct net_device *dev;

	dev_tx_await(); /* frees sent packets: a driver counts a packet only when it frees it */
	seq_puts(m, "Inter-|   Receive                                                |  Transmit\n"
		    " face |bytes    packets errs drop fifo frame compressed multicast|"
		    "bytes    packets errs drop fifo colls carrier compressed\n");
	for_each_netdev(dev) {
		const struct net_device_stats *s = &dev->stats;

		seq_printf(m, "%6s: %7llu %7llu %4llu %4llu %4llu %5llu %10llu %9llu ", dev->name,
			   (ull)s->rx_bytes, (ull)s->rx_packets, (ull)s->rx_errors,
			   (ull)s->rx_dropped, 0ULL, (ull)s->rx_frame_errors, 0ULL,
			   (ull)s->multicast);
		seq_printf(m, "%8llu %7llu %4llu %4llu %4llu %5llu %7llu %10llu\n",
			   (ull)s->tx_bytes, (ull)s->tx_packets, (ull)s->tx_errors,
			   (ull)s->tx_dropped, 0ULL, 0ULL, 0ULL, 0ULL);
	}
	return 0;
}

static void mcast_show_dev(struct seq_file *m, struct net_device *dev)
{
	const struct netdev_hw_addr *ha;

	spin_lock_bh(&dev->addr_lock);
	netdev_for_each_mc_addr(ha, dev)
	{
		seq_printf(m, "%-4d %-15s %-5u %-5u ", dev->ifindex, dev->name, ha->refcount, 0);
		for (unsigned int i = 0; i < ETH_ALEN; i++)
			seq_printf(m, "%02x", ha->addr[i]);
		seq_putc(m, '\n');
	}
	spin_unlock_bh(&dev->addr_lock);
}

static int mcast_show(struct seq_file *m)
{
	struct net_device *dev;

	for_each_netdev(dev)
		mcast_show_dev(m, dev);
	return 0;
}

static int softnet_show(struct seq_file *m)
{
	const struct softnet_data *sd = this_cpu()->softnet;

	/* The columns are Linux's; those that matter only with several CPUs are zero. */
	seq_printf(m, "%08x %08x %08x", (u32)sd->processed, (u32)sd->dropped,
		   (u32)sd->time_squeeze);
	for (int i = 0; i < 8; i++)
		seq_puts(m, " 00000000");
	seq_putc(m, '\n');
	return 0;
}

static int drops_show(struct seq_file *m)
{
	for (enum skb_drop_reason r = SKB_CONSUMED + 1; r < SKB_DROP_REASON_MAX; r++)
		seq_printf(m, "%-24s %10llu  %s\n", skb_drop_name(r), (ull)skb_drop_count[r],
			   skb_drop_text(r));
	return 0;
}

void netdev_proc_init(void)
{
	static const struct proc_entry entries[] = {
		{"net/dev", dev_show},
		{"net/dev_mcast", mcast_show},
		{"net/softnet_stat", softnet_show},
		{"net/drops", drops_show},
	};

	proc_register(entries, ARRAY_SIZE(entries));
}
