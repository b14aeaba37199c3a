/* SPDX-License-Identifier: MIT */
/*
 * IGMP messages (RFC 1112 appendix I, RFC 2236, RFC 3376). Fields and addresses in network byte
 * order.
 */
#ifndef NET_WIRE_IGMP_H
#define NET_WIRE_IGMP_H

#include "kernel/lib/byteorder.h"
#include "kernel/types.h"

#define IGMP_HOST_MEMBERSHIP_QUERY    0x11
#define IGMP_HOST_MEMBERSHIP_REPORT   0x12
#define IGMPV2_HOST_MEMBERSHIP_REPORT 0x16
#define IGMP_HOST_LEAVE_MESSAGE       0x17
#define IGMPV3_HOST_MEMBERSHIP_REPORT 0x22

/* All messages of versions 1 and 2, and the beginning of a query of version 3. */
struct igmphdr {
	u8 type;
	u8 code; /* of a query: maximum response time in 0.1 s; 0 in version 1 */
	__sum16 csum;
	__be32 group;
} __packed __aligned(2);

struct igmpv3_query {
	u8 type;
	u8 code;
	__sum16 csum;
	__be32 group;
	u8 qrv : 3, suppress : 1, resv : 4;
	u8 qqic;
	__be16 nsrcs;
	__be32 srcs[];
} __packed __aligned(2);

struct igmpv3_report {
	u8 type;
	u8 resv1;
	__sum16 csum;
	__be16 resv2;
	__be16 ngrec;
} __packed __aligned(2);

/* Types of a group record (RFC 3376 4.2.12). */
#define IGMPV3_MODE_IS_INCLUDE   1
#define IGMPV3_MODE_IS_EXCLUDE   2
#define IGMPV3_CHANGE_TO_INCLUDE 3
#define IGMPV3_CHANGE_TO_EXCLUDE 4
#define IGMPV3_ALLOW_NEW_SOURCES 5
#define IGMPV3_BLOCK_OLD_SOURCES 6

struct igmpv3_grec {
	u8 grec_type;
	u8 grec_auxwords;
	__be16 grec_nsrcs;
	__be32 grec_mca;
	__be32 grec_src[];
} __packed __aligned(2);

#define IGMP_ALL_HOSTS   0xe0000001u /* 224.0.0.1, host byte order */
#define IGMP_ALL_ROUTERS 0xe0000002u /* 224.0.0.2: leave messages of version 2 */
#define IGMPV3_ALL_MCR   0xe0000016u /* 224.0.0.22: reports of version 3 */

/* The IP option of each IGMP message (RFC 2113): routers examine the packet. */
#define IPOPT_ROUTER_ALERT     0x94
#define IPOPT_ROUTER_ALERT_LEN 4

/*
 * Decodes the floating-point form of Max Resp Code and QQIC (RFC 3376 4.1.1): a number below 128 is
 * itself; in others, bits 0 to 3 are the mantissa and bits 4 to 6 the exponent.
 */
static inline unsigned int igmpv3_decode(u8 code)
{
	return code < 128 ? code : ((code & 0xfu) | 0x10) << (((code >> 4) & 7) + 3);
}

#endif
