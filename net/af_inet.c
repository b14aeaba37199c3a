/* SPDX-License-Identifier: MIT */
/*
 * The address family AF_INET: socket(AF_INET, type, protocol) creates a struct sock here, and
 * inet_stream_ops connects struct socket with the protocol below it; inet_dgram_ops
 * (af_inet_dgram.c) does so for datagrams.
 *
 * Callers: __sock_create() calls inet_create(); net/socket.c calls the functions of
 * inet_stream_ops; the drop of a sock's last reference calls inet_sock_destruct() (any context).
 * All other functions run in process context and take lock_sock(). sock->state, the application's
 * view of the connection, changes only under that lock. kernel_main() calls inet_init() at boot.
 * POSIX 2.10; compare Linux's net/ipv4/af_inet.c.
 */
#include "net/af_inet.h"

#include "include/uapi/ioctl.h"
#include "kernel/mm/slab.h"
#include "net/core/errqueue.h"
#include "net/inet/inet_connection_sock.h"
#include "net/ipv4/datagram.h"
#include "net/ipv4/devinet.h"
#include "net/inet/inet_sock.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_mc_sock.h"
#include "net/ipv4/ping.h"
#include "net/ipv4/raw.h"
#include "net/ipv4/route.h"
#include "net/ipv4/udp.h"
#include "net/tcp/tcp.h"
#include "net/tcp/tcp_fastopen.h"

static struct list_head inetsw[SOCK_MAX]; /* indexed by socket type; changed at boot only */

/* ---- socket() -------------------------------------------------------------------------------- */

/*
 * Returns the entry for @type and *@protocol, or NULL with the errno in *@err. If *@protocol is
 * IPPROTO_IP (0), it is replaced by the default protocol of @type. The header's field for the protocol
 * has eight bits, so no raw socket has a larger number (Linux makes one, which receives nothing).
 */
static const struct inet_protosw *inetsw_lookup(int type, int *protocol, int *err)
{
	const struct inet_protosw *answer;

	*err = -ESOCKTNOSUPPORT;
	list_for_each_entry(answer, &inetsw[type], list) {
		*err = -EPROTONOSUPPORT;
		/* An entry for every protocol (raw sockets) has no default. */
		if (answer->protocol == IPPROTO_IP)
			return *protocol == IPPROTO_IP || *protocol > UINT8_MAX ? NULL : answer;
		if (*protocol == IPPROTO_IP)
			*protocol = answer->protocol;
		if (*protocol == answer->protocol)
			return answer;
	}
	return NULL;
}

static noinline int inet_create(struct socket *sock, int protocol)
{
	const struct inet_protosw *answer;
	struct inet_sock *inet;
	struct sock *sk;
	int err;

	if (protocol < 0 || protocol >= IPPROTO_MAX)
		return -EINVAL;
	answer = inetsw_lookup(sock->type, &protocol, &err);
	if (!answer)
		return err;
	sk = sk_alloc(AF_INET, GFP_KERNEL, answer->prot);
	if (!sk)
		return -ENOBUFS;

	sock->state = SS_UNCONNECTED;
	sock->ops = answer->ops;
	sock_init_data(sock, sk);
	sk->sk_protocol = protocol;
	sk->sk_destruct = inet_sock_destruct;
	sk->sk_backlog_rcv = sk->sk_prot->backlog_rcv;
	inet = inet_sk(sk);
	sk->sk_reuse = answer->reuse ? SK_CAN_REUSE : SK_NO_REUSE;
	inet->uc_ttl = -1;
	inet->pmtudisc = IP_PMTUDISC_WANT;
	inet->mc_ttl = 1; /* RFC 1112 6.1 */
	inet->mc_loop = inet->mc_all = 1;

	if (sk->sk_prot->init) {
		err = sk->sk_prot->init(sk);
		if (err) {
			sock->sk = NULL;
			sk_common_release(sk);
			return err;
		}
	}
	return 0;
}

/* ---- bind(), listen() ------------------------------------------------------------------------ */

/*
 * Old programs zero the whole address, so that the family is AF_UNSPEC and the address is
 * INADDR_ANY: accept that as AF_INET, as Linux does.
 */
static int check_bind_address(const struct sock *sk, const struct sockaddr_in *addr, int addr_len)
{
	__be32 a = addr->sin_addr.s_addr;

	if (addr_len < sizeof(*addr))
		return -EINVAL;
	if (addr->sin_family != AF_INET && (addr->sin_family != AF_UNSPEC || a != INADDR_ANY))
		return -EAFNOSUPPORT;
	if (a != INADDR_ANY && !inet_sk(sk)->freebind && !inet_is_local_addr(a) &&
	    !inet_addr_is_group(a))
		return -EADDRNOTAVAIL;
	return 0;
}

int inet_bind(struct socket *sock, struct sockaddr *uaddr, int addr_len)
{
	const struct sockaddr_in *addr = (const struct sockaddr_in *)uaddr;
	struct sock *sk = sock->sk;
	struct inet_sock *inet = inet_sk(sk);
	unsigned short snum;
	__be32 a;
	int err;

	if (sk->sk_prot->bind)
		return sk->sk_prot->bind(sk, uaddr, addr_len);
	err = check_bind_address(sk, addr, addr_len);
	if (err)
		return err;
	snum = ntohs(addr->sin_port);
	a = addr->sin_addr.s_addr;

	lock_sock(sk);
	err = -EINVAL;
	if (sk->sk_state != TCP_CLOSE || inet->inet_num)
		goto out_release;
	inet->inet_rcv_saddr = inet->inet_saddr = a;
	if (inet_addr_is_group(a))
		inet->inet_saddr = 0;
	if ((snum || !inet->bind_address_no_port) && sk->sk_prot->get_port(sk, snum)) {
		inet->inet_rcv_saddr = inet->inet_saddr = 0;
		err = -EADDRINUSE;
		goto out_release;
	}
	if (inet->inet_rcv_saddr)
		sk->sk_userlocks |= SOCK_BINDADDR_LOCK;
	if (snum)
		sk->sk_userlocks |= SOCK_BINDPORT_LOCK;
	inet->inet_sport = htons(inet->inet_num);
	inet->inet_daddr = 0;
	inet->inet_dport = 0;
	sk_dst_reset(sk);
	err = 0;
out_release:
	release_sock(sk);
	return err;
}

noinline int inet_listen(struct socket *sock, int backlog)
{
	struct sock *sk = sock->sk;
	int err = -EINVAL;

	lock_sock(sk);
	if (sock->state != SS_UNCONNECTED || sock->type != SOCK_STREAM)
		goto out_release;
	if (sk->sk_state != TCP_CLOSE && sk->sk_state != TCP_LISTEN)
		goto out_release;
	/* If the socket is already listening, listen() only changes the backlog. */
	if (sk->sk_state != TCP_LISTEN) {
		tcp_fastopen_listen(sk, backlog);
		err = inet_csk_listen_start(sk, backlog);
		if (err)
			goto out_release;
	}
	sk->sk_max_ack_backlog = backlog;
	err = 0;
out_release:
	release_sock(sk);
	return err;
}

/* ---- connect() ------------------------------------------------------------------------------- */

static bool is_connecting(const struct sock *sk)
{
	return sk->sk_state == TCP_SYN_SENT || sk->sk_state == TCP_SYN_RECV;
}

/*
 * Waits until the handshake ends, the timeout expires or a signal arrives. The caller owns @sk; the
 * function releases it while it sleeps. Returns the remaining timeout, 0 if it expired.
 */
static long inet_wait_for_connect(struct sock *sk, long timeo)
{
	DEFINE_WAIT(wait);

	while (is_connecting(sk)) {
		prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		sk_wait_event(sk, &timeo, !is_connecting(sk));
		if (signal_pending(current) || !timeo)
			break;
	}
	finish_wait(sk_sleep(sk), &wait);
	return timeo;
}

/*
 * The handshake failed, or another thread disconnected the socket: reset it, so that connect() may
 * be called again.
 */
static int connect_failed(struct socket *sock, int flags)
{
	struct sock *sk = sock->sk;
	int err = sock_error(sk);

	sock->state = SS_UNCONNECTED;
	if (sk->sk_prot->disconnect(sk, flags))
		sock->state = SS_DISCONNECTING;
	return err ? err : -ECONNABORTED;
}

/*
 * The caller owns the sock. @fo: data for the SYN, or NULL; then @uaddr may be NULL if connect() has
 * stored the address (defer_connect).
 */
static int __inet_stream_connect(struct socket *sock, struct sockaddr *uaddr, int addr_len,
				 int flags, struct tcp_fastopen_request *fo)
{
	struct sock *sk = sock->sk;
	long timeo;
	int err;

	if (uaddr && addr_len < sizeof(uaddr->sa_family))
		return -EINVAL;
	if (uaddr && uaddr->sa_family == AF_UNSPEC) {
		err = sk->sk_prot->disconnect(sk, flags);
		sock->state = err ? SS_DISCONNECTING : SS_UNCONNECTED;
		return err;
	}

	switch (sock->state) {
	case SS_CONNECTED:
		return -EISCONN;
	case SS_CONNECTING:
		err = -EALREADY; /* returned if the handshake is still unfinished below */
		if (inet_sk(sk)->defer_connect)
			err = fo ? tcp_fastopen_connect_now(sk) : -EISCONN;
		if (fo && !err)
			err = -EINPROGRESS;
		break;
	case SS_UNCONNECTED:
		if (sk->sk_state != TCP_CLOSE)
			return -EISCONN;
		err = sk->sk_prot->connect(sk, uaddr, addr_len);
		if (err < 0)
			return err;
		sock->state = SS_CONNECTING;
		if (inet_sk(sk)->defer_connect)
			return 0; /* Fast Open: the first write sends the SYN */
		err = -EINPROGRESS;
		break;
	default:
		return -EINVAL;
	}

	timeo = sock_sndtimeo(sk, flags & O_NONBLOCK);
	if (is_connecting(sk)) {
		if (!timeo)
			return err;
		if (fo)
			fo->waits = iov_iter_count(&fo->msg->msg_iter);
		timeo = inet_wait_for_connect(sk, timeo);
		if (is_connecting(sk))
			return timeo ? sock_intr_errno(timeo) : err;
	}
	if (sk->sk_state == TCP_CLOSE)
		return connect_failed(sock, flags);
	/*
	 * The connection is established. An error in sk_err or sk_err_soft does not fail this
	 * connect(): the next call on the socket reports it.
	 */
	sock->state = SS_CONNECTED;
	return 0;
}

noinline int inet_stream_connect(struct socket *sock, struct sockaddr *uaddr, int addr_len,
				 int flags)
{
	int err;

	lock_sock(sock->sk);
	err = __inet_stream_connect(sock, uaddr, addr_len, flags, NULL);
	release_sock(sock->sk);
	return err;
}

/* ---- accept() -------------------------------------------------------------------------------- */

/*
 * The child socket was created in softirq when its handshake completed; accept() only attaches a
 * struct socket to it.
 */
noinline int inet_accept(struct socket *sock, struct socket *newsock, int flags)
{
	struct sock *sk1 = sock->sk, *sk2;
	int err = -EINVAL;

	/* A protocol without connections has no accept operation. */
	if (!sk1->sk_prot->accept)
		return -EOPNOTSUPP;
	sk2 = sk1->sk_prot->accept(sk1, flags, &err);
	if (!sk2)
		return err;
	lock_sock(sk2);
	WARN_ON(sk2->sk_state == TCP_LISTEN || sk2->sk_state == TCP_SYN_SENT);
	sock_graft(sk2, newsock);
	newsock->state = SS_CONNECTED;
	release_sock(sk2);
	return 0;
}

/* ---- names, options, ioctl ------------------------------------------------------------------- */

/*
 * Writes the local address (@peer 0) or the peer's (@peer 1 or 2) to @uaddr. accept() passes 2,
 * because it needs the peer's address even if the connection is already closed; with 1 it would get
 * -ENOTCONN.
 */
int inet_getname(struct socket *sock, struct sockaddr *uaddr, int peer)
{
	const struct sock *sk = sock->sk;
	const struct inet_sock *inet = inet_sk(sk);
	struct sockaddr_in *sin = (struct sockaddr_in *)uaddr;

	*sin = (struct sockaddr_in){.sin_family = AF_INET};
	if (peer) {
		if (!inet->inet_dport ||
		    (peer == 1 && (sk->sk_state == TCP_CLOSE || sk->sk_state == TCP_SYN_SENT)))
			return -ENOTCONN;
		sin->sin_port = inet->inet_dport;
		sin->sin_addr.s_addr = inet->inet_daddr;
	} else {
		sin->sin_port = inet->inet_sport;
		sin->sin_addr.s_addr =
			inet->inet_rcv_saddr ? inet->inet_rcv_saddr : inet->inet_saddr;
	}
	return sizeof(*sin);
}

int inet_setsockopt(struct socket *sock, int level, int optname, const void __user *optval,
		    unsigned int optlen)
{
	if (level == SOL_IP)
		return ip_setsockopt(sock->sk, optname, optval, optlen);
	return sock_common_setsockopt(sock, level, optname, optval, optlen);
}

int inet_getsockopt(struct socket *sock, int level, int optname, void __user *optval,
		    int __user *optlen)
{
	if (level == SOL_IP)
		return ip_getsockopt(sock->sk, optname, optval, optlen);
	return sock_common_getsockopt(sock, level, optname, optval, optlen);
}

int inet_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	struct sock *sk = sock->sk;
	int err = devinet_ioctl(cmd, (void __user *)arg);

	if (err != -ENOTTY)
		return err;
	/* A stream has no datagram whose time could be told. */
	if (cmd == SIOCGSTAMP || cmd == SIOCGSTAMPNS)
		return sk->sk_type == SOCK_STREAM
			       ? -ENOENT
			       : ip4_datagram_gettstamp(sk, cmd, (void __user *)arg);
	if (!sk->sk_prot->ioctl)
		return -ENOTTY;
	return sk->sk_prot->ioctl(sk, cmd, arg);
}

/* ---- data ------------------------------------------------------------------------------------ */

/*
 * Connects with the first data of @msg in the SYN: sendto(MSG_FASTOPEN), or the first write after
 * connect() with TCP_FASTOPEN_CONNECT. Then sends the rest. If the call must not wait, only the
 * data in the SYN is sent.
 */
static int __inet_sendmsg_fastopen(struct socket *sock, struct tcp_fastopen_request *fo)
{
	struct kmsghdr *msg = fo->msg;
	struct sock *sk = sock->sk;
	int err, sent;

	lock_sock(sk);
	err = tcp_fastopen_begin(sk, fo);
	if (!err) {
		err = __inet_stream_connect(sock, (struct sockaddr *)msg->msg_name,
					    msg->msg_namelen,
					    msg->msg_flags & MSG_DONTWAIT ? O_NONBLOCK : 0, fo);
		tcp_fastopen_end(sk, fo);
	}
	release_sock(sk);
	if (err == -EINPROGRESS && fo->copied)
		return fo->copied;
	if (err)
		return sk_stream_error(sk, msg->msg_flags, err);
	if (fo->copied == fo->size)
		return fo->size;
	sent = sk->sk_prot->sendmsg(sk, msg, fo->size - fo->copied);
	return sent > 0 || !fo->copied ? fo->copied + sent : fo->copied;
}

static noinline int inet_sendmsg_fastopen(struct socket *sock, struct kmsghdr *msg, size_t size)
{
	struct tcp_fastopen_request fo = {.msg = msg, .size = size};
	int sent = __inet_sendmsg_fastopen(sock, &fo);

	if (unlikely(fo.uarg))
		tcp_fastopen_end_zerocopy(sock->sk, &fo, sent);
	return sent;
}

noinline int inet_sendmsg(struct socket *sock, struct kmsghdr *msg, size_t size)
{
	struct sock *sk = sock->sk;

	if (unlikely((msg->msg_flags & MSG_FASTOPEN) || inet_sk(sk)->defer_connect))
		return inet_sendmsg_fastopen(sock, msg, size);
	return sk->sk_prot->sendmsg(sk, msg, size);
}

noinline int inet_recvmsg(struct socket *sock, struct kmsghdr *msg, size_t size, int flags)
{
	struct sock *sk = sock->sk;
	int addr_len = 0;
	int err;

	err = sk->sk_prot->recvmsg(sk, msg, size, flags & MSG_DONTWAIT, flags & ~MSG_DONTWAIT,
				   &addr_len);
	if (err >= 0)
		msg->msg_namelen = addr_len;
	return err;
}

/* ---- shutdown(), close() --------------------------------------------------------------------- */

/*
 * @how + 1 is a bit mask of RCV_SHUTDOWN (1) and SEND_SHUTDOWN (2): SHUT_RD becomes 1, SHUT_WR 2,
 * SHUT_RDWR 3.
 */
int inet_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk;
	int err = 0;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	how++;
	lock_sock(sk);
	if (sock->state == SS_CONNECTING)
		sock->state = is_connecting(sk) || sk->sk_state == TCP_CLOSE ? SS_DISCONNECTING
									     : SS_CONNECTED;
	switch (sk->sk_state) {
	case TCP_LISTEN:
		/* A listener has no sending side to shut down. */
		if (!(how & RCV_SHUTDOWN))
			break;
		fallthrough;
	case TCP_SYN_SENT:
		err = sk->sk_prot->disconnect(sk, O_NONBLOCK);
		sock->state = err ? SS_DISCONNECTING : SS_UNCONNECTED;
		break;
	case TCP_CLOSE:
		err = -ENOTCONN;
		fallthrough; /* also wake a poll() that waits for the connection's end */
	default:
		sk->sk_shutdown |= how;
		if (sk->sk_prot->shutdown)
			sk->sk_prot->shutdown(sk, how);
	}
	sk->sk_state_change(sk);
	release_sock(sk);
	return err;
}

/*
 * Called when the last file descriptor of the socket was closed. Only with SO_LINGER does close()
 * wait until the peer has acknowledged all data and the FIN.
 */
int inet_release(struct socket *sock)
{
	struct sock *sk = sock->sk;

	if (!sk)
		return 0; /* a socket that accept() allocated, but that received no connection */
	ip_mc_drop_socket(sk);
	sock->sk = NULL;
	sk->sk_prot->close(sk, sock_flag(sk, SOCK_LINGER) ? sk->sk_lingertime : 0);
	return 0;
}

void inet_sock_destruct(struct sock *sk)
{
	__skb_queue_purge(&sk->sk_receive_queue);
	skb_errqueue_purge(sk);
	WARN_ON(sk->sk_type == SOCK_STREAM && sk->sk_state != TCP_CLOSE);
	WARN_ON(!sock_flag(sk, SOCK_DEAD));
	WARN_ON(atomic_read(&sk->sk_rmem_alloc));
	WARN_ON(sk->sk_wmem_queued);
	sk_dst_reset(sk);
	kfree(inet_sk(sk)->inet_opt);
}

/* ---- tables, boot ---------------------------------------------------------------------------- */

const struct proto_ops inet_stream_ops = {
	.family = AF_INET,
	.release = inet_release,
	.bind = inet_bind,
	.connect = inet_stream_connect,
	.accept = inet_accept,
	.getname = inet_getname,
	.poll = tcp_poll,
	.ioctl = inet_ioctl,
	.listen = inet_listen,
	.shutdown = inet_shutdown,
	.setsockopt = inet_setsockopt,
	.getsockopt = inet_getsockopt,
	.sendmsg = inet_sendmsg,
	.recvmsg = inet_recvmsg,
};

static const struct net_proto_family inet_family_ops = {
	.family = AF_INET,
	.create = inet_create,
};

/* socket() fails for a protocol that is not in this table. */
static struct inet_protosw inetsw_array[] = {
	{.type = SOCK_STREAM, .protocol = IPPROTO_TCP, .prot = &tcp_prot, .ops = &inet_stream_ops},
	{.type = SOCK_DGRAM, .protocol = IPPROTO_UDP, .prot = &udp_prot, .ops = &inet_dgram_ops},
	{.type = SOCK_DGRAM,
	 .protocol = IPPROTO_ICMP,
	 .prot = &ping_prot,
	 .ops = &inet_sockraw_ops,
	 .reuse = true},
	/* a raw socket may have any protocol */
	{.type = SOCK_RAW, .protocol = IPPROTO_IP, .prot = &raw_prot, .ops = &inet_sockraw_ops},
};

void inet_register_protosw(struct inet_protosw *p)
{
	BUG_ON(p->type >= SOCK_MAX);
	/* dgram_sk() casts every sock except a stream's to struct dgram_sock. */
	BUG_ON(p->type != SOCK_STREAM && p->prot->obj_size < sizeof(struct dgram_sock));
	list_add_tail(&p->list, &inetsw[p->type]);
}

void inet_init(void)
{
	BUG_ON(proto_register(&tcp_prot));
	BUG_ON(proto_register(&udp_prot));
	BUG_ON(proto_register(&ping_prot));
	BUG_ON(proto_register(&raw_prot));
	for (unsigned int type = 0; type < SOCK_MAX; type++)
		INIT_LIST_HEAD(&inetsw[type]);
	for (unsigned int i = 0; i < ARRAY_SIZE(inetsw_array); i++)
		inet_register_protosw(&inetsw_array[i]);
	BUG_ON(sock_register(&inet_family_ops));
	ip_init();
	tcp_init();
	tcp4_proc_init();
	udp_init();
	raw_init();
	sockstat_init();
}
