/* SPDX-License-Identifier: MIT */
/*
 * Congestion control: the table of algorithms, and the functions that most algorithms share.
 *
 *   tcp_init -> tcp_register_congestion_control(&tcp_reno)
 *   tcp_init_sock -> tcp_assign_congestion_control;  ESTABLISHED -> tcp_init_congestion_control
 *   setsockopt(TCP_CONGESTION) -> tcp_set_congestion_control
 *   tcp_cong_control (tcp_ack.c) -> cong_avoid;  tcp_recovery.c -> ssthresh, undo_cwnd
 *
 * The table only grows; it has a lock.  Functions on a socket: its owner, or the bh lock while it
 * has none.  Windows are counted in segments.  RFC 5681 3.1, 3465 (an ACK counts what it
 * acknowledges), 6928; Linux's tcp_cong.c.
 */
#include "net/tcp/tcp_send.h"

static LIST_HEAD(tcp_cong_list);
static DEFINE_SPINLOCK(tcp_cong_list_lock);
static struct tcp_congestion_ops *tcp_default_ca = &tcp_reno;

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

/* NULL: there is no algorithm of this name. */
struct tcp_congestion_ops *tcp_ca_find(const char *name)
{
	struct tcp_congestion_ops *ca;

	spin_lock_bh(&tcp_cong_list_lock);
	ca = tcp_ca_find_locked(name);
	spin_unlock_bh(&tcp_cong_list_lock);
	return ca;
}

/* 0, -EINVAL without a mandatory operation, -EEXIST. */
int tcp_register_congestion_control(struct tcp_congestion_ops *ca)
{
	int err = 0;

	if (!ca->ssthresh || !ca->undo_cwnd || !ca->cong_avoid || !ca->name[0])
		return -EINVAL;
	spin_lock_bh(&tcp_cong_list_lock);
	if (tcp_ca_find_locked(ca->name))
		err = -EEXIST;
	else
		list_add_tail(&ca->list, &tcp_cong_list);
	spin_unlock_bh(&tcp_cong_list_lock);
	return err;
}

int tcp_set_default_congestion_control(const char *name)
{
	struct tcp_congestion_ops *ca = tcp_ca_find(name);

	if (!ca)
		return -ENOENT;
	WRITE_ONCE(tcp_default_ca, ca);
	return 0;
}

const char *tcp_default_congestion_control(void)
{
	return READ_ONCE(tcp_default_ca)->name;
}

/* The default, for a new socket. */
void tcp_assign_congestion_control(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	icsk->icsk_ca_ops = READ_ONCE(tcp_default_ca);
	memset(icsk->icsk_ca_priv, 0, sizeof(icsk->icsk_ca_priv));
}

/* The connection is established: sets the algorithm's initial values. */
void tcp_init_congestion_control(struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);

	tcp_sk(sk)->prior_ssthresh = 0;
	if (icsk->icsk_ca_ops->init)
		icsk->icsk_ca_ops->init(sk);
}

void tcp_cleanup_congestion_control(struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);

	if (icsk->icsk_ca_ops->release)
		icsk->icsk_ca_ops->release(sk);
}

int tcp_set_congestion_control(struct sock *sk, const char *name)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_congestion_ops *ca = tcp_ca_find(name);

	if (!ca)
		return -ENOENT;
	icsk->icsk_ca_setsockopt = true;
	if (ca == icsk->icsk_ca_ops)
		return 0;
	tcp_cleanup_congestion_control(sk);
	icsk->icsk_ca_ops = ca;
	memset(icsk->icsk_ca_priv, 0, sizeof(icsk->icsk_ca_priv));
	if (sk->sk_state != TCP_CLOSE && sk->sk_state != TCP_LISTEN)
		tcp_init_congestion_control(sk);
	return 0;
}

/* ---- shared by most algorithms --------------------------------------------------------------- */

/*
 * In slow start a window that is half used limits us too: the ACKs of the other half are under way.
 */
bool tcp_is_cwnd_limited(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_in_slow_start(tp))
		return tp->snd_cwnd < 2 * tp->max_packets_out;
	return tp->is_cwnd_limited;
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

/* Raises cwnd by one for each @w delivered segments: with @w = cwnd, one each round trip. */
void tcp_cong_avoid_ai(struct tcp_sock *tp, u32 w, u32 acked)
{
	/* Credit from a time when @w was larger raises cwnd by one segment, not by a burst. */
	if (tp->snd_cwnd_cnt >= w) {
		tp->snd_cwnd_cnt = 0;
		tp->snd_cwnd++;
	}
	tp->snd_cwnd_cnt += acked;
	tp->snd_cwnd += tp->snd_cwnd_cnt / w;
	tp->snd_cwnd_cnt %= w;
	tp->snd_cwnd = min(tp->snd_cwnd, tp->snd_cwnd_clamp);
}
