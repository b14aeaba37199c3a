/* SPDX-License-Identifier: MIT */
/*
 * Network interfaces as Linux's x86-64 ioctl() requests see them: layouts, and two constants.
 * The flags (IFF_*) are in net/core/netdevice.h.
 */
#ifndef UAPI_IF_H
#define UAPI_IF_H

#include "socket.h"

#define IFNAMSIZ 16

#define IFF_LOWER_UP 0x10000 /* the link is up; only netlink reports it */

#define ARPHRD_ETHER    1
#define ARPHRD_LOOPBACK 772

/* The memory and interrupt of an old card. */
struct ifmap {
	unsigned long mem_start, mem_end;
	unsigned short base_addr;
	unsigned char irq, dma, port;
};

struct ifreq {
	char ifr_name[IFNAMSIZ];
	union {
		struct sockaddr ifr_addr;
		short ifr_flags;
		int ifr_ifindex;
		int ifr_metric;
		int ifr_mtu;
		int ifr_qlen;
		struct ifmap ifr_map;
	};
};

/* SIOCGIFCONF: an array of struct ifreq, one for each address. */
struct ifconf {
	int ifc_len; /* bytes of the array; after the call, bytes of it that were filled */
	struct ifreq *ifc_req;
};

#endif
