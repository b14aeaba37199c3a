/* SPDX-License-Identifier: MIT */
/*
 * Functions that datagram sockets share (datagram.h has the contract). Ping and raw sockets use all of
 * them. UDP sockets use the functions for the route of a peer, ioctl(), ICMP errors, and the choice of
 * the interface.
 *
 *   connect() -> inet_dgram_connect -> ip4_datagram_connect                    (process, sock owned)
 *   connect() with AF_UNSPEC -> ip4_datagram_disconnect                        (process, sock owned)
 *   connect() -> inet_dgram_connect -> udp_connect -> ip4_datagram_set_peer    (process, sock owned)
 *   sendmsg() -> ping_sendmsg, raw_sendmsg -> ip4_datagram_dest                (process)
 *   recvmsg() -> ip4_datagram_recvmsg; udp_recvmsg -> ip4_datagram_recv_cmsgs  (process)
 *   ioctl() -> inet_ioctl -> ip4_datagram_gettstamp, ip4_datagram_ioctl        (process)
 *   udp_rcv, ping_rcv, raw_v4_input -> ip4_datagram_queue_rcv                  (softirq)
 *   icmp_rcv -> ping_err, raw_icmp_error, udp_err -> ip4_datagram_err          (softirq)
 *
 * The addresses of a socket change only while a thread owns it. Compare Linux's net/ipv4/datagram.c.
 */
#include "net/ipv4/datagram.h"

#include "include/uapi/errno.h"
#include "include/uapi/ioctl.h"
#include "kernel/mm/uaccess.h"
#include "kernel/time/time.h"
#include "kernel/time/wallclock.h"
#include "net/core/errqueue.h"
#include "net/core/netdevice.h"
#include "net/core/snmp.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_cmsg.h"
#include "net/ipv4/route.h"

/* ---- connect(), sendmsg() -------------------------------------------------------------------- */

void ip4_choose_if(const struct sock *sk, struct flowi4 *fl)
{
	if (!ipv4_is_multicast(fl->daddr)) {
		if (!fl->oif)
			fl->oif = dgram_sk(sk)->uc_index;
		return;
	}
	if (!fl->oif)
		fl->oif = dgram_sk(sk)->mc_index;
	if (!fl->saddr)
		fl->saddr = dgram_sk(sk)->mc_addr;
}

/*
 * Returns a route for @fl, after filling in the fields that are 0 from @sk, or ERR_PTR. A broadcast
 * needs SO_BROADCAST. The socket is owned.
 */
static struct rtable *find_route(struct sock *sk, struct flowi4 *fl)
{
	struct rtable *rt;

	if (!fl->saddr)
		fl->saddr = inet_sk(sk)->inet_saddr;
	if (!fl->oif)
		fl->oif = sk->sk_bound_dev_if;
	ip4_choose_if(sk, fl);
	fl->proto = sk->sk_protocol;
	fl->flags |= inet_sk_flowi_flags(sk);
	rt = ip_route_output_key(fl);
	if (IS_ERR(rt)) {
		if (PTR_ERR(rt) == -ENETUNREACH)
			snmp_inc(SNMP_IpOutNoRoutes);
		return rt;
	}
	if (rt->rt_type == RTN_BROADCAST && !sock_flag(sk, SOCK_BROADCAST)) {
		rt_put(rt);
		return ERR_PTR(-EACCES);
	}
	return rt;
}

int ip4_datagram_set_peer(struct sock *sk, const struct sockaddr *uaddr, int addr_len,
			  struct flowi4 *fl)
{
	const struct sockaddr_in *usin = (const struct sockaddr_in *)uaddr;
	struct rtable *rt;

	sock_owned_by_me(sk);
	if (addr_len < (int)sizeof(*usin))
		return -EINVAL;
	if (usin->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	sk_dst_reset(sk);
	*fl = (struct flowi4){.daddr = usin->sin_addr.s_addr};
	rt = find_route(sk, fl);
	if (IS_ERR(rt))
		return PTR_ERR(rt);
	if (!inet_sk(sk)->inet_saddr)
		inet_sk(sk)->inet_saddr = fl->saddr;
	sk->sk_state = TCP_ESTABLISHED;
	sk_dst_set(sk, &rt->dst);
	return 0;
}

int ip4_datagram_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	struct inet_sock *inet = inet_sk(sk);
	struct flowi4 fl;
	int err = ip4_datagram_set_peer(sk, uaddr, addr_len, &fl);

	if (err)
		return err;
	if (!inet->inet_rcv_saddr)
		WRITE_ONCE(inet->inet_rcv_saddr, fl.saddr);
	WRITE_ONCE(inet->inet_daddr, fl.daddr);
	inet->inet_dport = ((const struct sockaddr_in *)uaddr)->sin_port;
	return 0;
}

int ip4_datagram_disconnect(struct sock *sk, int flags)
{
	struct inet_sock *inet = inet_sk(sk);

	sock_owned_by_me(sk);
	sk->sk_state = TCP_CLOSE;
	WRITE_ONCE(inet->inet_daddr, 0);
	inet->inet_dport = 0;
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK)) {
		WRITE_ONCE(inet->inet_rcv_saddr, 0);
		inet->inet_saddr = 0;
	}
	sk_dst_reset(sk);
	return 0;
}

/* ip4_datagram_dest(), after the control messages were read into @ipc. The socket is owned. */
static int find_dest(struct sock *sk, const struct kmsghdr *msg, const struct ipcm_cookie *ipc,
		     struct inet_cork *cork)
{
	const struct sockaddr_in *usin = (const struct sockaddr_in *)msg->msg_name;
	struct rtable *rt = NULL;
	struct flowi4 fl = {.saddr = ipc->addr, .oif = ipc->oif, .flags = ipc->flags};

	if (usin) {
		if (msg->msg_namelen < (int)sizeof(*usin))
			return -EINVAL;
		/* Linux accepts AF_UNSPEC for a raw socket. */
		if (usin->sin_family != AF_INET &&
		    (usin->sin_family != AF_UNSPEC || sk->sk_type != SOCK_RAW))
			return -EAFNOSUPPORT;
		fl.daddr = usin->sin_addr.s_addr;
	} else {
		if (sk->sk_state != TCP_ESTABLISHED)
			return -EDESTADDRREQ;
		fl.daddr = inet_sk(sk)->inet_daddr;
		/* The cached route to the peer is valid only for the socket's own source address and device. */
		if (!ipc->addr && !ipc->oif && !ipc->flags)
			rt = dst_rtable(sk->sk_dst_cache);
	}
	if (rt && rt_is_valid(rt)) {
		rt_get(rt);
		fl.saddr = inet_sk(sk)->inet_saddr;
	} else {
		rt = find_route(sk, &fl);
		if (IS_ERR(rt))
			return PTR_ERR(rt);
	}
	*cork = (struct inet_cork){.rt = rt,
				   .saddr = fl.saddr,
				   .daddr = fl.daddr,
				   .tos = ipc->tos < 0 ? inet_sk(sk)->tos : ipc->tos,
				   .ttl = ipc->ttl,
				   .tsflags = ipc->tsflags};
	ip_cmsg_options(sk, ipc, &cork->opt);
	if (ipc->ttl < 0 && rt->rt_type == RTN_MULTICAST)
		cork->ttl = inet_sk(sk)->mc_ttl;
	return 0;
}

int ip4_datagram_dest(struct sock *sk, const struct kmsghdr *msg, struct inet_cork *cork)
{
	struct ipcm_cookie ipc = {.ttl = -1,
				  .tos = -1,
				  .flags = ip_msg_flowi_flags(msg),
				  .tsflags = READ_ONCE(sk->sk_tsflags)};
	int err = ip_cmsg_send(msg, &ipc);

	if (err)
		return err;
	lock_sock(sk);
	err = find_dest(sk, msg, &ipc, cork);
	release_sock(sk);
	return err;
}

/* ---- the queue, and what a read tells of a datagram ------------------------------------------ */

BUILD_BUG_ON(sizeof(struct inet_skb_parm) + sizeof(struct sock_skb_cb) >
	     sizeof_field(struct sk_buff, cb));

enum skb_drop_reason ip4_datagram_queue_rcv(struct sock *sk, struct sk_buff *skb)
{
	u32 *drops = &dgram_sk(sk)->drops;
	enum skb_drop_reason reason;

	SOCK_SKB_CB(skb)->dropcount =
		sock_flag(sk, SOCK_RXQ_OVFL) ? __atomic_load_n(drops, __ATOMIC_RELAXED) : 0;
	reason = sock_queue_rcv_skb(sk, skb);
	if (unlikely(reason))
		__atomic_fetch_add(drops, 1, __ATOMIC_RELAXED);
	return reason;
}

/*
 * socket(7): SIOCGSTAMP returns "the timestamp of the last packet that was received while" no option
 * returned times in control messages.
 */
static bool times_are_messages(const struct sock *sk)
{
	return sock_flag(sk, SOCK_RCVTSTAMP) ||
	       sk->sk_tsflags & (SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE);
}

void ip4_datagram_recv_cmsgs(struct kmsghdr *msg, struct sock *sk, const struct sk_buff *skb)
{
	struct dgram_sock *dsk = dgram_sk(sk);

	if (unlikely(times_are_messages(sk))) {
		sock_recv_timestamp(msg, sk, skb->skb_mstamp);
	} else {
		WRITE_ONCE(dsk->stamp, skb->skb_mstamp);
		dsk->has_stamp = true;
	}
	if (unlikely(SOCK_SKB_CB(skb)->dropcount) && sock_flag(sk, SOCK_RXQ_OVFL))
		put_cmsg(msg, SOL_SOCKET, SO_RXQ_OVFL, &SOCK_SKB_CB(skb)->dropcount,
			 sizeof(SOCK_SKB_CB(skb)->dropcount));
	if (dsk->cmsg_flags)
		ip_cmsg_recv(msg, sk, skb, IPCB(skb)->iif);
}

int ip4_datagram_gettstamp(struct sock *sk, unsigned int cmd, void __user *arg)
{
	struct dgram_sock *dsk = dgram_sk(sk);
	struct timespec ts;
	u64 stamp;

	net_enable_timestamp();
	if (!dsk->has_stamp)
		return -ENOENT;
	/*
	 * The datagram came before the first program asked for times. As on Linux, return the
	 * present time.
	 */
	if (!dsk->stamp)
		WRITE_ONCE(dsk->stamp, ktime_get_real_ns());
	stamp = READ_ONCE(dsk->stamp);
	ts.tv_sec = stamp / NSEC_PER_SEC;
	/* SIOCGSTAMP returns a struct timeval, which has microseconds in the place of nanoseconds. */
	ts.tv_nsec = stamp % NSEC_PER_SEC / (cmd == SIOCGSTAMP ? NSEC_PER_USEC : 1);
	return copy_to_user(arg, &ts, sizeof(ts)) ? -EFAULT : 0;
}

/* ---- recvmsg() ------------------------------------------------------------------------------- */

/* A datagram that is longer than the program's buffer is cut, and the rest is lost. */
int ip4_datagram_recvmsg(struct sock *sk, struct kmsghdr *msg, size_t len, int noblock, int flags,
			 int *addr_len)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)msg->msg_name;
	unsigned int copied;
	struct sk_buff *skb;
	int err;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (flags & MSG_ERRQUEUE)
		return ip_recv_error(sk, msg, len, addr_len);
	skb = skb_recv_datagram(sk, flags, noblock, NULL, &err);
	if (!skb)
		return err;
	copied = min_t(size_t, len, skb->len);
	if (copied < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	err = skb_copy_datagram_iter(skb, 0, &msg->msg_iter, copied);
	if (err)
		goto out;
	if (sin) {
		*sin = (struct sockaddr_in){.sin_family = AF_INET,
					    .sin_addr.s_addr = ip_hdr(skb)->saddr};
		*addr_len = sizeof(*sin);
	}
	ip4_datagram_recv_cmsgs(msg, sk, skb);
	err = flags & MSG_TRUNC ? skb->len : copied;
out:
	consume_skb(skb);
	return err;
}

int ip4_datagram_ioctl(struct sock *sk, int cmd, unsigned long arg)
{
	int answ;

	switch (cmd) {
	case SIOCOUTQ:
		/*
		 * sk_wmem_alloc contains one byte that stands for all references to the sock
		 * (sock.c): subtract it
		 */
		answ = atomic_read(&sk->sk_wmem_alloc) - 1;
		break;
	case SIOCINQ:
		answ = datagram_first_len(sk);
		break;
	default:
		return -ENOTTY;
	}
	return copy_to_user((void __user *)arg, &answ, sizeof(answ)) ? -EFAULT : 0;
}

/* ---- ICMP errors ----------------------------------------------------------------------------- */

/*
 * Stores the path MTU @mtu that a router reports for the destination of the quoted packet (RFC 1191)
 * in the route, which limits the next datagrams. A program that set IP_PMTUDISC_INTERFACE or
 * IP_PMTUDISC_OMIT trusts no such report (ip(7)), because anyone can forge it.
 */
static void update_pmtu(const struct sock *sk, const struct iphdr *quoted, u32 mtu)
{
	struct flowi4 fl = {.daddr = quoted->daddr,
			    .saddr = quoted->saddr,
			    .oif = sk->sk_bound_dev_if,
			    .proto = quoted->protocol};
	struct rtable *rt;

	if (inet_sk(sk)->pmtudisc >= IP_PMTUDISC_INTERFACE)
		return;
	rt = ip_route_output_key(&fl);
	if (IS_ERR(rt))
		return;
	dst_update_pmtu(&rt->dst, mtu);
	rt_put(rt);
}

/*
 * Returns the errno of an ICMP error, 0 if it has no effect on @sk. *@hard becomes true if the error
 * will not go away by itself: then it is reported to a connected socket even without IP_RECVERR.
 */
static int icmp_errno(const struct sock *sk, const struct icmphdr *icmph, bool *hard)
{
	*hard = false;
	switch (icmph->type) {
	case ICMP_TIME_EXCEEDED:
		return EHOSTUNREACH;
	case ICMP_PARAMETERPROB:
		*hard = true;
		return EPROTO;
	case ICMP_DEST_UNREACH:
		if (icmph->code > NR_ICMP_UNREACH)
			return 0;
		if (icmph->code == ICMP_FRAG_NEEDED) {
			*hard = true;
			return inet_sk(sk)->pmtudisc == IP_PMTUDISC_DONT ? 0 : EMSGSIZE;
		}
		*hard = icmp_err_convert[icmph->code].fatal;
		return icmp_err_convert[icmph->code].errno_;
	default:
		/* Source quench is obsolete (RFC 6633), and a redirect concerns only the route. */
		return 0;
	}
}

void ip4_datagram_err(struct sock *sk, struct sk_buff *icmp, __be16 port, u32 info,
		      unsigned int header_len)
{
	const struct icmphdr *icmph = icmp_hdr(icmp);
	bool hard;
	int err;

	if (icmph->type == ICMP_DEST_UNREACH && icmph->code == ICMP_FRAG_NEEDED)
		update_pmtu(sk, (const struct iphdr *)icmp->data, info);
	err = icmp_errno(sk, icmph, &hard);
	if (!err)
		return;
	if (inet_sk(sk)->recverr)
		ip_icmp_error(sk, icmp, err, port, info, header_len);
	else if (!hard || sk->sk_state != TCP_ESTABLISHED)
		return;
	sk->sk_err = err;
	sk->sk_error_report(sk);
}
