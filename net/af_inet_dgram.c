/* SPDX-License-Identifier: MIT */
/*
 * The operations of AF_INET's datagram sockets that differ from those of streams: connect() only
 * stores an address, and a socket gets a port when it first needs one.
 *
 * net/socket.c calls the functions of inet_dgram_ops and inet_sockraw_ops (process; they take lock_sock). Compare Linux's
 * net/ipv4/af_inet.c.
 */
#include "net/af_inet.h"
#include "net/core/datagram.h"
#include "net/inet/inet_sock.h"

/* Gives an unbound socket a port. The socket is owned. Returns 0, or -EAGAIN if no port is free. */
static int inet_autobind(struct sock *sk)
{
	if (inet_sk(sk)->inet_num)
		return 0;
	if (sk->sk_prot->get_port(sk, 0))
		return -EAGAIN;
	inet_sk(sk)->inet_sport = htons(inet_sk(sk)->inet_num);
	return 0;
}

static int inet_dgram_connect(struct socket *sock, struct sockaddr *uaddr, int addr_len, int flags)
{
	struct sock *sk = sock->sk;
	int err;

	if (addr_len < (int)sizeof(uaddr->sa_family))
		return -EINVAL;
	lock_sock(sk);
	if (uaddr->sa_family == AF_UNSPEC) {
		err = sk->sk_prot->disconnect(sk, flags);
	} else {
		err = inet_autobind(sk);
		if (!err)
			err = sk->sk_prot->connect(sk, uaddr, addr_len);
	}
	release_sock(sk);
	return err;
}

static int inet_dgram_sendmsg(struct socket *sock, struct kmsghdr *msg, size_t size)
{
	struct sock *sk = sock->sk;
	int err;

	if (unlikely(!inet_sk(sk)->inet_num)) {
		lock_sock(sk);
		err = inet_autobind(sk);
		release_sock(sk);
		if (err)
			return err;
	}
	return sk->sk_prot->sendmsg(sk, msg, size);
}

static int sock_no_accept(struct socket *sock, struct socket *newsock, int flags)
{
	return -EOPNOTSUPP;
}

static int sock_no_listen(struct socket *sock, int backlog)
{
	return -EOPNOTSUPP;
}

/* Datagram sockets of all protocols have the same operations. Linux's differ in poll(). */
#define DGRAM_OPS                                                                                  \
	.family = AF_INET, .takes_cmsg = true, .release = inet_release, .bind = inet_bind,         \
	.connect = inet_dgram_connect, .accept = sock_no_accept, .getname = inet_getname,          \
	.poll = datagram_poll, .ioctl = inet_ioctl, .listen = sock_no_listen,                      \
	.shutdown = inet_shutdown, .setsockopt = inet_setsockopt, .getsockopt = inet_getsockopt,   \
	.sendmsg = inet_dgram_sendmsg, .recvmsg = inet_recvmsg

const struct proto_ops inet_dgram_ops = {DGRAM_OPS};   /* UDP */
const struct proto_ops inet_sockraw_ops = {DGRAM_OPS}; /* raw and ping sockets */
