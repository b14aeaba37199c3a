/* SPDX-License-Identifier: MIT */
/*
 * /proc/net/sockstat: shows, in Linux's form, how many sockets of each protocol exist, and the
 * pages that their queues hold; and how many datagrams wait for fragments, and the bytes that their
 * fragments hold.
 *
 * sockstat_seq_show() <- open() of the file (process). The numbers are read without a lock. Compare
 * Linux's net/ipv4/proc.c.
 */
#include "kernel/fs/proc.h"
#include "net/af_inet.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/udp.h"
#include "net/tcp/tcp.h"

static long long pages(const struct proto *prot)
{
	return DIV_ROUND_UP(READ_ONCE(prot->memory_allocated), PAGE_SIZE);
}

static int sockstat_seq_show(struct seq_file *m)
{
	int tcp = READ_ONCE(tcp_prot.sockets_allocated),
	    udp = READ_ONCE(udp_prot.sockets_allocated);

	seq_printf(m, "sockets: used %d\n", tcp + udp);
	seq_printf(m, "TCP: inuse %d orphan %d tw %d alloc %d mem %lld\n",
		   (int)snmp_counters[SNMP_TcpCurrEstab], READ_ONCE(tcp_prot.orphan_count),
		   atomic_read(&inet_tw_count), tcp, pages(&tcp_prot));
	seq_printf(m, "UDP: inuse %d mem %lld\n", udp, pages(&udp_prot));
	seq_printf(m, "FRAG: inuse %u memory %llu\n", READ_ONCE(ipfrag_datagrams),
		   (unsigned long long)READ_ONCE(ipfrag_memory));
	return 0;
}

void sockstat_init(void)
{
	static const struct proc_entry entries[] = {
		{.path = "net/sockstat", .show = sockstat_seq_show},
	};

	proc_register(entries, ARRAY_SIZE(entries));
}
