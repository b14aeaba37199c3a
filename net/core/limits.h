/* SPDX-License-Identifier: MIT */
/*
 * The limits of packets, devices and struct sock. Each comment has the unit, what happens at
 * the limit, and the reason for the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef NET_CORE_LIMITS_H
#define NET_CORE_LIMITS_H

/* ---- devices ---- */
/*
 * devices: register_netdevice() fails with -ENOSPC. lo and seven cards; /proc/net/dev and ip=
 * search them one by one.
 */
#define NETDEV_MAX 8
/* packets: of one net_rx_action(); the rest waits for the next softirq. Linux's netdev_budget. */
#define NETDEV_BUDGET       300
#define NETDEV_BUDGET_RANGE 1, 100000
/* ms: of one net_rx_action(), likewise. Linux's netdev_budget_usecs. */
#define NETDEV_BUDGET_MS 2
/* packets: of one poll of a device; then the next device's turn. Linux's. */
#define NAPI_POLL_WEIGHT 64
/* flows: whose packets wait to be merged; beyond it the oldest is passed up. Linux's MAX_GRO_SKBS. */
#define GRO_HELD_MAX 8
/*
 * packets: that wait for room in the ring; more are dropped, QDISC_DROP. Linux's default
 * txqueuelen.
 */
#define NETDEV_TX_QUEUE_LEN 1000
/*
 * part of memory: an 8th, for the truesize of all packets that wait for room in a device's ring;
 * more are dropped, QDISC_DROP. A small machine cannot hold NETDEV_TX_QUEUE_LEN packets of 64 KiB.
 */
#define NETDEV_TX_QUEUE_PART 8
/*
 * packets: in the input queue of loopback; more are dropped and counted. Linux's
 * netdev_max_backlog.
 */
#define NETDEV_MAX_BACKLOG       1000
#define NETDEV_MAX_BACKLOG_RANGE 1, 1000000

/* ---- packets ---- */
/*
 * fragments: of a packet. 64 KiB in pages of 4 KiB, and one more because the first may begin in
 * mid-page.
 */
#define MAX_SKB_FRAGS 17
/* bytes: of a packet's linear part; alloc_skb() fails. 64 KiB and all headers fit. */
#define SKB_LINEAR_MAX 131072

/* ---- sockets ---- */
/* connections: listen()'s backlog is cut to it. Linux's since 5.4. */
#define SOMAXCONN_DEFAULT 4096
#define SOMAXCONN_RANGE   0, 65535
/*
 * bytes: of received data, that a socket may queue even when memory is short. tcp_rmem[0] of
 * Linux.
 */
#define SOCK_RMEM_LEAST 4096
/* bytes: sk_rcvbuf at the start. tcp_rmem[1] of Linux. */
#define SOCK_RMEM_DEFAULT 131072
/*
 * part of memory: sk_rcvbuf at the start is no more than a 48th of memory. A machine of 2 MiB
 * starts with a third of SOCK_RMEM_DEFAULT, one of 8 MiB with all of it.
 */
#define SOCK_RMEM_DEFAULT_PART 48
/*
 * bytes: the least sk_rcvbuf at the start, however small memory is. Half of it is window: eight
 * segments of 1 KiB.
 */
#define SOCK_RMEM_DEFAULT_LEAST 16384
/* bytes: the kernel does not grow sk_rcvbuf beyond it. tcp_rmem[2] of Linux. */
#define SOCK_RMEM_MAX 6291456
/* bytes: as SOCK_RMEM_LEAST, for sending. tcp_wmem[0] of Linux. */
#define SOCK_WMEM_LEAST 4096
/*
 * bytes: sk_sndbuf at the start; it grows with the congestion window. Four times tcp_wmem[1] of
 * Linux: the initial window and the next one fit.
 */
#define SOCK_WMEM_DEFAULT 65536
/* bytes: the kernel does not grow sk_sndbuf beyond it. tcp_wmem[2] of Linux. */
#define SOCK_WMEM_MAX 4194304
/* bytes: a smaller SO_RCVBUF is raised to it. Linux's SOCK_MIN_RCVBUF. */
#define SOCK_MIN_RCVBUF 2304
/* bytes: a smaller SO_SNDBUF is raised to it. Linux's SOCK_MIN_SNDBUF. */
#define SOCK_MIN_SNDBUF 4608
/* bytes: what the sysctls of buffers may be set to. Two buffers together stay far below an int. */
#define SOCK_MEM_RANGE 2304, 268435456
/*
 * bytes: what rmem_max and wmem_max may permit SO_RCVBUF and SO_SNDBUF to ask for; the buffer is
 * twice that.
 */
#define SOCK_ASK_RANGE 2304, 134217728
/* bytes: sk_backlog may hold rcvbuf + sndbuf + this; more is dropped. Linux's, for pure ACKs. */
#define SOCK_BACKLOG_EXTRA 65536
/*
 * bytes: that sk_backlog may hold even when tcp_mem or the pages are exhausted. An ACK must be
 * queued, because it frees memory.
 */
#define SOCK_BACKLOG_LEAST 4096

#endif
