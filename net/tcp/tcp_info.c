/* SPDX-License-Identifier: MIT */
/*
 * A connection's statistics: fills struct tcp_info, and measures how long the sender was stopped by each
 * limit (enum tcp_chrono).
 *
 * tcp_get_info() <- tcp_getsockopt(TCP_INFO) (process, owner).  tcp_chrono_start(),
 * tcp_chrono_stop() <- where data is queued, sent, acknowledged (owner, or the bh lock).
 *
 * Layout and meaning of the fields are those of Linux 6.7's include/uapi/linux/tcp.h, which begins with
 * the layout of every older version.  include/uapi/tcp.h names the fields that are always 0.  Compare
 * Linux's net/ipv4/tcp.c and tcp_output.c.
 */
#include "kernel/lib/string.h"
#include "net/tcp/tcp_ecn.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

#define USEC_PER_JIFFY (1000000 / HZ)

/* ---- the time under each limit ------------------------------------------------------------------------ */

static void chrono_set(struct tcp_sock *tp, enum tcp_chrono what)
{
	u32 now = tcp_jiffies32;

	if (tp->chrono_type)
		tp->chrono_stat[tp->chrono_type - 1] += now - tp->chrono_start;
	tp->chrono_start = now;
	tp->chrono_type = what;
}

/* The sender is in the state @what from now on.  Ignored while a later, more specific value of the enum applies. */
void tcp_chrono_start(struct sock *sk, enum tcp_chrono what)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (what > tp->chrono_type)
		chrono_set(tp, what);
}

/* @what ended: the sender is busy again, or, if all data was acknowledged, has nothing to do. */
void tcp_chrono_stop(struct sock *sk, enum tcp_chrono what)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_rtx_queue_empty(sk) && tcp_write_queue_empty(sk))
		chrono_set(tp, TCP_CHRONO_NONE);
	else if (what == tp->chrono_type)
		chrono_set(tp, TCP_CHRONO_BUSY);
}

/* Returns the microseconds that the sender has spent in @what until now. */
static u64 chrono_us(const struct tcp_sock *tp, enum tcp_chrono what)
{
	u32 running = tp->chrono_type == what ? tcp_jiffies32 - tp->chrono_start : 0;

	return (u64)(tp->chrono_stat[what - 1] + running) * USEC_PER_JIFFY;
}

static void info_of_time(const struct tcp_sock *tp, struct tcp_info *info)
{
	info->tcpi_rwnd_limited = chrono_us(tp, TCP_CHRONO_RWND_LIMITED);
	info->tcpi_sndbuf_limited = chrono_us(tp, TCP_CHRONO_SNDBUF_LIMITED);
	/* tcpi_busy_time includes the time under each limit. */
	info->tcpi_busy_time = chrono_us(tp, TCP_CHRONO_BUSY) + info->tcpi_rwnd_limited +
			       info->tcpi_sndbuf_limited;
}

/* ---- timeouts ------------------------------------------------------------------------------------------ */

/*
 * A recovery begins with the first timeout after an ACK of new data, and lasts until the state is no longer
 * Loss.  During a recovery tcpi_total_rto_time includes the time since the recovery began.
 */
void tcp_update_rto_stats(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	if (!icsk->icsk_retransmits) {
		tp->total_rto_recoveries++;
		tp->rto_stamp = tcp_time_stamp(tp);
	}
	if (icsk->icsk_retransmits < 255)
		icsk->icsk_retransmits++;
	tp->total_rto++;
}

void tcp_update_rto_time(struct tcp_sock *tp)
{
	if (!tp->rto_stamp)
		return;
	tp->total_rto_time += tcp_time_stamp(tp) - tp->rto_stamp;
	tp->rto_stamp = 0;
}

/* ---- struct tcp_info ------------------------------------------------------------------------------------ */

static void info_of_state(const struct sock *sk, struct tcp_info *info)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	info->tcpi_ca_state = icsk->icsk_ca_state;
	info->tcpi_retransmits = icsk->icsk_retransmits;
	info->tcpi_probes = icsk->icsk_probes_out;
	info->tcpi_backoff = icsk->icsk_backoff;
	if (tp->rx_opt.tstamp_ok)
		info->tcpi_options |= TCPI_OPT_TIMESTAMPS;
	if (tp->rx_opt.sack_ok)
		info->tcpi_options |= TCPI_OPT_SACK;
	if (tp->rx_opt.wscale_ok) {
		info->tcpi_options |= TCPI_OPT_WSCALE;
		info->tcpi_snd_wscale = tp->rx_opt.snd_wscale;
		info->tcpi_rcv_wscale = tp->rx_opt.rcv_wscale;
	}
	if (tp->ecn_flags & TCP_ECN_OK)
		info->tcpi_options |= TCPI_OPT_ECN;
	if (tp->ecn_flags & TCP_ECN_SEEN)
		info->tcpi_options |= TCPI_OPT_ECN_SEEN;
	if (tp->syn_data_acked)
		info->tcpi_options |= TCPI_OPT_SYN_DATA;
	if (tp->syn_fastopen_child)
		info->tcpi_options |= TCPI_OPT_TFO_CHILD;
	info->tcpi_fastopen_client_fail = tp->fastopen_client_fail;
}

static void info_of_connection(const struct sock *sk, struct tcp_info *info)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 now = tcp_jiffies32;

	info->tcpi_unacked = tp->packets_out;
	info->tcpi_sacked = tp->sacked_out;
	info->tcpi_lost = tp->lost_out;
	info->tcpi_retrans = tp->retrans_out;
	/* tcpi_last_ack_sent stays 0, as in Linux: that time is not recorded. */
	info->tcpi_last_data_sent = jiffies_to_msecs(now - tp->lsndtime);
	info->tcpi_last_data_recv = jiffies_to_msecs(now - icsk->icsk_ack.lrcvtime);
	info->tcpi_last_ack_recv = jiffies_to_msecs(now - tp->rcv_tstamp);
	info->tcpi_notsent_bytes =
		after(tp->write_seq, tp->snd_nxt) ? tp->write_seq - tp->snd_nxt : 0;
}

static void info_of_path(const struct sock *sk, struct tcp_info *info)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	info->tcpi_rto = icsk->icsk_rto * USEC_PER_JIFFY;
	info->tcpi_ato = icsk->icsk_ack.ato * USEC_PER_JIFFY;
	info->tcpi_snd_mss = tp->mss_cache;
	info->tcpi_rcv_mss = icsk->icsk_ack.rcv_mss;
	info->tcpi_pmtu = icsk->icsk_pmtu_cookie;
	info->tcpi_rcv_ssthresh = tp->rcv_ssthresh;
	info->tcpi_rtt = tp->srtt_us >> 3;
	info->tcpi_rttvar = tp->mdev_us >> 2;
	info->tcpi_min_rtt = tcp_min_rtt(tp);
	info->tcpi_delivery_rate = tcp_compute_delivery_rate(tp);
	info->tcpi_delivery_rate_app_limited = tp->rate_app_limited;
	info->tcpi_snd_ssthresh = tp->snd_ssthresh;
	info->tcpi_advmss = tp->advmss;
	info->tcpi_rcv_rtt = tp->rcv_rtt_us >> 3;
	info->tcpi_rcv_space = tp->rcvq_space.space;
	info->tcpi_snd_wnd = tp->snd_wnd;
	info->tcpi_rcv_wnd = tp->rcv_wnd;
}

static void info_of_totals(const struct tcp_sock *tp, struct tcp_info *info)
{
	info->tcpi_total_retrans = tp->total_retrans;
	info->tcpi_bytes_acked = tp->bytes_acked;
	info->tcpi_bytes_received = tp->bytes_received;
	info->tcpi_bytes_sent = tp->bytes_sent;
	info->tcpi_bytes_retrans = tp->bytes_retrans;
	info->tcpi_segs_in = tp->segs_in;
	info->tcpi_segs_out = tp->segs_out;
	info->tcpi_data_segs_in = tp->data_segs_in;
	info->tcpi_data_segs_out = tp->data_segs_out;
	info->tcpi_delivered = tp->delivered;
	info->tcpi_delivered_ce = tp->delivered_ce;
	info->tcpi_rcv_ooopack = tp->rcv_ooopack;
	info->tcpi_reord_seen = tp->reord_seen;
	info->tcpi_total_rto = tp->total_rto;
	info->tcpi_total_rto_recoveries = tp->total_rto_recoveries;
	info->tcpi_total_rto_time = tp->total_rto_time;
	if (tp->rto_stamp)
		info->tcpi_total_rto_time += tcp_time_stamp_raw() - tp->rto_stamp;
	info->tcpi_dsack_dups = tp->dsack_dups;
}

/* The caller owns @sk. */
void tcp_get_info(const struct sock *sk, struct tcp_info *info)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	memset(info, 0, sizeof(*info));
	info->tcpi_state = sk->sk_state;
	info->tcpi_pacing_rate = sk->sk_pacing_rate;
	info->tcpi_max_pacing_rate = sk->sk_max_pacing_rate;
	info->tcpi_reordering = tp->reordering;
	info->tcpi_snd_cwnd = tp->snd_cwnd;
	if (sk->sk_state == TCP_LISTEN) {
		info->tcpi_unacked = sk->sk_ack_backlog;
		info->tcpi_sacked = sk->sk_max_ack_backlog;
		return;
	}
	info_of_state(sk, info);
	info_of_connection(sk, info);
	info_of_path(sk, info);
	info_of_totals(tp, info);
	info_of_time(tp, info);
}
