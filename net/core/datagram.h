/* SPDX-License-Identifier: MIT */
/*
 * Sockets of datagrams (UDP, ping, raw): the receive queue, the memory of datagrams to send, and
 * poll(). Names and roles are those of Linux's net/core/datagram.c and sock.c.
 *
 * Lock: sk_receive_queue.lock protects the receive queue of such a socket, not the socket lock. So
 * softirq queues a datagram at once, also while a thread owns the socket, and sk_backlog stays
 * empty. The lock is innermost; it is taken with softirqs off.
 *
 * Memory: a datagram in the receive queue is charged to sk_rmem_alloc and to the sum of the
 * protocol (sock_mem.c) until the last reader has dropped it. A datagram to send is charged to
 * sk_wmem_alloc until the device has sent it.
 */
#ifndef NET_CORE_DATAGRAM_H
#define NET_CORE_DATAGRAM_H

#include "net/core/sock.h"

/* At the end of skb->cb of a queued datagram, behind the data of IP. */
struct sock_skb_cb {
	u32 dropcount; /* SO_RXQ_OVFL: datagrams that were dropped before this one */
};
#define SOCK_SKB_CB(skb)                                                                           \
	((struct sock_skb_cb *)((skb)->cb + sizeof((skb)->cb) - sizeof(struct sock_skb_cb)))

/*
 * Queues @skb, whose data begins with the first byte for the program, and wakes a reader. Drops the
 * packet's route. Any context but hard interrupt; the caller holds a reference to @sk. Follows the
 * contract of net/core/dropreason.h: SOCKET_RCVBUFF if the buffer is full, PROTO_MEM if the
 * protocol's memory is.
 */
enum skb_drop_reason sock_queue_rcv_skb(struct sock *sk, struct sk_buff *skb);
/*
 * Returns the next datagram, after waiting for one if @noblock is false. With MSG_PEEK in @flags the
 * datagram stays in the queue, and the caller must not change it. If *@peek_off is not negative, a
 * read with MSG_PEEK skips that many bytes of the queue, and *@peek_off becomes the offset in the
 * returned datagram; @peek_off NULL acts like -1. The caller drops its reference with
 * consume_skb(). Returns NULL with *@err: an errno, or 0 after shutdown(SHUT_RD). Process context,
 * without the socket lock.
 */
struct sk_buff *skb_recv_datagram(struct sock *sk, int flags, bool noblock, int *peek_off,
				  int *err);
/* FIONREAD: returns the length of the first datagram, 0 if there is none. */
int datagram_first_len(struct sock *sk);

/*
 * Returns an empty packet with @size bytes of tailroom that is charged to @sk, after waiting for
 * room in the send buffer if @noblock is false. Returns NULL with *@err: the socket's pending
 * error, -EPIPE, -EAGAIN, -ENOBUFS or the errno of a signal. Process context, without the socket
 * lock.
 */
struct sk_buff *sock_alloc_send_skb(struct sock *sk, unsigned int size, bool noblock, int *err);
/*
 * Copies @len bytes of an application to the end of @skb, a packet of sock_alloc_send_skb(): into
 * the tailroom first, then into pages, which are charged to the socket too. Returns 0, -EFAULT or
 * -ENOBUFS; the packet may then have some of the bytes. Process context.
 */
int skb_append_datagram(struct sk_buff *skb, struct iov_iter *from, unsigned int len);

/*
 * Called after a read of @n bytes: changes *@peek_off (SO_PEEK_OFF), unless it is negative. With
 * MSG_PEEK in @flags raises it by @n; otherwise lowers it by @n, because @n bytes have left the
 * front of the queue.
 */
void sk_peek_offset_move(int *peek_off, int flags, int n);

unsigned int datagram_poll(struct file *file, struct socket *sock, struct poll_table *wait);

#endif
