/* SPDX-License-Identifier: MIT */
/* A server's DHCP message as a checked struct: the result of parsing its options. */
#ifndef NET_IPV4_DHCP_OPTIONS_H
#define NET_IPV4_DHCP_OPTIONS_H

#include "kernel/process/sys.h"
#include "kernel/types.h"
#include "net/core/dropreason.h"
#include "net/ipv4/limits.h"
#include "net/wire/dhcp.h"

/* A route of option 121 or of option 3. */
struct dhcp_route {
	__be32 dst, gateway; /* gateway 0: the destination is on the link */
	u8 prefix_len;
};

/*
 * A message whose values are possible. For DHCPNAK only type and server are set. Names have only
 * letters, digits, "-", "_" and ".", so that they can stand in resolv.conf.
 */
struct dhcp_info {
	u8 type; /* DHCPOFFER, DHCPACK or DHCPNAK */
	u8 prefix_len;
	u16 mtu;           /* 0: not given */
	__be32 addr;       /* a host's address in a network of prefix_len */
	__be32 server;     /* the server's identifier */
	__be32 bootserver; /* siaddr; 0: none */
	u32 lease, t1, t2; /* seconds; either all three are DHCP_FOREVER, or t1 < t2 < lease */
	u8 nr_routes, nr_dns, nr_ntp;
	struct dhcp_route routes[DHCP_ROUTES_MAX];
	__be32 dns[DHCP_SERVERS_MAX];
	__be32 ntp[DHCP_SERVERS_MAX];
	char host[NODENAME_MAX + 1];    /* "": not given */
	char domain[DHCP_NAME_MAX + 1]; /* "": not given */
	char search[DHCP_NAME_MAX + 1]; /* names with blanks between them; "": not given */
};

/*
 * Parses a message of @len bytes, of which the caller has checked no field. Returns 0 and fills
 * @info, or SKB_DROP_REASON_DHCP_MALFORMED. Any context; not reentrant: the caller holds dhcp_lock.
 */
enum skb_drop_reason dhcp_parse(const struct dhcphdr *msg, size_t len, struct dhcp_info *info);

#endif
