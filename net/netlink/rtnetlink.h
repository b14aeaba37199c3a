/* SPDX-License-Identifier: MIT */
/* NETLINK_ROUTE: the table of its requests. Names and roles are those of Linux's include/net/rtnetlink.h. */
#ifndef NET_NETLINK_RTNETLINK_H
#define NET_NETLINK_RTNETLINK_H

#include "include/uapi/rtnetlink.h"
#include "net/netlink/af_netlink.h"

/* Answers a request that is no dump. Returns 0 or -errno. Process context. */
typedef int (*rtnl_doit_func)(struct sock *sk, const struct nlmsghdr *nlh);
typedef void (*rtnl_dumpit_func)(struct sk_buff *skb, struct netlink_callback *cb);

/*
 * Registers the answers to requests of @type (RTM_GET*) for @family; PF_UNSPEC: for each family that
 * registers none. Either function may be NULL. Boot only.
 */
void rtnl_register(int family, int type, rtnl_doit_func doit, rtnl_dumpit_func dumpit);
/* Handles one request. Returns 0 or -errno for the ACK; -EINTR: no ACK. Process context. */
int rtnetlink_rcv_msg(struct sock *sk, const struct nlmsghdr *nlh);
void rtnetlink_init(void); /* registers RTM_GETLINK; boot */

#endif
