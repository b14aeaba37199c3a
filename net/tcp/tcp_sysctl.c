/* SPDX-License-Identifier: MIT */
/*
 * TCP's sysctls: their values, and the table with their names.  Two sysctls of TCP that net/ipv4 reads
 * are in net/ipv4/sysctl_net_ipv4.c.
 *
 * tcp_sysctl_init() <- tcp_init(), at boot.  The values are read in any context, without a lock
 * (kernel/sysctl.h).  Names, defaults and meaning are those of Linux 4.11's
 * Documentation/networking/ip-sysctl.txt, unless an entry of the table says otherwise.
 */
#include "kernel/limits.h"
#include "kernel/mm/page.h"
#include "kernel/sysctl.h"
#include "net/core/limits.h"
#include "net/inet/limits.h"
#include "net/tcp/limits.h"
#include "net/tcp/tcp_in.h"

int sysctl_tcp_abort_on_overflow;
int sysctl_tcp_adv_win_scale = 1;
int sysctl_tcp_challenge_ack_limit = TCP_CHALLENGE_ACK_NO_LIMIT;
int sysctl_tcp_fin_timeout = TCP_FIN_TIMEOUT_S * HZ;
int sysctl_tcp_invalid_ratelimit = TCP_INVALID_RATELIMIT_MS;
int sysctl_tcp_keepalive_intvl = TCP_KEEPALIVE_INTVL_S * HZ;
int sysctl_tcp_keepalive_probes = TCP_KEEPALIVE_PROBES;
int sysctl_tcp_keepalive_time = TCP_KEEPALIVE_TIME_S * HZ;
int sysctl_tcp_max_orphans = TCP_ORPHANS_MAX;
int sysctl_tcp_max_reordering = TCP_MAX_REORDERING;
int sysctl_tcp_max_syn_backlog = TCP_MAX_SYN_BACKLOG;
int sysctl_tcp_mem[3]; /* tcp_mem_init() */
int sysctl_tcp_moderate_rcvbuf = 1;
int sysctl_tcp_notsent_lowat = -1;
int sysctl_tcp_orphan_retries = TCP_ORPHAN_RETRIES;
int sysctl_tcp_reordering = TCP_REORDERING;
int sysctl_tcp_retries1 = TCP_RETRIES1;
int sysctl_tcp_retries2 = TCP_RETRIES2;
int sysctl_tcp_rfc1337;
int sysctl_tcp_rmem[3] = {SOCK_RMEM_LEAST, SOCK_RMEM_DEFAULT, SOCK_RMEM_MAX};
int sysctl_tcp_slow_start_after_idle = 1;
int sysctl_tcp_syn_retries = TCP_SYN_RETRIES;
int sysctl_tcp_timestamps = 1;
int sysctl_tcp_tso_win_divisor = TCP_TSO_WIN_DIVISOR;
int sysctl_tcp_min_tso_segs = TCP_MIN_TSO_SEGS;
int sysctl_tcp_pacing_ss_ratio = TCP_PACING_SS_RATIO;
int sysctl_tcp_pacing_ca_ratio = TCP_PACING_CA_RATIO;
int sysctl_tcp_tw_reuse = 1;
int sysctl_tcp_window_scaling = 1;
int sysctl_tcp_wmem[3] = {SOCK_WMEM_LEAST, SOCK_WMEM_DEFAULT, SOCK_WMEM_MAX};

#define SWITCH(name, text)                                                                         \
	{                                                                                          \
		.procname = "net/ipv4/tcp_" #name, .value = &sysctl_tcp_##name, .unit = "",        \
		SYSCTL_RANGE(SWITCH_RANGE), .what = text,                                          \
	}
#define NUMBER(name, of, range, text)                                                              \
	{                                                                                          \
		.procname = "net/ipv4/tcp_" #name, .value = &sysctl_tcp_##name, .unit = of,        \
		SYSCTL_RANGE(range), .what = text,                                                 \
	}
#define SECONDS(name, range, text)                                                                 \
	{                                                                                          \
		.procname = "net/ipv4/tcp_" #name, .value = &sysctl_tcp_##name, .unit = "s",       \
		SYSCTL_RANGE(range), .scale = HZ, .what = text,                                    \
	}

static const struct ctl_table table[] = {
	SWITCH(abort_on_overflow,
	       "1: a handshake that ends at a full accept queue is reset, not left to try again"),
	NUMBER(adv_win_scale, "", TCP_ADV_WIN_SCALE_RANGE,
	       "n > 0: all but 1/2^n of the buffer is offered as window; else 1/2^-n of it"),
	NUMBER(challenge_ack_limit, "ACKs/s", TCP_CHALLENGE_ACK_RANGE,
	       "challenge ACKs to all peers, about; from the next second on (RFC 5961 7); "
	       "2147483647: no limit"),
	{
		.procname = "net/ipv4/tcp_congestion_control",
		.unit = "",
		.set = tcp_set_default_congestion_control,
		.get = tcp_default_congestion_control,
		.what = "of new sockets, unless TCP_CONGESTION says another (Linux: cubic)",
	},
	SECONDS(fin_timeout, TCP_FIN_TIMEOUT_RANGE,
		"that a closed socket waits in FIN_WAIT2 for the peer's FIN"),
	NUMBER(invalid_ratelimit, "ms", TCP_INVALID_RATELIMIT_RANGE,
	       "between answers to segments out of the window, a connection; 0: no limit"),
	SECONDS(keepalive_intvl, TCP_KEEPALIVE_S_RANGE, "between two keepalive probes"),
	NUMBER(keepalive_probes, "probes", TCP_KEEPALIVE_PROBES_RANGE,
	       "without an answer, then the connection is over"),
	SECONDS(keepalive_time, TCP_KEEPALIVE_S_RANGE,
		"of silence before the first probe, with SO_KEEPALIVE (RFC 1122 4.2.3.6)"),
	NUMBER(max_orphans, "connections", TCP_ORPHANS_RANGE,
	       "that no application holds, by memory; more are reset (Linux)"),
	NUMBER(max_reordering, "segments", TCP_MAX_REORDERING_RANGE,
	       "the most that a connection learns to wait for"),
	NUMBER(max_syn_backlog, "connections", TCP_MAX_SYN_BACKLOG_RANGE,
	       "half open at a listener; more SYNs are dropped (Linux: by memory)"),
	{
		.procname = "net/ipv4/tcp_mem",
		.value = sysctl_tcp_mem,
		.nr = 3,
		.unit = "pages",
		SYSCTL_RANGE(TCP_MEM_RANGE),
		.what = "in the queues of all sockets: pressure ends, begins, no more; about 3/16, "
			"4/16 and 8/16 of memory (Linux: less)",
	},
	NUMBER(min_tso_segs, "segments", TCP_MIN_TSO_SEGS_RANGE,
	       "of a burst at least, however long the path"),
	SWITCH(moderate_rcvbuf, "0: the receive buffer does not grow with the path"),
	NUMBER(notsent_lowat, "bytes", TCP_NOTSENT_LOWAT_RANGE,
	       "unsent, from which on a socket is not writable; 0, -1: no limit"),
	NUMBER(orphan_retries, "retransmissions", TCP_ORPHAN_RETRIES_RANGE,
	       "of a closed socket; 0: 8 while its peer may live, else none"),
	NUMBER(pacing_ca_ratio, "percent", TCP_PACING_RATIO_RANGE,
	       "of the window a round trip: a burst is what that is in 1 ms (Linux also paces by "
	       "it)"),
	NUMBER(pacing_ss_ratio, "percent", TCP_PACING_RATIO_RANGE, "the same in slow start"),
	NUMBER(reordering, "segments", TCP_REORDERING_RANGE,
	       "duplicate ACKs that are a loss, at the start (RFC 5681: 3)"),
	NUMBER(retries1, "retransmissions", TCP_RETRIES_RANGE,
	       "then the route is looked up again (RFC 1122 4.2.3.5 R1)"),
	NUMBER(retries2, "retransmissions", TCP_RETRIES_RANGE,
	       "as long as these take an unanswered connection lives (RFC 1122 4.2.3.5 R2)"),
	SWITCH(rfc1337, "1: a reset does not end TIME_WAIT"),
	{
		.procname = "net/ipv4/tcp_rmem",
		.value = sysctl_tcp_rmem,
		.nr = 3,
		.unit = "bytes",
		SYSCTL_RANGE(SOCK_MEM_RANGE),
		.what = "receive buffer: kept when memory is short, at the start (below 8 MiB of "
			"memory "
			"less), the most",
	},
	SWITCH(slow_start_after_idle, "0: an idle connection keeps its window (RFC 5681 4.1)"),
	NUMBER(syn_retries, "retransmissions", TCP_SYN_RETRIES_RANGE,
	       "of connect()'s SYN, unless TCP_SYNCNT says another"),
	{
		.procname = "net/ipv4/tcp_timestamps",
		.value = &sysctl_tcp_timestamps,
		.unit = "",
		SYSCTL_RANGE(TCP_TIMESTAMPS_RANGE),
		.what = "0: not offered, not taken; 2: they start at the clock, not at a secret "
			"place",
	},
	NUMBER(tso_win_divisor, "", TCP_TSO_WIN_DIVISOR_RANGE,
	       "a burst of this part of the window is not put off; 0: of three segments"),
	SWITCH(tw_reuse,
	       "1: connect() may take a port in TIME_WAIT, by timestamps (RFC 6191; Linux: 0)"),
	SWITCH(window_scaling, "0: not offered, not taken (RFC 7323 2)"),
	{
		.procname = "net/ipv4/tcp_wmem",
		.value = sysctl_tcp_wmem,
		.nr = 3,
		.unit = "bytes",
		SYSCTL_RANGE(SOCK_MEM_RANGE),
		.what = "send buffer: kept when memory is short, at the start, the most",
	},
};

/*
 * Sets tcp_mem from the size of memory: memory pressure begins at 1/TCP_MEM_PRESSURE_PART of it.  (Linux
 * uses a sixteenth, because its machines also do other work.)  That number of pages is rounded down to
 * its three highest bits, which keeps more than four fifths of it.
 */
static void tcp_mem_init(void)
{
	u64 pressure = max_t(u64, nr_total_pages() / TCP_MEM_PRESSURE_PART, 8);
	u64 unit = 1;

	while (pressure / unit >= 8)
		unit <<= 1;
	pressure = min_t(u64, pressure / unit * unit, 1 << 29);
	sysctl_tcp_mem[0] = pressure / 4 * 3;
	sysctl_tcp_mem[1] = pressure;
	sysctl_tcp_mem[2] = pressure * 2;
}

/*
 * With less than 8 MiB of memory a receive buffer starts smaller, because the first window of one
 * connection must not take a large part of memory.
 */
static void tcp_rmem_init(void)
{
	u64 part = ALIGN_DOWN(nr_total_pages() * PAGE_SIZE / SOCK_RMEM_DEFAULT_PART, PAGE_SIZE);

	sysctl_tcp_rmem[1] = clamp_t(u64, part, SOCK_RMEM_DEFAULT_LEAST, SOCK_RMEM_DEFAULT);
}

void tcp_sysctl_init(void)
{
	sysctl_tcp_max_orphans =
		min_t(u64, TCP_ORPHANS_MAX, nr_total_pages() * PAGE_SIZE / CONNECTION_ENDS_BYTES);
	tcp_mem_init();
	tcp_rmem_init();
	sysctl_register(table, ARRAY_SIZE(table));
}
