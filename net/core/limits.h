/* SPDX-License-Identifier: MIT */
/*
 * The limits of packets, devices and struct sock. Each comment has the unit, what happens at the
 * limit, and the reason for the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef NET_CORE_LIMITS_H
#define NET_CORE_LIMITS_H

/* ---- devices ---- */
/*
 * devices: register_netdevice() of one more fails with -ENOSPC. Enough for lo and seven cards; a
 * linear search of the devices, as for /proc/net/dev and ip=, stays short.
 */
#define NETDEV_MAX 8
/*
 * group addresses in a device's list: dev_mc_add() of one more fails with -ENOBUFS. Ten sockets with
 * Linux's default of igmp_max_memberships (20) stay below; a linear search of the list stays short.
 */
#define NETDEV_MC_MAX 256
/*
 * packets that one net_rx_action() processes: the others wait for the next softirq. Linux's
 * netdev_budget.
 */
#define NETDEV_BUDGET       300
#define NETDEV_BUDGET_RANGE 1, 100000
/*
 * ms that one net_rx_action() may last: packets that are left wait for the next softirq. Linux's
 * netdev_budget_usecs.
 */
#define NETDEV_BUDGET_MS 2
/*
 * packets that one poll of a device processes: after them the next device is polled. Linux's value.
 */
#define NAPI_POLL_WEIGHT 64
/*
 * flows that may each hold one packet for merging: for one more, the oldest packet is passed up.
 * Linux's MAX_GRO_SKBS.
 */
#define GRO_HELD_MAX 8
/*
 * packets that wait for space in a device's ring: further packets are dropped with reason
 * QDISC_DROP. Linux's default txqueuelen.
 */
#define NETDEV_TX_QUEUE_LEN 1000
/*
 * part of memory: all packets that wait for space in one device's ring hold at most an eighth of
 * memory (truesize); further packets are dropped with reason QDISC_DROP. A small machine cannot
 * store NETDEV_TX_QUEUE_LEN packets of 64 KiB.
 */
#define NETDEV_TX_QUEUE_PART 8
/*
 * packets in the input queue of loopback: further packets are dropped and counted. Linux's
 * netdev_max_backlog.
 */
#define NETDEV_MAX_BACKLOG       1000
#define NETDEV_MAX_BACKLOG_RANGE 1, 1000000

/* ---- packets ---- */
/*
 * fragments of one packet: a packet with more cannot be built. A packet of 64 KiB needs 16 pages of
 * 4 KiB, and one more if its first byte is in the middle of a page.
 */
#define MAX_SKB_FRAGS 17
/*
 * bytes of a packet's linear part: alloc_skb() fails for more. 64 KiB of data and all headers fit.
 */
#define SKB_LINEAR_MAX 131072

/* ---- sockets ---- */
/*
 * connections in a backlog of listen(): a larger backlog is reduced to this value. Linux's default
 * since 5.4.
 */
#define SOMAXCONN_DEFAULT 4096
#define SOMAXCONN_RANGE   0, 65535
/* bytes of received data that a socket may queue even when memory is short: Linux's tcp_rmem[0]. */
#define SOCK_RMEM_LEAST 4096
/* bytes of the initial sk_rcvbuf: Linux's tcp_rmem[1]. */
#define SOCK_RMEM_DEFAULT 131072
/*
 * part of memory: the initial sk_rcvbuf is at most a 48th of memory. A machine of 2 MiB starts with
 * a third of SOCK_RMEM_DEFAULT, a machine of 8 MiB with all of it.
 */
#define SOCK_RMEM_DEFAULT_PART 48
/*
 * bytes: the initial sk_rcvbuf is not smaller than this, even on a machine with little memory. Half
 * of the buffer can be advertised as window, which holds eight segments of 1 KiB.
 */
#define SOCK_RMEM_DEFAULT_LEAST 16384
/*
 * bytes of the largest sk_rcvbuf: the kernel never grows a buffer beyond this. Linux's tcp_rmem[2].
 */
#define SOCK_RMEM_MAX 6291456
/* bytes of data to send that a socket may queue even when memory is short: Linux's tcp_wmem[0]. */
#define SOCK_WMEM_LEAST 4096
/*
 * bytes of the initial sk_sndbuf: it grows with the congestion window. Four times Linux's
 * tcp_wmem[1], so that the initial congestion window fits, also after it has doubled.
 */
#define SOCK_WMEM_DEFAULT 65536
/*
 * bytes of the largest sk_sndbuf: the kernel never grows a buffer beyond this. Linux's tcp_wmem[2].
 */
#define SOCK_WMEM_MAX 4194304
/*
 * bytes of the receive buffer and of the send buffer of a new datagram socket: the defaults of the
 * sysctls rmem_default and wmem_default. Linux's value.
 */
#define SOCK_BUFFER_DEFAULT 212992
/* bytes: a smaller SO_RCVBUF is raised to this. Linux's SOCK_MIN_RCVBUF. */
#define SOCK_MIN_RCVBUF 2304
/* bytes: a smaller SO_SNDBUF is raised to this. Linux's SOCK_MIN_SNDBUF. */
#define SOCK_MIN_SNDBUF 4608
/*
 * bytes: range of a buffer size that a sysctl sets. The maximum is chosen so that the sum of two
 * such buffers is far below the maximum of an int.
 */
#define SOCK_MEM_RANGE 2304, 268435456
/*
 * bytes: range of the sysctls rmem_max and wmem_max, which limit SO_RCVBUF and SO_SNDBUF. The
 * maximum is half of SOCK_MEM_RANGE's, because a buffer gets twice the value that the application
 * sets.
 */
#define SOCK_ASK_RANGE 2304, 134217728
/*
 * bytes: SO_SNDBUFFORCE and SO_RCVBUFFORCE reduce a larger value to this. These options may exceed
 * the present value of the sysctls wmem_max and rmem_max, but not the largest value that these
 * sysctls accept.
 */
#define SOCK_FORCED_MAX 134217728
/*
 * bytes of a socket's MSG_ZEROCOPY messages (unread ones, and those of writes under way), and bytes
 * of the control messages of one sendmsg(): a further write, or a sendmsg() with longer control
 * messages, fails with -ENOBUFS. Linux's default of optmem_max. Times and ICMP errors on the error
 * queue count in the receive buffer instead.
 */
#define SOCK_OPTMEM_MAX 131072
/*
 * bytes: sk_backlog is limited to sk_rcvbuf + sk_sndbuf + this; further packets are dropped. The
 * extra space is for pure ACKs, as in Linux.
 */
#define SOCK_BACKLOG_EXTRA 65536
/*
 * bytes that sk_backlog may hold even when the memory of tcp_mem or the free pages are exhausted:
 * an ACK must find space, because processing it frees memory.
 */
#define SOCK_BACKLOG_LEAST 4096

#endif
