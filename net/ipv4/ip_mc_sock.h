/* SPDX-License-Identifier: MIT */
/*
 * The multicast groups of a socket of datagrams. Options of sockets (ip_mc_options.c) change them;
 * a transport asks ip_mc_sf_allow() before it gives a packet to a socket.
 */
#ifndef NET_IPV4_IP_MC_SOCK_H
#define NET_IPV4_IP_MC_SOCK_H

#include "include/uapi/in.h"
#include "net/inet/inet_sock.h"
#include "net/ipv4/limits.h"

/* A group that a socket joined on one interface. It is replaced as a whole by each change. */
struct ip_mc_socklist {
	struct ip_mc_socklist *next;
	__be32 multiaddr;
	int ifindex;
	u8 sfmode;       /* MCAST_INCLUDE or MCAST_EXCLUDE */
	unsigned int nr; /* sources, at most IGMP_SOURCES_MAX; each once */
	__be32 srcs[];
};

/* A filter of sources that an application sets or reads as a whole. */
struct ip_mc_sources {
	u8 mode;
	unsigned int nr;
	__be32 srcs[IGMP_SOURCES_MAX];
};

/*
 * All functions but the last two: process context; the socket is owned. @group names the group, and
 * the interface by its index, by one of its addresses, or by the route to the group. Errors as in
 * Linux: -EINVAL (not a multicast address ...), -ENODEV, -EADDRNOTAVAIL (not joined, or no such
 * source), -EADDRINUSE, -ENOBUFS, -ENOMEM.
 */
int ip_mc_join_group(struct sock *sk, const struct ip_mreqn *group, u8 mode);
int ip_mc_leave_group(struct sock *sk, const struct ip_mreqn *group);
/* Adds (@add) or removes the source @src; the mode of the group's filter must be @mode. */
int ip_mc_source(struct sock *sk, const struct ip_mreqn *group, u8 mode, __be32 src, bool add);
/* Replaces the filter. The filter INCLUDE without sources means that the socket leaves. */
int ip_mc_msfilter(struct sock *sk, const struct ip_mreqn *group,
		   const struct ip_mc_sources *filter);
/* Returns the group's entry in *@entry. */
int ip_mc_msfget(struct sock *sk, const struct ip_mreqn *group,
		 const struct ip_mc_socklist **entry);
/* Returns the device that @group names, NULL if there is none. */
struct net_device *ip_mc_find_dev(const struct ip_mreqn *group);
/* Leaves all groups. Called when the socket is closed; takes the socket lock. Process. */
void ip_mc_drop_socket(struct sock *sk);
/*
 * Returns true if @sk gets a packet from @saddr to @daddr that device @dif received. True for a
 * @daddr that is not multicast. Any context but hard interrupt; takes a lock inside.
 */
bool ip_mc_sf_allow(const struct sock *sk, __be32 daddr, __be32 saddr, int dif);

/* Returns true for an option of ip_mc_setsockopt() and ip_mc_getsockopt() (ip_mc_options.c). */
bool ip_mc_option(int optname);
/* Socket options. Process context, without the socket lock; they return 0 or -errno. */
int ip_mc_setsockopt(struct sock *sk, int optname, const void __user *optval, unsigned int optlen);
int ip_mc_getsockopt(struct sock *sk, int optname, void __user *optval, int __user *optlen);

#endif
