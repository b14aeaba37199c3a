/* SPDX-License-Identifier: MIT */
/* The UDP header (RFC 768). Fields in network byte order. */
#ifndef NET_WIRE_UDP_H
#define NET_WIRE_UDP_H

#include "kernel/types.h"

struct udphdr {
	__be16 source;
	__be16 dest;
	__be16 len; /* of header and data, in bytes */
	/* 0: the sender computed none. A checksum that is 0 is sent as 0xffff. */
	__sum16 check;
} __packed __aligned(2);

#endif
