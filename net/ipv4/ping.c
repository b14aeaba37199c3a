/* SPDX-License-Identifier: MIT */
/*
 * Ping sockets (ping.h).
 *
 *   sendmsg() -> inet_dgram_sendmsg -> ping_sendmsg -> ip_append_data, ip_push_datagram   (process)
 *   icmp_rcv -> ping_rcv -> ping_lookup, ip4_datagram_queue_rcv; icmp_rcv -> ping_err         (softirq)
 *   bind() -> inet_bind -> ping_bind -> ping_get_port                                     (process)
 *
 * A program passes and receives the whole ICMP message; the kernel writes its identifier and
 * checksum. As in Linux, several sockets may bind() one identifier, because a ping socket has
 * SO_REUSEADDR from the start; the latest one gets the replies. ping_lock protects the table, and a
 * lookup takes its reference under the lock. Linux permits ping sockets by net.ipv4.ping_group_range;
 * here each program may have them, because there are no users. RFC 792. Compare Linux's
 * net/ipv4/ping.c.
 */
#include "net/ipv4/ping.h"

#include "include/uapi/errno.h"
#include "kernel/lib/random.h"
#include "net/core/netdevice.h"
#include "net/core/snmp.h"
#include "net/ipv4/datagram.h"
#include "net/ipv4/dgram_sock.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/limits.h"
#include "net/ipv4/udp.h"

static DEFINE_SPINLOCK(ping_lock);
static struct hlist_head ping_table[PING_BUCKETS]; /* linked by skc_bind_node */

/* ---- identifiers ----------------------------------------------------------------------------- */

static struct hlist_head *ping_bucket(u16 ident)
{
	return &ping_table[ident % PING_BUCKETS];
}

/*
 * Returns true if a socket has the identifier @ident. If @sk is not NULL, a socket that may share
 * @ident with @sk does not count.
 */
static bool ping_in_use(u16 ident, const struct sock *sk)
{
	const struct sock_common *other;

	hlist_for_each_entry(other, ping_bucket(ident), skc_bind_node) {
		if (other->skc_num == ident && (!sk || !sk->sk_reuse || !other->skc_reuse))
			return true;
	}
	return false;
}

/*
 * Gives @sk the identifier @ident, or a free one if @ident is 0. Returns 0, or 1 if @ident is in use or
 * none is free.
 */
static int ping_get_port(struct sock *sk, unsigned short ident)
{
	bool in_use = true;

	sock_owned_by_me(sk);
	spin_lock_bh(&ping_lock);
	if (ident) {
		in_use = ping_in_use(ident, sk);
	} else {
		/* A random start, so that another host cannot guess it and forge replies. */
		u32 first = prandom_u32_max(0xffff);

		for (u32 n = 0; n < 0xffff && in_use; n++) {
			ident = 1 + (first + n) % 0xffff;
			in_use = ping_in_use(ident, NULL);
		}
	}
	if (!in_use) {
		sk->sk_num = ident;
		hlist_add_head(&sk->sk_bind_node, ping_bucket(ident));
	}
	spin_unlock_bh(&ping_lock);
	return in_use;
}

static void ping_unhash(struct sock *sk)
{
	if (!sk->sk_num)
		return;
	spin_lock_bh(&ping_lock);
	hlist_del_init(&sk->sk_bind_node);
	sk->sk_num = 0;
	spin_unlock_bh(&ping_lock);
}

/*
 * Returns the latest socket with the identifier that accepts packets to @daddr, with a reference.
 */
static struct sock *ping_lookup(__be16 ident, __be32 daddr, int dif)
{
	struct sock_common *c;
	struct sock *found = NULL;

	spin_lock_bh(&ping_lock);
	hlist_for_each_entry(c, ping_bucket(ntohs(ident)), skc_bind_node) {
		struct sock *sk = container_of(c, struct sock, __sk_common);
		__be32 own = READ_ONCE(sk->sk_rcv_saddr);

		if (sk->sk_num == ntohs(ident) && (!own || own == daddr) &&
		    (!sk->sk_bound_dev_if || sk->sk_bound_dev_if == dif)) {
			sock_hold(sk);
			found = sk;
			break;
		}
	}
	spin_unlock_bh(&ping_lock);
	return found;
}

/* ---- bind(), disconnect, close() ------------------------------------------------------------- */

static int ping_bind(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	const struct sockaddr_in *addr = (const struct sockaddr_in *)uaddr;
	struct inet_sock *inet = inet_sk(sk);
	__be32 a = addr->sin_addr.s_addr;
	int err = -EINVAL;

	if (addr_len < (int)sizeof(*addr))
		return -EINVAL;
	if (addr->sin_family != AF_INET && (addr->sin_family != AF_UNSPEC || a != INADDR_ANY))
		return -EAFNOSUPPORT;
	if (a != INADDR_ANY && !inet_is_local_addr(a))
		return -EADDRNOTAVAIL;
	lock_sock(sk);
	if (inet->inet_num)
		goto out;
	err = -EADDRINUSE;
	if (ping_get_port(sk, ntohs(addr->sin_port)))
		goto out;
	WRITE_ONCE(inet->inet_rcv_saddr, a);
	inet->inet_saddr = a;
	if (a)
		sk->sk_userlocks |= SOCK_BINDADDR_LOCK;
	if (addr->sin_port)
		sk->sk_userlocks |= SOCK_BINDPORT_LOCK;
	inet->inet_sport = htons(inet->inet_num);
	sk_dst_reset(sk);
	err = 0;
out:
	release_sock(sk);
	return err;
}

static int ping_disconnect(struct sock *sk, int flags)
{
	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK)) {
		ping_unhash(sk);
		inet_sk(sk)->inet_sport = 0;
	}
	return ip4_datagram_disconnect(sk, flags);
}

static void ping_close(struct sock *sk, long timeout)
{
	lock_sock(sk);
	ping_unhash(sk);
	release_sock(sk);
	sk_common_release(sk);
}

/* ---- sending --------------------------------------------------------------------------------- */

/* Writes the ICMP header that the program passed, with the socket's identifier and the checksum. */
static void ping_write_header(const struct sock *sk, struct sk_buff *skb, struct icmphdr *icmph)
{
	icmph->checksum = 0;
	icmph->un.echo.id = inet_sk(sk)->inet_sport;
	*icmp_hdr(skb) = *icmph;
	icmp_hdr(skb)->checksum = csum_fold(skb_checksum(skb, 0, skb->len, 0));
	skb->ip_summed = CHECKSUM_NONE;
}

static int ping_sendmsg(struct sock *sk, struct kmsghdr *msg, size_t len)
{
	struct inet_cork cork;
	struct icmphdr icmph;
	int err;

	if (len > IP_LEN_MAX)
		return -EMSGSIZE;
	if (len < sizeof(icmph))
		return -EINVAL;
	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (copy_from_iter(&icmph, sizeof(icmph), &msg->msg_iter) != sizeof(icmph))
		return -EFAULT;
	if (icmph.type != ICMP_ECHO || icmph.code)
		return -EINVAL;
	err = ip4_datagram_dest(sk, msg, &cork);
	if (err)
		return err;
	err = ip_append_data(sk, &cork, &msg->msg_iter, len - sizeof(icmph), sizeof(icmph),
			     msg->msg_flags & MSG_DONTWAIT);
	if (err) {
		ip_cork_release(&cork);
		return err;
	}
	ping_write_header(sk, cork.skb, &icmph);
	icmp_out_count(ICMP_ECHO);
	err = ip_push_datagram(sk, &cork, IPPROTO_ICMP);
	return err ? err : (int)len;
}

/* ---- receiving ------------------------------------------------------------------------------- */

enum skb_drop_reason ping_rcv(struct sk_buff *skb)
{
	struct sock *sk =
		ping_lookup(icmp_hdr(skb)->un.echo.id, ip_hdr(skb)->daddr, IPCB(skb)->iif);
	enum skb_drop_reason reason;

	if (!sk)
		return SKB_DROP_REASON_ICMP_IGNORED;
	reason = ip4_datagram_queue_rcv(sk, skb_get(skb));
	if (reason)
		consume_skb(skb); /* the reference that the queue did not take */
	sock_put(sk);
	return reason;
}

void ping_err(struct sk_buff *skb, u32 info)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	unsigned int hdrlen = iph->ihl * 4;
	const struct icmphdr *quoted = (const struct icmphdr *)(skb->data + hdrlen);
	struct sock *sk = NULL;

	/* icmp_error() has checked that the quote has an IP header and eight bytes, both linear. */
	if (quoted->type == ICMP_ECHO)
		sk = ping_lookup(quoted->un.echo.id, iph->saddr, skb->dev ? skb->dev->ifindex : 0);
	if (!sk) {
		if (!(IPCB(skb)->flags & IPSKB_RAW))
			snmp_inc(SNMP_IcmpInErrors);
		return;
	}
	ip4_datagram_err(sk, skb, 0, info, hdrlen);
	sock_put(sk);
}

/* ---- tables, boot ---------------------------------------------------------------------------- */

struct proto ping_prot = {
	.name = "PING",
	.close = ping_close,
	.bind = ping_bind,
	.connect = ip4_datagram_connect,
	.disconnect = ping_disconnect,
	.sendmsg = ping_sendmsg,
	.recvmsg = ip4_datagram_recvmsg,
	.unhash = ping_unhash,
	.get_port = ping_get_port,
	/* Ping sockets have UDP's limits of memory, but their memory is not added to UDP's. */
	.sysctl_mem = sysctl_udp_mem,
	.sysctl_rmem = &sysctl_udp_rmem_min,
	.obj_size = sizeof(struct dgram_sock),
};
