/* SPDX-License-Identifier: MIT */
/*
 * The reasons for which a packet is dropped, as in Linux's include/net/dropreason.h. Each reason
 * has a counter in /proc/net/drops.
 *
 * The contract of every function that handles a received packet, from packet_type.func up to TCP's
 * queues: the function returns an enum skb_drop_reason. SKB_CONSUMED means that the function took
 * the packet (queued it, passed it on or freed it); its caller must not touch the packet any more.
 * Any other value means that the packet must be dropped for this reason. The packet then still
 * belongs to the caller, which returns the same value to its own caller. Only the two outermost
 * callers free the packet and count the reason: netif_receive_skb() in softirq, and release_sock()
 * when it processes the backlog. If the packet needs an answer (RST, ACK, ICMP), the function that
 * returns the reason has sent it.
 *
 * A function that only checks a packet, and never takes it, returns SKB_NOT_DROPPED_YET or the
 * reason to drop it.
 */
#ifndef NET_CORE_DROPREASON_H
#define NET_CORE_DROPREASON_H

#include "kernel/types.h"

/* clang-format off */
/* X(name, meaning) */
#define SKB_DROP_REASONS(X)                                                                        \
	X(NOT_SPECIFIED, "a bug: no reason was given")                                             \
	/* device and Ethernet */                                                                  \
	X(DEV_BAD_LENGTH, "the device reported an impossible length")                              \
	X(DEV_BAD_HEADER, "virtio_net_hdr with impossible offsets or types")                       \
	X(DEV_DOWN, "the device is down")                                                          \
	X(NOMEM, "no memory")                                                                      \
	X(CPU_BACKLOG, "softnet input queue full")                                                 \
	X(QDISC_DROP, "the device's transmit queue is full")                                       \
	X(TX_ERROR, "the device could not accept it, or its headers are invalid")                  \
	X(OTHERHOST, "the frame is for another host")                                              \
	X(UNHANDLED_PROTO, "no handler for this EtherType")                                        \
	/* ARP */                                                                                  \
	X(ARP_MALFORMED, "ARP header short or not Ethernet/IPv4")                                  \
	X(ARP_IGNORED, "not for us, implausible addresses, or an unknown operation")               \
	X(ARP_CONFLICT, "claims our address, or that of a neighbour with another link address")    \
	X(NEIGH_FAILED, "address not resolved")                                                    \
	X(NEIGH_QUEUEFULL, "too many packets wait for this address")                               \
	X(NEIGH_TABLE_FULL, "too many neighbours")                                                 \
	/* IPv4 */                                                                                 \
	X(IP_INHDR, "version, header length or total length wrong")                                \
	X(PKT_TOO_SMALL, "shorter than the total length in its IP header")                         \
	X(IP_CSUM, "IP header checksum wrong")                                                     \
	X(IP_OPTIONS, "IP options malformed, or source routing")                                   \
	X(IP_INADDRERRORS, "source or destination address that must not appear on a wire")         \
	X(FRAG_MALFORMED, "a fragment of an impossible length or offset")                          \
	X(FRAG_OVERLAP, "fragments that overlap, or disagree about the datagram's length")         \
	X(DUP_FRAG, "a fragment whose bytes are there already")                                    \
	X(FRAG_ECN, "fragments of one datagram disagree about ECN")                                \
	X(FRAG_LIMIT, "too many incomplete datagrams, or no memory for them")                      \
	X(FRAG_REASM_TIMEOUT, "the other fragments of its datagram did not arrive in time")        \
	X(IP_NOPROTO, "no handler for this IP protocol")                                           \
	X(IP_OUTNOROUTES, "no route")                                                              \
	X(IP_NOGROUP, "multicast that no socket joined, or from a source that none accepts")       \
	X(IP_FORWARD, "not for us, and we do not forward")                                         \
	X(PKT_TOO_BIG, "larger than the MTU and may not be fragmented")                            \
	/* ICMP */                                                                                 \
	X(ICMP_CSUM, "ICMP checksum wrong")                                                        \
	X(ICMP_SHORT, "ICMP message cut short")                                                    \
	X(ICMP_BROADCAST, "echo request or error to a broadcast or multicast address")             \
	X(ICMP_IGNORED, "a message that this host does not process")                               \
	X(ICMP_RATELIMIT, "too many errors sent already")                                          \
	X(ICMP_BAD_QUOTE, "quoted packet short or not ours")                                       \
	/* IGMP */                                                                                 \
	X(IGMP_CSUM, "IGMP checksum wrong")                                                        \
	X(IGMP_SHORT, "IGMP message cut short")                                                    \
	X(IGMP_IGNORED, "implausible query, another host's report, or an unknown type")            \
	/* DHCP */                                                                                 \
	X(DHCP_MALFORMED, "DHCP message with an impossible length, option or value")               \
	X(DHCP_IGNORED, "DHCP message that the client does not wait for")                          \
	/* transports */                                                                           \
	X(NO_SOCKET, "no socket for this address and port")                                        \
	/* sockets */                                                                              \
	X(SOCKET_RCVBUFF, "receive buffer full")                                                   \
	X(SOCKET_BACKLOG, "backlog of an owned socket full")                                       \
	X(PROTO_MEM, "all sockets of the protocol together hold too much memory")                  \
	/* UDP */                                                                                  \
	X(UDP_HDR, "UDP header short, or its length wrong")                                        \
	X(UDP_CSUM, "UDP checksum wrong")                                                          \
	/* TCP */                                                                                  \
	X(TCP_HDR, "TCP header short, or data offset wrong")                                       \
	X(TCP_CSUM, "TCP checksum wrong")                                                          \
	X(TCP_MINTTL, "TTL below the minimum of the socket (IP_MINTTL)")                            \
	X(TCP_FLAGS, "flags that are not acceptable in this state")                                \
	X(TCP_LISTEN_OVERFLOW, "accept queue full")                                                \
	X(TCP_REQQ_FULL, "too many half-open connections")                                         \
	X(TCP_INVALID_SEQUENCE, "sequence number outside the window")                              \
	X(TCP_INVALID_ACK, "acknowledges data that was never sent")                                \
	X(TCP_PAWS, "timestamp older than the last one (RFC 7323)")                                \
	X(TCP_OLD_DATA, "all of its data was received before")                                     \
	X(TCP_OVERWINDOW, "data beyond the receive window")                                        \
	X(TCP_ZEROWINDOW, "the receive window is closed")                                          \
	X(TCP_OFO_MERGE, "all of its data is in the out-of-order queue already")                   \
	X(TCP_OFO_PRUNE, "out-of-order queue too long or memory short")                            \
	X(TCP_RESET, "a valid reset, which was processed")                                         \
	X(TCP_INVALID_SYN, "SYN inside a connection (RFC 5961)")                                   \
	X(TCP_CLOSE, "the connection is closed")                                                   \
	X(TCP_ABORT_ON_DATA, "data after close()")                                                 \
	X(TCP_NO_ACK, "segment without ACK flag in a state that requires it")                      \
	X(TCP_RST_INVALID, "reset with an unexpected sequence number (RFC 5961)")                  \
	X(TCP_TIMEWAIT, "processed by a TIME_WAIT socket")                                         \
	X(TCP_REQ_DUP, "SYN or ACK of a half-open connection, answered or ignored")
/* clang-format on */

enum skb_drop_reason {
	SKB_CONSUMED = 0, /* the packet was not dropped */
	SKB_NOT_DROPPED_YET = SKB_CONSUMED,
#define SKB_DROP_ENUM(name, text) SKB_DROP_REASON_##name,
	SKB_DROP_REASONS(SKB_DROP_ENUM)
#undef SKB_DROP_ENUM
		SKB_DROP_REASON_MAX
};

extern u64 skb_drop_count[SKB_DROP_REASON_MAX];
const char *skb_drop_name(enum skb_drop_reason reason);
const char *skb_drop_text(enum skb_drop_reason reason);

/* Counts a drop for which there is no sk_buff to free, such as a failed allocation. Any context. */
static inline void skb_drop_inc(enum skb_drop_reason reason)
{
	__atomic_fetch_add(&skb_drop_count[reason], 1, __ATOMIC_RELAXED);
}

#endif
