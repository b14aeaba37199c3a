/* SPDX-License-Identifier: MIT */
/*
 * The limits of netlink sockets. Each comment has the unit, what happens at the limit, and the reason
 * for the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef NET_NETLINK_LIMITS_H
#define NET_NETLINK_LIMITS_H

/*
 * bytes (truesize) of messages that may wait in a socket: an answer that finds no room is dropped,
 * and so is a notification; the next call fails with -ENOBUFS. A dump continues when half of the
 * limit is free again. SO_RCVBUF changes the limit. Linux's rmem_default.
 */
#define NETLINK_RCVBUF 212992
/*
 * bytes of one write: a longer one fails with -EMSGSIZE. SO_SNDBUF changes the limit. Linux's
 * wmem_default.
 */
#define NETLINK_SNDBUF 212992

#endif
