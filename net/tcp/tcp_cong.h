/* SPDX-License-Identifier: MIT */
/*
 * Congestion control (RFC 5681): the states of a sender, the operations of an algorithm, and the
 * counts of segments that both use.  Callers own the socket, or hold its bh lock while no thread owns
 * it.  Corresponds to a part of Linux's include/net/tcp.h.
 */
#ifndef NET_TCP_TCP_CONG_H
#define NET_TCP_TCP_CONG_H

#include "net/tcp/tcp_sock.h"

/* ---- congestion control ------------------------------------------------------------------------------- */
enum tcp_ca_state { TCP_CA_Open, TCP_CA_Disorder, TCP_CA_CWR, TCP_CA_Recovery, TCP_CA_Loss };
enum tcp_ca_event {
	CA_EVENT_TX_START,
	CA_EVENT_CWND_RESTART,
	CA_EVENT_COMPLETE_CWR,
	CA_EVENT_LOSS
};

struct tcp_congestion_ops {
	struct list_head list;
	void (*init)(struct sock *sk);    /* may be NULL */
	void (*release)(struct sock *sk); /* may be NULL */
	u32 (*ssthresh)(struct sock *sk); /* returns the new ssthresh after a loss, in segments */
	/* An ACK may raise cwnd.  @ack: its acknowledgment number; @acked: segments newly acknowledged. */
	void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
	void (*set_state)(struct sock *sk, u8 new_state);          /* may be NULL */
	void (*cwnd_event)(struct sock *sk, enum tcp_ca_event ev); /* may be NULL */
	u32 (*undo_cwnd)(struct sock *sk);
	void (*pkts_acked)(struct sock *sk, u32 acked, s64 rtt_us); /* may be NULL */
	char name[TCP_CA_NAME_MAX];
};
extern struct tcp_congestion_ops tcp_reno;
int tcp_register_congestion_control(struct tcp_congestion_ops *ca);
struct tcp_congestion_ops *tcp_ca_find(const char *name);
/* Sets the algorithm of new sockets; returns 0, or -ENOENT for an unknown @name. */
int tcp_set_default_congestion_control(const char *name);
const char *tcp_default_congestion_control(void); /* returns its name */
void tcp_assign_congestion_control(struct sock *sk);
void tcp_init_congestion_control(struct sock *sk);
void tcp_cleanup_congestion_control(struct sock *sk);
int tcp_set_congestion_control(struct sock *sk, const char *name); /* 0; -ENOENT: unknown @name */
u32 tcp_reno_ssthresh(struct sock *sk);
void tcp_reno_cong_avoid(struct sock *sk, u32 ack, u32 acked);
u32 tcp_reno_undo_cwnd(struct sock *sk);
u32 tcp_slow_start(struct tcp_sock *tp, u32 acked);
void tcp_cong_avoid_ai(struct tcp_sock *tp, u32 w, u32 acked);
bool tcp_is_cwnd_limited(const struct sock *sk);

static inline void tcp_set_ca_state(struct sock *sk, u8 ca_state)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (icsk->icsk_ca_ops->set_state)
		icsk->icsk_ca_ops->set_state(sk, ca_state);
	icsk->icsk_ca_state = ca_state;
}
static inline void tcp_ca_event(struct sock *sk, enum tcp_ca_event event)
{
	if (inet_csk(sk)->icsk_ca_ops->cwnd_event)
		inet_csk(sk)->icsk_ca_ops->cwnd_event(sk, event);
}
static inline bool tcp_in_slow_start(const struct tcp_sock *tp)
{
	return tp->snd_cwnd < tp->snd_ssthresh;
}
static inline bool tcp_in_cwnd_reduction(const struct sock *sk)
{
	return (1 << inet_csk(sk)->icsk_ca_state) & ((1 << TCP_CA_CWR) | (1 << TCP_CA_Recovery));
}
static inline u32 tcp_left_out(const struct tcp_sock *tp)
{
	return tp->sacked_out + tp->lost_out;
}
static inline u32 tcp_packets_in_flight(const struct tcp_sock *tp)
{
	return tp->packets_out - tcp_left_out(tp) + tp->retrans_out;
}

#endif
