/* SPDX-License-Identifier: MIT */
/*
 * Packetization layer path MTU discovery (RFC 4821): finds the path MTU by the loss or the arrival of
 * larger segments, so it does not need ICMP errors, which some networks drop.
 *
 *   tcp_connect_init -> tcp_mtup_init; tcp_init_transfer -> tcp_mtup_start      the range to search
 *   tcp_write_xmit -> tcp_mtu_probe                           sends a larger segment in the middle of the range
 *   tcp_clean_rtx_queue -> tcp_mtup_acked                     the probe arrived: the lower end rises
 *   tcp_fastretrans_alert -> tcp_mtup_lost                    the probe was lost: the upper end falls
 *   tcp_write_timeout -> tcp_mtu_probing                      a black hole: the lower end falls
 *   tcp_sync_mss -> tcp_mtup_limit                            segments have the size of the lower end
 *
 * The range is [search_low, search_high], sizes of IP packets; packets of search_low bytes are known, or
 * assumed, to pass.  One probe is in flight at a time: probe_size, with the bytes [probe_seq_start,
 * probe_seq_end).  A lost probe is no sign of congestion (RFC 4821 7.6.2).
 *
 * tcp_mtu_probing: 0 off; 1 only after a black hole was found (full segments are lost, and no ICMP error reports
 * it); 2 from the start.
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.
 * RFC 4821. Compare Linux's tcp_output.c, tcp_input.c and tcp_timer.c.
 */
#include "kernel/sysctl.h"
#include "net/tcp/limits.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

int sysctl_tcp_mtu_probing;
static int sysctl_tcp_base_mss = TCP_BASE_MSS;
static int sysctl_tcp_mtu_probe_floor = TCP_MIN_SND_MSS;
static int sysctl_tcp_probe_interval = TCP_PROBE_INTERVAL_S * HZ;
static int sysctl_tcp_probe_threshold = TCP_PROBE_THRESHOLD;
int sysctl_tcp_min_snd_mss = TCP_MIN_SND_MSS;

/* ---- sizes ------------------------------------------------------------------------------------------ */

/* Returns the size of the packet that carries @mss bytes of data: the reverse of tcp_mtu_to_mss(). */
static u32 tcp_mss_to_mtu(const struct sock *sk, u32 mss)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);

	return mss + tcp_sk(sk)->tcp_header_len + icsk->icsk_ext_hdr_len +
	       icsk->icsk_af_ops->net_header_len;
}

/* Returns the size of the largest packet that the peer's MSS option permits. */
static u32 tcp_mtup_highest(const struct sock *sk)
{
	return tcp_sk(sk)->rx_opt.mss_clamp + sizeof(struct tcphdr) +
	       inet_csk(sk)->icsk_af_ops->net_header_len;
}

/* Sets the range to search.  Called before the SYN is sent, and again when the peer's MSS is known. */
void tcp_mtup_init(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	icsk->icsk_mtup.enabled = READ_ONCE(sysctl_tcp_mtu_probing) > 1;
	icsk->icsk_mtup.search_high = tcp_mtup_highest(sk);
	icsk->icsk_mtup.search_low = tcp_mss_to_mtu(sk, READ_ONCE(sysctl_tcp_base_mss));
	icsk->icsk_mtup.probe_size = 0;
	icsk->icsk_mtup.probe_timestamp = tcp_jiffies32;
}

void __tcp_mtup_start(struct sock *sk)
{
	tcp_mtup_init(sk);
	tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
}

u32 __tcp_mtup_limit(struct sock *sk, u32 pmtu, u32 mss)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	icsk->icsk_mtup.search_high = min(icsk->icsk_mtup.search_high, pmtu);
	return min(mss, tcp_mtu_to_mss(sk, icsk->icsk_mtup.search_low));
}

/* ---- a probe -------------------------------------------------------------------------------------- */

/*
 * The search is over.  RFC 4821 7.7: the path may have changed, so after tcp_probe_interval the search
 * begins again, from the present size.
 */
static void tcp_mtu_check_reprobe(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (tcp_jiffies32 - icsk->icsk_mtup.probe_timestamp <
	    (u32)READ_ONCE(sysctl_tcp_probe_interval))
		return;
	icsk->icsk_mtup.search_high = min(tcp_mtup_highest(sk), icsk->icsk_pmtu_cookie);
	icsk->icsk_mtup.search_low = tcp_mss_to_mtu(sk, tcp_current_mss(sk));
	icsk->icsk_mtup.probe_size = 0;
	icsk->icsk_mtup.probe_timestamp = tcp_jiffies32;
}

/* Returns true if the first @len unsent bytes may be one segment: no record (MSG_EOR) ends among them. */
static bool tcp_mtup_one_record(const struct sock *sk, u32 len)
{
	const struct sk_buff *skb;

	skb_queue_walk(&sk->sk_write_queue, skb) {
		if (skb->len >= len)
			return true;
		if (TCP_SKB_CB(skb)->eor)
			return false;
		len -= skb->len;
	}
	return false;
}

/*
 * Moves the first @len bytes of the write queue into one new segment at the head of that queue, by
 * a copy. Returns the segment, or NULL if there is no memory: the queue then has the same bytes as
 * before.
 */
static struct sk_buff *tcp_mtup_build(struct sock *sk, u32 len, unsigned int mss_now)
{
	struct sk_buff *probe = sk_stream_alloc_skb(sk, len, GFP_ATOMIC), *skb;
	u32 seq = TCP_SKB_CB(tcp_send_head(sk))->seq;

	if (!probe)
		return NULL;
	tcp_init_nondata_skb(probe, seq, TCPHDR_ACK);
	skb_queue_walk(&sk->sk_write_queue, skb) {
		u32 missing = len - probe->len;

		/* After a split the segment ends where the probe does. */
		if (skb->len > missing &&
		    tcp_fragment(sk, false, skb, missing, mss_now, GFP_ATOMIC)) {
			consume_skb(probe);
			return NULL;
		}
		BUG_ON(skb_copy_bits(skb, 0, skb_put(probe, skb->len), skb->len));
		TCP_SKB_CB(probe)->tcp_flags |= TCP_SKB_CB(skb)->tcp_flags;
		TCP_SKB_CB(probe)->eor = TCP_SKB_CB(skb)->eor;
		if (skb_shinfo(skb)->tx_flags | TCP_SKB_CB(skb)->txstamp_ack) {
			/* Of several writes in the probe, SO_TIMESTAMPING reports only the last. */
			skb_shinfo(probe)->tx_flags |= skb_shinfo(skb)->tx_flags;
			skb_shinfo(probe)->tskey = skb_shinfo(skb)->tskey;
			TCP_SKB_CB(probe)->txstamp_ack |= TCP_SKB_CB(skb)->txstamp_ack;
		}
		if (probe->len == len)
			break;
	}
	TCP_SKB_CB(probe)->end_seq = seq + len;
	tcp_set_skb_tso_segs(probe, len);
	skb_header_release(probe);
	sk_wmem_queued_add(sk, probe->truesize);

	while (len) {
		skb = tcp_send_head(sk);
		len -= skb->len;
		__skb_unlink(skb, &sk->sk_write_queue);
		tcp_wmem_free_skb(sk, skb);
	}
	__skb_queue_head(&sk->sk_write_queue, probe);
	return probe;
}

static void tcp_mtup_send(struct sock *sk, struct sk_buff *probe)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	/* If the transmission fails, tcp_write_xmit() sends the bytes in segments of the usual size. */
	if (tcp_transmit_skb(sk, probe, 1, GFP_ATOMIC))
		return;
	/* RFC 4821 7.4: the probe counts as two segments while it is in flight. */
	tp->snd_cwnd--;
	icsk->icsk_mtup.probe_size = tcp_mss_to_mtu(sk, probe->len);
	icsk->icsk_mtup.probe_seq_start = TCP_SKB_CB(probe)->seq;
	icsk->icsk_mtup.probe_seq_end = TCP_SKB_CB(probe)->end_seq;
	tcp_event_new_data_sent(sk, probe);
}

/*
 * Returns true if a probe of @size bytes of data and the segments behind it fit into the unsent
 * data and the windows.  RFC 4821 7.4: so much data must follow the probe that its ACKs show
 * whether the probe was lost.  Returns false and sets *@wait if data should be held back until the
 * probe can be sent.
 */
static bool tcp_mtup_has_room(const struct sock *sk, u32 size, bool *wait)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 needed = size + (tp->reordering + 1) * tp->mss_cache;
	u32 in_flight = tcp_packets_in_flight(tp);

	if (tp->write_seq - tp->snd_nxt < needed || tp->snd_wnd < needed)
		return false;
	/* Both windows are large enough, but now partly used: an ACK will make room. */
	*wait = after(tp->snd_nxt + needed, tcp_wnd_end(tp)) ||
		(in_flight && in_flight + 2 > tp->snd_cwnd);
	return !*wait && in_flight + 2 <= tp->snd_cwnd;
}

enum tcp_mtup_result __tcp_mtu_probe(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 low = icsk->icsk_mtup.search_low, high = icsk->icsk_mtup.search_high, size;
	unsigned int mss_now = tcp_current_mss(sk);
	struct sk_buff *probe;
	bool wait = false;

	/* Do not probe with SACK blocks: they make the header larger, so the packet would be larger than intended. */
	if (icsk->icsk_mtup.probe_size || icsk->icsk_ca_state != TCP_CA_Open ||
	    tp->snd_cwnd < TCP_MTUP_CWND_LEAST || !tcp_send_head(sk) || tp->rx_opt.num_sacks ||
	    tp->rx_opt.dsack)
		return MTUP_NONE;
	size = tcp_mtu_to_mss(sk, (high + low) >> 1);
	if (high < low || high - low < (u32)READ_ONCE(sysctl_tcp_probe_threshold) ||
	    size > tcp_mtu_to_mss(sk, high) || size <= mss_now) {
		tcp_mtu_check_reprobe(sk);
		return MTUP_NONE;
	}
	if (!tcp_mtup_has_room(sk, size, &wait))
		return wait ? MTUP_WAIT : MTUP_NONE;
	if (!tcp_mtup_one_record(sk, size))
		return MTUP_NONE;
	probe = tcp_mtup_build(sk, size, mss_now);
	if (!probe)
		return MTUP_NONE;
	tcp_mtup_send(sk, probe);
	return icsk->icsk_mtup.probe_size ? MTUP_SENT : MTUP_NONE;
}

/* ---- the end of a probe ----------------------------------------------------------------------------- */

/* The probe arrived: segments get the probe's size, and cwnd stands for as many bytes as before. */
static void tcp_mtup_probe_success(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u64 cwnd = (u64)tp->snd_cwnd * tcp_mss_to_mtu(sk, tp->mss_cache);

	tp->prior_ssthresh = tcp_current_ssthresh(sk);
	tp->snd_cwnd = max_t(u64, cwnd / icsk->icsk_mtup.probe_size, 1);
	tp->snd_cwnd_cnt = 0;
	tp->snd_cwnd_stamp = tcp_jiffies32;
	tp->snd_ssthresh = tcp_current_ssthresh(sk);
	icsk->icsk_mtup.search_low = icsk->icsk_mtup.probe_size;
	icsk->icsk_mtup.probe_size = 0;
	tcp_sync_mss(sk, icsk->icsk_pmtu_cookie);
	snmp_inc(SNMP_TcpExtTCPMTUPSuccess);
}

void __tcp_mtup_acked(struct sock *sk)
{
	if (!after(inet_csk(sk)->icsk_mtup.probe_seq_end, tcp_sk(sk)->snd_una))
		tcp_mtup_probe_success(sk);
}

/*
 * Recovery is about to begin.  If the first missing byte is the probe's, only the probe is lost: it is
 * sent again in smaller segments, cwnd is not reduced, and the function returns true.
 */
bool tcp_mtup_lost(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	if (likely(!icsk->icsk_mtup.probe_size) || icsk->icsk_ca_state >= TCP_CA_CWR ||
	    tp->snd_una != icsk->icsk_mtup.probe_seq_start)
		return false;
	icsk->icsk_mtup.search_high = icsk->icsk_mtup.probe_size - 1;
	icsk->icsk_mtup.probe_size = 0;
	snmp_inc(SNMP_TcpExtTCPMTUPFail);
	tp->snd_cwnd++; /* tcp_mtup_send() subtracted 1 */
	tcp_simple_retransmit(sk);
	return true;
}

/*
 * Several timeouts in a row: full segments may be too large for the path, and the ICMP errors that would
 * report that are lost.  The first call starts probing, so that segments get the size of search_low; each further
 * call halves that size.
 */
void tcp_mtu_probing(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u32 mss;

	if (!READ_ONCE(sysctl_tcp_mtu_probing))
		return;
	if (!icsk->icsk_mtup.enabled) {
		tcp_mtup_init(sk);
		icsk->icsk_mtup.search_high =
			min(icsk->icsk_mtup.search_high, icsk->icsk_pmtu_cookie);
		icsk->icsk_mtup.enabled = 1;
	} else {
		mss = tcp_mtu_to_mss(sk, icsk->icsk_mtup.search_low) >> 1;
		mss = min_t(u32, mss, READ_ONCE(sysctl_tcp_base_mss));
		mss = max_t(u32, mss, READ_ONCE(sysctl_tcp_mtu_probe_floor));
		mss = max_t(u32, mss, READ_ONCE(sysctl_tcp_min_snd_mss));
		icsk->icsk_mtup.search_low = tcp_mss_to_mtu(sk, mss);
	}
	tcp_sync_mss(sk, icsk->icsk_pmtu_cookie);
}

/* ---- sysctls ---------------------------------------------------------------------------------------- */

#define ROW(row, of, range, text)                                                                  \
	{                                                                                          \
		.procname = "net/ipv4/tcp_" #row, .value = &sysctl_tcp_##row, .unit = of,          \
		SYSCTL_RANGE(range), .what = text,                                                 \
	}

static const struct ctl_table table[] = {
	ROW(base_mss, "bytes", TCP_BASE_MSS_RANGE,
	    "segment size with which the search for the path MTU begins"),
	ROW(min_snd_mss, "bytes", TCP_MIN_SND_MSS_RANGE,
	    "least segment size, options included, also if the peer's MSS is smaller"),
	ROW(mtu_probe_floor, "bytes", TCP_MIN_SND_MSS_RANGE,
	    "least segment size that the search tries after a black hole"),
	ROW(mtu_probing, "", TCP_MTU_PROBING_RANGE,
	    "search for the path MTU (RFC 4821): 0 off, 1 after a black hole was found, 2 from the "
	    "start"),
	{
		.procname = "net/ipv4/tcp_probe_interval",
		.value = &sysctl_tcp_probe_interval,
		.unit = "s",
		SYSCTL_RANGE(TCP_PROBE_INTERVAL_RANGE),
		.scale = HZ,
		.what = "after which a search that ended begins again",
	},
	ROW(probe_threshold, "bytes", TCP_PROBE_THRESHOLD_RANGE,
	    "a search ends when its range is smaller"),
};

void tcp_mtup_sysctl_init(void)
{
	sysctl_register(table, ARRAY_SIZE(table));
}
