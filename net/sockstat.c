/* SPDX-License-Identifier: MIT */
/*
 * /proc/net/sockstat: how many sockets each protocol has, and the memory of their queues, in Linux's
 * form.
 *
 * sockstat_seq_show() <- open() of the file (process). The numbers are read one after the other
 * without a common lock.
 *
 *   used    the sockets of all families; also closed ones that the kernel still finishes
 *   inuse   the sockets that a packet can find: TCP's listeners and connections, without those in
 *           TIME_WAIT, which are tw; UDP's sockets that have a port
 *   alloc   all TCP sockets, whether a packet can find them or not
 *   mem     pages that the queues of the protocol's sockets hold
 *
 * The line FRAG tells how many datagrams wait for fragments, and the bytes that their fragments hold.
 * The lines of protocols that do not exist here are printed for programs that look for them.
 * Compare Linux's net/ipv4/proc.c.
 */
#include "kernel/fs/proc.h"
#include "net/af_inet.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/raw.h"
#include "net/ipv4/udp.h"
#include "net/tcp/tcp.h"

static long long pages(const struct proto *prot)
{
	return DIV_ROUND_UP(READ_ONCE(prot->memory_allocated), PAGE_SIZE);
}

static int sockstat_seq_show(struct seq_file *m)
{
	seq_printf(m, "sockets: used %d\n", sock_inuse_get());
	seq_printf(m, "TCP: inuse %d orphan %d tw %d alloc %d mem %lld\n",
		   READ_ONCE(tcp_prot.inuse), READ_ONCE(tcp_prot.orphan_count),
		   atomic_read(&inet_tw_count), READ_ONCE(tcp_prot.sockets_allocated),
		   pages(&tcp_prot));
	seq_printf(m, "UDP: inuse %d mem %lld\n", READ_ONCE(udp_prot.inuse), pages(&udp_prot));
	seq_printf(m, "UDPLITE: inuse 0\nRAW: inuse %d\n", READ_ONCE(raw_prot.inuse));
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
