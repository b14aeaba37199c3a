/* SPDX-License-Identifier: MIT */
/*
 * TCP Fast Open, the client: data in the SYN (RFC 7413).
 *
 * sendto(MSG_FASTOPEN) -> inet_sendmsg -> tcp_fastopen_begin; then as connect() -> tcp_connect -> tcp_send_syn_data
 * connect() with TCP_FASTOPEN_CONNECT -> tcp_v4_connect -> tcp_fastopen_connect; then the first write as above
 * the SYN-ACK: tcp_rcv_synsent_state_process -> tcp_rcv_fastopen_synack (softirq, or the owner)
 *
 * The first connection to a server asks for a cookie in its SYN.  The cookie and the server's MSS are kept
 * (TCP_FASTOPEN_PEERS), and the SYNs of later connections have the cookie and data.  If the SYN-ACK acknowledges only
 * the SYN, the data is sent again at once.  A SYN that is retransmitted has neither data nor cookie, because a
 * middlebox may drop both.
 *
 * Black holes: if a network drops packets of connections with Fast Open again and again, all
 * connections do without Fast Open for a while (tcp_fastopen_blackhole_timeout_sec), each time
 * twice as long.
 * RFC 7413.  Compare Linux's net/ipv4/tcp_fastopen.c, tcp_metrics.c, tcp_output.c and tcp_input.c.
 */
#include "kernel/lib/string.h"
#include "net/core/errqueue.h"
#include "net/core/netdevice.h"
#include "net/tcp/limits.h"
#include "net/tcp/tcp_fastopen.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- cookies of the servers --------------------------------------------------------------------- */

struct fastopen_peer {
	__be32 saddr, daddr; /* our address and the server's; daddr 0: the entry is free */
	u32 used;            /* jiffies of the last use */
	u16 mss;             /* the MSS in the server's SYN-ACK */
	u8 try_exp; /* 1: the next request uses the experimental option; 2: that was tried too */
	struct tcp_fastopen_cookie cookie;
};

static spinlock_t peers_lock;
static struct fastopen_peer peers[TCP_FASTOPEN_PEERS];

/*
 * Returns the entry for the peer of @sk.  If there is none, returns the entry that was used the longest time ago,
 * cleared, or NULL without @create.  peers_lock is held.
 */
static struct fastopen_peer *peer_of(const struct sock *sk, bool create)
{
	__be32 saddr = inet_sk(sk)->inet_saddr, daddr = inet_sk(sk)->inet_daddr;
	struct fastopen_peer *oldest = peers;

	for (struct fastopen_peer *p = peers; p < peers + ARRAY_SIZE(peers); p++) {
		if (p->daddr == daddr && p->saddr == saddr) {
			oldest = p;
			goto found;
		}
		if (!p->daddr || (oldest->daddr && (s32)(p->used - oldest->used) < 0))
			oldest = p;
		if (!p->daddr)
			break; /* entries are not freed, so all entries behind a free one are free */
	}
	if (!create)
		return NULL;
	*oldest = (struct fastopen_peer){.saddr = saddr, .daddr = daddr};
found:
	oldest->used = tcp_jiffies32;
	return oldest;
}

static void cache_get(const struct sock *sk, u16 *mss, struct tcp_fastopen_cookie *cookie)
{
	const struct fastopen_peer *p;

	spin_lock_bh(&peers_lock);
	p = peer_of(sk, false);
	if (p) {
		if (p->mss)
			*mss = p->mss;
		*cookie = p->cookie;
		if (cookie->len <= 0 && p->try_exp == 1)
			cookie->exp = true;
	}
	spin_unlock_bh(&peers_lock);
}

static void cache_set(const struct sock *sk, u16 mss, const struct tcp_fastopen_cookie *cookie,
		      u8 try_exp)
{
	struct fastopen_peer *p;

	spin_lock_bh(&peers_lock);
	p = peer_of(sk, true);
	if (mss)
		p->mss = mss;
	if (cookie->len > 0)
		p->cookie = *cookie;
	else if (try_exp > p->try_exp && p->cookie.len <= 0 && !p->cookie.exp)
		p->try_exp = try_exp;
	spin_unlock_bh(&peers_lock);
}

/* ---- black holes -------------------------------------------------------------------------------- */

static unsigned long disabled_since; /* jiffies */
/* number of black holes found since a connection with Fast Open last worked */
static unsigned int disabled_times;

void tcp_fastopen_active_disable(void)
{
	if (!READ_ONCE(sysctl_tcp_fastopen_blackhole_timeout_sec))
		return;
	WRITE_ONCE(disabled_since, jiffies);
	WRITE_ONCE(disabled_times, disabled_times + 1);
	snmp_inc(SNMP_TcpExtTCPFastOpenBlackhole);
}

static bool active_is_disabled(struct sock *sk)
{
	unsigned long pause = READ_ONCE(sysctl_tcp_fastopen_blackhole_timeout_sec);
	unsigned int times = READ_ONCE(disabled_times);

	if (!pause || !times)
		return false;
	pause <<= min(times - 1, TCP_FASTOPEN_BLACKHOLE_DOUBLINGS);
	if (time_before(jiffies, READ_ONCE(disabled_since) + pause))
		return true;
	/* If this connection receives data, disabled_times becomes 0. */
	tcp_sk(sk)->syn_fastopen_ch = 1;
	return false;
}

/*
 * @sk has ended.  If its peer's FIN is all that arrived, a network has dropped the data.  If data arrived on the first
 * connection after a pause, the black hole is gone; a loopback device proves nothing.
 */
void tcp_fastopen_active_disable_ofo_check(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (likely(!tp->syn_fastopen))
		return;
	if (!tp->data_segs_in) {
		if (tp->ofo_count == 1 && tcp_has_fin(tp->ooo_last_skb))
			tcp_fastopen_active_disable();
	} else if (tp->syn_fastopen_ch &&
		   !(sk->sk_dst_cache && (sk->sk_dst_cache->dev->flags & IFF_LOOPBACK))) {
		WRITE_ONCE(disabled_times, 0);
	}
}

/*
 * The retransmit timer of @sk expired. @expired: the timer expired once too often, so the
 * connection ends.
 */
void tcp_fastopen_active_detect_blackhole(struct sock *sk, bool expired)
{
	unsigned int timeouts = inet_csk(sk)->icsk_retransmits;
	const struct tcp_sock *tp = tcp_sk(sk);

	if ((tp->syn_fastopen || tp->syn_data || tp->syn_data_acked) &&
	    (timeouts == 2 || (timeouts < 2 && expired)))
		tcp_fastopen_active_disable();
}

/* ---- connect() ---------------------------------------------------------------------------------- */

/*
 * Returns true if a SYN may carry data, with @cookie, or without an option if the length of @cookie is -1.  *@mss
 * becomes the server's MSS if it is known.
 */
static bool cookie_check(struct sock *sk, u16 *mss, struct tcp_fastopen_cookie *cookie)
{
	struct tcp_sock *tp = tcp_sk(sk);

	cache_get(sk, mss, cookie);
	if (active_is_disabled(sk)) {
		cookie->len = -1;
		return false;
	}
	if ((READ_ONCE(sysctl_tcp_fastopen) & TFO_CLIENT_NO_COOKIE) || tp->fastopen_no_cookie) {
		cookie->len = -1;
		return true;
	}
	if (cookie->len > 0)
		return true;
	tp->fastopen_client_fail = TFO_COOKIE_UNAVAILABLE;
	return false;
}

int tcp_fastopen_connect(struct sock *sk)
{
	struct tcp_fastopen_request fo = {0};
	struct tcp_sock *tp = tcp_sk(sk);
	u16 mss;
	int err;

	if (tp->fastopen_req)
		return tcp_connect(sk); /* sendto(MSG_FASTOPEN) has data for the SYN */
	if (cookie_check(sk, &mss, &fo.cookie)) {
		inet_sk(sk)->defer_connect = 1;
		return 0;
	}
	/* Ask for a cookie. */
	tp->fastopen_req = &fo;
	err = tcp_connect(sk);
	tp->fastopen_req = NULL;
	return err;
}

int tcp_fastopen_connect_now(struct sock *sk)
{
	int err = tcp_connect(sk);

	inet_sk(sk)->defer_connect = 0;
	if (err) {
		tcp_set_state(sk, TCP_CLOSE);
		inet_sk(sk)->inet_dport = 0;
	}
	return err;
}

int tcp_fastopen_begin(struct sock *sk, struct tcp_fastopen_request *fo)
{
	const struct sockaddr *addr = (const struct sockaddr *)fo->msg->msg_name;
	struct tcp_sock *tp = tcp_sk(sk);

	sock_owned_by_me(sk);
	if (!(READ_ONCE(sysctl_tcp_fastopen) & TFO_CLIENT_ENABLE) ||
	    (addr && fo->msg->msg_namelen >= (int)sizeof(addr->sa_family) &&
	     addr->sa_family == AF_UNSPEC))
		return -EOPNOTSUPP;
	if (tp->fastopen_passive)
		return -EISCONN;
	if (tp->fastopen_req)
		return -EALREADY; /* another thread waits for the handshake */
	if (unlikely(fo->msg->msg_flags & MSG_ZEROCOPY) && sock_flag(sk, SOCK_ZEROCOPY) &&
	    fo->size) {
		fo->uarg = msg_zerocopy_realloc(sk, fo->size, NULL);
		if (!fo->uarg)
			return -ENOBUFS;
		/* As on Linux, only the data in the SYN delays the report: the rest of the write is copied. */
		fo->msg->msg_flags &= ~MSG_ZEROCOPY;
	}
	tp->fastopen_req = fo;
	return 0;
}

void tcp_fastopen_end(struct sock *sk, const struct tcp_fastopen_request *fo)
{
	struct tcp_sock *tp = tcp_sk(sk);

	/* While this thread slept, another one may have dissolved the connection and begun a new one. */
	if (tcp_fastopen_req(tp) == fo)
		tp->fastopen_req = NULL;
}

void tcp_fastopen_end_zerocopy(struct sock *sk, const struct tcp_fastopen_request *fo, int sent)
{
	lock_sock(sk);
	if (sent > 0)
		msg_zerocopy_put(fo->uarg);
	else
		msg_zerocopy_put_abort(fo->uarg);
	release_sock(sk);
}

/*
 * Returns a copy of @syn with the first data of @fo. The copy is charged to @sk and is in no queue.
 * Returns NULL if there is no memory or the application's buffer is invalid.
 */
static struct sk_buff *syn_with_data(struct sock *sk, const struct sk_buff *syn,
				     struct tcp_fastopen_request *fo)
{
	struct tcp_sock *tp = tcp_sk(sk);
	/*
	 * Leave room for 40 bytes of options, because middleboxes may add some; tcp_header_len contains the
	 * timestamp's part of them.
	 */
	int space = tp->mss_cache + tp->tcp_header_len - (int)sizeof(struct tcphdr) -
		    MAX_TCP_OPTION_SPACE;
	struct sk_buff *skb = sk_stream_alloc_skb(sk, 0, GFP_KERNEL);

	if (!skb)
		return NULL;
	*TCP_SKB_CB(skb) = *TCP_SKB_CB(syn);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb_header_release(skb);
	sk_wmem_queued_add(sk, skb->truesize);
	space = min_t(size_t, max(space, 0), fo->size);
	if (space)
		space = tcp_copy_to_skb(sk, skb, &fo->msg->msg_iter, space);
	if (space <= 0) {
		tcp_wmem_free_skb(sk, skb);
		return NULL;
	}
	if (unlikely(fo->uarg))
		skb_zcopy_set(skb, fo->uarg);
	tcp_chrono_start(sk, TCP_CHRONO_BUSY);
	fo->copied = space;
	tcp_skb_pcount_set(skb, 1);
	tp->packets_out++;
	return skb;
}

void tcp_send_syn_data(struct sock *sk, struct sk_buff *syn)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_fastopen_request *fo = tp->fastopen_req;
	struct sk_buff *data;
	int err;

	tp->rx_opt.mss_clamp = tp->advmss; /* used if the cache of peers has no MSS */
	if (!cookie_check(sk, &tp->rx_opt.mss_clamp, &fo->cookie))
		goto fallback;
	if (!fo->size)
		goto without_data;
	if (tp->rx_opt.user_mss && tp->rx_opt.user_mss < tp->rx_opt.mss_clamp)
		tp->rx_opt.mss_clamp = tp->rx_opt.user_mss;
	tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
	data = syn_with_data(sk, syn, fo);
	if (!data)
		goto fallback;

	err = tcp_transmit_skb(sk, data, 1, GFP_KERNEL);
	syn->skb_mstamp = data->skb_mstamp;
	/* SYN and data are two segments in the queue, so that the SYN is retransmitted without data. */
	TCP_SKB_CB(data)->seq++;
	TCP_SKB_CB(data)->tcp_flags = TCPHDR_ACK | TCPHDR_PSH;
	if (!err) {
		tp->syn_data = 1;
		tcp_rtx_queue_add(sk, data);
		snmp_inc(SNMP_TcpExtTCPOrigDataSent);
		goto done;
	}
	/* The data was not sent: it follows the handshake. */
	__skb_queue_tail(&sk->sk_write_queue, data);
	tp->packets_out--;

fallback:
	/* A SYN without data; if Fast Open is possible at all, it asks for a cookie. */
	if (fo->cookie.len > 0)
		fo->cookie.len = 0;
without_data:
	if (tcp_transmit_skb(sk, syn, 1, GFP_KERNEL))
		tp->syn_fastopen = 0;
done:
	fo->cookie.len = -1; /* a retransmitted SYN has no Fast Open option */
}

/* ---- the SYN-ACK -------------------------------------------------------------------------------- */

bool tcp_rcv_fastopen_synack(struct sock *sk, struct sk_buff *synack)
{
	struct tcp_sock *tp = tcp_sk(sk);
	/* TCP_MAXSEG may have limited mss_clamp: take the server's own MSS. */
	struct tcp_options_received opt = {
		.mss_clamp = tp->rx_opt.user_mss ? 0 : tp->rx_opt.mss_clamp,
	};
	struct sk_buff *data = tp->syn_data ? tcp_rtx_queue_head(sk) : NULL;
	struct tcp_fastopen_cookie cookie;
	u8 try_exp = 0;

	tcp_parse_options(synack, &opt, false);
	tcp_parse_fastopen(synack, &cookie);
	if (!tp->syn_fastopen)
		cookie.len = -1; /* we did not ask for one */
	else if (!tp->total_retrans && cookie.len < 0 && !tp->syn_data)
		/* The server does not know the option: try the other kind next time. */
		try_exp = tp->syn_fastopen_exp ? 2 : 1;
	cache_set(sk, opt.mss_clamp, &cookie, try_exp);

	if (data) {
		tp->fastopen_client_fail =
			tp->total_retrans ? TFO_SYN_RETRANSMITTED : TFO_DATA_NOT_ACKED;
		for (; data; data = skb_rb_next(data))
			tcp_mark_skb_lost(sk, data);
		tcp_non_congestion_loss_retransmit(sk);
		snmp_inc(SNMP_TcpExtTCPFastOpenActiveFail);
		return true;
	}
	tp->syn_data_acked = tp->syn_data;
	if (tp->syn_data_acked) {
		snmp_inc(SNMP_TcpExtTCPFastOpenActive);
		/* SYN and data were counted as two delivered segments, but they were one. */
		if (tp->delivered > 1)
			tp->delivered--;
	}
	tcp_fastopen_add_skb(sk, synack);
	return false;
}
