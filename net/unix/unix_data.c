/* SPDX-License-Identifier: MIT */
/*
 * Sending and receiving on AF_UNIX sockets.
 *
 * sendto(), write() and others -> unix_{stream,dgram,seqpacket}_sendmsg(); recvfrom(), read() and
 * others -> unix_recvmsg() (process). A sender waits for room in its own send buffer
 * (sock_alloc_send_skb), fills a packet, and puts it into the receive queue of its peer under
 * unix_lock. A reader holds lock_sock() of its socket, so that a packet stays while its bytes are
 * copied, and takes the packet out under unix_lock. Files that a message no longer needs are closed
 * without a lock, because the file may be a socket. unix(7); compare Linux's net/unix/af_unix.c.
 */
#include "include/uapi/errno.h"
#include "kernel/process/signal.h"
#include "net/core/datagram.h"
#include "net/unix/af_unix.h"

/* Most bytes of a stream in one packet; with its headers it takes 16 KiB. */
#define CHUNK (15 * 1024)

/* ---- sending ---------------------------------------------------------------------------------- */

/*
 * Returns a packet with the next @n bytes and with the files and credentials of @scm, charged to @sk,
 * after waiting for room; or NULL and -errno in *@err.
 */
static struct sk_buff *packet_from(struct sock *sk, struct kmsghdr *msg, size_t n,
				   struct unix_scm *scm, int *err)
{
	struct sk_buff *skb = sock_alloc_send_skb(sk, n, msg->msg_flags & MSG_DONTWAIT, err);

	if (!skb)
		return NULL;
	if (copy_from_iter(skb_put(skb, n), n, &msg->msg_iter) == n) {
		unix_scm_attach(skb, scm);
		return skb;
	}
	*err = -EFAULT;
	consume_skb(skb);
	return NULL;
}

/* Returns 0, or the errno with which a packet of a connection to @peer fails. unix_lock held. */
static int connection_error(const struct sock *sk, const struct sock *peer)
{
	if (sk->sk_shutdown & SEND_SHUTDOWN || unix_sk(peer)->closed ||
	    peer->sk_shutdown & RCV_SHUTDOWN)
		return -EPIPE;
	return 0;
}

/* Puts the packet into the queue of @to. unix_lock held. Returns 0 or -ETOOMANYREFS. */
static int queue_packet(struct sock *to, struct sk_buff *skb)
{
	int err = unix_scm_may_queue(to, skb);

	if (err)
		return err;
	unix_scm_queued(to, skb);
	__skb_queue_tail(&to->sk_receive_queue, skb);
	return 0;
}

/* Queues a part of a stream. On an error the packet is freed. */
static int stream_deliver(struct sock *sk, struct sock *peer, struct sk_buff *skb)
{
	int err;

	spin_lock(&unix_lock);
	err = connection_error(sk, peer);
	if (!err)
		err = queue_packet(peer, skb);
	spin_unlock(&unix_lock);
	if (err)
		unix_free_skb(skb);
	else
		peer->sk_data_ready(peer);
	return err;
}

static int stream_send(struct sock *sk, struct sock *peer, struct kmsghdr *msg, size_t len,
		       struct unix_scm *scm)
{
	size_t sent = 0;
	int err;

	/* An empty write sends nothing, but fails if the stream has ended. */
	spin_lock(&unix_lock);
	err = sk->sk_shutdown & SEND_SHUTDOWN ? -EPIPE : 0;
	if (!err && !len)
		err = connection_error(sk, peer);
	spin_unlock(&unix_lock);
	while (!err && sent < len) {
		size_t n = min_t(size_t, len - sent, CHUNK);
		struct sk_buff *skb = packet_from(sk, msg, n, scm, &err);

		if (skb)
			err = stream_deliver(sk, peer, skb);
		if (!err)
			sent += n;
	}
	if (sent || !err)
		return sent;
	if (err == -EPIPE && !(msg->msg_flags & MSG_NOSIGNAL))
		send_sigpipe();
	return err;
}

int unix_stream_sendmsg(struct socket *sock, struct kmsghdr *msg, size_t len)
{
	struct sock *sk = sock->sk, *peer;
	struct unix_scm scm;
	int res;

	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	res = unix_scm_send(msg, &scm);
	if (res)
		return res;
	peer = unix_peer_get(sk);
	if (msg->msg_namelen)
		res = sk->sk_state == TCP_ESTABLISHED ? -EISCONN : -EOPNOTSUPP;
	else if (!peer)
		res = -ENOTCONN;
	else
		res = stream_send(sk, peer, msg, len, &scm);
	if (peer)
		sock_put(peer);
	unix_scm_free(&scm);
	return res;
}

/* ---- datagrams -------------------------------------------------------------------------------- */

void unix_dgram_disconnected(struct sock *sk, struct sock *old)
{
	struct sk_buff_head dropped;
	struct sk_buff *skb;
	bool told = false;

	__skb_queue_head_init(&dropped);
	spin_lock(&unix_lock);
	skb_queue_walk(&sk->sk_receive_queue, skb)
		unix_scm_unqueued(sk, skb);
	/*
	 * As on Linux, the datagrams in the queue are dropped; if there were any, the former peer, if it is
	 * still connected to this socket, gets an error.
	 */
	if (!skb_queue_empty(&sk->sk_receive_queue)) {
		skb_queue_splice_tail_init(&sk->sk_receive_queue, &dropped);
		told = !unix_sk(old)->closed && unix_sk(old)->peer == sk;
	}
	spin_unlock(&unix_lock);
	while ((skb = __skb_dequeue(&dropped)))
		unix_free_skb(skb);
	unix_wake_senders(sk);
	if (told) {
		WRITE_ONCE(old->sk_err, ECONNRESET);
		old->sk_error_report(old);
	}
}

/*
 * @other, the destination of a datagram, was closed. If @other was the peer of @sk, @sk has no peer any more,
 * and *@lost is set. unix_lock held.
 */
static int lose_peer(struct sock *sk, struct sock *other, bool *lost)
{
	struct unix_sock *u = unix_sk(sk);

	if (sk->sk_type == SOCK_SEQPACKET)
		return -EPIPE;
	if (u->peer == other) {
		u->peer = NULL;
		sk->sk_state = TCP_CLOSE;
		sock_put(other); /* the caller has a reference of its own */
		*lost = true;
	}
	return -ECONNREFUSED;
}

/* Queues a datagram. unix_lock held. Returns 0 or -errno; -EAGAIN: no room. */
static int dgram_try(struct sock *sk, struct sock *other, struct sk_buff *skb, bool *lost)
{
	const struct sock *others_peer = unix_sk(other)->peer;

	/* A connected socket receives only from its peer. */
	if (others_peer && others_peer != sk)
		return -EPERM;
	if (unix_sk(other)->closed)
		return lose_peer(sk, other, lost);
	if (other->sk_shutdown & RCV_SHUTDOWN)
		return -EPIPE;
	if (other != sk && others_peer != sk && unix_recvq_full(other)) {
		unix_sk(other)->congested = true;
		return -EAGAIN;
	}
	return queue_packet(other, skb);
}

/* Queues a datagram at @other, after waiting for room. On an error the packet is freed. */
static int dgram_deliver(struct sock *sk, struct sock *other, struct sk_buff *skb, long timeo)
{
	bool lost = false;
	int err;

	for (;;) {
		spin_lock(&unix_lock);
		err = dgram_try(sk, other, skb, &lost);
		spin_unlock(&unix_lock);
		if (err != -EAGAIN || !timeo)
			break;
		err = unix_wait_for_peer(other, &timeo, unix_recvq_full);
		if (err)
			break;
	}
	if (lost) {
		lock_sock(sk);
		unix_dgram_disconnected(sk, other);
		release_sock(sk);
	}
	if (err)
		unix_free_skb(skb);
	else
		other->sk_data_ready(other);
	return err;
}

/* @other: the connected peer with a reference, or NULL if msg_name has the destination. */
static int dgram_send(struct sock *sk, struct sock *other, struct kmsghdr *msg, size_t len,
		      struct unix_scm *scm)
{
	const struct sockaddr_un *name = (const struct sockaddr_un *)msg->msg_name;
	struct sk_buff *skb;
	int err;

	if (len > (size_t)sk->sk_sndbuf - 32 || len > UNIX_DGRAM_BYTES)
		return -EMSGSIZE;
	if (sock_flag(sk, SOCK_PASSCRED)) {
		err = unix_autobind(sk);
		if (err)
			return err;
	}
	skb = packet_from(sk, msg, len, scm, &err);
	if (!skb)
		return err;
	if (!other) {
		other = unix_find(name, msg->msg_namelen, sk->sk_type, &err);
		if (!other) {
			unix_free_skb(skb);
			return err;
		}
		sock_hold(other); /* this reference and unix_find()'s are both dropped below */
		err = dgram_deliver(sk, other, skb,
				    sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT));
		sock_put(other);
		sock_put(other);
	} else {
		err = dgram_deliver(sk, other, skb,
				    sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT));
	}
	return err ? err : (int)len;
}

int unix_dgram_sendmsg(struct socket *sock, struct kmsghdr *msg, size_t len)
{
	struct sock *sk = sock->sk, *other = NULL;
	struct unix_scm scm;
	int res;

	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	res = unix_scm_send(msg, &scm);
	if (res)
		return res;
	if (msg->msg_namelen) {
		res = unix_check_name((struct sockaddr_un *)msg->msg_name, msg->msg_namelen);
		if (res > 0)
			msg->msg_namelen = res;
	} else {
		other = unix_peer_get(sk);
		res = other ? 0 : -ENOTCONN;
	}
	if (res >= 0)
		res = dgram_send(sk, other, msg, len, &scm);
	if (other)
		sock_put(other);
	unix_scm_free(&scm);
	return res;
}

int unix_seqpacket_sendmsg(struct socket *sock, struct kmsghdr *msg, size_t len)
{
	int err = sock_error(sock->sk);

	if (err)
		return err;
	if (sock->sk->sk_state != TCP_ESTABLISHED)
		return -ENOTCONN;
	msg->msg_namelen = 0;
	return unix_dgram_sendmsg(sock, msg, len);
}

/* ---- receiving -------------------------------------------------------------------------------- */

/* Takes @skb, the oldest packet, out of the queue of @sk, which the caller has locked. */
static void take_packet(struct sock *sk, struct sk_buff *skb)
{
	spin_lock(&unix_lock);
	unix_scm_unqueued(sk, skb);
	__skb_unlink(skb, &sk->sk_receive_queue);
	spin_unlock(&unix_lock);
}

/*
 * Waits for a packet.  Returns it, or NULL and 0 (the end of the stream) or -errno in *@err. @sk
 * locked.
 */
static struct sk_buff *wait_packet(struct sock *sk, long *timeo, int *err)
{
	for (;;) {
		struct sk_buff *skb = skb_peek(&sk->sk_receive_queue);

		/* A stream returns its data before the error, a datagram socket after it. */
		*err = skb && unix_is_stream(sk) ? 0 : sock_error(sk);
		if (skb || *err)
			return *err ? NULL : skb;
		/* A datagram socket reports the end only to a caller that would wait, as on Linux. */
		if (sk->sk_shutdown & RCV_SHUTDOWN && (sk->sk_type != SOCK_DGRAM || *timeo))
			return NULL;
		*err = -EAGAIN;
		if (!*timeo)
			return NULL;
		if (signal_pending(current)) {
			*err = sock_intr_errno(*timeo);
			return NULL;
		}
		sk_wait_data(sk, timeo, NULL);
	}
}

/* The files and credentials that one call has read from its messages, and the packets to free. */
struct reading {
	struct unix_scm scm;
	bool any;             /* a packet was read, so scm.creds is valid */
	struct sk_buff *done; /* packets that were read whole, linked by ->next */
};

/* @skb was taken out of the queue: free it when the socket is not locked any more. */
static void done_with(struct reading *r, struct sk_buff *skb)
{
	skb->next = r->done;
	r->done = skb;
}

/*
 * Takes over the files and credentials of @skb; with MSG_PEEK copies them. Returns false if there is
 * no memory.
 */
static bool read_scm(struct reading *r, struct sk_buff *skb, int flags)
{
	struct unix_scm *scm = UNIXCB(skb);

	r->any = true;
	if (flags & MSG_PEEK)
		return unix_scm_copy(&r->scm, scm);
	r->scm = *scm;
	return true;
}

/*
 * Frees the packets, and returns files and credentials to the reader if @res is no error. @sk not
 * locked.
 */
static void end_reading(struct sock *sk, struct reading *r, struct kmsghdr *msg, int res, int flags)
{
	struct sk_buff *skb;

	while ((skb = r->done)) {
		r->done = skb->next;
		skb->next = NULL;
		consume_skb(skb);
	}
	if (res >= 0 && r->any)
		unix_scm_recv(sk, msg, &r->scm, flags);
	else
		unix_scm_free(&r->scm);
}

static bool same_creds(const struct ucred *a, const struct ucred *b)
{
	return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

/* Returns the packet behind @skb for a peek, or NULL. */
static struct sk_buff *packet_after(struct sock *sk, struct sk_buff *skb)
{
	return skb_queue_is_last(&sk->sk_receive_queue, skb) ? NULL : skb->next;
}

/*
 * Reads the first @n bytes of a packet of a stream. Its files belong to its first byte. The packet
 * is freed when no byte is left. Returns 0, or -EFAULT or -ENOMEM without any change.
 */
static int read_part(struct sock *sk, struct sk_buff *skb, size_t n, struct reading *r,
		     struct kmsghdr *msg, int flags)
{
	if (copy_to_iter(skb->data, n, &msg->msg_iter) != n)
		return -EFAULT;
	if (flags & MSG_PEEK)
		return read_scm(r, skb, flags) ? 0 : -ENOMEM;
	spin_lock(&unix_lock);
	unix_scm_unqueued(sk, skb);
	read_scm(r, skb, flags);
	UNIXCB(skb)->files = NULL;
	if (n < skb->len) {
		__skb_pull(skb, n);
	} else {
		__skb_unlink(skb, &sk->sk_receive_queue);
		done_with(r, skb);
	}
	spin_unlock(&unix_lock);
	return 0;
}

/*
 * Copies at most @len bytes from the queue. Waits only until sock_rcvlowat() bytes have come. A
 * read ends behind a packet with files, and, with SO_PASSCRED, where the credentials change. @sk
 * locked.
 */
static int stream_recv(struct sock *sk, struct kmsghdr *msg, size_t len, int flags,
		       struct reading *r)
{
	long timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	size_t target = sock_rcvlowat(sk, flags & MSG_WAITALL, len), copied = 0;
	struct sk_buff *skb = NULL;
	int err = 0;

	if (sk->sk_state != TCP_ESTABLISHED)
		return -EINVAL;
	do {
		size_t n;

		/* A peek goes on with the next packet, and does not wait if there is none. */
		if (flags & MSG_PEEK && skb)
			skb = packet_after(sk, skb);
		else if (copied >= target && skb_queue_empty(&sk->sk_receive_queue))
			skb = NULL;
		else
			skb = wait_packet(sk, &timeo, &err);
		if (!skb)
			break;
		if (r->any && sock_flag(sk, SOCK_PASSCRED) &&
		    !same_creds(&UNIXCB(skb)->creds, &r->scm.creds))
			break;
		if (!copied && msg->msg_name)
			unix_copy_name(msg, skb->sk);
		n = min_t(size_t, len - copied, skb->len);
		err = read_part(sk, skb, n, r, msg, flags);
		if (!err)
			copied += n;
	} while (!err && copied < len && !r->scm.files);
	return copied ? (int)copied : err;
}

/* As on Linux, a datagram is lost if the program's buffer is invalid. */
static int dgram_recv(struct sock *sk, struct kmsghdr *msg, size_t len, int flags,
		      struct reading *r)
{
	long timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	struct sk_buff *skb;
	int err = 0;
	size_t n;

	if (sk->sk_type == SOCK_SEQPACKET && sk->sk_state != TCP_ESTABLISHED)
		return -ENOTCONN;
	skb = wait_packet(sk, &timeo, &err);
	if (!skb)
		return err;
	if (msg->msg_name)
		unix_copy_name(msg, skb->sk);
	n = min_t(size_t, len, skb->len);
	if (copy_to_iter(skb->data, n, &msg->msg_iter) != n)
		err = -EFAULT;
	else if (n < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	if (!read_scm(r, skb, flags))
		return -ENOMEM;
	if (!(flags & MSG_PEEK)) {
		take_packet(sk, skb);
		done_with(r, skb);
	}
	if (err)
		return err;
	return flags & MSG_TRUNC ? skb->len : n;
}

int unix_recvmsg(struct socket *sock, struct kmsghdr *msg, size_t len, int flags)
{
	struct sock *sk = sock->sk;
	struct reading r = {0};
	int res;

	if (flags & MSG_OOB)
		return unix_is_stream(sk) ? -EINVAL : -EOPNOTSUPP;
	msg->msg_namelen = 0;
	lock_sock(sk);
	res = unix_is_stream(sk) ? stream_recv(sk, msg, len, flags, &r)
				 : dgram_recv(sk, msg, len, flags, &r);
	release_sock(sk);
	end_reading(sk, &r, msg, res, flags);
	unix_wake_senders(sk);
	return res;
}
