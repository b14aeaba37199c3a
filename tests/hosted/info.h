/* SPDX-License-Identifier: MIT */
/* TCP_INFO for scenes: Linux's struct tcp_info, and a function that reads it. */
#ifndef TESTS_HOSTED_INFO_H
#define TESTS_HOSTED_INFO_H

#include "tests/hosted/scene.h"

/*
 * The tests define the struct again, so that they find a misplaced field in the kernel's
 * definition.  The C library's definition may be older.  The layout is that of Linux 6.7's
 * include/uapi/linux/tcp.h.
 */
struct info {
	uint8_t state, ca_state, retransmits, probes, backoff, options, wscales, flags;
	uint32_t rto, ato, snd_mss, rcv_mss, unacked, sacked, lost, retrans, fackets;
	uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
	uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering;
	uint32_t rcv_rtt, rcv_space, total_retrans;
	uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
	uint32_t segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
	uint64_t delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
	uint32_t delivered, delivered_ce;
	uint64_t bytes_sent, bytes_retrans;
	uint32_t dsack_dups, reord_seen, rcv_ooopack, snd_wnd;
	uint32_t rcv_wnd, rehash;
	uint16_t total_rto, total_rto_recoveries;
	uint32_t total_rto_time;
};
#define INFO_LEN 248
_Static_assert(sizeof(struct info) == INFO_LEN, "Linux's struct tcp_info");

/* Bits of options. */
#define INFO_ECN      8
#define INFO_ECN_SEEN 16
/* Values of ca_state. */
enum { INFO_OPEN, INFO_DISORDER, INFO_CWR, INFO_RECOVERY, INFO_LOSS };

static inline struct info info_of(struct host *h, int fd)
{
	struct info info;
	socklen_t len = sizeof(info);

	memset(&info, 0x55, sizeof(info));
	assert_int_equal(
		scene_call(h, SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, PTR(&info), PTR(&len)), 0);
	assert_int_equal(len, INFO_LEN);
	return info;
}

#endif
