/* SPDX-License-Identifier: MIT */
/*
 * The active side until the SYN is ready: route, local port, initial sequence number.
 *
 * tcp_v4_connect() <- inet_stream_connect() (process, owner); it calls inet_hash_connect(), which asks
 * tcp_twsk_unique() (under an ehash lock) about a TIME_WAIT of these ports, and tcp_connect()
 * (tcp_make.c), which makes the SYN.
 * inet_sk_rebuild_header() <- tcp_connect(), retransmissions, and both ends of a handshake.
 *
 * RFC 9293 3.10.1, RFC 6191 (reuse of a TIME_WAIT); Linux's net/ipv4/tcp_ipv4.c.
 */
#include "kernel/sched/cpu.h"
#include "net/core/netdevice.h"
#include "net/ipv4/route.h"
#include "net/tcp/tcp_in.h"

/*
 * A way for what @sk sends next: the one that it has, if the table still says so, else a new one from the
 * same address.  0 or -errno, which is kept for when the connection gives up.
 */
int inet_sk_rebuild_header(struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct flowi4 fl = {
		.daddr = inet->inet_daddr,
		.saddr = inet->inet_saddr,
		.oif = sk->sk_bound_dev_if,
		.proto = IPPROTO_TCP,
		.tos = inet->tos,
	};
	struct rtable *rt;

	if (sk->sk_dst_cache && dst_check(sk->sk_dst_cache))
		return 0;
	rt = ip_route_output_key(&fl);
	if (IS_ERR(rt)) {
		sk->sk_err_soft = -PTR_ERR(rt);
		return PTR_ERR(rt);
	}
	sk_dst_set(sk, &rt->dst);
	return 0;
}

/*
 * With timestamps a new life may begin while the old one's segments could still be on their way: its
 * numbers start beyond all that the old one sent, and PAWS refuses what is older.  Where the port is our
 * choice, the clock must have moved on a whole second, too, and tcp_tw_reuse must permit it; one that the
 * application chose is taken at once, as in Linux.
 */
bool tcp_twsk_unique(struct sock *sk, struct sock *sktw)
{
	const struct tcp_timewait_sock *tcptw = tcp_twsk(sktw);
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tcptw->tw_ts_recent_stamp)
		return false;
	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK) &&
	    (!sysctl_tcp_tw_reuse || tcp_seconds() <= tcptw->tw_ts_recent_stamp + 1))
		return false;
	tp->write_seq = tcptw->tw_snd_nxt + 65535 + 2;
	if (!tp->write_seq)
		tp->write_seq = 1; /* 0 asks for a fresh one */
	tp->rx_opt.ts_recent = tcptw->tw_ts_recent;
	tp->rx_opt.ts_recent_stamp = tcptw->tw_ts_recent_stamp;
	sock_hold(sktw);
	return true;
}

/* The way to @daddr (0: this host itself), from the bound address if there is one. */
static struct rtable *connect_route(const struct sock *sk, __be32 daddr, struct flowi4 *fl)
{
	__be32 saddr = inet_sk(sk)->inet_saddr;
	struct rtable *rt;

	if (!daddr)
		daddr = saddr ? saddr : htonl(INADDR_LOOPBACK);
	*fl = (struct flowi4){
		.daddr = daddr,
		.saddr = saddr,
		.oif = sk->sk_bound_dev_if,
		.proto = IPPROTO_TCP,
		.tos = inet_sk(sk)->tos,
	};
	rt = ip_route_output_key(fl);
	if (IS_ERR(rt)) {
		if (PTR_ERR(rt) == -ENETUNREACH)
			snmp_inc(SNMP_IpOutNoRoutes);
		return rt;
	}
	if (rt->rt_type == RTN_BROADCAST || rt->rt_type == RTN_MULTICAST) {
		rt_put(rt);
		return ERR_PTR(-ENETUNREACH);
	}
	return rt;
}

noinline int tcp_v4_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	const struct sockaddr_in *usin = (const struct sockaddr_in *)uaddr;
	struct inet_sock *inet = inet_sk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct rtable *rt;
	struct flowi4 fl;
	u32 isn;
	int err;

	WARN_ON(in_interrupt());
	if (addr_len < (int)sizeof(*usin))
		return -EINVAL;
	if (usin->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	rt = connect_route(sk, usin->sin_addr.s_addr, &fl);
	if (IS_ERR(rt))
		return PTR_ERR(rt);

	if (!inet->inet_saddr) {
		inet->inet_saddr = fl.saddr;
		inet->inet_rcv_saddr = fl.saddr;
	}
	/* A failed attempt's numbers are not used again; tcp_twsk_unique() may bring others. */
	tp->write_seq = 0;
	tp->rx_opt.ts_recent = 0;
	tp->rx_opt.ts_recent_stamp = 0;
	inet->inet_dport = usin->sin_port;
	inet->inet_daddr = fl.daddr;
	inet_csk(sk)->icsk_ext_hdr_len = 0;
	tp->rx_opt.mss_clamp = TCP_MSS_DEFAULT;

	/* Before it is hashed, so that what finds it finds it in SYN_SENT. */
	tcp_set_state(sk, TCP_SYN_SENT);
	err = inet_hash_connect(sk);
	if (err)
		goto out_close;

	sk_dst_set(sk, &rt->dst);
	rt = NULL;
	isn = secure_tcp_seq(inet->inet_saddr, inet->inet_daddr, inet->inet_sport, inet->inet_dport,
			     &tp->tsoffset);
	if (!tp->write_seq)
		tp->write_seq = isn;
	inet->inet_id = tp->write_seq ^ jiffies;
	err = tcp_connect(sk);
	if (err)
		goto out_close;
	return 0;

out_close:
	/* Out of the tables, and the port free again unless bind() named it. */
	tcp_set_state(sk, TCP_CLOSE);
	rt_put(rt);
	inet->inet_dport = 0;
	return err;
}
