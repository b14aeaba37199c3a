/* SPDX-License-Identifier: MIT */
/* The state of DCTCP in a socket, for tcp_dctcp.c and its unit test. */
#ifndef NET_TCP_TCP_DCTCP_H
#define NET_TCP_TCP_DCTCP_H

#include "net/tcp/tcp_cong.h"

#define DCTCP_ALPHA_SHIFT 10
#define DCTCP_MAX_ALPHA   (1u << DCTCP_ALPHA_SHIFT) /* all segments are marked */
#define DCTCP_SHIFT_G     4                         /* g = 1/16: the weight of the newest window */

struct dctcp {
	u32 alpha;    /* estimated part of the segments that are marked, in 1/DCTCP_MAX_ALPHA */
	u32 next_seq; /* the observation window ends when this number is acknowledged */
	u32 old_delivered;    /* tp->delivered at the beginning of the window */
	u32 old_delivered_ce; /* tp->delivered_ce at the beginning of the window */
	u32 prior_rcv_nxt;    /* receiver: rcv_nxt when the last packet arrived */
	u32 loss_cwnd;        /* cwnd before the last reduction, for an undo */
	bool ce;              /* receiver: the last packet was marked */
};
BUILD_BUG_ON(sizeof(struct dctcp) > ICSK_CA_PRIV_SIZE);

#endif
