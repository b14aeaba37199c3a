/* SPDX-License-Identifier: MIT */
/* IPv4's part of NETLINK_ROUTE: addresses (rtnl_addr.c) and routes (rtnl_route.c). */
#ifndef NET_IPV4_RTNL_H
#define NET_IPV4_RTNL_H

struct in_ifaddr;
struct ip_route_entry;
struct net_device;

/*
 * Tell programs of a new or removed address or route; @event is RTM_NEWADDR, RTM_DELADDR,
 * RTM_NEWROUTE or RTM_DELROUTE. Process or softirq.
 */
void rtmsg_ifa(int event, const struct net_device *dev, const struct in_ifaddr *ifa);
void rtmsg_route(int event, const struct ip_route_entry *route);
/* Register the requests. Boot. */
void rtnl_addr_init(void);
void rtnl_route_init(void);

#endif
