/* SPDX-License-Identifier: MIT */
/*
 * The address and gateway of each network card, from the command-line options `ip=` and `gw=`.
 * Linux's Documentation/admin-guide/nfs/nfsroot.rst describes the long form of `ip=`.
 */
#ifndef NET_IPV4_IPCONFIG_H
#define NET_IPV4_IPCONFIG_H

#include "kernel/process/sys.h"
#include "kernel/types.h"
#include "net/core/netdevice.h"

/* The values of one `ip=`. */
struct ip_config {
	bool dhcp;                    /* a server gives the address */
	__be32 addr;                  /* with dhcp: used if no server answers; 0: none */
	__be32 gateway;               /* 0: none */
	u8 prefix_len;                /* 1..32 */
	char host[NODENAME_MAX + 1];  /* "": not given */
	__be32 server;                /* 0: none */
	__be32 nameservers[2];        /* 0: none */
	__be32 ntp;                   /* 0: none */
	char device[IFNAMSIZ];        /* "": apply to the first card that has a link */
	const struct net_device *dev; /* the card that has taken this entry; NULL: none yet */
};

/*
 * Parses the text after `ip=`. Returns 0; -EINVAL if the text is invalid, after a console message
 * with the reason; or -ENODEV if the text asks for no address ("off").
 */
int ip_config_parse(const char *text, struct ip_config *config);
/*
 * Reports every `ip=` that no card has taken, and waits for the addresses that servers give. Called
 * at boot in process context, after all cards were opened.
 */
void ip_auto_config(void);
void ip_config_init(void); /* registers the options and the notifier; call after dhcp_init() */

#endif
