/* SPDX-License-Identifier: MIT */
/* TCP's socket options and states, Linux's values. */
#ifndef UAPI_TCP_H
#define UAPI_TCP_H

#include <stdint.h>

#define SOL_TCP 6

#define TCP_NODELAY            1
#define TCP_MAXSEG             2
#define TCP_CORK               3
#define TCP_KEEPIDLE           4
#define TCP_KEEPINTVL          5
#define TCP_KEEPCNT            6
#define TCP_SYNCNT             7
#define TCP_LINGER2            8
#define TCP_DEFER_ACCEPT       9
#define TCP_WINDOW_CLAMP       10
#define TCP_INFO               11
#define TCP_QUICKACK           12
#define TCP_CONGESTION         13
#define TCP_USER_TIMEOUT       18
#define TCP_FASTOPEN           23 /* of a listener: connections that may be open before the client's ACK */
#define TCP_NOTSENT_LOWAT      25
#define TCP_CC_INFO            26
#define TCP_SAVE_SYN           27 /* 1: accepted connections keep the headers of their SYN */
#define TCP_SAVED_SYN          28 /* reads the saved IP and TCP headers, once per connection */
#define TCP_FASTOPEN_CONNECT   30 /* connect() leaves the SYN to the first write, which adds data */
#define TCP_FASTOPEN_KEY       33 /* one or two keys of 16 bytes; the first makes the cookies */
#define TCP_FASTOPEN_NO_COOKIE 34 /* 1: neither needs nor sends a cookie */
#define TCP_INQ                36 /* recvmsg() tells in a control message how many bytes are left to read */
#define TCP_CM_INQ             TCP_INQ
#define TCP_RTO_MAX_MS         44 /* limits of timeouts, since Linux 6.15 */
#define TCP_RTO_MIN_US         45
#define TCP_DELACK_MAX_US      46

#define TCP_THIN_LINEAR_TIMEOUTS                                                                   \
	16 /* 1: the RTO of a stream with few segments in flight does not double */

#define TCP_CA_NAME_MAX 16

enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_CLOSE,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_LISTEN,
	TCP_CLOSING,
	TCP_NEW_SYN_RECV, /* state of a request_sock: half open */
	TCP_MAX_STATES
};

#define TCPI_OPT_TIMESTAMPS 1
#define TCPI_OPT_SACK       2
#define TCPI_OPT_WSCALE     4
#define TCPI_OPT_ECN        8   /* both hosts agreed to use ECN */
#define TCPI_OPT_ECN_SEEN   16  /* ECN is in use, and a packet with ECT or CE has arrived */
#define TCPI_OPT_SYN_DATA   32  /* Fast Open: the data of the SYN was accepted */
#define TCPI_OPT_TFO_CHILD  128 /* accepted from a SYN with a Fast Open cookie */

/*
 * TCP_INFO: Linux 6.7's layout, which begins with that of every older version.  Three fields are
 * always 0. fackets: RACK has replaced FACK, also in Linux. last_ack_sent: this time is not
 * recorded, nor is it in Linux. rehash: there is no flow label that a new hash could change.
 */
struct tcp_info {
	uint8_t tcpi_state;
	uint8_t tcpi_ca_state;
	uint8_t tcpi_retransmits;
	uint8_t tcpi_probes;
	uint8_t tcpi_backoff;
	uint8_t tcpi_options;
	uint8_t tcpi_snd_wscale : 4, tcpi_rcv_wscale : 4;
	uint8_t tcpi_delivery_rate_app_limited : 1, tcpi_fastopen_client_fail : 2;

	/* microseconds, as all times except tcpi_last_* and tcpi_total_rto_time */
	uint32_t tcpi_rto;
	uint32_t tcpi_ato;
	uint32_t tcpi_snd_mss;
	uint32_t tcpi_rcv_mss;

	uint32_t tcpi_unacked; /* in LISTEN: connections that wait for accept() */
	uint32_t tcpi_sacked;  /* in LISTEN: the backlog of listen() */
	uint32_t tcpi_lost;
	uint32_t tcpi_retrans;
	uint32_t tcpi_fackets;

	uint32_t tcpi_last_data_sent; /* milliseconds ago */
	uint32_t tcpi_last_ack_sent;
	uint32_t tcpi_last_data_recv;
	uint32_t tcpi_last_ack_recv;

	uint32_t tcpi_pmtu;
	uint32_t tcpi_rcv_ssthresh;
	uint32_t tcpi_rtt;
	uint32_t tcpi_rttvar;
	uint32_t tcpi_snd_ssthresh;
	uint32_t tcpi_snd_cwnd;
	uint32_t tcpi_advmss;
	uint32_t tcpi_reordering;

	uint32_t tcpi_rcv_rtt;
	uint32_t tcpi_rcv_space;

	uint32_t tcpi_total_retrans;

	uint64_t tcpi_pacing_rate;
	uint64_t tcpi_max_pacing_rate;
	uint64_t tcpi_bytes_acked;
	uint64_t tcpi_bytes_received;
	uint32_t tcpi_segs_out;
	uint32_t tcpi_segs_in;

	uint32_t tcpi_notsent_bytes;
	uint32_t tcpi_min_rtt;
	uint32_t tcpi_data_segs_in;
	uint32_t tcpi_data_segs_out;

	uint64_t tcpi_delivery_rate;

	uint64_t tcpi_busy_time;
	uint64_t tcpi_rwnd_limited;
	uint64_t tcpi_sndbuf_limited;

	uint32_t tcpi_delivered;
	uint32_t tcpi_delivered_ce;

	uint64_t tcpi_bytes_sent;
	uint64_t tcpi_bytes_retrans;
	uint32_t tcpi_dsack_dups;
	uint32_t tcpi_reord_seen;

	uint32_t tcpi_rcv_ooopack;
	uint32_t tcpi_snd_wnd;
	uint32_t tcpi_rcv_wnd;
	uint32_t tcpi_rehash;

	uint16_t tcpi_total_rto;            /* timeouts */
	uint16_t tcpi_total_rto_recoveries; /* recoveries that began with a timeout */
	uint32_t tcpi_total_rto_time;       /* milliseconds spent in these recoveries */
};
_Static_assert(sizeof(struct tcp_info) == 248, "Linux's struct tcp_info");

/* TCP_CC_INFO: the state of the congestion control, Linux's layout. */
struct tcpvegas_info {
	uint32_t tcpv_enabled;
	uint32_t tcpv_rttcnt;
	uint32_t tcpv_rtt;
	uint32_t tcpv_minrtt;
};
struct tcp_dctcp_info {
	uint16_t dctcp_enabled;
	uint16_t dctcp_ce_state;
	uint32_t dctcp_alpha;
	uint32_t dctcp_ab_ecn; /* bytes acknowledged with ECE, in this window */
	uint32_t dctcp_ab_tot; /* bytes acknowledged in this window */
};
struct tcp_bbr_info {
	uint32_t bbr_bw_lo; /* bytes/s: estimated bandwidth, low and high half */
	uint32_t bbr_bw_hi;
	uint32_t bbr_min_rtt;     /* us */
	uint32_t bbr_pacing_gain; /* gain * 256 */
	uint32_t bbr_cwnd_gain;   /* gain * 256 */
};
union tcp_cc_info {
	struct tcpvegas_info vegas;
	struct tcp_dctcp_info dctcp;
	struct tcp_bbr_info bbr;
};

#endif
