/* SPDX-License-Identifier: MIT */
/* BBR's long-term sampling: detects a policer. */
#ifndef NET_TCP_TCP_BBR_LT_H
#define NET_TCP_TCP_BBR_LT_H

#include "net/tcp/tcp_bbr.h"

void bbr_lt_bw_sampling(struct sock *sk, const struct rate_sample *rs);
/* begins a new search: no policer is known */
void bbr_lt_reset(const struct tcp_sock *tp, struct bbr *b);
void bbr_lt_reset_interval(const struct tcp_sock *tp, struct bbr *b);

#endif
