/* SPDX-License-Identifier: MIT */
/* IPv4 addresses and protocols, Linux's values and layouts. */
#ifndef UAPI_IN_H
#define UAPI_IN_H

#include "socket.h"
#include <stdint.h>

typedef uint16_t in_port_t;
typedef uint32_t in_addr_t;

struct in_addr {
	in_addr_t s_addr; /* network byte order */
};

struct sockaddr_in {
	sa_family_t sin_family;
	in_port_t sin_port; /* network byte order */
	struct in_addr sin_addr;
	unsigned char sin_zero[8];
};

/* The control message IP_PKTINFO. */
struct in_pktinfo {
	int ipi_ifindex;             /* the device */
	struct in_addr ipi_spec_dst; /* the address for an answer */
	struct in_addr ipi_addr;     /* the destination in the header */
};

#define IPPROTO_IP   0
#define IPPROTO_ICMP 1
#define IPPROTO_TCP  6
#define IPPROTO_UDP  17
#define IPPROTO_RAW  255
#define IPPROTO_MAX  263 /* one more than IPPROTO_MPTCP (262), Linux's largest protocol number */

#define INADDR_ANY       ((in_addr_t)0x00000000)
#define INADDR_LOOPBACK  ((in_addr_t)0x7f000001)
#define INADDR_BROADCAST ((in_addr_t)0xffffffff)

#define SOL_IP                  0
#define IP_TOS                  1
#define IP_TTL                  2
#define IP_MTU_DISCOVER         10
#define IP_PKTINFO              8
#define IP_RECVERR              11
#define IP_RECVTTL              12
#define IP_RECVTOS              13
#define IP_MTU                  14
#define IP_ORIGDSTADDR          20
#define IP_RECVORIGDSTADDR      IP_ORIGDSTADDR
#define IP_BIND_ADDRESS_NO_PORT 24
#define IP_PMTUDISC_DONT        0
#define IP_PMTUDISC_WANT        1
#define IP_PMTUDISC_DO          2
#define IP_PMTUDISC_PROBE       3
#define IP_PMTUDISC_INTERFACE   4
#define IP_PMTUDISC_OMIT        5

#endif
