/* SPDX-License-Identifier: MIT */
/*
 * The error queue of a socket: messages that recvmsg(MSG_ERRQUEUE) returns. Such a message is an
 * ICMP error, the time of an event of sent data (SO_TIMESTAMPING), or the end of writes with
 * MSG_ZEROCOPY.
 *
 * sk_receive_queue.lock protects the error queue, because a message may be added while another
 * thread reads. (The receive queue of a TCP socket is protected by slock.) The functions may be
 * called in any context but hard interrupt, with or without the socket lock, unless a comment says
 * otherwise. Names and roles are those of Linux's include/linux/errqueue.h and skbuff.h.
 */
#ifndef NET_CORE_ERRQUEUE_H
#define NET_CORE_ERRQUEUE_H

#include "include/uapi/errqueue.h"
#include "net/core/sock.h"

/* The description of a message, in its skb->cb. skb->skb_mstamp has its time of day in ns, or 0. */
struct sock_exterr_skb {
	struct sock_extended_err ee;
	/* ICMP: offset of the quoted destination address from the network header */
	u16 addr_offset;
	__be16 port; /* ICMP: the quoted destination port */
	int iif;     /* ICMP: index of the device that received the message */
};
#define SKB_EXT_ERR(skb) ((struct sock_exterr_skb *)&((skb)->cb[0]))
BUILD_BUG_ON(sizeof(struct sock_exterr_skb) > sizeof_field(struct sk_buff, cb));

/*
 * Adds @skb to the queue, charges it to the receive buffer, and wakes threads that poll for
 * POLLERR. Returns 0, or -ENOMEM if the buffer is full: the caller then frees @skb.
 */
int sock_queue_err_skb(struct sock *sk, struct sk_buff *skb);
/*
 * Returns the first message, which the caller frees, or NULL. If the next message is an ICMP error,
 * its errno becomes the socket's pending error.
 */
struct sk_buff *sock_dequeue_err_skb(struct sock *sk);
void skb_errqueue_purge(struct sock *sk);

/* ---- times ----------------------------------------------------------------------------------- */
/* Queues the time of the event @tstype (SCM_TSTAMP_*) of @orig, a packet of @sk. */
void __skb_tstamp_tx(struct sk_buff *orig, struct sock *sk, int tstype);
/*
 * Marks a datagram of @sk that will be sent: the times of the events in @tsflags (SOF_TIMESTAMPING_TX_*)
 * will be reported. With OPT_ID the datagram gets the next number.
 */
void skb_tx_timestamp(struct sk_buff *skb, struct sock *sk, u32 tsflags);
/* Sets SO_TIMESTAMPING. The socket is locked. Returns 0 or -EINVAL. */
int sock_set_timestamping(struct sock *sk, u32 flags);
/*
 * Returns @ns, a time of day, in the control messages that the socket's options ask for. Process
 * context.
 */
void sock_recv_timestamp(struct kmsghdr *msg, const struct sock *sk, u64 ns);

/* ---- MSG_ZEROCOPY ---------------------------------------------------------------------------- */
/*
 * The report about one or more writes with MSG_ZEROCOPY. The struct is in skb->cb of the message that
 * will be queued; it is used while segments with data of these writes exist. The socket is locked.
 */
struct ubuf_info {
	refcount_t refcnt; /* segments with data of these writes, and the calls that add data */
	u32 id;            /* number of the first write */
	u32 bytelen;       /* bytes of all these writes */
	u16 len;           /* number of writes; 0: the only one failed, report nothing */
};
BUILD_BUG_ON(sizeof(struct ubuf_info) > sizeof_field(struct sk_buff, cb));

/*
 * Counts a write of @size bytes. If @uarg, of the last segment, can report this write too, takes a
 * reference to @uarg, else makes a new one. Returns NULL if the socket has too many such messages.
 */
struct ubuf_info *msg_zerocopy_realloc(struct sock *sk, size_t size, struct ubuf_info *uarg);
/* Drops a reference to @uarg; when the last one is dropped, the message about the end of the writes is queued. */
void msg_zerocopy_put(struct ubuf_info *uarg);
/* The write that got @uarg has queued no byte: the write is not counted. Drops its reference. */
void msg_zerocopy_put_abort(struct ubuf_info *uarg);

static inline struct ubuf_info *skb_zcopy(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->destructor_arg;
}
/* Data of @uarg's writes was added to @skb: gives @skb a reference to @uarg, unless it has one. */
static inline void skb_zcopy_set(struct sk_buff *skb, struct ubuf_info *uarg)
{
	if (skb_zcopy(skb))
		return;
	refcount_inc(&uarg->refcnt);
	skb_shinfo(skb)->destructor_arg = uarg;
}

#endif
