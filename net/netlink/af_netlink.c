/* SPDX-License-Identifier: MIT */
/*
 * The address family AF_NETLINK with its protocol NETLINK_ROUTE: programs ask for the links,
 * addresses and routes, and are told of changes.
 *
 * netlink_init() <- kernel_main(); net/socket.c calls the functions of netlink_ops (process).
 * A write handles its requests at once: netlink_sendmsg() -> netlink_rcv() -> rtnetlink_rcv_msg(),
 * which answers by nlmsg_unicast() or begins a dump. The first part of a dump is made at once, each
 * further part when a read has made room (netlink_dump()). nlmsg_multicast() tells the members of a
 * group of a change (any context but hard interrupt).
 *
 * Locks: nl_lock protects the list of sockets, their ports and groups; then sk_receive_queue.lock
 * protects the queue. cb_mutex of a socket, taken before both, protects its dump. Only the kernel
 * answers: a message to another socket's port fails with -ECONNREFUSED, and one to a group with
 * -EPERM. netlink(7), RFC 3549; compare Linux's net/netlink/af_netlink.c.
 */
#include "net/netlink/af_netlink.h"

#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/process/process.h"
#include "net/core/datagram.h"
#include "net/netlink/limits.h"
#include "net/netlink/rtnetlink.h"

#define FIRST_PORT PROCESS_PID  /* port of the first socket, as on Linux */
#define LAST_PORT  ((u32)-4096) /* further sockets get ports from this one down to LEAST_PORT */
#define LEAST_PORT (1u << 31)

struct netlink_sock {
	struct sock sk; /* must be first */
	struct list_head list;
	u32 portid;      /* 0: not bound */
	u32 dst_portid;  /* connect() chose it; 0: the kernel */
	u64 groups;      /* bit g - 1: a member of group g */
	bool pktinfo;    /* NETLINK_PKTINFO: a read returns the group */
	bool no_enobufs; /* NETLINK_NO_ENOBUFS: no error tells of lost notifications */
	bool cap_ack;    /* NETLINK_CAP_ACK: errors do not repeat the request's payload */
	bool cb_running; /* a dump is under way */
	struct mutex cb_mutex;
	struct netlink_callback cb;
};

struct netlink_skb_parms {
	u32 group; /* group of the notification; 0: the message is an answer */
};
#define NETLINK_CB(skb) ((struct netlink_skb_parms *)(skb)->cb)

static DEFINE_SPINLOCK(nl_lock);
static LIST_HEAD(nl_sockets);
static u32 next_port = LAST_PORT; /* nl_lock: where the next search for a free port begins */

static struct netlink_sock *nlk_sk(const struct sock *sk)
{
	return (struct netlink_sock *)sk;
}

u32 netlink_portid(const struct sock *sk)
{
	return nlk_sk(sk)->portid;
}

static u64 group_bit(unsigned int group)
{
	return 1ull << (group - 1);
}

/* ---- ports ------------------------------------------------------------------------------------ */

/* nl_lock held. */
static bool port_in_use(u32 portid)
{
	const struct netlink_sock *nlk;

	list_for_each_entry(nlk, &nl_sockets, list) {
		if (nlk->portid == portid)
			return true;
	}
	return false;
}

/* Binds the socket to @portid, or, for 0, to a free port. Returns 0, -EINVAL or -EADDRINUSE. */
static int netlink_take_port(struct netlink_sock *nlk, u32 portid)
{
	int err = 0;

	spin_lock_bh(&nl_lock);
	if (nlk->portid) {
		err = portid == nlk->portid ? 0 : -EINVAL;
	} else if (portid) {
		err = port_in_use(portid) ? -EADDRINUSE : 0;
	} else {
		portid = FIRST_PORT;
		while (port_in_use(portid)) {
			portid = next_port;
			next_port = next_port == LEAST_PORT ? LAST_PORT : next_port - 1;
		}
	}
	if (!err)
		nlk->portid = portid;
	spin_unlock_bh(&nl_lock);
	return err;
}

/* Binds a socket that has no port yet. */
static void netlink_autobind(struct netlink_sock *nlk)
{
	if (!READ_ONCE(nlk->portid))
		netlink_take_port(nlk, 0);
}

static int netlink_bind(struct socket *sock, struct sockaddr *addr, int addr_len)
{
	const struct sockaddr_nl *nladdr = (const struct sockaddr_nl *)addr;
	struct netlink_sock *nlk = nlk_sk(sock->sk);
	int err;

	if (addr_len < (int)sizeof(*nladdr) || nladdr->nl_family != AF_NETLINK)
		return -EINVAL;
	err = netlink_take_port(nlk, nladdr->nl_pid);
	if (err)
		return err;
	spin_lock_bh(&nl_lock);
	/* nl_groups is a mask of the first 32 groups: keep the others. */
	nlk->groups = (nlk->groups & ~0xffffffffull) | nladdr->nl_groups;
	spin_unlock_bh(&nl_lock);
	return 0;
}

static int netlink_connect(struct socket *sock, struct sockaddr *addr, int addr_len, int flags)
{
	const struct sockaddr_nl *nladdr = (const struct sockaddr_nl *)addr;
	struct netlink_sock *nlk = nlk_sk(sock->sk);

	if (addr_len < (int)sizeof(addr->sa_family))
		return -EINVAL;
	if (addr->sa_family == AF_UNSPEC) {
		nlk->dst_portid = 0;
		return 0;
	}
	if (addr->sa_family != AF_NETLINK || addr_len < (int)sizeof(*nladdr))
		return -EINVAL;
	if (nladdr->nl_groups)
		return -EPERM;
	netlink_autobind(nlk);
	nlk->dst_portid = nladdr->nl_pid;
	return 0;
}

static int netlink_getname(struct socket *sock, struct sockaddr *addr, int peer)
{
	const struct netlink_sock *nlk = nlk_sk(sock->sk);
	struct sockaddr_nl *nladdr = (struct sockaddr_nl *)addr;

	*nladdr = (struct sockaddr_nl){.nl_family = AF_NETLINK};
	nladdr->nl_pid = peer ? nlk->dst_portid : nlk->portid;
	if (!peer)
		nladdr->nl_groups = nlk->groups;
	return sizeof(*nladdr);
}

/* ---- the kernel's messages to a socket -------------------------------------------------------- */

/* The socket has missed a message: a read tells the program. */
static void netlink_overrun(struct sock *sk)
{
	WRITE_ONCE(sk->sk_err, ENOBUFS);
	sk->sk_error_report(sk);
}

/* Takes @skb. Returns 0 or -ENOBUFS. */
static int netlink_queue(struct sock *sk, struct sk_buff *skb)
{
	enum skb_drop_reason reason = sock_queue_rcv_skb(sk, skb);

	if (!reason)
		return 0;
	kfree_skb_reason(skb, reason);
	return -ENOBUFS;
}

int nlmsg_unicast(struct sock *sk, struct sk_buff *skb)
{
	int err;

	*NETLINK_CB(skb) = (struct netlink_skb_parms){0};
	err = netlink_queue(sk, skb);
	if (err)
		netlink_overrun(sk);
	return err;
}

bool netlink_has_listeners(unsigned int group)
{
	const struct netlink_sock *nlk;
	bool found = false;

	spin_lock_bh(&nl_lock);
	list_for_each_entry(nlk, &nl_sockets, list)
		found |= (nlk->groups & group_bit(group)) != 0;
	spin_unlock_bh(&nl_lock);
	return found;
}

void nlmsg_multicast(struct sk_buff *skb, unsigned int group)
{
	struct netlink_sock *nlk;

	if (skb)
		NETLINK_CB(skb)->group = group;
	spin_lock_bh(&nl_lock);
	list_for_each_entry(nlk, &nl_sockets, list) {
		struct sk_buff *copy;

		if (!(nlk->groups & group_bit(group)))
			continue;
		copy = skb ? skb_clone(skb, GFP_ATOMIC) : NULL;
		if ((!copy || netlink_queue(&nlk->sk, copy)) && !nlk->no_enobufs)
			netlink_overrun(&nlk->sk);
	}
	spin_unlock_bh(&nl_lock);
	if (skb)
		consume_skb(skb);
}

/*
 * Answers a request by NLMSG_ERROR with its result. An error repeats the request, unless the socket
 * has NETLINK_CAP_ACK.
 */
static void netlink_ack(struct sock *sk, const struct nlmsghdr *nlh, int err)
{
	const bool repeat = err && !nlk_sk(sk)->cap_ack;
	const int payload = sizeof(struct nlmsgerr) + (repeat ? NLMSG_ALIGN(nlmsg_len(nlh)) : 0);
	struct sk_buff *skb = nlmsg_new(NLMSG_HDRLEN + payload, GFP_KERNEL);
	struct nlmsghdr *rep;
	struct nlmsgerr *e;

	if (!skb) {
		netlink_overrun(sk);
		return;
	}
	rep = nlmsg_put(skb, netlink_portid(sk), nlh->nlmsg_seq, NLMSG_ERROR, payload,
			repeat ? 0 : NLM_F_CAPPED);
	e = nlmsg_data(rep);
	e->error = err;
	memcpy(&e->msg, nlh, repeat ? nlh->nlmsg_len : sizeof(*nlh));
	nlmsg_unicast(sk, skb);
}

/* ---- dumps ------------------------------------------------------------------------------------ */

/* Queues the next part of a dump, or NLMSG_DONE. Returns 0 or -ENOBUFS. cb_mutex held. */
static int netlink_dump(struct netlink_sock *nlk)
{
	struct netlink_callback *cb = &nlk->cb;
	struct sk_buff *skb = nlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);

	if (!skb)
		goto out_end;
	cb->dump(skb, cb);
	if (!skb->len) {
		nlmsg_put(skb, cb->portid, cb->seq, NLMSG_DONE, sizeof(int), NLM_F_MULTI);
		nlk->cb_running = false;
	}
	*NETLINK_CB(skb) = (struct netlink_skb_parms){0};
	if (!netlink_queue(&nlk->sk, skb))
		return 0;
out_end:
	nlk->cb_running = false;
	return -ENOBUFS;
}

int netlink_dump_start(struct sock *sk, const struct nlmsghdr *nlh,
		       const struct netlink_callback *cb)
{
	struct netlink_sock *nlk = nlk_sk(sk);
	int err = -EBUSY;

	mutex_lock(&nlk->cb_mutex);
	if (!nlk->cb_running) {
		nlk->cb = *cb;
		nlk->cb.portid = nlk->portid;
		nlk->cb.seq = nlh->nlmsg_seq;
		nlk->cb_running = true;
		err = netlink_dump(nlk);
	}
	mutex_unlock(&nlk->cb_mutex);
	return err ? err : -EINTR;
}

/* A read has made room: continues the dump, if half of the receive buffer is free. */
static void netlink_dump_more(struct netlink_sock *nlk)
{
	struct sock *sk = &nlk->sk;

	if (!READ_ONCE(nlk->cb_running) || atomic_read(&sk->sk_rmem_alloc) > sk->sk_rcvbuf / 2)
		return;
	mutex_lock(&nlk->cb_mutex);
	if (nlk->cb_running && netlink_dump(nlk))
		netlink_overrun(sk);
	mutex_unlock(&nlk->cb_mutex);
}

/* ---- writing ---------------------------------------------------------------------------------- */

/*
 * Handles the requests of one write, which may be thousands: other threads get their turn after each.
 * As on Linux, a message without NLM_F_REQUEST, and one of a type
 * of netlink itself, is only acknowledged; a message with an invalid length ends the write.
 */
static void netlink_rcv(struct sock *sk, const u8 *data, size_t len)
{
	while (len >= NLMSG_HDRLEN) {
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)data;
		size_t step;
		int err = 0;

		if (nlh->nlmsg_len < NLMSG_HDRLEN || nlh->nlmsg_len > len)
			return;
		if (nlh->nlmsg_flags & NLM_F_REQUEST && nlh->nlmsg_type >= NLMSG_MIN_TYPE)
			err = rtnetlink_rcv_msg(sk, nlh);
		if (err != -EINTR && (err || nlh->nlmsg_flags & NLM_F_ACK))
			netlink_ack(sk, nlh, err);
		step = min_t(size_t, NLMSG_ALIGN(nlh->nlmsg_len), len);
		data += step;
		len -= step;
		cond_resched();
	}
}

/* Checks the address of a write. Returns 0 if the kernel is its destination, or -errno. */
static int check_destination(const struct netlink_sock *nlk, const struct kmsghdr *msg)
{
	const struct sockaddr_nl *to = (const struct sockaddr_nl *)msg->msg_name;

	if (!msg->msg_namelen)
		return nlk->dst_portid ? -ECONNREFUSED : 0;
	if (msg->msg_namelen < (int)sizeof(*to) || to->nl_family != AF_NETLINK)
		return -EINVAL;
	if (to->nl_groups)
		return -EPERM;
	return to->nl_pid ? -ECONNREFUSED : 0;
}

static int netlink_sendmsg(struct socket *sock, struct kmsghdr *msg, size_t len)
{
	struct sock *sk = sock->sk;
	int err;
	u8 *data;

	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = check_destination(nlk_sk(sk), msg);
	if (err && err != -ECONNREFUSED)
		return err;
	netlink_autobind(nlk_sk(sk));
	if (len > (size_t)sk->sk_sndbuf - 32)
		return -EMSGSIZE;
	data = kmalloc(max_t(size_t, len, 1), GFP_KERNEL);
	if (!data)
		return -ENOBUFS;
	if (copy_from_iter(data, len, &msg->msg_iter) != len)
		err = -EFAULT;
	if (!err)
		netlink_rcv(sk, data, len);
	kfree(data);
	return err ? err : (int)len;
}

/* ---- reading ---------------------------------------------------------------------------------- */

/*
 * Copies a message, its sender's address and its group to the program. Returns the result of
 * recvmsg().
 */
static int netlink_copy(const struct netlink_sock *nlk, const struct sk_buff *skb,
			struct kmsghdr *msg, size_t len, int flags)
{
	const struct nl_pktinfo info = {.group = NETLINK_CB(skb)->group};
	const struct ucred kernel = {0};
	const size_t n = min_t(size_t, len, skb->len);

	if (copy_to_iter(skb->data, n, &msg->msg_iter) != n)
		return -EFAULT;
	if (n < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	if (msg->msg_name) {
		struct sockaddr_nl *from = (struct sockaddr_nl *)msg->msg_name;

		*from = (struct sockaddr_nl){.nl_family = AF_NETLINK};
		if (info.group && info.group <= 32)
			from->nl_groups = group_bit(info.group);
		msg->msg_namelen = sizeof(*from);
	}
	if (sock_flag(&nlk->sk, SOCK_PASSCRED))
		put_cmsg(msg, SOL_SOCKET, SCM_CREDENTIALS, &kernel, sizeof(kernel));
	if (nlk->pktinfo)
		put_cmsg(msg, SOL_NETLINK, NETLINK_PKTINFO, &info, sizeof(info));
	return flags & MSG_TRUNC ? skb->len : n;
}

static int netlink_recvmsg(struct socket *sock, struct kmsghdr *msg, size_t len, int flags)
{
	struct netlink_sock *nlk = nlk_sk(sock->sk);
	struct sk_buff *skb;
	int res;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	skb = skb_recv_datagram(sock->sk, flags, flags & MSG_DONTWAIT, NULL, &res);
	if (!skb)
		return res;
	res = netlink_copy(nlk, skb, msg, len, flags);
	consume_skb(skb);
	netlink_dump_more(nlk);
	return res;
}

/* ---- options ---------------------------------------------------------------------------------- */

static int set_membership(struct netlink_sock *nlk, int group, bool on)
{
	if (group < 1 || group > RTNLGRP_MAX)
		return -EINVAL;
	spin_lock_bh(&nl_lock);
	if (on)
		nlk->groups |= group_bit(group);
	else
		nlk->groups &= ~group_bit(group);
	spin_unlock_bh(&nl_lock);
	return 0;
}

/* Returns the field that an option sets and reads, or NULL if there is no such option. */
static bool *flag_of(struct netlink_sock *nlk, int optname)
{
	switch (optname) {
	case NETLINK_PKTINFO:
		return &nlk->pktinfo;
	case NETLINK_NO_ENOBUFS:
		return &nlk->no_enobufs;
	case NETLINK_CAP_ACK:
		return &nlk->cap_ack;
	default:
		return NULL;
	}
}

static int netlink_setsockopt(struct socket *sock, int level, int optname,
			      const void __user *optval, unsigned int optlen)
{
	struct netlink_sock *nlk = nlk_sk(sock->sk);
	bool *flag = flag_of(nlk, optname);
	int val = 0;

	if (level != SOL_NETLINK)
		return -ENOPROTOOPT;
	if (optlen >= sizeof(val) && copy_from_user(&val, optval, sizeof(val)))
		return -EFAULT;
	if (optname == NETLINK_ADD_MEMBERSHIP || optname == NETLINK_DROP_MEMBERSHIP)
		return set_membership(nlk, val, optname == NETLINK_ADD_MEMBERSHIP);
	if (!flag)
		return -ENOPROTOOPT;
	WRITE_ONCE(*flag, val != 0);
	return 0;
}

static int netlink_getsockopt(struct socket *sock, int level, int optname, void __user *optval,
			      int __user *optlen)
{
	const bool *flag = flag_of(nlk_sk(sock->sk), optname);
	int len, val;

	if (level != SOL_NETLINK)
		return -ENOPROTOOPT;
	if (copy_from_user(&len, optlen, sizeof(len)))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	if (!flag)
		return -ENOPROTOOPT;
	if (len < (int)sizeof(val))
		return -EINVAL;
	val = *flag;
	len = sizeof(val);
	return copy_to_user(optlen, &len, sizeof(len)) || copy_to_user(optval, &val, sizeof(val))
		       ? -EFAULT
		       : 0;
}

/* ---- the other operations --------------------------------------------------------------------- */

static int netlink_release(struct socket *sock)
{
	struct sock *sk = sock->sk;

	if (!sk)
		return 0;
	spin_lock_bh(&nl_lock);
	list_del(&nlk_sk(sk)->list);
	spin_unlock_bh(&nl_lock);
	/* From here on no message can arrive. */
	__skb_queue_purge(&sk->sk_receive_queue);
	sock->sk = NULL;
	sk_common_release(sk);
	return 0;
}

static int netlink_accept(struct socket *sock, struct socket *newsock, int flags)
{
	return -EOPNOTSUPP;
}

static int netlink_listen(struct socket *sock, int backlog)
{
	return -EOPNOTSUPP;
}

static int netlink_shutdown(struct socket *sock, int how)
{
	return -EOPNOTSUPP;
}

static const struct proto_ops netlink_ops = {
	.family = AF_NETLINK,
	.release = netlink_release,
	.bind = netlink_bind,
	.connect = netlink_connect,
	.accept = netlink_accept,
	.getname = netlink_getname,
	.poll = datagram_poll,
	.listen = netlink_listen,
	.shutdown = netlink_shutdown,
	.setsockopt = netlink_setsockopt,
	.getsockopt = netlink_getsockopt,
	.sendmsg = netlink_sendmsg,
	.recvmsg = netlink_recvmsg,
};

static struct proto netlink_proto = {
	.name = "NETLINK",
	.obj_size = sizeof(struct netlink_sock),
};

static int netlink_create(struct socket *sock, int protocol)
{
	struct netlink_sock *nlk;
	struct sock *sk;

	if (sock->type != SOCK_RAW && sock->type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (protocol != NETLINK_ROUTE)
		return -EPROTONOSUPPORT;
	sk = sk_alloc(AF_NETLINK, GFP_KERNEL, &netlink_proto);
	if (!sk)
		return -ENOMEM;
	sock->ops = &netlink_ops;
	sock_init_data(sock, sk);
	sk->sk_protocol = protocol;
	sk->sk_rcvbuf = NETLINK_RCVBUF;
	sk->sk_sndbuf = NETLINK_SNDBUF;
	nlk = nlk_sk(sk);
	mutex_init(&nlk->cb_mutex);
	spin_lock_bh(&nl_lock);
	list_add_tail(&nlk->list, &nl_sockets);
	spin_unlock_bh(&nl_lock);
	return 0;
}

void netlink_init(void)
{
	static const struct net_proto_family family = {.family = AF_NETLINK,
						       .create = netlink_create};

	BUG_ON(proto_register(&netlink_proto));
	BUG_ON(sock_register(&family));
	rtnetlink_init();
}
