/* SPDX-License-Identifier: MIT */
/*
 * The address family AF_NETLINK, as the kernel's side of a netlink protocol sees it: requests arrive
 * at rtnetlink_rcv_msg(), and answers are sk_buffs that are built with the functions below and sent
 * to the socket that asked. Names and roles are those of Linux's include/linux/netlink.h and
 * include/net/netlink.h.
 */
#ifndef NET_NETLINK_AF_NETLINK_H
#define NET_NETLINK_AF_NETLINK_H

#include "include/uapi/netlink.h"
#include "net/core/sock.h"

void netlink_init(void); /* registers the family; boot, before net/ipv4 */

/* ---- messages --------------------------------------------------------------------------------- */
#define NLMSG_ALIGN(len) ALIGN_UP(len, NLMSG_ALIGNTO)
static inline void *nlmsg_data(const struct nlmsghdr *nlh)
{
	return (u8 *)nlh + NLMSG_HDRLEN;
}
static inline int nlmsg_len(const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_len - NLMSG_HDRLEN;
}
/*
 * Returns the data of the first attribute of type @type that has at least @len bytes, or NULL. The
 * attributes follow the request's header of @hdrlen bytes.
 */
const void *nlmsg_find_attr(const struct nlmsghdr *nlh, int hdrlen, int type, int len);
/* Returns a buffer for messages of @size bytes together, or NULL if there is no memory. */
struct sk_buff *nlmsg_new(size_t size, gfp_t gfp);
/*
 * Appends a message with room for @payload bytes of data, all zero. Returns NULL if @skb is full.
 * Attributes follow, then nlmsg_end(); nlmsg_cancel() removes the message.
 */
struct nlmsghdr *nlmsg_put(struct sk_buff *skb, u32 portid, u32 seq, int type, int payload,
			   int flags);
/* Appends an attribute. Returns 0, or -EMSGSIZE if @skb is full. */
int nla_put(struct sk_buff *skb, int type, int len, const void *data);
static inline int nla_put_u32(struct sk_buff *skb, int type, u32 value)
{
	return nla_put(skb, type, sizeof(value), &value);
}
static inline int nla_put_u8(struct sk_buff *skb, int type, u8 value)
{
	return nla_put(skb, type, sizeof(value), &value);
}
int nla_put_string(struct sk_buff *skb, int type, const char *text); /* with NUL */
static inline void nlmsg_end(const struct sk_buff *skb, struct nlmsghdr *nlh)
{
	nlh->nlmsg_len = skb_tail_pointer(skb) - (u8 *)nlh;
}
static inline void nlmsg_cancel(struct sk_buff *skb, const struct nlmsghdr *nlh)
{
	const unsigned int cut = skb_tail_pointer(skb) - (const u8 *)nlh;

	skb->tail -= cut;
	skb->len -= cut;
}

/* ---- answers ---------------------------------------------------------------------------------- */
/* bytes: a part of a dump; it fits into a receive buffer of 4 KiB, as many programs use it */
#define NLMSG_GOODSIZE (4096 - SKB_OVERHEAD)

/* The state of a dump, from one part to the next. */
struct netlink_callback {
	/*
	 * Appends messages to @skb, from where the last part ended, and stores in @args where this
	 * part ends. If it appends none, the dump is complete. Process context.
	 */
	void (*dump)(struct sk_buff *skb, struct netlink_callback *cb);
	u32 portid, seq; /* of the request */
	u8 family;       /* of the request */
	unsigned int args[2];
};
/*
 * Begins the dump that @cb describes, for the socket that sent @nlh. Returns -EINTR, with which the
 * caller of rtnetlink_rcv_msg() sends no ACK; -EBUSY if a dump is under way, or -ENOBUFS.
 */
int netlink_dump_start(struct sock *sk, const struct nlmsghdr *nlh,
		       const struct netlink_callback *cb);
/* Puts a message into the queue of @sk; takes @skb. Returns 0 or -ENOBUFS. Process context. */
int nlmsg_unicast(struct sock *sk, struct sk_buff *skb);
u32 netlink_portid(const struct sock *sk);
/* Returns true if a socket is a member of @group. Any context but hard interrupt. */
bool netlink_has_listeners(unsigned int group);
/*
 * Sends @skb to all members of @group; takes @skb. If @skb is NULL, because there was no memory, the
 * members get -ENOBUFS. Any context but hard interrupt.
 */
void nlmsg_multicast(struct sk_buff *skb, unsigned int group);

#endif
