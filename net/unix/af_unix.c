/* SPDX-License-Identifier: MIT */
/*
 * The address family AF_UNIX: pairs of connected sockets, made by socketpair().
 *
 * sock_register() <- unix_init(); net/socket.c calls the functions of unix_ops.  Process context.
 * Sockets have no names, because there is no second process to connect to one. So bind() and connect()
 * fail, and a socket that socket() made is never connected.
 *
 * A sender puts packets into the receive queue of its peer; a reader takes packets from the queue of
 * its own socket.  The lock of a socket protects its queue and sk_shutdown; a thread never holds the
 * locks of two sockets.  A socket holds a reference to its peer until the socket itself is released,
 * so a sender may look at a peer that is closed already.  Compare Linux's net/unix/af_unix.c.
 */
#include "net/unix/af_unix.h"

#include "include/uapi/ioctl.h"
#include "kernel/mm/uaccess.h"
#include "net/core/skb_queue.h"
#include "net/core/sock.h"
#include "net/unix/limits.h"

/* Most bytes of a stream in one packet; with its headers it takes 16 KiB. */
#define CHUNK (15 * 1024)

struct unix_sock {
	struct sock sk;    /* must be first */
	struct sock *peer; /* NULL: not connected */
	u32 queued;        /* truesize of the receive queue, all of it from the peer */
	bool closed;
};

static struct unix_sock *unix_sk(const struct sock *sk)
{
	return (struct unix_sock *)sk;
}

static bool is_stream(const struct sock *sk)
{
	return sk->sk_type == SOCK_STREAM;
}

/* ---- room at the peer ---------------------------------------------------------------------------- */

/*
 * Returns true if @sk may put one more packet into the queue of @peer. If the caller holds no lock, the
 * result may be outdated.
 */
static bool has_room(const struct sock *sk, const struct sock *peer)
{
	return READ_ONCE(unix_sk(peer)->queued) < (u32)sk->sk_sndbuf;
}

/*
 * Returns true if at most a quarter of the buffer is used: only then poll() reports room, and a
 * waiting sender is woken.
 */
static bool is_writable(const struct sock *sk, const struct sock *peer)
{
	return (u64)READ_ONCE(unix_sk(peer)->queued) * 4 <= (u32)sk->sk_sndbuf &&
	       has_room(sk, peer);
}

/* Returns 0, or the errno with which a packet from @sk to @peer fails. */
static int send_error(const struct sock *sk, const struct sock *peer)
{
	if (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN)
		return -EPIPE;
	if (READ_ONCE(unix_sk(peer)->closed))
		return is_stream(sk) ? -EPIPE : -ECONNREFUSED;
	return READ_ONCE(peer->sk_shutdown) & RCV_SHUTDOWN ? -EPIPE : 0;
}

/*
 * Sleeps until @peer has room or the packet must fail. Returns 0, or -errno if no time is left or a
 * signal is pending.
 */
static int wait_for_room(struct sock *sk, const struct sock *peer, long *timeo)
{
	DEFINE_WAIT(wait);
	int err = 0;

	if (!*timeo)
		return -EAGAIN;
	prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
	if (signal_pending(current))
		err = sock_intr_errno(*timeo);
	else if (!has_room(sk, peer) && !send_error(sk, peer))
		*timeo = schedule_timeout(*timeo);
	finish_wait(sk_sleep(sk), &wait);
	return err;
}

/* ---- sending ------------------------------------------------------------------------------------- */

static struct sk_buff *packet_from(struct iov_iter *from, size_t n, int *err)
{
	struct sk_buff *skb = alloc_skb(n, GFP_KERNEL);

	*err = -ENOBUFS;
	if (!skb)
		return NULL;
	if (copy_from_iter(skb_put(skb, n), n, from) == n)
		return skb;
	*err = -EFAULT;
	consume_skb(skb);
	return NULL;
}

/* Queues the packet at the peer, after waiting for room.  On an error the packet is freed. */
static int deliver(struct sock *sk, struct sock *peer, struct sk_buff *skb, long *timeo)
{
	struct unix_sock *other = unix_sk(peer);
	int err;

	for (;;) {
		lock_sock(peer);
		err = send_error(sk, peer);
		if (err || has_room(sk, peer))
			break;
		release_sock(peer);
		err = wait_for_room(sk, peer, timeo);
		if (err)
			goto out_free;
	}
	if (err) {
		release_sock(peer);
		goto out_free;
	}
	WRITE_ONCE(other->queued, other->queued + skb->truesize);
	__skb_queue_tail(&peer->sk_receive_queue, skb);
	release_sock(peer);
	peer->sk_data_ready(peer);
	return 0;

out_free:
	consume_skb(skb);
	return err;
}

static int unix_sendmsg(struct socket *sock, struct kmsghdr *msg, size_t len)
{
	struct sock *sk = sock->sk, *peer = unix_sk(sk)->peer;
	long timeo = sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT);
	size_t sent = 0;
	int err;

	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (!peer)
		return -ENOTCONN;
	if (msg->msg_name)
		return is_stream(sk) ? -EISCONN : -ECONNREFUSED;
	if (!is_stream(sk) && len > UNIX_DGRAM_BYTES)
		return -EMSGSIZE;
	/*
	 * An empty write sends an empty datagram. On a stream it sends nothing, but fails if the
	 * stream has ended.
	 */
	err = send_error(sk, peer);
	while (!err && (sent < len || (!is_stream(sk) && !sent))) {
		size_t n = is_stream(sk) ? min_t(size_t, len - sent, CHUNK) : len;
		struct sk_buff *skb = packet_from(&msg->msg_iter, n, &err);

		if (!skb)
			break;
		err = deliver(sk, peer, skb, &timeo);
		if (err)
			break;
		sent += n;
		if (!is_stream(sk))
			return sent;
	}
	if (sent || !err)
		return sent;
	return is_stream(sk) ? sk_stream_error(sk, msg->msg_flags, err) : err;
}

/* ---- receiving ----------------------------------------------------------------------------------- */

/* Removes and frees @skb, the oldest packet in the queue of @sk, which the caller has locked. */
static void consume(struct sock *sk, struct sk_buff *skb)
{
	struct unix_sock *u = unix_sk(sk);

	__skb_unlink(skb, &sk->sk_receive_queue);
	WRITE_ONCE(u->queued, u->queued - skb->truesize);
	consume_skb(skb);
}

/* Wakes the peer if it may send again.  No socket locked. */
static void wake_sender(struct sock *sk)
{
	struct sock *peer = unix_sk(sk)->peer;

	if (peer && is_writable(peer, sk))
		peer->sk_write_space(peer);
}

/*
 * Waits for a packet.  Returns it, or NULL and 0 (the end of the stream) or -errno in *@err. @sk locked.
 */
static struct sk_buff *wait_packet(struct sock *sk, long *timeo, int *err)
{
	for (;;) {
		struct sk_buff *skb = skb_peek(&sk->sk_receive_queue);

		if (skb)
			return skb;
		*err = sock_error(sk);
		if (*err)
			return NULL;
		/* A datagram socket reports the end only to a caller that would wait, as on Linux. */
		if (sk->sk_shutdown & RCV_SHUTDOWN && (is_stream(sk) || *timeo))
			return NULL;
		*err = is_stream(sk) && !unix_sk(sk)->peer ? -EINVAL : -EAGAIN;
		if (!unix_sk(sk)->peer || !*timeo)
			return NULL;
		if (signal_pending(current)) {
			*err = sock_intr_errno(*timeo);
			return NULL;
		}
		sk_wait_data(sk, timeo, NULL);
	}
}

/*
 * Copies at most @len bytes from the queue. Waits only until as many have come as sock_rcvlowat()
 * says. @sk locked.
 */
static int stream_recv(struct sock *sk, struct kmsghdr *msg, size_t len, int flags)
{
	long timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	size_t target = sock_rcvlowat(sk, flags & MSG_WAITALL, len), copied = 0;
	struct sk_buff *skb = NULL;
	int err = 0;

	do {
		size_t n;

		/*
		 * A peek continues with the packet after the last one, and does not wait if there
		 * is none.
		 */
		if (flags & MSG_PEEK && skb) {
			skb = skb->next == (struct sk_buff *)&sk->sk_receive_queue ? NULL
										   : skb->next;
			if (!skb)
				break;
		} else {
			if (copied >= target && skb_queue_empty(&sk->sk_receive_queue))
				break;
			skb = wait_packet(sk, &timeo, &err);
			if (!skb)
				break;
		}
		n = min_t(size_t, len - copied, skb->len);
		if (copy_to_iter(skb->data, n, &msg->msg_iter) != n) {
			err = -EFAULT;
			break;
		}
		copied += n;
		if (flags & MSG_PEEK)
			continue;
		if (n < skb->len)
			__skb_pull(skb, n);
		else
			consume(sk, skb);
	} while (copied < len);
	return copied ? (int)copied : err;
}

static int dgram_recv(struct sock *sk, struct kmsghdr *msg, size_t len, int flags)
{
	long timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	struct sk_buff *skb;
	int err = 0;
	size_t n;

	skb = wait_packet(sk, &timeo, &err);
	if (!skb)
		return err;
	n = min_t(size_t, len, skb->len);
	if (copy_to_iter(skb->data, n, &msg->msg_iter) != n)
		return -EFAULT;
	if (n < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	err = flags & MSG_TRUNC ? skb->len : n;
	if (!(flags & MSG_PEEK))
		consume(sk, skb);
	return err;
}

static int unix_recvmsg(struct socket *sock, struct kmsghdr *msg, size_t len, int flags)
{
	struct sock *sk = sock->sk;
	int res;

	if (flags & MSG_OOB)
		return is_stream(sk) ? -EINVAL : -EOPNOTSUPP;
	msg->msg_namelen = 0;
	lock_sock(sk);
	res = is_stream(sk) ? stream_recv(sk, msg, len, flags) : dgram_recv(sk, msg, len, flags);
	release_sock(sk);
	if (res >= 0)
		wake_sender(sk);
	return res;
}

/* ---- poll(), shutdown(), close() ----------------------------------------------------------------- */

static unsigned int unix_poll(struct file *file, struct socket *sock, struct poll_table *wait)
{
	const struct sock *sk = sock->sk, *peer = unix_sk(sk)->peer;
	unsigned int mask = 0;

	poll_wait(file, sk_sleep(sock->sk), wait);
	if (sk->sk_err)
		mask |= EPOLLERR;
	if (READ_ONCE(sk->sk_shutdown) == SHUTDOWN_MASK || (is_stream(sk) && !peer))
		mask |= EPOLLHUP;
	if (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN)
		mask |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
	if (!skb_queue_empty(&sk->sk_receive_queue))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (!peer || is_writable(sk, peer))
		mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	return mask;
}

static void shut(struct sock *sk, int directions)
{
	lock_sock(sk);
	sk->sk_shutdown |= directions;
	release_sock(sk);
	sk->sk_state_change(sk);
}

static int unix_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk, *peer = unix_sk(sk)->peer;
	int directions = how + 1; /* SHUT_RD, SHUT_WR, SHUT_RDWR become bits */

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	if (!peer && is_stream(sk))
		return 0;
	shut(sk, directions);
	if (peer && is_stream(sk))
		shut(peer, (directions & RCV_SHUTDOWN ? SEND_SHUTDOWN : 0) |
				   (directions & SEND_SHUTDOWN ? RCV_SHUTDOWN : 0));
	return 0;
}

/*
 * The peer can still read the bytes that were sent to it, and then the end. If this socket has
 * unread bytes from the peer, they are lost, and the peer of a stream gets ECONNRESET.
 */
static int unix_release(struct socket *sock)
{
	struct sock *sk = sock->sk, *peer;
	struct sk_buff *skb;
	bool lost;

	if (!sk)
		return 0;
	lock_sock(sk);
	peer = unix_sk(sk)->peer;
	lost = !skb_queue_empty(&sk->sk_receive_queue);
	WRITE_ONCE(unix_sk(sk)->closed, true);
	while ((skb = skb_peek(&sk->sk_receive_queue)))
		consume(sk, skb);
	release_sock(sk);
	if (peer && is_stream(sk)) {
		if (lost)
			WRITE_ONCE(peer->sk_err, ECONNRESET);
		shut(peer, SHUTDOWN_MASK);
	} else if (peer) {
		peer->sk_state_change(peer);
	}
	sock->sk = NULL;
	sk_common_release(sk);
	if (peer)
		sock_put(peer);
	return 0;
}

/* ---- the other operations ------------------------------------------------------------------------ */

static int unix_getname(struct socket *sock, struct sockaddr *addr, int peer)
{
	if (peer && !unix_sk(sock->sk)->peer)
		return -ENOTCONN;
	addr->sa_family = AF_UNIX;
	return sizeof(addr->sa_family);
}

static int unix_bind(struct socket *sock, struct sockaddr *addr, int addr_len)
{
	return -EOPNOTSUPP;
}

static int unix_connect(struct socket *sock, struct sockaddr *addr, int addr_len, int flags)
{
	return unix_sk(sock->sk)->peer && is_stream(sock->sk) ? -EISCONN : -ECONNREFUSED;
}

static int unix_accept(struct socket *sock, struct socket *newsock, int flags)
{
	return is_stream(sock->sk) ? -EINVAL : -EOPNOTSUPP;
}

static int unix_listen(struct socket *sock, int backlog)
{
	return is_stream(sock->sk) ? -EINVAL : -EOPNOTSUPP;
}

static int unix_setsockopt(struct socket *sock, int level, int optname, const void __user *optval,
			   unsigned int optlen)
{
	return -EOPNOTSUPP;
}

static int unix_getsockopt(struct socket *sock, int level, int optname, void __user *optval,
			   int __user *optlen)
{
	return -EOPNOTSUPP;
}

/* FIONREAD: the bytes of a stream, or those of the next datagram. */
static int unix_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	struct sock *sk = sock->sk;
	const struct sk_buff *skb;
	int n = 0;

	if (cmd != SIOCINQ)
		return -ENOTTY;
	lock_sock(sk);
	for (skb = sk->sk_receive_queue.next; skb != (void *)&sk->sk_receive_queue;
	     skb = skb->next) {
		n += skb->len;
		if (!is_stream(sk))
			break;
	}
	release_sock(sk);
	return copy_to_user((void __user *)arg, &n, sizeof(n)) ? -EFAULT : 0;
}

static int unix_socketpair(struct socket *a, struct socket *b)
{
	sock_hold(b->sk);
	unix_sk(a->sk)->peer = b->sk;
	sock_hold(a->sk);
	unix_sk(b->sk)->peer = a->sk;
	a->state = b->state = SS_CONNECTED;
	return 0;
}

static const struct proto_ops unix_ops = {
	.family = AF_UNIX,
	.release = unix_release,
	.bind = unix_bind,
	.connect = unix_connect,
	.socketpair = unix_socketpair,
	.accept = unix_accept,
	.getname = unix_getname,
	.poll = unix_poll,
	.ioctl = unix_ioctl,
	.listen = unix_listen,
	.shutdown = unix_shutdown,
	.setsockopt = unix_setsockopt,
	.getsockopt = unix_getsockopt,
	.sendmsg = unix_sendmsg,
	.recvmsg = unix_recvmsg,
};

static struct proto unix_proto = {
	.name = "UNIX",
	.obj_size = sizeof(struct unix_sock),
};

static int unix_create(struct socket *sock, int protocol)
{
	struct sock *sk;

	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	if (sock->type != SOCK_STREAM && sock->type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	sk = sk_alloc(AF_UNIX, GFP_KERNEL, &unix_proto);
	if (!sk)
		return -ENOMEM;
	sock->ops = &unix_ops;
	sock_init_data(sock, sk);
	sk->sk_sndbuf = UNIX_SNDBUF;
	return 0;
}

void unix_init(void)
{
	static const struct net_proto_family family = {.family = AF_UNIX, .create = unix_create};

	BUG_ON(proto_register(&unix_proto));
	BUG_ON(sock_register(&family));
}
