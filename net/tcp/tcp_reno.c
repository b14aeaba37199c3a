/* SPDX-License-Identifier: MIT */
/*
 * Reno: slow start and congestion avoidance of RFC 5681.
 *
 *   tcp_cong_control (tcp_ack.c) -> tcp_reno_cong_avoid
 *   tcp_recovery.c -> tcp_reno_ssthresh, tcp_reno_undo_cwnd
 *
 * cwnd is counted in segments.  The caller owns the socket, or holds its bh lock while no thread owns it.
 * RFC 5681 3.1 and 3.2; RFC 3465 (an ACK counts the segments that it acknowledges). Compare Linux's
 * tcp_cong.c.
 */
#include "net/tcp/tcp_cong.h"

void tcp_reno_cong_avoid(struct sock *sk, u32 ack, u32 acked)
{
	struct tcp_sock *tp = tcp_sk(sk);

	(void)ack;
	if (!tcp_is_cwnd_limited(sk))
		return;
	if (tcp_in_slow_start(tp)) {
		acked = tcp_slow_start(tp, acked);
		if (!acked)
			return;
	}
	tcp_cong_avoid_ai(tp, tp->snd_cwnd, acked);
}

/* RFC 5681, equation (4): half of the window, but at least two segments. */
u32 tcp_reno_ssthresh(struct sock *sk)
{
	return max(tcp_sk(sk)->snd_cwnd >> 1, 2u);
}

/*
 * The loss was spurious: returns the window from before the reduction, or the present one if that
 * is larger.
 */
u32 tcp_reno_undo_cwnd(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return max(tp->snd_cwnd, tp->prior_cwnd);
}

struct tcp_congestion_ops tcp_reno = {
	.flags = TCP_CONG_NON_RESTRICTED,
	.ssthresh = tcp_reno_ssthresh,
	.cong_avoid = tcp_reno_cong_avoid,
	.undo_cwnd = tcp_reno_undo_cwnd,
	.name = "reno",
};
