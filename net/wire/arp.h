/* SPDX-License-Identifier: MIT */
/*
 * An ARP message (RFC 826) between Ethernet and IPv4. This kernel uses no other kind, so the
 * addresses have fixed sizes.
 */
#ifndef NET_WIRE_ARP_H
#define NET_WIRE_ARP_H

#include "net/wire/ether.h"

struct arphdr {
	__be16 ar_hrd;
	__be16 ar_pro;
	u8 ar_hln;
	u8 ar_pln;
	__be16 ar_op;
	u8 ar_sha[ETH_ALEN];
	u8 ar_sip[4];
	u8 ar_tha[ETH_ALEN];
	u8 ar_tip[4];
} __packed;

#define ARPHRD_ETHER  1
#define ARPOP_REQUEST 1
#define ARPOP_REPLY   2

#endif
