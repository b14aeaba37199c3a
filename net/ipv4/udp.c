/* SPDX-License-Identifier: MIT */
/*
 * UDP: connect(), ICMP errors, and the table of the protocol's operations.
 *
 *   connect() -> inet_dgram_connect -> udp_connect, udp_disconnect   (process, sock owned)
 *   icmp_rcv -> udp_err                                              (softirq)
 *   close() -> udp_close                                             (process)
 *
 * The addresses of a socket change only while a thread owns it. A reader takes no socket lock at
 * all, and a sender only while it reads the addresses (udp_send.c). udp_err() takes none either: it
 * reads flags and sets sk_err. RFC 768, RFC 1122 4.1. Compare Linux's net/ipv4/udp.c and datagram.c.
 */
#include "net/ipv4/udp.h"

#include "include/uapi/udp.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sysctl.h"
#include "net/core/netdevice.h"
#include "net/core/snmp.h"
#include "net/ipv4/datagram.h"
#include "net/ipv4/limits.h"
#include "net/ipv4/route.h"

int sysctl_udp_mem[3];
int sysctl_udp_rmem_min = SOCK_RMEM_LEAST;

/* ---- connect() ------------------------------------------------------------------------------- */

/*
 * Stores the address of the only peer. The socket has a port: inet_dgram_connect() has chosen one
 * if bind() did not.
 */
static int udp_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	struct inet_sock *inet = inet_sk(sk);
	struct flowi4 fl;
	int err = ip4_datagram_set_peer(sk, uaddr, addr_len, &fl);

	if (err)
		return err;
	udp_set_addresses(sk, inet->inet_rcv_saddr ? inet->inet_rcv_saddr : fl.saddr, fl.daddr,
			  ((const struct sockaddr_in *)uaddr)->sin_port);
	return 0;
}

/* connect() with AF_UNSPEC: forgets the peer, and the address and port that bind() did not choose. */
static int udp_disconnect(struct sock *sk, int flags)
{
	struct inet_sock *inet = inet_sk(sk);
	bool keep = sk->sk_userlocks & SOCK_BINDADDR_LOCK;

	sock_owned_by_me(sk);
	sk->sk_state = TCP_CLOSE;
	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK)) {
		udp_unhash(sk);
		inet->inet_sport = 0;
	}
	udp_set_addresses(sk, keep ? inet->inet_rcv_saddr : 0, 0, 0);
	if (!keep)
		inet->inet_saddr = 0;
	sk_dst_reset(sk);
	return 0;
}

/* ---- ICMP errors ----------------------------------------------------------------------------- */

/*
 * RFC 1122 4.1.3.3: "UDP MUST pass to the application layer all ICMP error messages that it receives
 * from the IP layer." A program asks for them with connect() or IP_RECVERR. As in Linux, without
 * IP_RECVERR a connected socket gets only those that will not go away by themselves.
 */
static void udp_err(struct sk_buff *skb, u32 info)
{
	const struct iphdr *iph;
	const struct udphdr *uh;
	struct sock *sk;

	if (!pskb_may_pull(skb, sizeof(*iph)) ||
	    !pskb_may_pull(skb, ((const struct iphdr *)skb->data)->ihl * 4 + sizeof(*uh))) {
		snmp_inc(SNMP_IcmpInErrors);
		return;
	}
	iph = (const struct iphdr *)skb->data;
	uh = (const struct udphdr *)(skb->data + iph->ihl * 4);
	sk = udp4_lib_lookup(iph->daddr, uh->dest, iph->saddr, ntohs(uh->source),
			     skb->dev ? skb->dev->ifindex : 0);
	if (!sk) {
		snmp_inc(SNMP_IcmpInErrors);
		return;
	}
	ip4_datagram_err(sk, skb, uh->dest, info, iph->ihl * 4 + sizeof(*uh));
	sock_put(sk);
}

/* ---- options --------------------------------------------------------------------------------- */

static int udp_setsockopt(struct sock *sk, int level, int optname, const void __user *optval,
			  unsigned int optlen)
{
	int err = 0, val;

	if (level != SOL_UDP)
		return -ENOPROTOOPT;
	if (optlen < sizeof(val))
		return -EINVAL;
	if (copy_from_user(&val, optval, sizeof(val)))
		return -EFAULT;
	lock_sock(sk);
	switch (optname) {
	case UDP_CORK:
		udp_sk(sk)->corked = val != 0;
		/* As in Linux, setsockopt() succeeds even if the datagram cannot be sent. */
		if (!val)
			udp_push_pending_frames(sk);
		break;
	case UDP_SEGMENT:
		if (val < 0 || val > UINT16_MAX)
			err = -EINVAL;
		else
			udp_sk(sk)->gso_size = val;
		break;
	case UDP_GRO:
		udp_set_gro_socket(sk, val != 0);
		break;
	default:
		err = -ENOPROTOOPT;
	}
	release_sock(sk);
	return err;
}

static int udp_getsockopt(struct sock *sk, int level, int optname, void __user *optval,
			  int __user *optlen)
{
	int len, val;

	if (level != SOL_UDP)
		return -EOPNOTSUPP;
	if (copy_from_user(&len, optlen, sizeof(len)))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	switch (optname) {
	case UDP_CORK:
		val = udp_sk(sk)->corked;
		break;
	case UDP_SEGMENT:
		val = udp_sk(sk)->gso_size;
		break;
	case UDP_GRO:
		val = udp_sk(sk)->gro;
		break;
	default:
		return -ENOPROTOOPT;
	}
	len = min_t(int, len, sizeof(val));
	if (copy_to_user(optlen, &len, sizeof(len)) || copy_to_user(optval, &val, len))
		return -EFAULT;
	return 0;
}

/* ---- close() --------------------------------------------------------------------------------- */

static void udp_close(struct sock *sk, long timeout)
{
	lock_sock(sk);
	ip_cork_release(&udp_sk(sk)->cork);
	udp_set_gro_socket(sk, false);
	udp_unhash(sk);
	release_sock(sk);
	sk_common_release(sk);
}

/* ---- tables, boot ---------------------------------------------------------------------------- */

static int udp_init_sock(struct sock *sk)
{
	dgram_sk(sk)->peek_off = -1;
	return 0;
}

static int *udp_peek_off(struct sock *sk)
{
	return &dgram_sk(sk)->peek_off;
}

struct proto udp_prot = {
	.name = "UDP",
	.close = udp_close,
	.connect = udp_connect,
	.disconnect = udp_disconnect,
	.ioctl = ip4_datagram_ioctl,
	.setsockopt = udp_setsockopt,
	.getsockopt = udp_getsockopt,
	.init = udp_init_sock,
	.peek_off = udp_peek_off,
	.sendmsg = udp_sendmsg,
	.recvmsg = udp_recvmsg,
	.unhash = udp_unhash,
	.get_port = udp_get_port,
	.sysctl_mem = sysctl_udp_mem,
	.sysctl_rmem = &sysctl_udp_rmem_min,
	.obj_size = sizeof(struct udp_sock),
};

static const struct ctl_table table[] = {
	{
		.procname = "net/ipv4/udp_mem",
		.value = sysctl_udp_mem,
		.nr = 3,
		.unit = "pages",
		SYSCTL_RANGE(UDP_MEM_RANGE),
		.what = "of all UDP sockets' received datagrams: pressure ends, begins, maximum "
			"(Linux)",
	},
	{
		.procname = "net/ipv4/udp_rmem_min",
		.value = &sysctl_udp_rmem_min,
		.unit = "bytes",
		SYSCTL_RANGE(SOCK_MEM_RANGE),
		.what = "that a socket may receive even when memory is short (Linux)",
	},
};

void udp_init(void)
{
	static const struct net_protocol udp_protocol = {.handler = udp_rcv,
							 .err_handler = udp_err};
	u64 part = nr_total_pages() / UDP_MEM_PART;

	sysctl_udp_mem[0] = part * 3 / 4;
	sysctl_udp_mem[1] = part;
	sysctl_udp_mem[2] = part * 3 / 2;
	sysctl_register(table, ARRAY_SIZE(table));
	udp_table_init();
	udp_offload_init();
	udp4_proc_init();
	BUG_ON(inet_add_protocol(&udp_protocol, IPPROTO_UDP));
}
