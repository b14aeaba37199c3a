/* SPDX-License-Identifier: MIT */
/* Netlink sockets as Linux's x86-64 system calls see them: constants and layouts (RFC 3549, netlink(7)). */
#ifndef UAPI_NETLINK_H
#define UAPI_NETLINK_H

#include "socket.h"

#define NETLINK_ROUTE 0

struct sockaddr_nl {
	sa_family_t nl_family;
	unsigned short nl_pad;
	uint32_t nl_pid;    /* the port; 0: the kernel */
	uint32_t nl_groups; /* bit mask of multicast groups 1 to 32 */
};

struct nlmsghdr {
	uint32_t nlmsg_len; /* bytes of the message, with this header */
	uint16_t nlmsg_type;
	uint16_t nlmsg_flags;
	uint32_t nlmsg_seq;
	uint32_t nlmsg_pid;
};

#define NLM_F_REQUEST 0x001
#define NLM_F_MULTI   0x002 /* more messages follow, up to NLMSG_DONE */
#define NLM_F_ACK     0x004
#define NLM_F_DUMP    0x300
#define NLM_F_CAPPED  0x100 /* in NLMSG_ERROR: the request's payload is not repeated */

#define NLMSG_ALIGNTO  4
#define NLMSG_HDRLEN   16
#define NLMSG_NOOP     1
#define NLMSG_ERROR    2
#define NLMSG_DONE     3
#define NLMSG_MIN_TYPE 0x10 /* smaller types are messages of netlink itself */

struct nlmsgerr {
	int error; /* negative errno; 0: the ACK of a request */
	struct nlmsghdr msg;
};

/* An attribute: this header, then nla_len - 4 bytes, padded to 4 bytes. */
struct nlattr {
	uint16_t nla_len;
	uint16_t nla_type;
};

#define SOL_NETLINK             270
#define NETLINK_ADD_MEMBERSHIP  1
#define NETLINK_DROP_MEMBERSHIP 2
#define NETLINK_PKTINFO         3
#define NETLINK_NO_ENOBUFS      5
#define NETLINK_CAP_ACK         10

struct nl_pktinfo {
	uint32_t group;
};

#endif
