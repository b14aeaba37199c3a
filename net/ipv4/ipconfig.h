/* SPDX-License-Identifier: MIT */
/*
 * The address and gateway of each card: the command line's `ip=` and `gw=`.  Linux's
 * Documentation/admin-guide/nfs/nfsroot.rst describes the long form of `ip=`.
 */
#ifndef NET_IPV4_IPCONFIG_H
#define NET_IPV4_IPCONFIG_H

#include "kernel/types.h"
#include "net/core/netdevice.h"

/* One `ip=`. */
struct ip_config {
	__be32 addr;
	__be32 gateway;               /* 0: none */
	u8 prefix_len;                /* 1..32 */
	char device[IFNAMSIZ];        /* "": the first card that has a link */
	const struct net_device *dev; /* the card that got it; NULL: none yet */
};

/* Fills @config from the text after `ip=`. 0; -EINVAL after a line on the console with the reason;
 * -ENODEV: the text asks for no address. */
int ip_config_parse(const char *text, struct ip_config *config);
/*
 * Boot, process context, after all cards were opened: reports words that no card has taken by then.
 */
void ip_auto_config(void);
void ip_config_init(void); /* the words, the notifier; after devinet_init() */

#endif
