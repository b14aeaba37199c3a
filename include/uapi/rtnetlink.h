/* SPDX-License-Identifier: MIT */
/* Messages of NETLINK_ROUTE: links, addresses and routes (rtnetlink(7)). Linux's values and layouts. */
#ifndef UAPI_RTNETLINK_H
#define UAPI_RTNETLINK_H

#include "netlink.h"

#define RTM_BASE     16
#define RTM_NEWLINK  16
#define RTM_DELLINK  17
#define RTM_GETLINK  18
#define RTM_NEWADDR  20
#define RTM_DELADDR  21
#define RTM_GETADDR  22
#define RTM_NEWROUTE 24
#define RTM_DELROUTE 25
#define RTM_GETROUTE 26
#define RTM_MAX      127

/* Multicast groups. */
#define RTNLGRP_LINK        1
#define RTNLGRP_IPV4_IFADDR 5
#define RTNLGRP_IPV4_ROUTE  7
#define RTNLGRP_MAX         36

/* The first field of the header of every request. */
struct rtgenmsg {
	unsigned char rtgen_family;
};

struct ifinfomsg {
	unsigned char ifi_family;
	unsigned char __ifi_pad;
	unsigned short ifi_type; /* ARPHRD_* */
	int ifi_index;
	unsigned int ifi_flags;  /* IFF_* */
	unsigned int ifi_change; /* bits of ifi_flags that changed; 0: not known */
};

#define IFLA_ADDRESS       1
#define IFLA_BROADCAST     2
#define IFLA_IFNAME        3
#define IFLA_MTU           4
#define IFLA_STATS         7
#define IFLA_TXQLEN        13
#define IFLA_OPERSTATE     16
#define IFLA_LINKMODE      17
#define IFLA_STATS64       23
#define IFLA_GROUP         27
#define IFLA_PROMISCUITY   30
#define IFLA_NUM_TX_QUEUES 31
#define IFLA_NUM_RX_QUEUES 32
#define IFLA_CARRIER       33

/* Values of IFLA_OPERSTATE (RFC 2863, ifOperStatus). */
#define IF_OPER_UNKNOWN 0
#define IF_OPER_DOWN    2
#define IF_OPER_UP      6

struct rtnl_link_stats64 {
	uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors, tx_errors, rx_dropped;
	uint64_t tx_dropped, multicast, collisions, rx_length_errors, rx_over_errors, rx_crc_errors;
	uint64_t rx_frame_errors, rx_fifo_errors, rx_missed_errors, tx_aborted_errors;
	uint64_t tx_carrier_errors, tx_fifo_errors, tx_heartbeat_errors, tx_window_errors;
	uint64_t rx_compressed, tx_compressed, rx_nohandler;
};

/* IFLA_STATS has the same numbers as IFLA_STATS64 (struct rtnl_link_stats64), with 32 bits each. */
#define RTNL_LINK_STATS_NUM (sizeof(struct rtnl_link_stats64) / sizeof(uint64_t))

struct ifaddrmsg {
	unsigned char ifa_family;
	unsigned char ifa_prefixlen;
	unsigned char ifa_flags;
	unsigned char ifa_scope;
	unsigned int ifa_index;
};

#define IFA_ADDRESS   1
#define IFA_LOCAL     2
#define IFA_LABEL     3
#define IFA_BROADCAST 4
#define IFA_CACHEINFO 6
#define IFA_FLAGS     8

#define IFA_F_PERMANENT 0x80

struct ifa_cacheinfo {
	uint32_t ifa_prefered, ifa_valid; /* seconds; ~0: for ever */
	uint32_t cstamp, tstamp;          /* hundredths of a second since boot */
};

struct rtmsg {
	unsigned char rtm_family;
	unsigned char rtm_dst_len, rtm_src_len;
	unsigned char rtm_tos;
	unsigned char rtm_table;
	unsigned char rtm_protocol;
	unsigned char rtm_scope;
	unsigned char rtm_type; /* RTN_* */
	unsigned int rtm_flags;
};

#define RTA_DST     1
#define RTA_SRC     2
#define RTA_OIF     4
#define RTA_GATEWAY 5
#define RTA_PREFSRC 7
#define RTA_TABLE   15

#define RT_TABLE_MAIN  254
#define RT_TABLE_LOCAL 255

#define RTPROT_UNSPEC 0
#define RTPROT_KERNEL 2
#define RTPROT_BOOT   3

#define RT_SCOPE_UNIVERSE 0
#define RT_SCOPE_LINK     253
#define RT_SCOPE_HOST     254

/* Bits of rtm_flags. */
#define RTNH_F_LINKDOWN 16
/* the result of a lookup for one destination, not an entry of a table */
#define RTM_F_CLONED   0x200
#define RTCF_BROADCAST 0x10000000
#define RTCF_MULTICAST 0x20000000
#define RTCF_LOCAL     0x80000000

#endif
