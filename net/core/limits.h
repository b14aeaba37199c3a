/* SPDX-License-Identifier: MIT */
/*
 * The limits of packets, devices and struct sock.
 */
#ifndef NET_CORE_LIMITS_H
#define NET_CORE_LIMITS_H

/* ---- devices ---- */
#define NETDEV_MAX               8   /* register_netdevice: -ENOSPC */
#define NETDEV_BUDGET            300 /* packets of one net_rx_action (Linux netdev_budget) */
#define NETDEV_BUDGET_RANGE      1, 100000
#define NETDEV_BUDGET_MS         2  /* and its time */
#define NAPI_POLL_WEIGHT         64 /* packets of one device's poll */
#define GRO_HELD_MAX             8 /* flows whose packets may still grow (Linux): the oldest goes up */
#define NETDEV_TX_QUEUE_LEN      1000 /* packets waiting for ring space: dropped, QDISC_DROP */
#define NETDEV_TX_QUEUE_PART     8    /* their truesize: an 8th of memory; dropped, QDISC_DROP */
#define NETDEV_MAX_BACKLOG       1000 /* loopback's input queue (Linux): dropped, counted */
#define NETDEV_MAX_BACKLOG_RANGE 1, 1000000

/* ---- packets ---- */
#define MAX_SKB_FRAGS 17 /* page fragments of a packet: 64 KiB in 4 KiB pages + 1 */
#define SKB_LINEAR_MAX                                                                             \
	131072 /* bytes of a packet's linear part: NULL; 64 KiB and all headers fit */

/* ---- sockets ---- */
#define SOMAXCONN_DEFAULT 4096     /* listen() backlog is cut to it (Linux 5.4+) */
#define SOMAXCONN_RANGE   0, 65535 /* Linux */
#define SOCK_RMEM_LEAST   4096     /* bytes a socket may hold when memory is short: tcp_rmem[0] */
#define SOCK_RMEM_DEFAULT 131072   /* bytes, tcp_rmem[1] of Linux */
#define SOCK_RMEM_DEFAULT_PART                                                                     \
	48 /* of memory, at most that part: 2 MiB start with a third of the above, 8 MiB with it */
#define SOCK_RMEM_DEFAULT_LEAST 16384   /* eight segments of 1 KiB in a window of half of it */
#define SOCK_RMEM_MAX           6291456 /* tcp_rmem[2] */
#define SOCK_WMEM_LEAST         4096    /* as for receiving: tcp_wmem[0] */
#define SOCK_WMEM_DEFAULT       65536   /* starting sk_sndbuf; grows with cwnd to the maximum */
#define SOCK_WMEM_MAX           4194304 /* tcp_wmem[2] */
#define SOCK_MIN_RCVBUF         2304    /* SO_RCVBUF below it is raised (Linux) */
#define SOCK_MIN_SNDBUF         4608
#define SOCK_MEM_RANGE          2304, 268435456 /* two buffers together stay far below an int */
#define SOCK_ASK_RANGE          2304, 134217728 /* what SO_RCVBUF, SO_SNDBUF may ask: half of a buffer */
#define SOCK_BACKLOG_EXTRA      65536 /* sk_backlog may hold rcvbuf + sndbuf + this: dropped */
#define SOCK_BACKLOG_LEAST      4096 /* and this much also where tcp_mem or pages are at their end */

#endif
