/* SPDX-License-Identifier: MIT */
/*
 * Control messages that recvmsg() returns beside the data.
 *
 * put_cmsg() <- tcp_recvmsg(), ip_recv_error() (process, with or without the socket lock).
 * RFC 2292 4.2 has the layout. Compare Linux's net/core/scm.c.
 */
#include "kernel/mm/uaccess.h"
#include "net/core/net.h"

/* Linux aligns the headers and the data of control messages to 8 bytes on x86-64. */
#define CMSG_ALIGN(len) ALIGN_UP(len, sizeof(size_t))

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
