/* SPDX-License-Identifier: MIT */
/*
 * The control messages of sendmsg() and recvmsg().
 *
 * put_cmsg() <- tcp_recvmsg(), ip_recv_error(), unix_recvmsg() (process, with or without the socket
 * lock); cmsg_refuse() <- sendmsg() of a protocol that uses none (process).
 * RFC 2292 4.2 has the layout. Compare Linux's net/core/scm.c.
 */
#include "kernel/mm/uaccess.h"
#include "net/core/net.h"

int cmsg_refuse(const struct kmsghdr *msg)
{
	struct cmsghdr *cmsg;

	/*
	 * As in Linux, ignore messages of other levels, and messages that pass files (SCM_RIGHTS)
	 * or credentials.
	 */
	for_each_cmsghdr(cmsg, msg)
	{
		if (!cmsg_ok(msg, cmsg))
			return -EINVAL;
		if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type != SCM_RIGHTS &&
		    cmsg->cmsg_type != SCM_CREDENTIALS)
			return -EINVAL;
	}
	return 0;
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
