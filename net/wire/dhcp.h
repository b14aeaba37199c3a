/* SPDX-License-Identifier: MIT */
/*
 * A DHCP message (RFC 2131 2, which extends BOOTP, RFC 951) and the options that the client uses
 * (RFC 2132, 3397, 3442). Fields in network byte order.
 */
#ifndef NET_WIRE_DHCP_H
#define NET_WIRE_DHCP_H

#include "kernel/types.h"

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68

struct dhcphdr {
	u8 op;
	u8 htype;
	u8 hlen;
	u8 hops;
	__be32 xid;
	__be16 secs;
	__be16 flags;
	__be32 ciaddr; /* the client's address, if it has one */
	__be32 yiaddr; /* "your" address: the address for the client */
	__be32 siaddr; /* the next server, of which a boot loader asks a file */
	__be32 giaddr; /* the relay */
	u8 chaddr[16];
	u8 sname[64];
	u8 file[128];
	__be32 cookie; /* before the options */
} __packed;

#define BOOTREQUEST    1
#define BOOTREPLY      2
#define BOOTP_ETHERNET 1
#define BOOTP_MIN_LEN  300 /* bytes: some servers and relays drop a shorter message (RFC 1542 2.1) */
#define DHCP_BROADCAST 0x8000     /* flags: the client receives no unicast datagrams yet */
#define DHCP_COOKIE    0x63825363 /* RFC 2131 3 */

#define DHCPDISCOVER 1
#define DHCPOFFER    2
#define DHCPREQUEST  3
#define DHCPDECLINE  4
#define DHCPACK      5
#define DHCPNAK      6
#define DHCPRELEASE  7

#define DHCP_OPT_PAD          0
#define DHCP_OPT_MASK         1
#define DHCP_OPT_ROUTERS      3
#define DHCP_OPT_DNS          6
#define DHCP_OPT_HOSTNAME     12
#define DHCP_OPT_DOMAIN       15
#define DHCP_OPT_MTU          26
#define DHCP_OPT_NTP          42
#define DHCP_OPT_ADDRESS      50 /* the address that the client asks for */
#define DHCP_OPT_LEASE        51
#define DHCP_OPT_OVERLOAD     52
#define DHCP_OPT_TYPE         53
#define DHCP_OPT_SERVER       54
#define DHCP_OPT_PARAMETERS   55
#define DHCP_OPT_MESSAGE_SIZE 57
#define DHCP_OPT_T1           58
#define DHCP_OPT_T2           59
#define DHCP_OPT_CLIENT_ID    61
#define DHCP_OPT_SEARCH       119
#define DHCP_OPT_ROUTES       121
#define DHCP_OPT_END          255

/* Option 52: the fields that have options too. */
#define DHCP_OVERLOAD_FILE  1
#define DHCP_OVERLOAD_SNAME 2

#define DHCP_FOREVER 0xffffffffu /* a lease without an end */

#endif
