/* SPDX-License-Identifier: MIT */
/*
 * The TCP header, its flags and options (RFC 9293 3.1; 7323, 2018). Fields in network byte order.
 */
#ifndef NET_WIRE_TCP_H
#define NET_WIRE_TCP_H

#include "kernel/types.h"

struct tcphdr {
	__be16 source;
	__be16 dest;
	__be32 seq;
	__be32 ack_seq;
	u16 res1 : 4, doff : 4, fin : 1, syn : 1, rst : 1, psh : 1, ack : 1, urg : 1, ece : 1,
		cwr : 1;
	__be16 window;
	__sum16 check;
	__be16 urg_ptr;
} __packed __aligned(2);

/* Bits of the flags byte. */
#define TCPHDR_FIN 0x01
#define TCPHDR_SYN 0x02
#define TCPHDR_RST 0x04
#define TCPHDR_PSH 0x08
#define TCPHDR_ACK 0x10
#define TCPHDR_URG 0x20
#define TCPHDR_ECE 0x40
#define TCPHDR_CWR 0x80

static inline u8 tcp_flag_byte(const struct tcphdr *th)
{
	return ((const u8 *)th)[13];
}

/*
 * TCPOPT_*: the kind of an option. TCPOLEN_*: its length in bytes, including the bytes for kind and
 * length.
 */
#define TCPOPT_EOL                0
#define TCPOPT_NOP                1
#define TCPOPT_MSS                2
#define TCPOPT_WINDOW             3
#define TCPOPT_SACK_PERM          4
#define TCPOPT_SACK               5
#define TCPOPT_TIMESTAMP          8
#define TCPOPT_FASTOPEN           34
#define TCPOPT_EXP                254 /* experiments (RFC 6994): a magic number of 16 bits follows */
#define TCPOLEN_MSS               4
#define TCPOLEN_WINDOW            3
#define TCPOLEN_SACK_PERM         2
#define TCPOLEN_SACK_BASE         2 /* a SACK option without blocks */
#define TCPOLEN_SACK_BASE_ALIGNED 4 /* a SACK option without blocks and two NOPs before it */
#define TCPOLEN_SACK_PERBLOCK     8
#define TCPOLEN_TIMESTAMP         10
/* a timestamp option and two NOPs before it, which fill whole 32-bit words */
#define TCPOLEN_TSTAMP_ALIGNED    12
#define TCPOLEN_FASTOPEN_BASE     2 /* a Fast Open option without a cookie */
#define TCPOLEN_EXP_FASTOPEN_BASE 4 /* an experimental Fast Open option without a cookie */
#define MAX_TCP_OPTION_SPACE      40 /* bytes: doff has four bits, hence at most 60 bytes of header */
#define TCP_MAX_WSCALE            14 /* RFC 7323 2.3 */

#endif
