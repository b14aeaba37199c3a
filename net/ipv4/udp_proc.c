/* SPDX-License-Identifier: MIT */
/*
 * /proc/net/udp: a line for each UDP socket with a port, in Linux's columns.
 *
 * udp4_seq_show() <- open() of the file (process). The table is walked under the locks of its
 * buckets; a socket's numbers are read without its lock, so they may be from slightly different
 * moments, as in Linux. Compare Linux's net/ipv4/udp.c.
 */
#include "kernel/fs/proc.h"
#include "net/ipv4/udp.h"

/*
 * Shown instead of the socket's address in memory, as in /proc/net/tcp, because a program may pass
 * this file on to a peer.
 */
#define NO_ADDRESS "0000000000000000"
/* Linux pads each line to this width. */
#define LINE_WIDTH 127

static void show_sock(void *arg, const struct sock *sk, unsigned int bucket)
{
	struct seq_file *m = arg;
	size_t start = m->count;

	seq_printf(m,
		   "%5u: %08X:%04X %08X:%04X %02X %08X:%08X 00:00000000 00000000 %5u %8d %llu %d "
		   "%s %u",
		   bucket, sk->sk_rcv_saddr, sk->sk_num, sk->sk_daddr, ntohs(sk->sk_dport),
		   sk->sk_state, atomic_read(&sk->sk_wmem_alloc) - 1,
		   atomic_read(&sk->sk_rmem_alloc), 0, 0,
		   (unsigned long long)(sk->sk_socket ? SOCK_INODE(sk->sk_socket)->i_ino : 0),
		   refcount_read(&sk->sk_refcnt), NO_ADDRESS, READ_ONCE(dgram_sk(sk)->drops));
	while (m->count - start < LINE_WIDTH && !m->error)
		seq_putc(m, ' ');
	seq_putc(m, '\n');
}

static int udp4_seq_show(struct seq_file *m)
{
	size_t start = m->count;

	seq_puts(m, "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt"
		    "   uid  timeout inode ref pointer drops");
	while (m->count - start < LINE_WIDTH && !m->error)
		seq_putc(m, ' ');
	seq_putc(m, '\n');
	udp_for_each(show_sock, m);
	return 0;
}

void udp4_proc_init(void)
{
	static const struct proc_entry entries[] = {
		{.path = "net/udp", .show = udp4_seq_show},
	};

	proc_register(entries, ARRAY_SIZE(entries));
}
