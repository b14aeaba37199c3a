/* SPDX-License-Identifier: MIT */
/*
 * The address family AF_UNIX: the parts that its files share. af_unix.c has sockets and
 * connections, unix_name.c names, unix_data.c sending and receiving, unix_scm.c descriptors and
 * credentials in messages.
 *
 * Locks. unix_lock protects, of every socket, the name, the peer, the state, sk_shutdown, the accept
 * queue and the receive queue; it is held for a few instructions, never while a thread sleeps.
 * lock_sock() lets one thread at a time read from a socket, bind it or change the peer of a datagram
 * socket; it is taken before unix_lock, and a thread never holds two. Process context only.
 *
 * References. A socket holds a reference to its peer until the socket itself is released, or its
 * peer changes. The accept queue has the reference of each socket in it. A packet in a receive queue
 * is charged to its sender (sk_wmem_alloc), so the sender, and its name, are in memory as long as
 * the packet.
 */
#ifndef NET_UNIX_AF_UNIX_H
#define NET_UNIX_AF_UNIX_H

#include "include/uapi/un.h"
#include "net/core/sock.h"
#include "net/unix/limits.h"

void unix_init(void); /* registers the family; boot */

/* The name of a socket: written once, then shared by the sockets that accept() makes. */
struct unix_address {
	refcount_t refs;
	int len; /* as bind() and getsockname() count it */
	struct sockaddr_un name;
};

struct unix_sock {
	struct sock sk;              /* must be first */
	struct list_head all;        /* in unix_sockets */
	struct list_head hashed;     /* an abstract name: in unix_name.c's table */
	struct unix_address *addr;   /* NULL: no name. Set once, under lock_sock() and unix_lock */
	struct dentry *dentry;       /* of a path name, with a reference */
	struct sock *peer;           /* with a reference; NULL: not connected */
	struct list_head embryos;    /* a listener's accept queue; sk_ack_backlog counts it */
	struct list_head in_queue;   /* a connection before accept(): in its listener's queue */
	wait_queue_head_t peer_wait; /* threads that wait for room in this socket's queue */
	bool embryo;                 /* a connection before accept() */
	bool closed;
	bool congested; /* a sender found the receive queue full: a reader wakes all senders */
	unsigned int inflight; /* times that this socket is in a message (unix_scm.c) */
	unsigned int holds;    /* number of AF_UNIX sockets in the messages of the receive queue */
	/* SO_PEERCRED: the credentials of the peer; in a listener: its own */
	struct ucred peercred;
};

static inline struct unix_sock *unix_sk(const struct sock *sk)
{
	return (struct unix_sock *)sk;
}
static inline bool unix_is_stream(const struct sock *sk)
{
	return sk->sk_type == SOCK_STREAM;
}
/* SOCK_STREAM and SOCK_SEQPACKET: listen(), accept() */
static inline bool unix_has_connections(const struct sock *sk)
{
	return sk->sk_type != SOCK_DGRAM;
}

extern spinlock_t unix_lock;
extern struct list_head unix_sockets; /* all sockets; unix_lock */

/* ---- af_unix.c ---- */
/*
 * Returns true if at most a quarter of the send buffer is used, and @sk is no listener: only then
 * poll() reports room, and a waiting sender is woken.
 */
bool unix_writable(const struct sock *sk);
/* Returns true if the receive queue of @sk has no room for a datagram of a sender that is not @sk's peer. */
bool unix_recvq_full(const struct sock *sk);
struct sock *unix_peer_get(struct sock *sk); /* with a reference, or NULL */
/* Sleeps until @other may have room. Returns 0, or -errno if no time is left or a signal came. */
int unix_wait_for_peer(struct sock *other, long *timeo, bool (*full)(const struct sock *other));
/* Wakes the senders that found the queue of @sk full, if it has room now. */
void unix_wake_senders(struct sock *sk);

/* ---- unix_name.c ---- */
/*
 * Checks an address of @len bytes, and ends a path with NUL. Returns the length to store, or
 * -EINVAL.
 */
int unix_check_name(struct sockaddr_un *name, int len);
/* Names a socket. Returns 0 or -errno. @sk locked. */
int unix_take_name(struct sock *sk, const struct sockaddr_un *name, int len);
/* Gives an abstract name to a socket without a name. Returns 0 or -errno. @sk not locked. */
int unix_autobind(struct sock *sk);
/*
 * Returns the socket of @type with this name, with a reference; NULL and -errno in *@err if there is
 * none.
 */
struct sock *unix_find(const struct sockaddr_un *name, int len, int type, int *err);
/* Removes the name from the table, or from its inode. unix_lock held. */
void unix_unhash(struct unix_sock *u);
void unix_address_put(struct unix_address *addr); /* NULL does nothing */
/* Stores the name of @sk in a received message. */
void unix_copy_name(struct kmsghdr *msg, const struct sock *sk);

/* ---- unix_scm.c ---- */
struct unix_files;
/* The descriptors and credentials that a message carries besides its data. */
struct unix_scm {
	struct unix_files *files; /* NULL: none */
	struct ucred creds;
};
/* The struct unix_scm of a packet is in its cb. */
#define UNIXCB(skb) ((struct unix_scm *)(skb)->cb)
/* Reads the control messages of a send. Returns 0 or -errno. After 0 the caller ends with unix_scm_free(@scm). */
int unix_scm_send(const struct kmsghdr *msg, struct unix_scm *scm);
/* Drops the references of the files. No lock held, because a file may be closed. */
void unix_scm_free(struct unix_scm *scm);
/* Returns a copy of @scm with references of its own; false if there is no memory. */
bool unix_scm_copy(struct unix_scm *to, const struct unix_scm *from);
/* Moves the files of @scm to @skb, and charges their memory to it. */
void unix_scm_attach(struct sk_buff *skb, struct unix_scm *scm);
/*
 * unix_scm_may_queue() returns 0, or -ETOOMANYREFS if @skb has sockets that must not wait in the
 * queue of @sk. unix_scm_queued() counts the sockets in @skb when @skb enters that queue, and unix_scm_unqueued()
 * subtracts them when it leaves.
 * unix_lock held.
 */
int unix_scm_may_queue(const struct sock *sk, const struct sk_buff *skb);
void unix_scm_queued(struct sock *sk, const struct sk_buff *skb);
void unix_scm_unqueued(struct sock *sk, const struct sk_buff *skb);
/* Returns the descriptors and, with SO_PASSCRED, the credentials to the reader. */
void unix_scm_recv(const struct sock *sk, struct kmsghdr *msg, struct unix_scm *scm, int flags);
void unix_creds(struct ucred *creds, bool effective); /* of the process */
/* Frees a packet that is in no queue. No lock held. */
void unix_free_skb(struct sk_buff *skb);

/* ---- unix_data.c ---- */
int unix_stream_sendmsg(struct socket *sock, struct kmsghdr *msg, size_t len);
int unix_dgram_sendmsg(struct socket *sock, struct kmsghdr *msg, size_t len);
int unix_seqpacket_sendmsg(struct socket *sock, struct kmsghdr *msg, size_t len);
int unix_recvmsg(struct socket *sock, struct kmsghdr *msg, size_t len, int flags);
/* The old peer of a datagram socket is lost: drops the datagrams that it sent. @sk locked. */
void unix_dgram_disconnected(struct sock *sk, struct sock *old);

#endif
