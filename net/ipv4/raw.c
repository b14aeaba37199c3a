/* SPDX-License-Identifier: MIT */
/*
 * Raw sockets (raw.h).
 *
 *   socket() -> inet_create -> raw_sk_init; bind() -> inet_bind -> raw_bind                (process)
 *   sendmsg() -> inet_dgram_sendmsg -> raw_sendmsg -> raw_send_hdrinc, or ip_append_data,
 *     ip_push_datagram                                                                     (process)
 *   ip_local_deliver -> raw_local_deliver -> raw_v4_input -> ip4_datagram_queue_rcv        (softirq)
 *   icmp_rcv -> raw_icmp_error -> ip4_datagram_err                                         (softirq)
 *
 * The socket's port is the number of its protocol. raw_lock protects the table of sockets, and is held
 * while a packet is queued: a socket that has left the table gets no further packet. Linux permits raw
 * sockets to a program with CAP_NET_RAW; here each program may have them, because there are no users.
 * raw(7), RFC 1122 3.4; compare Linux's net/ipv4/raw.c.
 */
#include "net/ipv4/raw.h"

#include "include/uapi/icmp.h"
#include "kernel/fs/proc.h"
#include "kernel/mm/uaccess.h"
#include "net/core/errqueue.h"
#include "net/core/netdevice.h"
#include "net/ipv4/datagram.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_mc_sock.h"
#include "net/ipv4/limits.h"
#include "net/ipv4/route.h"
#include "net/ipv4/udp.h"

static DEFINE_SPINLOCK(raw_lock);
static struct hlist_head raw_table[RAW_BUCKETS]; /* linked by skc_bind_node */

/* ---- socket(), bind(), connect(), close() ---------------------------------------------------- */

static int raw_sk_init(struct sock *sk)
{
	sk->sk_num = sk->sk_protocol;
	inet_sk(sk)->inet_sport = htons(sk->sk_num);
	raw_sk(sk)->hdrincl = sk->sk_protocol == IPPROTO_RAW;
	spin_lock_bh(&raw_lock);
	hlist_add_head(&sk->sk_bind_node, &raw_table[sk->sk_num % RAW_BUCKETS]);
	sock_prot_inuse_add(sk->sk_prot, 1);
	spin_unlock_bh(&raw_lock);
	return 0;
}

static void raw_unhash(struct sock *sk)
{
	spin_lock_bh(&raw_lock);
	if (!hlist_unhashed(&sk->sk_bind_node))
		sock_prot_inuse_add(sk->sk_prot, -1);
	hlist_del_init(&sk->sk_bind_node);
	spin_unlock_bh(&raw_lock);
}

static void raw_close(struct sock *sk, long timeout)
{
	sk_common_release(sk);
}

/*
 * As on Linux, the family is not read, bind() may be called again, and the port is ignored. Packets do
 * not get the address of a group as their source.
 */
static int raw_bind(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	const struct sockaddr_in *addr = (const struct sockaddr_in *)uaddr;
	struct inet_sock *inet = inet_sk(sk);
	__be32 a = addr->sin_addr.s_addr;
	bool group;
	int err = -EINVAL;

	if (addr_len < (int)sizeof(*addr))
		return -EINVAL;
	group = inet_addr_is_group(a);
	lock_sock(sk);
	if (sk->sk_state != TCP_CLOSE)
		goto out;
	err = -EADDRNOTAVAIL;
	if (a != INADDR_ANY && !inet->freebind && !group && !inet_is_local_addr(a))
		goto out;
	WRITE_ONCE(inet->inet_rcv_saddr, a);
	inet->inet_saddr = group ? 0 : a;
	if (a)
		sk->sk_userlocks |= SOCK_BINDADDR_LOCK;
	else
		sk->sk_userlocks &= ~SOCK_BINDADDR_LOCK;
	sk_dst_reset(sk);
	err = 0;
out:
	release_sock(sk);
	return err;
}

/* ---- sending --------------------------------------------------------------------------------- */

/*
 * Sends the program's bytes behind an IP header that is written here. As in Linux, a packet that the
 * device's queue has no room for is reported only to a program that asked for errors (IP_RECVERR).
 */
static int raw_send_data(struct sock *sk, struct inet_cork *cork, struct kmsghdr *msg,
			 unsigned int len)
{
	u8 type;
	int err = ip_append_data(sk, cork, &msg->msg_iter, len, 0, msg->msg_flags & MSG_DONTWAIT);

	if (err) {
		ip_cork_release(cork);
		return err;
	}
	if (sk->sk_protocol == IPPROTO_ICMP && !skb_copy_bits(cork->skb, 0, &type, sizeof(type)))
		icmp_out_count(type);
	err = ip_push_datagram(sk, cork, sk->sk_protocol);
	return err == -ENOBUFS && !inet_sk(sk)->recverr ? 0 : err;
}

/* Returns 0 if the IP header that the program wrote can be sent, with the packet in @skb, else -EINVAL. */
static int raw_check_header(const struct sk_buff *skb)
{
	unsigned int hdrlen = ((const struct iphdr *)skb->data)->ihl * 4;

	return hdrlen < sizeof(struct iphdr) || hdrlen > skb->len ? -EINVAL : 0;
}

/*
 * IP_HDRINCL: sends a packet with its IP header as the program wrote it, but for the length, the
 * checksum, and a source or an identification of 0, which ip_send_raw() fills in. Only the device's MTU
 * limits the packet, and the program's fragments stay as they are.
 */
static int raw_send_hdrinc(struct sock *sk, struct inet_cork *cork, struct kmsghdr *msg,
			   unsigned int len)
{
	struct rtable *rt = cork->rt;
	const unsigned int mtu = rt->dst.dev->mtu;
	struct sk_buff *skb;
	int err = -EINVAL;

	if (len > mtu) {
		ip_local_error(sk, EMSGSIZE, cork->daddr, inet_sk(sk)->inet_dport, mtu);
		err = -EMSGSIZE;
		goto out;
	}
	/* As on Linux, the program's header may have options, but no others are added. */
	if (len < sizeof(struct iphdr) || cork->opt.len)
		goto out;
	/* The linear part has at least the longest IP header; the bytes of a long packet are in pages. */
	skb = sock_alloc_send_skb(sk, MAX_TCP_HEADER + (len <= ETH_DATA_LEN ? len : IP_HEADER_MAX),
				  msg->msg_flags & MSG_DONTWAIT, &err);
	if (!skb)
		goto out;
	skb_reserve(skb, MAX_TCP_HEADER);
	skb_reset_network_header(skb);
	err = skb_append_datagram(skb, &msg->msg_iter, len);
	if (!err)
		err = raw_check_header(skb);
	if (err) {
		consume_skb(skb);
		goto out;
	}
	if (unlikely(cork->tsflags & SOF_TIMESTAMPING_TX_RECORD_MASK))
		skb_tx_timestamp(skb, sk, cork->tsflags);
	err = ip_send_raw(skb, rt, cork->saddr);
	if (err == -ENOBUFS && !inet_sk(sk)->recverr)
		err = 0;
out:
	ip_cork_release(cork);
	return err;
}

static int raw_sendmsg(struct sock *sk, struct kmsghdr *msg, size_t len)
{
	struct inet_cork cork;
	int err;

	if (len > IP_LEN_MAX)
		return -EMSGSIZE;
	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = ip4_datagram_dest(sk, msg, &cork);
	if (err)
		return err;
	if (READ_ONCE(raw_sk(sk)->hdrincl))
		err = raw_send_hdrinc(sk, &cork, msg, len);
	else
		err = raw_send_data(sk, &cork, msg, len);
	return err ? err : (int)len;
}

/* ---- receiving ------------------------------------------------------------------------------- */

/* raw_lock held. Returns true if @sk gets packets of @protocol from @raddr to @laddr through device @dif. */
static bool raw_v4_match(const struct sock *sk, u8 protocol, __be32 raddr, __be32 laddr, int dif)
{
	const __be32 peer = READ_ONCE(sk->sk_daddr), own = READ_ONCE(sk->sk_rcv_saddr);

	return sk->sk_num == protocol && (!peer || peer == raddr) && (!own || own == laddr) &&
	       (!sk->sk_bound_dev_if || sk->sk_bound_dev_if == dif);
}

/* Returns true if the socket's ICMP_FILTER refuses the message, or if it is too short to have a header. */
static bool icmp_filter(const struct sock *sk, const struct sk_buff *skb)
{
	struct icmphdr icmph;

	if (skb_copy_bits(skb, ip_hdrlen(skb), &icmph, sizeof(icmph)))
		return true;
	return icmph.type < 32 && READ_ONCE(raw_sk(sk)->icmp_filter) & 1u << icmph.type;
}

static void raw_queue_copy(struct sock *sk, struct sk_buff *skb)
{
	enum skb_drop_reason reason = SKB_DROP_REASON_SOCKET_RCVBUFF;
	struct sk_buff *copy = NULL;

	/* Make no copy for a socket whose buffer is full. */
	if (atomic_read(&sk->sk_rmem_alloc) < READ_ONCE(sk->sk_rcvbuf)) {
		reason = SKB_DROP_REASON_NOMEM;
		copy = skb_clone(skb, GFP_ATOMIC);
	}
	if (!copy) {
		__atomic_fetch_add(&dgram_sk(sk)->drops, 1, __ATOMIC_RELAXED);
		skb_drop_inc(reason);
		return;
	}
	reason = ip4_datagram_queue_rcv(sk, copy);
	if (reason)
		kfree_skb_reason(copy, reason);
}

bool raw_v4_input(struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	const int dif = IPCB(skb)->iif;
	struct sock_common *c;
	bool found = false;

	spin_lock_bh(&raw_lock);
	hlist_for_each_entry(c, &raw_table[iph->protocol % RAW_BUCKETS], skc_bind_node) {
		struct sock *sk = container_of(c, struct sock, __sk_common);

		if (!raw_v4_match(sk, iph->protocol, iph->saddr, iph->daddr, dif))
			continue;
		found = true;
		if (iph->protocol == IPPROTO_ICMP && icmp_filter(sk, skb))
			continue;
		if (ip_mc_sf_allow(sk, iph->daddr, iph->saddr, dif))
			raw_queue_copy(sk, skb);
	}
	spin_unlock_bh(&raw_lock);
	if (found)
		IPCB(skb)->flags |= IPSKB_RAW;
	return found;
}

bool raw_icmp_error(struct sk_buff *skb, u32 info)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	const int dif = skb->dev ? skb->dev->ifindex : 0;
	struct sock_common *c;
	bool found = false;

	if (likely(!READ_ONCE(raw_prot.inuse)))
		return false;
	spin_lock_bh(&raw_lock);
	hlist_for_each_entry(c, &raw_table[iph->protocol % RAW_BUCKETS], skc_bind_node) {
		struct sock *sk = container_of(c, struct sock, __sk_common);

		if (!raw_v4_match(sk, iph->protocol, iph->daddr, iph->saddr, dif))
			continue;
		found = true;
		ip4_datagram_err(sk, skb, 0, info, raw_sk(sk)->hdrincl ? 0 : iph->ihl * 4);
	}
	spin_unlock_bh(&raw_lock);
	if (found)
		IPCB(skb)->flags |= IPSKB_RAW;
	return found;
}

/* ---- options --------------------------------------------------------------------------------- */

static int raw_setsockopt(struct sock *sk, int level, int optname, const void __user *optval,
			  unsigned int optlen)
{
	u32 filter = raw_sk(sk)->icmp_filter;

	if (level != SOL_RAW || optname != ICMP_FILTER)
		return -ENOPROTOOPT;
	if (sk->sk_protocol != IPPROTO_ICMP)
		return -EOPNOTSUPP;
	/* A shorter value changes only the first bytes of the filter. */
	if (copy_from_user(&filter, optval, min_t(unsigned int, optlen, sizeof(filter))))
		return -EFAULT;
	WRITE_ONCE(raw_sk(sk)->icmp_filter, filter);
	return 0;
}

static int raw_getsockopt(struct sock *sk, int level, int optname, void __user *optval,
			  int __user *optlen)
{
	u32 filter = READ_ONCE(raw_sk(sk)->icmp_filter);
	int len;

	if (level != SOL_RAW)
		return -EOPNOTSUPP;
	if (optname != ICMP_FILTER)
		return -ENOPROTOOPT;
	if (sk->sk_protocol != IPPROTO_ICMP)
		return -EOPNOTSUPP;
	if (copy_from_user(&len, optlen, sizeof(len)))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	len = min_t(int, len, sizeof(filter));
	if (copy_to_user(optlen, &len, sizeof(len)) || copy_to_user(optval, &filter, len))
		return -EFAULT;
	return 0;
}

/* ---- /proc/net/raw --------------------------------------------------------------------------- */

/* Shown instead of the socket's address in memory, as in /proc/net/udp. */
#define NO_ADDRESS "0000000000000000"

static void show_sock(struct seq_file *m, const struct sock *sk, unsigned int bucket)
{
	seq_printf(m,
		   "%4u: %08X:%04X %08X:%04X %02X %08X:%08X 00:00000000 00000000 %5u %8d %llu %d "
		   "%s %u\n",
		   bucket, sk->sk_rcv_saddr, sk->sk_num, sk->sk_daddr, 0, sk->sk_state,
		   atomic_read(&sk->sk_wmem_alloc) - 1, atomic_read(&sk->sk_rmem_alloc), 0, 0,
		   (unsigned long long)(sk->sk_socket ? SOCK_INODE(sk->sk_socket)->i_ino : 0),
		   refcount_read(&sk->sk_refcnt), NO_ADDRESS, READ_ONCE(dgram_sk(sk)->drops));
}

static int raw_seq_show(struct seq_file *m)
{
	const struct sock_common *c;

	seq_puts(m, "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt"
		    "   uid  timeout inode ref pointer drops\n");
	spin_lock_bh(&raw_lock);
	for (unsigned int i = 0; i < RAW_BUCKETS; i++) {
		hlist_for_each_entry(c, &raw_table[i], skc_bind_node)
			show_sock(m, container_of(c, struct sock, __sk_common), i);
	}
	spin_unlock_bh(&raw_lock);
	return 0;
}

/* ---- tables, boot ---------------------------------------------------------------------------- */

struct proto raw_prot = {
	.name = "RAW",
	.close = raw_close,
	.init = raw_sk_init,
	.bind = raw_bind,
	.connect = ip4_datagram_connect,
	.disconnect = ip4_datagram_disconnect,
	.ioctl = ip4_datagram_ioctl,
	.setsockopt = raw_setsockopt,
	.getsockopt = raw_getsockopt,
	.sendmsg = raw_sendmsg,
	.recvmsg = ip4_datagram_recvmsg,
	.unhash = raw_unhash,
	/* Raw sockets have UDP's limits of memory, but their memory is not added to UDP's. */
	.sysctl_mem = sysctl_udp_mem,
	.sysctl_rmem = &sysctl_udp_rmem_min,
	.obj_size = sizeof(struct raw_sock),
};

void raw_init(void)
{
	static const struct proc_entry entries[] = {
		{.path = "net/raw", .show = raw_seq_show},
	};

	proc_register(entries, ARRAY_SIZE(entries));
}
