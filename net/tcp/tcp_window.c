/* SPDX-License-Identifier: MIT */
/*
 * The window that we offer, and the size of the segments that we send.
 *
 * Sequence numbers that we receive (copied_seq may also lie beyond rcv_wup):
 *
 *       copied_seq       rcv_wup        rcv_nxt           rcv_wup + rcv_wnd
 *   --------|---------------|--------------|----------------------|------------>
 *     read  |  received, not yet read      |  the peer may send   |  not yet
 *                           |<----------- rcv_wnd, as offered --->|
 *                                          |< tcp_receive_window >|
 *
 * Each segment that we send carries the window: tcp_select_window() then sets rcv_wup to rcv_nxt.  The
 * right edge, rcv_wup + rcv_wnd, never moves to the left.
 *
 * Sequence numbers that we send:
 *
 *        snd_una         snd_nxt        snd_una + snd_wnd     write_seq
 *   --------|---------------|----------------|--------------------|------------>
 *     ACKed |  in flight    |  may be sent   |  must wait         |  not written
 *           |  tcp_rtx_queue|  sk_write_queue                     |
 *
 * Callers: tcp_transmit_skb (tcp_select_window), tcp_cleanup_rbuf (__tcp_select_window),
 * tcp_connect and tcp_openreq_init_rwin (tcp_select_initial_window), all senders
 * (tcp_current_mss), ICMP's fragmentation-needed (tcp_sync_mss).
 * The socket's owner, or the bh lock without one; tcp_select_initial_window accesses no socket.
 * RFC 9293 3.7 and 3.8.6, 7323 2; Linux's tcp_output.c.
 */
#include "net/tcp/tcp_send.h"

/* ---- the window ---------------------------------------------------------------------------------- */

/*
 * The first offer: all of the buffer's share, in whole segments, as far as the 16 bits of a SYN's
 * window reach, which are never scaled (RFC 7323 2.2). tcp_rmem[1] decides: 64240 bytes for an MSS
 * of 1460.  Linux 4.11 offered twenty segments; since 4.20 it offers this much.
 */
void tcp_select_initial_window(int buf_space, u32 mss, u32 *rcv_wnd, u32 *window_clamp,
			       int wscale_ok, u8 *rcv_wscale)
{
	u32 space = buf_space < 0 ? 0 : buf_space, reach;

	if (!*window_clamp)
		*window_clamp = 65535u << TCP_MAX_WSCALE;
	space = min(space, *window_clamp);
	if (mss && space > mss)
		space -= space % mss;
	*rcv_wnd = min(space, 65535u);

	*rcv_wscale = 0;
	if (wscale_ok) {
		/*
		 * The scale is constant for the connection: it must reach as far as the buffer may
		 * ever grow.
		 */
		reach = max(sysctl_tcp_rmem[2], sysctl_rmem_max);
		reach = min(max(space, reach), *window_clamp);
		while (reach > 65535 && *rcv_wscale < TCP_MAX_WSCALE) {
			reach >>= 1;
			(*rcv_wscale)++;
		}
	}
	*window_clamp = min(65535u << *rcv_wscale, *window_clamp);
}

/*
 * The window that the buffer permits now.  Silly-window avoidance (RFC 9293 3.8.6.2.2): the offer
 * moves by whole segments, or not at all.
 */
u32 __tcp_select_window(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	int unit = 1 << tp->rx_opt.rcv_wscale;
	int mss = icsk->icsk_ack.rcv_mss;
	int free_space = tcp_space(sk);
	int allowed_space = tcp_full_space(sk);
	int full_space = min_t(int, tp->window_clamp, allowed_space);
	int window;

	if (mss > full_space)
		mss = full_space;
	if (mss <= 0)
		return 0;

	if (free_space < full_space / 2) {
		icsk->icsk_ack.quick = 0;
		if (tcp_under_memory_pressure(sk))
			tp->rcv_ssthresh = min(tp->rcv_ssthresh, 4u * tp->advmss);
		/* Less than a unit of the scale cannot be expressed. */
		free_space = free_space < 0 ? 0 : ALIGN_DOWN(free_space, unit);
		/* Less than a sixteenth of the buffer, or than a segment: offer no window, so that
		 * the peer stops before its packets are dropped. */
		if (free_space < allowed_space >> 4 || free_space < mss)
			return 0;
	}
	if (free_space > (int)tp->rcv_ssthresh)
		free_space = tp->rcv_ssthresh;

	/* A scaled window is coarse anyway; round up, so that scaling never makes it zero. */
	if (tp->rx_opt.rcv_wscale)
		return ALIGN_UP(free_space, unit);

	window = tp->rcv_wnd;
	if (window <= free_space - mss || window > free_space)
		window = free_space - free_space % mss;
	else if (mss == full_space && free_space > window + (full_space >> 1))
		window = free_space;
	return window;
}

/*
 * The 16 bits for a header.  RFC 9293 3.8.6: "A TCP receiver SHOULD NOT shrink the window, i.e., move the
 * right window edge to the left (SHLD-14)."
 */
noinline u16 tcp_select_window(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 old_win = tp->rcv_wnd;
	u32 cur_win = tcp_receive_window(tp);
	u32 new_win = __tcp_select_window(sk);
	u8 wscale = tp->rx_opt.rcv_wscale;

	if (new_win < cur_win) {
		if (!new_win)
			snmp_inc(SNMP_TcpExtTCPWantZeroWindowAdv);
		new_win = ALIGN_UP(cur_win, 1u << wscale);
	}
	new_win = min(new_win, 65535u << wscale);
	tp->rcv_wnd = new_win;
	tp->rcv_wup = tp->rcv_nxt;

	new_win >>= wscale;
	if (!new_win) {
		tp->pred_flags = 0;
		if (old_win)
			snmp_inc(SNMP_TcpExtTCPToZeroWindowAdv);
	} else if (!old_win) {
		snmp_inc(SNMP_TcpExtTCPFromZeroWindowAdv);
	}
	return new_win;
}

/* ---- the segment size ----------------------------------------------------------------------------- */

/*
 * If a segment were larger than half of the peer's largest window, sending would stop and wait for
 * each ACK.
 */
unsigned int tcp_bound_to_half_wnd(const struct sock *sk, unsigned int size)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 least = inet_csk(sk)->icsk_af_ops->min_mtu - tp->tcp_header_len;
	unsigned int cutoff =
		tp->max_window > TCP_MSS_DEFAULT ? tp->max_window >> 1 : tp->max_window;

	if (cutoff && size > cutoff)
		return min(size, max(cutoff, least));
	return size;
}

/*
 * Bytes of data in a packet of @pmtu bytes, without headers and our options, within the peer's
 * limit.
 */
unsigned int tcp_mtu_to_mss(const struct sock *sk, int pmtu)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	int headers = icsk->icsk_af_ops->net_header_len + (int)sizeof(struct tcphdr);
	int fits = max_t(int, pmtu, icsk->icsk_af_ops->min_mtu) - headers;
	int mss = min_t(int, fits, tp->rx_opt.mss_clamp) - icsk->icsk_ext_hdr_len;

	/* CVE-2019-11479: a peer that announces a tiny MSS gets segments of at least
	 * TCP_MIN_SND_MSS. A link of our own that carries less limits them further: no ICMP error
	 * lowers a route so far (IP_MIN_PMTU). */
	mss = max_t(int, mss, min_t(int, fits, TCP_MIN_SND_MSS));
	return mss - (tp->tcp_header_len - (int)sizeof(struct tcphdr));
}

unsigned int tcp_sync_mss(struct sock *sk, u32 pmtu)
{
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int mss = tcp_bound_to_half_wnd(sk, tcp_mtu_to_mss(sk, pmtu));

	inet_csk(sk)->icsk_pmtu_cookie = pmtu;
	tp->mss_cache = mss;
	return mss;
}

/* The segment size to use now: the path's MTU may have changed since it was computed. */
unsigned int tcp_current_mss(struct sock *sk)
{
	const struct dst_entry *dst = sk->sk_dst_cache;

	if (dst && dst_mtu(dst) != inet_csk(sk)->icsk_pmtu_cookie)
		return tcp_sync_mss(sk, dst_mtu(dst));
	return tcp_sk(sk)->mss_cache;
}
