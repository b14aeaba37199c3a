/* SPDX-License-Identifier: MIT */
/* The ICMP header, its types and codes (RFC 792, 1191). Fields in network byte order. */
#ifndef NET_WIRE_ICMP_H
#define NET_WIRE_ICMP_H

#include "kernel/types.h"

struct icmphdr {
	u8 type;
	u8 code;
	__sum16 checksum;
	union {
		struct {
			__be16 id;
			__be16 sequence;
		} echo;
		__be32 gateway;
		struct {
			__be16 unused;
			__be16 mtu;
		} frag;
	} un;
} __packed __aligned(2);

#define ICMP_ECHOREPLY      0
#define ICMP_DEST_UNREACH   3
#define ICMP_SOURCE_QUENCH  4
#define ICMP_REDIRECT       5
#define ICMP_ECHO           8
#define ICMP_TIME_EXCEEDED  11
#define ICMP_PARAMETERPROB  12
#define ICMP_TIMESTAMP      13
#define ICMP_TIMESTAMPREPLY 14
#define ICMP_ADDRESS        17
#define ICMP_ADDRESSREPLY   18
#define NR_ICMP_TYPES       18

/* Values of the code field in an ICMP_DEST_UNREACH message. */
#define ICMP_NET_UNREACH  0
#define ICMP_HOST_UNREACH 1
#define ICMP_PROT_UNREACH 2
#define ICMP_PORT_UNREACH 3
#define ICMP_FRAG_NEEDED  4
#define ICMP_SR_FAILED    5
#define NR_ICMP_UNREACH   15

/* Values of the code field in an ICMP_TIME_EXCEEDED message. */
#define ICMP_EXC_FRAGTIME 1

#endif
