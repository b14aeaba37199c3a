/* SPDX-License-Identifier: MIT */
/*
 * The control messages of sendmsg() and recvmsg().
 *
 * put_cmsg() <- tcp_recvmsg(), ip_recv_error(), unix_recvmsg() (process, with or without the socket
 * lock); cmsg_refuse() <- sendmsg() of a protocol that uses none; sock_cmsg_send() <- ip_cmsg_send() (process).
 * RFC 2292 4.2 has the layout. Compare Linux's net/core/scm.c.
 */
#include "include/uapi/errqueue.h"
#include "kernel/lib/string.h"
#include "kernel/mm/uaccess.h"
#include "net/core/net.h"

/* Reads SO_TIMESTAMPING. Returns 0 or -EINVAL. */
static int cmsg_tsflags(const struct cmsghdr *cmsg, u32 *tsflags)
{
	u32 val;

	if (cmsg->cmsg_len != sizeof(*cmsg) + sizeof(val))
		return -EINVAL;
	memcpy(&val, cmsg + 1, sizeof(val));
	if (val & ~SOF_TIMESTAMPING_TX_RECORD_MASK)
		return -EINVAL;
	*tsflags = (*tsflags & ~SOF_TIMESTAMPING_TX_RECORD_MASK) | val;
	return 0;
}

/* @tsflags is NULL: the message SO_TIMESTAMPING is refused. */
static int cmsg_check(const struct kmsghdr *msg, u32 *tsflags)
{
	struct cmsghdr *cmsg;
	int err;

	/*
	 * As in Linux, ignore messages of other levels, and messages that pass files (SCM_RIGHTS)
	 * or credentials.
	 */
	for_each_cmsghdr(cmsg, msg)
	{
		if (!cmsg_ok(msg, cmsg))
			return -EINVAL;
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type == SCM_RIGHTS ||
		    cmsg->cmsg_type == SCM_CREDENTIALS)
			continue;
		err = cmsg->cmsg_type == SO_TIMESTAMPING && tsflags ? cmsg_tsflags(cmsg, tsflags)
								    : -EINVAL;
		if (err)
			return err;
	}
	return 0;
}

int cmsg_refuse(const struct kmsghdr *msg)
{
	return cmsg_check(msg, NULL);
}

int sock_cmsg_send(const struct kmsghdr *msg, u32 *tsflags)
{
	return cmsg_check(msg, tsflags);
}

noinline void put_cmsg(struct kmsghdr *msg, int level, int type, const void *data, size_t len)
{
	struct cmsghdr head = {
		.cmsg_len = sizeof(head) + len, .cmsg_level = level, .cmsg_type = type};
	u8 __user *to = msg->msg_control;
	size_t space;

	if (!to || msg->msg_controllen < sizeof(head)) {
		msg->msg_flags |= MSG_CTRUNC;
		return;
	}
	if (msg->msg_controllen < head.cmsg_len) {
		msg->msg_flags |= MSG_CTRUNC;
		head.cmsg_len = msg->msg_controllen;
	}
	/* Linux ignores a bad pointer here too: the message is then left out. */
	if (copy_to_user(to, &head, sizeof(head)) ||
	    copy_to_user(to + sizeof(head), data, head.cmsg_len - sizeof(head)))
		return;
	space = min(CMSG_ALIGN(sizeof(head) + len), msg->msg_controllen);
	msg->msg_control = to + space;
	msg->msg_controllen -= space;
}
