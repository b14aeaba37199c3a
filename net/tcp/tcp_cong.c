/* SPDX-License-Identifier: MIT */
/*
 * Congestion control: the table of algorithms, and the functions that most algorithms share.
 *
 *   tcp_init -> tcp_register_congestion_control, for each algorithm
 *   tcp_init_sock -> tcp_assign_congestion_control;  ESTABLISHED -> tcp_init_congestion_control
 *   setsockopt(TCP_CONGESTION) -> tcp_set_congestion_control
 *   tcp_cong_control (tcp_ack.c) -> cong_avoid;  tcp_recovery.c -> ssthresh, undo_cwnd
 *
 * A lock protects the table, from which nothing is removed.  Windows are counted in segments.
 * Context of functions on a socket: the thread that owns it, or softirq with the bh lock while no thread owns it.
 * RFC 5681 3.1, RFC 3465 (an ACK counts for the number of segments that it acknowledges), RFC 6928. Compare
 * Linux's tcp_cong.c.
 */
#include "kernel/limits.h"
#include "net/inet/inet_ecn.h"
#include "net/tcp/tcp_send.h"

static LIST_HEAD(tcp_cong_list);
static DEFINE_SPINLOCK(tcp_cong_list_lock);
static struct tcp_congestion_ops *tcp_default_ca = &tcp_cubic;

/* ---- the table --------------------------------------------------------------------------------------- */

static struct tcp_congestion_ops *tcp_ca_find_locked(const char *name)
{
	struct tcp_congestion_ops *ca;

	list_for_each_entry(ca, &tcp_cong_list, list) {
		if (!strcmp(ca->name, name))
			return ca;
	}
	return NULL;
}

/* Returns NULL if there is no algorithm of this name. */
struct tcp_congestion_ops *tcp_ca_find(const char *name)
{
	struct tcp_congestion_ops *ca;

	spin_lock_bh(&tcp_cong_list_lock);
	ca = tcp_ca_find_locked(name);
	spin_unlock_bh(&tcp_cong_list_lock);
	return ca;
}

int tcp_register_congestion_control(struct tcp_congestion_ops *ca)
{
	int err = 0;

	if (!ca->ssthresh || !ca->undo_cwnd || !(ca->cong_avoid || ca->cong_control) ||
	    !ca->name[0])
		return -EINVAL;
	spin_lock_bh(&tcp_cong_list_lock);
	if (tcp_ca_find_locked(ca->name))
		err = -EEXIST;
	else
		list_add_tail(&ca->list, &tcp_cong_list);
	spin_unlock_bh(&tcp_cong_list_lock);
	return err;
}

/* ---- the sysctls (process context) ------------------------------------------------------------- */

int tcp_set_default_congestion_control(const char *name)
{
	struct tcp_congestion_ops *ca = tcp_ca_find(name);

	if (!ca)
		return -ENOENT;
	/* The default must be allowed: an application that reads its name may also set it. */
	ca->flags |= TCP_CONG_NON_RESTRICTED;
	WRITE_ONCE(tcp_default_ca, ca);
	return 0;
}

const char *tcp_default_congestion_control(void)
{
	return READ_ONCE(tcp_default_ca)->name;
}

/* Writes the names of the algorithms that have all @flags to @text, blanks between them. */
static void list_names(char *text, size_t size, u32 flags)
{
	struct tcp_congestion_ops *ca;
	size_t n = 0;

	text[0] = '\0';
	spin_lock_bh(&tcp_cong_list_lock);
	list_for_each_entry(ca, &tcp_cong_list, list) {
		if ((ca->flags & flags) == flags)
			n += scnprintf(text + n, size - n, "%s%s", n ? " " : "", ca->name);
	}
	spin_unlock_bh(&tcp_cong_list_lock);
}

const char *tcp_available_congestion_control(void)
{
	static char names[SYSCTL_TEXT_MAX];

	list_names(names, sizeof(names), 0);
	return names;
}

const char *tcp_allowed_congestion_control(void)
{
	static char names[SYSCTL_TEXT_MAX];

	list_names(names, sizeof(names), TCP_CONG_NON_RESTRICTED);
	return names;
}

/* Copies the first word of @*names to @name and advances @*names.  Returns false if no word is left. */
static bool next_name(const char **names, char name[TCP_CA_NAME_MAX])
{
	size_t n = 0, kept;

	if (!**names)
		return false;
	while ((*names)[n] && (*names)[n] != ' ')
		n++;
	kept = min_t(size_t, n, TCP_CA_NAME_MAX - 1);
	memcpy(name, *names, kept);
	name[kept] = '\0';
	*names += n + ((*names)[n] == ' ');
	return true;
}

int tcp_set_allowed_congestion_control(const char *names)
{
	char name[TCP_CA_NAME_MAX];
	struct tcp_congestion_ops *ca;
	const char *rest = names;
	int err = *names ? 0 : -EINVAL;

	spin_lock_bh(&tcp_cong_list_lock);
	while (!err && next_name(&rest, name))
		err = tcp_ca_find_locked(name) ? 0 : -ENOENT;
	if (err)
		goto out_unlock;
	list_for_each_entry(ca, &tcp_cong_list, list)
		ca->flags &= ~TCP_CONG_NON_RESTRICTED;
	for (rest = names; next_name(&rest, name);)
		tcp_ca_find_locked(name)->flags |= TCP_CONG_NON_RESTRICTED;
out_unlock:
	spin_unlock_bh(&tcp_cong_list_lock);
	return err;
}

/* ---- the algorithm of a socket ----------------------------------------------------------------- */

/*
 * An algorithm that needs ECN also sends SYNs with ECT. A SYN gets the ECN field from the socket's
 * TOS, so set it there. Later segments get the field from tcp_ecn_send().
 */
static void tcp_ca_set_ecn(struct sock *sk)
{
	if (tcp_ca_needs_ecn(sk))
		INET_ECN_xmit(sk);
	else
		INET_ECN_dontxmit(sk);
}

/* Gives a new socket the default algorithm. */
void tcp_assign_congestion_control(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	icsk->icsk_ca_ops = READ_ONCE(tcp_default_ca);
	tcp_ca_set_ecn(sk);
	icsk->icsk_ca_initialized = false;
	memset(icsk->icsk_ca_priv, 0, sizeof(icsk->icsk_ca_priv));
}

/* The connection is established: sets the algorithm's initial values. */
void tcp_init_congestion_control(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_congestion_ops *ca = icsk->icsk_ca_ops;

	tcp_sk(sk)->prior_ssthresh = 0;
	if (!icsk->icsk_ca_ops->cong_control)
		tcp_update_pacing_rate(sk);
	if (icsk->icsk_ca_ops->init)
		icsk->icsk_ca_ops->init(sk);
	/* init() may have chosen another algorithm, for a connection without ECN. */
	if (unlikely(icsk->icsk_ca_ops != ca))
		tcp_ca_set_ecn(sk);
	icsk->icsk_ca_initialized = true;
}

void tcp_cleanup_congestion_control(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (icsk->icsk_ca_initialized && icsk->icsk_ca_ops->release)
		icsk->icsk_ca_ops->release(sk);
	icsk->icsk_ca_initialized = false;
}

int tcp_set_congestion_control(struct sock *sk, const char *name)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_congestion_ops *ca = tcp_ca_find(name);

	if (!ca)
		return -ENOENT;
	if (ca != icsk->icsk_ca_ops && !(READ_ONCE(ca->flags) & TCP_CONG_NON_RESTRICTED))
		return -EPERM;
	icsk->icsk_ca_setsockopt = true;
	if (ca == icsk->icsk_ca_ops)
		return 0;
	tcp_cleanup_congestion_control(sk);
	icsk->icsk_ca_ops = ca;
	tcp_ca_set_ecn(sk);
	memset(icsk->icsk_ca_priv, 0, sizeof(icsk->icsk_ca_priv));
	if (sk->sk_state != TCP_CLOSE && sk->sk_state != TCP_LISTEN)
		tcp_init_congestion_control(sk);
	return 0;
}

/* ---- shared by most algorithms --------------------------------------------------------------- */

/*
 * Returns true if cwnd limits the sender.  In slow start cwnd doubles in a round trip, so half of cwnd was the
 * whole window one round trip ago: it is enough that more than this half is in flight.
 */
bool tcp_is_cwnd_limited(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (tp->is_cwnd_limited)
		return true;
	return tcp_in_slow_start(tp) && tp->snd_cwnd < 2 * tp->max_packets_out;
}

/*
 * Raises cwnd by one for each delivered segment, up to ssthresh.  Returns the rest of @acked, for
 * congestion avoidance.
 */
u32 tcp_slow_start(struct tcp_sock *tp, u32 acked)
{
	u32 cwnd = min(tp->snd_cwnd + acked, tp->snd_ssthresh);

	acked -= cwnd - tp->snd_cwnd;
	tp->snd_cwnd = min(cwnd, tp->snd_cwnd_clamp);
	return acked;
}

/*
 * Raises cwnd by one segment for each @w delivered segments; with @w = cwnd, cwnd grows by one
 * segment in each round trip.
 */
void tcp_cong_avoid_ai(struct tcp_sock *tp, u32 w, u32 acked)
{
	/*
	 * Enough segments for an increase were counted while @w was larger.  Raise cwnd by one and forget the
	 * other counted segments, so that cwnd does not rise in a burst.
	 */
	if (tp->snd_cwnd_cnt >= w) {
		tp->snd_cwnd_cnt = 0;
		tp->snd_cwnd++;
	}
	tp->snd_cwnd_cnt += acked;
	tp->snd_cwnd += tp->snd_cwnd_cnt / w;
	tp->snd_cwnd_cnt %= w;
	tp->snd_cwnd = min(tp->snd_cwnd, tp->snd_cwnd_clamp);
}

/*
 * Sets the rate to one window for each round trip, times a percentage. The default is 200 in slow
 * start, where the window doubles in a round trip, and otherwise 120, so that pacing does not stop
 * cwnd from growing. The lower percentage already holds from cwnd = ssthresh / 2 on, to prepare the
 * end of slow start. Before the first sample of the round-trip time the rate is unlimited.
 */
void tcp_update_pacing_rate(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 percent = tp->snd_cwnd < tp->snd_ssthresh / 2 ? sysctl_tcp_pacing_ss_ratio
							  : sysctl_tcp_pacing_ca_ratio;
	u64 rate = ~0ull;

	/* Multiply by 8, because srtt_us is 8 * SRTT. */
	if (likely(tp->srtt_us))
		rate = (u64)tp->mss_cache * max(tp->snd_cwnd, tp->packets_out) * percent *
		       (8 * USEC_PER_SEC / 100) / tp->srtt_us;
	sk->sk_pacing_rate = min(rate, sk->sk_max_pacing_rate);
}
