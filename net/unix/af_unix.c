/* SPDX-License-Identifier: MIT */
/*
 * The address family AF_UNIX: sockets of one machine, connected by names or by socketpair().
 *
 * sock_register() <- unix_init(); net/socket.c calls the functions of unix_{stream,dgram,
 * seqpacket}_ops. Process context; af_unix.h has the locks and the references. The machine has one
 * process, so both ends are its own: a server and a client in one program, or libraries that use a
 * socket as a queue between threads.
 *
 * connect() makes the socket that accept() will return, an embryo, connects both, and puts the
 * embryo into the accept queue of the listener, all under unix_lock. So the client may write at
 * once. unix(7), POSIX 2.10; compare Linux's net/unix/af_unix.c.
 */
#include "net/unix/af_unix.h"

#include "include/uapi/ioctl.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/proc.h"
#include "kernel/mm/uaccess.h"
#include "kernel/process/signal.h"
#include "net/core/datagram.h"

DEFINE_SPINLOCK(unix_lock);
LIST_HEAD(unix_sockets);

/* ---- room ------------------------------------------------------------------------------------- */

/* Bytes of the packets that @sk sent and that are not yet read. */
static int unread_bytes(const struct sock *sk)
{
	return atomic_read(&sk->sk_wmem_alloc) - 1;
}

bool unix_writable(const struct sock *sk)
{
	return READ_ONCE(sk->sk_state) != TCP_LISTEN &&
	       (s64)unread_bytes(sk) * 4 <= READ_ONCE(sk->sk_sndbuf);
}

bool unix_recvq_full(const struct sock *sk)
{
	return READ_ONCE(sk->sk_receive_queue.qlen) > UNIX_DGRAM_QLEN;
}

/* sk_write_space: a packet of @sk was read, or the queue of its peer has room again. */
static void unix_write_space(struct sock *sk)
{
	if (!unix_writable(sk))
		return;
	spin_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_wq && wq_has_sleeper(&sk->sk_wq->wait))
		wake_up_interruptible_poll(&sk->sk_wq->wait, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
	spin_unlock_bh(&sk->sk_callback_lock);
}

int unix_wait_for_peer(struct sock *other, long *timeo, bool (*full)(const struct sock *other))
{
	struct unix_sock *u = unix_sk(other);
	DEFINE_WAIT(wait);
	int err = 0;

	prepare_to_wait(&u->peer_wait, &wait, TASK_INTERRUPTIBLE);
	if (signal_pending(current))
		err = sock_intr_errno(*timeo);
	else if (!READ_ONCE(u->closed) && !(READ_ONCE(other->sk_shutdown) & RCV_SHUTDOWN) &&
		 full(other))
		*timeo = schedule_timeout(*timeo);
	finish_wait(&u->peer_wait, &wait);
	return err;
}

/* Wakes the threads that wait for room at @sk, and the datagram sockets that are connected to it. */
static void wake_all_senders(struct sock *sk)
{
	struct unix_sock *u;

	wake_up_all(&unix_sk(sk)->peer_wait);
	spin_lock(&unix_lock);
	list_for_each_entry(u, &unix_sockets, all) {
		if (u->peer == sk && u->sk.sk_type == SOCK_DGRAM)
			unix_write_space(&u->sk);
	}
	spin_unlock(&unix_lock);
}

void unix_wake_senders(struct sock *sk)
{
	struct unix_sock *u = unix_sk(sk);

	if (!READ_ONCE(u->congested) || unix_recvq_full(sk))
		return;
	WRITE_ONCE(u->congested, false);
	wake_all_senders(sk);
}

struct sock *unix_peer_get(struct sock *sk)
{
	struct sock *peer;

	spin_lock(&unix_lock);
	peer = unix_sk(sk)->peer;
	if (peer)
		sock_hold(peer);
	spin_unlock(&unix_lock);
	return peer;
}

/* ---- socket() --------------------------------------------------------------------------------- */

static struct proto unix_proto;

static void unix_destruct(struct sock *sk)
{
	WARN_ON(!skb_queue_empty(&sk->sk_receive_queue));
	unix_address_put(unix_sk(sk)->addr);
}

/* Allocates a sock. @sock is NULL if a later accept() will return the socket. */
static struct sock *unix_new_sock(struct socket *sock, int type)
{
	struct sock *sk = sk_alloc(AF_UNIX, GFP_KERNEL, &unix_proto);
	struct unix_sock *u = unix_sk(sk);

	if (!sk)
		return NULL;
	sock_init_data(sock, sk);
	sk->sk_type = type;
	sk->sk_sndbuf = UNIX_SNDBUF;
	sk->sk_write_space = unix_write_space;
	sk->sk_destruct = unix_destruct;
	INIT_LIST_HEAD(&u->hashed);
	INIT_LIST_HEAD(&u->embryos);
	INIT_LIST_HEAD(&u->in_queue);
	init_waitqueue_head(&u->peer_wait);
	u->peercred = (struct ucred){.uid = -1, .gid = -1};
	spin_lock(&unix_lock);
	list_add_tail(&u->all, &unix_sockets);
	spin_unlock(&unix_lock);
	return sk;
}

/* ---- bind(), listen() ------------------------------------------------------------------------- */

static int unix_bind(struct socket *sock, struct sockaddr *addr, int addr_len)
{
	struct sockaddr_un *name = (struct sockaddr_un *)addr;
	struct sock *sk = sock->sk;
	int err;

	if (addr_len == sizeof(name->sun_family) && name->sun_family == AF_UNIX)
		return unix_autobind(sk);
	addr_len = unix_check_name(name, addr_len);
	if (addr_len < 0)
		return addr_len;
	lock_sock(sk);
	err = unix_take_name(sk, name, addr_len);
	release_sock(sk);
	return err;
}

static int unix_listen(struct socket *sock, int backlog)
{
	struct sock *sk = sock->sk;
	struct unix_sock *u = unix_sk(sk);
	int err = 0;

	if (!unix_has_connections(sk))
		return -EOPNOTSUPP;
	spin_lock(&unix_lock);
	if (!u->addr || (sk->sk_state != TCP_CLOSE && sk->sk_state != TCP_LISTEN)) {
		err = -EINVAL;
	} else {
		sk->sk_state = TCP_LISTEN;
		sk->sk_max_ack_backlog = backlog;
		unix_creds(&u->peercred, true);
	}
	spin_unlock(&unix_lock);
	if (!err)
		wake_up_all(&u->peer_wait); /* the backlog may be longer now */
	return err;
}

/* ---- connect() -------------------------------------------------------------------------------- */

static bool backlog_full(const struct sock *sk)
{
	return READ_ONCE(sk->sk_ack_backlog) > READ_ONCE(sk->sk_max_ack_backlog);
}

/* Makes each of the two the peer of the other. unix_lock held. */
static void join(struct sock *a, struct sock *b)
{
	sock_hold(b);
	unix_sk(a)->peer = b;
	sock_hold(a);
	unix_sk(b)->peer = a;
	a->sk_state = b->sk_state = TCP_ESTABLISHED;
}

/*
 * Connects @sk through @newsk to the listener @other, whose accept queue takes over the reference to
 * @newsk. unix_lock held. Returns 0 or -errno; -EAGAIN: the queue is full.
 */
static int try_connect(struct sock *sk, struct sock *newsk, struct sock *other)
{
	struct unix_sock *listener = unix_sk(other), *embryo = unix_sk(newsk);

	if (listener->closed || other->sk_state != TCP_LISTEN || other->sk_shutdown & RCV_SHUTDOWN)
		return -ECONNREFUSED;
	if (backlog_full(other))
		return -EAGAIN;
	if (sk->sk_state != TCP_CLOSE)
		return sk->sk_state == TCP_ESTABLISHED ? -EISCONN : -EINVAL;
	join(sk, newsk);
	unix_sk(sk)->peercred = listener->peercred;
	unix_creds(&embryo->peercred, true);
	refcount_inc(&listener->addr->refs);
	embryo->addr = listener->addr;
	if (sock_flag(other, SOCK_PASSCRED))
		sock_set_flag(newsk, SOCK_PASSCRED);
	embryo->embryo = true;
	list_add_tail(&embryo->in_queue, &listener->embryos);
	other->sk_ack_backlog++;
	return 0;
}

/* Ends a socket that was never connected. */
static void discard(struct sock *sk)
{
	spin_lock(&unix_lock);
	list_del(&unix_sk(sk)->all);
	spin_unlock(&unix_lock);
	sk_common_release(sk);
}

static int stream_connect(struct socket *sock, const struct sockaddr_un *name, int len, int flags)
{
	struct sock *sk = sock->sk, *newsk, *other;
	long timeo = sock_sndtimeo(sk, flags & O_NONBLOCK);
	int err = 0;

	newsk = unix_new_sock(NULL, sk->sk_type);
	if (!newsk)
		return -ENOMEM;
	for (;;) {
		other = unix_find(name, len, sk->sk_type, &err);
		if (!other)
			break;
		spin_lock(&unix_lock);
		err = try_connect(sk, newsk, other);
		spin_unlock(&unix_lock);
		if (err != -EAGAIN || !timeo)
			break;
		err = unix_wait_for_peer(other, &timeo, backlog_full);
		if (err)
			break;
		sock_put(other);
	}
	if (err)
		discard(newsk);
	else
		sock->state = SS_CONNECTED;
	if (other) {
		if (!err)
			other->sk_data_ready(other);
		sock_put(other);
	}
	return err;
}

static int unix_stream_connect(struct socket *sock, struct sockaddr *addr, int addr_len, int flags)
{
	struct sockaddr_un *name = (struct sockaddr_un *)addr;
	int err;

	addr_len = unix_check_name(name, addr_len);
	if (addr_len < 0)
		return addr_len;
	if (sock_flag(sock->sk, SOCK_PASSCRED)) {
		err = unix_autobind(sock->sk);
		if (err)
			return err;
	}
	return stream_connect(sock, name, addr_len, flags);
}

/*
 * Makes @other, with its reference, the peer of a datagram socket. If @other is NULL, the socket
 * has no peer afterwards. Returns 0 or -EPERM.
 */
static int dgram_set_peer(struct socket *sock, struct sock *other)
{
	struct sock *sk = sock->sk, *old;
	struct unix_sock *u = unix_sk(sk);

	spin_lock(&unix_lock);
	/* A socket that is connected to another one receives only from that one. */
	if (other && unix_sk(other)->peer && unix_sk(other)->peer != sk) {
		spin_unlock(&unix_lock);
		sock_put(other);
		return -EPERM;
	}
	old = u->peer;
	u->peer = other;
	sk->sk_state = other ? TCP_ESTABLISHED : TCP_CLOSE;
	sock->state = other ? SS_CONNECTED : SS_UNCONNECTED;
	spin_unlock(&unix_lock);
	if (old && old != other) {
		lock_sock(sk);
		unix_dgram_disconnected(sk, old);
		release_sock(sk);
	}
	if (old)
		sock_put(old);
	sk->sk_write_space(sk); /* a thread may be waiting for room at the old peer */
	return 0;
}

static int unix_dgram_connect(struct socket *sock, struct sockaddr *addr, int addr_len, int flags)
{
	struct sockaddr_un *name = (struct sockaddr_un *)addr;
	struct sock *other;
	int err;

	if (addr_len < (int)sizeof(addr->sa_family))
		return -EINVAL;
	if (addr->sa_family == AF_UNSPEC)
		return dgram_set_peer(sock, NULL);
	addr_len = unix_check_name(name, addr_len);
	if (addr_len < 0)
		return addr_len;
	if (sock_flag(sock->sk, SOCK_PASSCRED)) {
		err = unix_autobind(sock->sk);
		if (err)
			return err;
	}
	other = unix_find(name, addr_len, sock->sk->sk_type, &err);
	return other ? dgram_set_peer(sock, other) : err;
}

static int unix_socketpair(struct socket *a, struct socket *b)
{
	spin_lock(&unix_lock);
	join(a->sk, b->sk);
	unix_creds(&unix_sk(a->sk)->peercred, true);
	unix_sk(b->sk)->peercred = unix_sk(a->sk)->peercred;
	spin_unlock(&unix_lock);
	a->state = b->state = SS_CONNECTED;
	return 0;
}

/* ---- accept() --------------------------------------------------------------------------------- */

static struct sock *take_embryo(struct sock *sk)
{
	struct unix_sock *u;

	spin_lock(&unix_lock);
	u = list_first_entry_or_null(&unix_sk(sk)->embryos, struct unix_sock, in_queue);
	if (u) {
		list_del_init(&u->in_queue);
		sk->sk_ack_backlog--;
		u->embryo = false;
	}
	spin_unlock(&unix_lock);
	return u ? &u->sk : NULL;
}

static struct sock *wait_for_embryo(struct sock *sk, long timeo, int *err)
{
	struct sock *newsk;
	DEFINE_WAIT(wait);

	for (;;) {
		prepare_to_wait_exclusive(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		newsk = take_embryo(sk);
		if (newsk)
			break;
		*err = -EAGAIN;
		if (!timeo)
			break;
		*err = -EINVAL;
		if (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN)
			break;
		*err = sock_intr_errno(timeo);
		if (signal_pending(current))
			break;
		timeo = schedule_timeout(timeo);
	}
	finish_wait(sk_sleep(sk), &wait);
	return newsk;
}

static int unix_accept(struct socket *sock, struct socket *newsock, int flags)
{
	struct sock *sk = sock->sk, *newsk;
	int err = 0;

	if (!unix_has_connections(sk))
		return -EOPNOTSUPP;
	if (READ_ONCE(sk->sk_state) != TCP_LISTEN)
		return -EINVAL;
	newsk = wait_for_embryo(sk, sock_rcvtimeo(sk, flags & O_NONBLOCK), &err);
	if (!newsk)
		return err;
	wake_up_all(&unix_sk(sk)->peer_wait);
	sock_graft(newsk, newsock);
	newsock->state = SS_CONNECTED;
	return 0;
}

/* ---- poll(), names, requests ------------------------------------------------------------------ */

/*
 * Returns true if a write would not wait, because the send buffer has room. If @sk is a datagram socket, and its peer
 * is not connected to @sk in turn, the receive queue of the peer must have room, too.
 */
static bool may_write(const struct sock *sk)
{
	struct unix_sock *peer;
	bool may = unix_writable(sk);

	spin_lock(&unix_lock);
	peer = unix_sk(unix_sk(sk)->peer);
	if (may && peer && sk->sk_type == SOCK_DGRAM && peer->peer != sk && !peer->closed &&
	    unix_recvq_full(&peer->sk)) {
		peer->congested = true; /* a read at the peer then wakes this socket's writers */
		may = false;
	}
	spin_unlock(&unix_lock);
	return may;
}

static unsigned int unix_poll(struct file *file, struct socket *sock, struct poll_table *wait)
{
	const struct sock *sk = sock->sk;
	unsigned int mask = 0;

	poll_wait(file, sk_sleep(sock->sk), wait);
	if (READ_ONCE(sk->sk_err))
		mask |= EPOLLERR;
	if (READ_ONCE(sk->sk_shutdown) == SHUTDOWN_MASK ||
	    (unix_has_connections(sk) && READ_ONCE(sk->sk_state) == TCP_CLOSE))
		mask |= EPOLLHUP;
	if (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN)
		mask |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
	if (!skb_queue_empty(&sk->sk_receive_queue) || READ_ONCE(sk->sk_ack_backlog))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (may_write(sk))
		mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	return mask;
}

static int unix_getname(struct socket *sock, struct sockaddr *addr, int peer)
{
	struct kmsghdr msg = {.msg_name = (struct sockaddr_storage *)addr};
	struct sock *sk = sock->sk;

	if (peer) {
		sk = unix_peer_get(sk);
		if (!sk)
			return -ENOTCONN;
	}
	addr->sa_family = AF_UNIX;
	unix_copy_name(&msg, sk);
	if (peer)
		sock_put(sk);
	return msg.msg_namelen ? msg.msg_namelen : (int)sizeof(addr->sa_family);
}

/* FIONREAD: the bytes of a connection, or those of the next datagram. */
static int readable_bytes(struct sock *sk)
{
	const struct sk_buff *skb;
	int n = 0;

	spin_lock(&unix_lock);
	skb_queue_walk(&sk->sk_receive_queue, skb) {
		n += skb->len;
		if (!unix_has_connections(sk))
			break;
	}
	spin_unlock(&unix_lock);
	return n;
}

static int unix_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	struct sock *sk = sock->sk;
	int n;

	if (cmd == SIOCINQ) {
		if (sk->sk_state == TCP_LISTEN)
			return -EINVAL;
		n = readable_bytes(sk);
	} else if (cmd == SIOCOUTQ) {
		n = unread_bytes(sk);
	} else {
		return -ENOTTY;
	}
	return copy_to_user((void __user *)arg, &n, sizeof(n)) ? -EFAULT : 0;
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

static void unix_peercred(const struct sock *sk, struct ucred *creds)
{
	*creds = unix_sk(sk)->peercred;
}

/* ---- shutdown(), close() ---------------------------------------------------------------------- */

static void shut(struct sock *sk, int directions)
{
	spin_lock(&unix_lock);
	sk->sk_shutdown |= directions;
	spin_unlock(&unix_lock);
	sk->sk_state_change(sk);
	if (directions & RCV_SHUTDOWN)
		wake_up_all(&unix_sk(sk)->peer_wait);
}

static int unix_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk, *peer;
	int directions = how + 1; /* SHUT_RD, SHUT_WR, SHUT_RDWR become bits */

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	shut(sk, directions);
	peer = unix_has_connections(sk) ? unix_peer_get(sk) : NULL;
	if (peer) {
		shut(peer, (directions & RCV_SHUTDOWN ? SEND_SHUTDOWN : 0) |
				   (directions & SEND_SHUTDOWN ? RCV_SHUTDOWN : 0));
		sock_put(peer);
	}
	return 0;
}

/* Tells the peer that @sk is closed. @lost: data was lost, or no thread accepted the connection. */
static void tell_peer(struct sock *sk, struct sock *peer, bool lost)
{
	if (unix_has_connections(sk)) {
		if (lost)
			WRITE_ONCE(peer->sk_err, ECONNRESET);
		shut(peer, SHUTDOWN_MASK);
	} else {
		peer->sk_state_change(peer);
	}
	sock_put(peer);
}

/*
 * Closes @sk. The peer can still read the bytes that were sent to it, and then the end. If unread bytes
 * from the peer are lost, or if @sk is an @embryo, the peer gets ECONNRESET.
 */
static void close_sock(struct sock *sk, bool embryo)
{
	struct unix_sock *u = unix_sk(sk), *child;
	struct list_head embryos;
	struct sk_buff_head queue;
	struct sk_buff *skb;
	struct sock *peer;
	bool lost;

	INIT_LIST_HEAD(&embryos);
	__skb_queue_head_init(&queue);
	spin_lock(&unix_lock);
	u->closed = true;
	sk->sk_state = TCP_CLOSE;
	peer = u->peer;
	u->peer = NULL;
	list_del(&u->all);
	unix_unhash(u);
	skb_queue_walk(&sk->sk_receive_queue, skb)
		unix_scm_unqueued(sk, skb);
	lost = embryo || !skb_queue_empty(&sk->sk_receive_queue);
	skb_queue_splice_tail_init(&sk->sk_receive_queue, &queue);
	list_splice_tail_init(&u->embryos, &embryos);
	spin_unlock(&unix_lock);

	wake_all_senders(sk);
	while ((child = list_first_entry_or_null(&embryos, struct unix_sock, in_queue))) {
		list_del_init(&child->in_queue);
		close_sock(&child->sk, true);
	}
	if (peer)
		tell_peer(sk, peer, lost);
	while ((skb = __skb_dequeue(&queue)))
		unix_free_skb(skb);
	dput(u->dentry);
	sk_common_release(sk);
}

static int unix_release(struct socket *sock)
{
	struct sock *sk = sock->sk;

	if (!sk)
		return 0; /* made by accept(), which returned no connection */
	sock->sk = NULL;
	close_sock(sk, false);
	return 0;
}

/* ---- tables, /proc, boot ---------------------------------------------------------------------- */

/* The operations of all types, apart from connect() and sendmsg(). */
#define UNIX_OPS                                                                                   \
	.family = AF_UNIX, .takes_cmsg = true, .release = unix_release, .bind = unix_bind,         \
	.socketpair = unix_socketpair, .accept = unix_accept, .getname = unix_getname,             \
	.poll = unix_poll, .ioctl = unix_ioctl, .listen = unix_listen, .shutdown = unix_shutdown,  \
	.setsockopt = unix_setsockopt, .getsockopt = unix_getsockopt, .recvmsg = unix_recvmsg

static const struct proto_ops unix_stream_ops = {
	UNIX_OPS,
	.connect = unix_stream_connect,
	.sendmsg = unix_stream_sendmsg,
};
static const struct proto_ops unix_seqpacket_ops = {
	UNIX_OPS,
	.connect = unix_stream_connect,
	.sendmsg = unix_seqpacket_sendmsg,
};
static const struct proto_ops unix_dgram_ops = {
	UNIX_OPS,
	.connect = unix_dgram_connect,
	.sendmsg = unix_dgram_sendmsg,
};

static struct proto unix_proto = {
	.name = "UNIX",
	.obj_size = sizeof(struct unix_sock),
	.peercred = unix_peercred,
};

static int unix_create(struct socket *sock, int protocol)
{
	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	switch (sock->type) {
	case SOCK_STREAM:
		sock->ops = &unix_stream_ops;
		break;
	case SOCK_RAW: /* as on Linux: another name of SOCK_DGRAM */
		sock->type = SOCK_DGRAM;
		fallthrough;
	case SOCK_DGRAM:
		sock->ops = &unix_dgram_ops;
		break;
	case SOCK_SEQPACKET:
		sock->ops = &unix_seqpacket_ops;
		break;
	default:
		return -ESOCKTNOSUPPORT;
	}
	if (unix_new_sock(sock, sock->type))
		return 0;
	sock->ops = NULL;
	return -ENOMEM;
}

/* The columns are Linux's. The first, in Linux the socket's address in memory, is 0 here. */
static int unix_show(struct seq_file *m)
{
	const struct unix_sock *u;

	seq_puts(m, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	spin_lock(&unix_lock);
	list_for_each_entry(u, &unix_sockets, all) {
		const struct sock *sk = &u->sk;
		const bool connected = sk->sk_state == TCP_ESTABLISHED;
		unsigned long ino = sk->sk_socket ? SOCK_INODE(sk->sk_socket)->i_ino : 0;

		seq_printf(m, "%016x: %08X %08X %08X %04X %02X %5lu", 0,
			   refcount_read(&sk->sk_refcnt), 0,
			   sk->sk_state == TCP_LISTEN ? 0x10000 : 0, sk->sk_type,
			   sk->sk_socket ? (connected ? SS_CONNECTED : SS_UNCONNECTED)
					 : (connected ? SS_CONNECTING : SS_DISCONNECTING),
			   ino);
		if (u->addr)
			seq_putc(m, ' ');
		for (int i = sizeof(sa_family_t); u->addr && i < u->addr->len; i++) {
			char c = ((const char *)&u->addr->name)[i];

			if (c)
				seq_putc(m, c);
			else if (!u->addr->name.sun_path[0])
				seq_putc(m, '@');
		}
		seq_putc(m, '\n');
	}
	spin_unlock(&unix_lock);
	return 0;
}

void unix_init(void)
{
	static const struct net_proto_family family = {.family = AF_UNIX, .create = unix_create};
	static const struct proc_entry entries[] = {
		{"net/unix", unix_show},
	};

	BUG_ON(proto_register(&unix_proto));
	BUG_ON(sock_register(&family));
	proc_register(entries, ARRAY_SIZE(entries));
}
