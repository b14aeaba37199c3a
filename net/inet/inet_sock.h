/* SPDX-License-Identifier: MIT */
/*
 * inet_sock: a struct sock and its IPv4 addresses, ports and options. Compare Linux's
 * include/net/inet_sock.h. Addresses and ports may be changed only while the socket is locked and
 * not hashed.
 */
#ifndef NET_IPV4_INET_SOCK_H
#define NET_IPV4_INET_SOCK_H

#include "include/uapi/in.h"
#include "kernel/lib/byteorder.h"
#include "net/core/request_sock.h"
#include "net/core/sock.h"

struct ip_options;

struct inet_sock {
	struct sock sk; /* first */
#define inet_daddr     sk.__sk_common.skc_daddr
#define inet_rcv_saddr sk.__sk_common.skc_rcv_saddr
#define inet_dport     sk.__sk_common.skc_dport
#define inet_num       sk.__sk_common.skc_num
	/* source address of packets; inet_rcv_saddr is the address that bind() chose */
	__be32 inet_saddr;
	__be16 inet_sport;
	s16 uc_ttl; /* IP_TTL; -1: use the sysctl ip_default_ttl */
	u16 inet_id;
	u8 tos;
	u8 pmtudisc;
	u8 bind_address_no_port : 1; /* bind() leaves the choice of the port to connect() */
	u8 recverr : 1;              /* IP_RECVERR */
	u8 defer_connect : 1; /* Fast Open: connect() has returned, the first write sends the SYN */
	u8 mc_loop : 1;       /* IP_MULTICAST_LOOP: this host gets a copy of each sent multicast */
	u8 mc_all : 1;        /* IP_MULTICAST_ALL: also groups that other sockets joined */
	u8 freebind : 1;      /* IP_FREEBIND: the source need not be an address of this host */
	u8 mc_ttl;            /* IP_MULTICAST_TTL */
	u8 min_ttl;           /* IP_MINTTL: the socket drops packets with a smaller TTL */
	struct ip_options *inet_opt; /* IP_OPTIONS; NULL: none; changed under the socket lock */
};

static inline struct inet_sock *inet_sk(const struct sock *sk)
{
	return (struct inet_sock *)sk;
}

/* flowi4.flags: restrictions of a route lookup. */
#define FLOWI_FLAG_ANYSRC 1 /* the source address need not be an address of this host */
#define FLOWI_FLAG_ONLINK 2 /* no route through a gateway (Linux: RTO_ONLINK, a bit of the TOS) */

/* Returns the flags of the routes of @sk's packets. */
static inline u8 inet_sk_flowi_flags(const struct sock *sk)
{
	return (inet_sk(sk)->freebind ? FLOWI_FLAG_ANYSRC : 0) |
	       (sock_flag(sk, SOCK_LOCALROUTE) ? FLOWI_FLAG_ONLINK : 0);
}

/* The IPv4 addresses of a half-open connection, and the options of its SYN. */
struct inet_request_sock {
	struct request_sock req; /* first */
#define ir_loc_addr req.__req_common.skc_rcv_saddr
#define ir_num      req.__req_common.skc_num
#define ir_rmt_addr req.__req_common.skc_daddr
#define ir_rmt_port req.__req_common.skc_dport
	u8 snd_wscale : 4, rcv_wscale : 4;
	u8 tstamp_ok : 1, sack_ok : 1, wscale_ok : 1, acked : 1;
	u8 ecn_ok : 1;    /* the SYN offered ECN, and the listener accepted */
	u8 syncookie : 1; /* our SYN-ACK is a SYN cookie: the request is in no table */
	u8 tfo_listener : 1; /* Fast Open: the child exists before the handshake ends; guarded by rskq_lock */
	int ir_iif;
	u8 ir_tos;
};

static inline struct inet_request_sock *inet_rsk(const struct request_sock *req)
{
	return (struct inet_request_sock *)req;
}

/* In skb->cb of a received packet: data that IP leaves for transports and icmp_send(). */
struct inet_skb_parm {
	int iif;  /* index of the device that received the packet */
	u8 flags; /* IPSKB_* */
};

#define IPSKB_RAW 0x01 /* a raw socket is for this packet, or for the packet that it quotes */

#endif
