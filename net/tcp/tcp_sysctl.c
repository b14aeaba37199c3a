/* SPDX-License-Identifier: MIT */
/*
 * TCP's sysctls: their values, and the table with their names.  Two sysctls of TCP that net/inet reads
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
#include "net/tcp/tcp_fastopen.h"
#include "net/tcp/tcp_in.h"

int sysctl_tcp_abort_on_overflow;
int sysctl_tcp_adv_win_scale = 1;
int sysctl_tcp_autocorking = 1;
int sysctl_tcp_challenge_ack_limit = TCP_CHALLENGE_ACK_NO_LIMIT;
int sysctl_tcp_dsack = 1;
int sysctl_tcp_fastopen = TFO_CLIENT_ENABLE;
int sysctl_tcp_fastopen_blackhole_timeout_sec = TCP_FASTOPEN_BLACKHOLE_S * HZ;
int sysctl_tcp_fin_timeout = TCP_FIN_TIMEOUT_S * HZ;
int sysctl_tcp_invalid_ratelimit = TCP_INVALID_RATELIMIT_MS;
int sysctl_tcp_keepalive_intvl = TCP_KEEPALIVE_INTVL_S * HZ;
int sysctl_tcp_keepalive_probes = TCP_KEEPALIVE_PROBES;
int sysctl_tcp_keepalive_time = TCP_KEEPALIVE_TIME_S * HZ;
int sysctl_tcp_max_orphans = TCP_ORPHANS_MAX;
int sysctl_tcp_max_reordering = TCP_MAX_REORDERING;
int sysctl_tcp_max_syn_backlog = TCP_MAX_SYN_BACKLOG;
int sysctl_tcp_mem[3]; /* set by tcp_mem_init() */
int sysctl_tcp_moderate_rcvbuf = 1;
int sysctl_tcp_notsent_lowat = -1;
int sysctl_tcp_orphan_retries = TCP_ORPHAN_RETRIES;
int sysctl_tcp_reordering = TCP_REORDERING;
int sysctl_tcp_retries1 = TCP_RETRIES1;
int sysctl_tcp_retries2 = TCP_RETRIES2;
int sysctl_tcp_rfc1337;
int sysctl_tcp_rto_max_ms = TCP_RTO_MAX_DEFAULT_MS;
int sysctl_tcp_rto_min_us = TCP_RTO_MIN_DEFAULT_US;
int sysctl_tcp_rmem[3] = {SOCK_RMEM_LEAST, SOCK_RMEM_DEFAULT, SOCK_RMEM_MAX};
int sysctl_tcp_recovery = 1;
int sysctl_tcp_early_retrans = 3;
int sysctl_tcp_frto = 2;
int sysctl_tcp_ecn = TCP_ECN_ACCEPT;
int sysctl_tcp_ecn_fallback = 1;
int sysctl_tcp_sack = 1;
int sysctl_tcp_slow_start_after_idle = 1;
int sysctl_tcp_stdurg;
int sysctl_tcp_syn_retries = TCP_SYN_RETRIES;
int sysctl_tcp_syncookies = 1;
int sysctl_tcp_timestamps = 1;
int sysctl_tcp_tso_win_divisor = TCP_TSO_WIN_DIVISOR;
int sysctl_tcp_limit_output_bytes = TCP_LIMIT_OUTPUT_BYTES;
int sysctl_tcp_min_rtt_wlen = TCP_MIN_RTT_WLEN_S * HZ;
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
	SWITCH(abort_on_overflow, "1: a handshake that completes while the accept queue is full is "
				  "reset; 0: the peer may try again"),
	NUMBER(adv_win_scale, "", TCP_ADV_WIN_SCALE_RANGE,
	       "n > 0: all but 1/2^n of the buffer is offered as window; else 1/2^-n of it"),
	SWITCH(autocorking,
	       "0: a small write is sent at once although earlier segments wait in the device"),
	NUMBER(challenge_ack_limit, "ACKs/s", TCP_CHALLENGE_ACK_RANGE,
	       "approximate limit of challenge ACKs to all peers together, from the next second on "
	       "(RFC 5961 7); 2147483647: no limit"),
	{
		.procname = "net/ipv4/tcp_allowed_congestion_control",
		.unit = "",
		.set = tcp_set_allowed_congestion_control,
		.get = tcp_allowed_congestion_control,
		.choices = tcp_available_congestion_control,
		.list = true,
		.what = "congestion controls that TCP_CONGESTION may choose; for others it is "
			"EPERM (Linux: "
			"except for root)",
	},
	{
		.procname = "net/ipv4/tcp_available_congestion_control",
		.unit = "",
		.get = tcp_available_congestion_control,
		.list = true,
		.what = "all congestion controls",
	},
	{
		.procname = "net/ipv4/tcp_congestion_control",
		.unit = "",
		.set = tcp_set_default_congestion_control,
		.get = tcp_default_congestion_control,
		.choices = tcp_available_congestion_control,
		.what = "congestion control of new sockets; TCP_CONGESTION sets that of one socket",
	},
	SWITCH(dsack, "0: data that was received twice is not reported (RFC 2883)"),
	NUMBER(fastopen, "", TCP_FASTOPEN_RANGE,
	       "sum of 1: client, 2: server, 4: client without cookie, 0x200: server without "
	       "cookie, 0x400: server for every listener (RFC 7413)"),
	SECONDS(fastopen_blackhole_timeout_sec, TCP_FASTOPEN_BLACKHOLE_RANGE,
		"without Fast Open of clients after a network has dropped its packets, doubled "
		"each time; 0: always on"),
	{
		.procname = "net/ipv4/tcp_fastopen_key",
		.unit = "",
		.set = tcp_set_fastopen_key,
		.get = tcp_fastopen_key,
		.list = true,
		.form = "one or two keys of 4 hexadecimal numbers, as 1-2-3-4,5-6-7-8",
		.what = "key of the server's cookies, and perhaps an older one that is still "
			"accepted; random at first",
	},
	SECONDS(fin_timeout, TCP_FIN_TIMEOUT_RANGE,
		"that a closed socket waits in FIN_WAIT2 for the peer's FIN"),
	NUMBER(early_retrans, "", TCP_EARLY_RETRANS_RANGE,
	       "0: no tail loss probe is sent (RFC 8985 7); 1 to 4: it is"),
	NUMBER(ecn, "", TCP_ECN_RANGE,
	       "0: ECN off (RFC 3168); 1: offered with each SYN, and accepted; 2: accepted"),
	SWITCH(ecn_fallback, "1: a SYN that is sent again does not offer ECN (RFC 3168 6.1.1.1)"),
	NUMBER(frto, "", TCP_FRTO_RANGE,
	       "0: a timeout is not tested for being a mistake (F-RTO, RFC 5682); 1, 2: it is"),
	NUMBER(invalid_ratelimit, "ms", TCP_INVALID_RATELIMIT_RANGE,
	       "between two ACKs of a connection that answer segments outside the window; 0: no "
	       "limit"),
	SECONDS(keepalive_intvl, TCP_KEEPALIVE_S_RANGE, "between two keepalive probes"),
	NUMBER(keepalive_probes, "probes", TCP_KEEPALIVE_PROBES_RANGE,
	       "keepalive probes without an answer, after which the connection ends"),
	SECONDS(keepalive_time, TCP_KEEPALIVE_S_RANGE,
		"that a connection with SO_KEEPALIVE is idle before the first probe (RFC 1122 "
		"4.2.3.6)"),
	NUMBER(limit_output_bytes, "bytes", TCP_LIMIT_OUTPUT_BYTES_RANGE,
	       "of a socket that may wait in IP and the device, if the socket is not paced"),
	NUMBER(max_orphans, "connections", TCP_ORPHANS_RANGE,
	       "limit of orphans, which the application has closed; the default depends on memory; "
	       "more are reset (Linux)"),
	NUMBER(max_reordering, "segments", TCP_MAX_REORDERING_RANGE,
	       "highest number to which a connection may raise its tcp_reordering"),
	NUMBER(max_syn_backlog, "connections", TCP_MAX_SYN_BACKLOG_RANGE,
	       "half open at a listener; more SYNs are answered with cookies, or dropped (Linux: "
	       "by memory)"),
	{
		.procname = "net/ipv4/tcp_mem",
		.value = sysctl_tcp_mem,
		.nr = 3,
		.unit = "pages",
		SYSCTL_RANGE(TCP_MEM_RANGE),
		.what = "in the queues of all TCP sockets: memory pressure ends, memory pressure "
			"begins, limit; about 3/16, 4/16 and 8/16 of memory (Linux: less)",
	},
	SECONDS(min_rtt_wlen, TCP_MIN_RTT_WLEN_S_RANGE,
		"in which the least round-trip time is searched; an older one is forgotten"),
	NUMBER(min_tso_segs, "segments", TCP_MIN_TSO_SEGS_RANGE,
	       "that a burst may have at least, however long the round trip is"),
	SWITCH(moderate_rcvbuf,
	       "0: the receive buffer does not grow with the speed of the connection"),
	NUMBER(notsent_lowat, "bytes", TCP_NOTSENT_LOWAT_RANGE,
	       "unsent data from which on a socket is not writable; 0, -1: no limit"),
	NUMBER(orphan_retries, "retransmissions", TCP_ORPHAN_RETRIES_RANGE,
	       "of an orphan before it ends; 0: 8 while its peer may be alive, else none"),
	NUMBER(pacing_ca_ratio, "percent", TCP_PACING_RATIO_RANGE,
	       "of the rate cwnd / RTT in congestion avoidance; a burst is the data of 1 ms at "
	       "that rate (Linux also paces by it)"),
	NUMBER(pacing_ss_ratio, "percent", TCP_PACING_RATIO_RANGE, "the same in slow start"),
	NUMBER(recovery, "", TCP_RECOVERY_RANGE,
	       "2: DSACKs do not enlarge RACK's reordering window; 4: three SACKed segments do not "
	       "end the window (RFC 8985)"),
	NUMBER(reordering, "segments", TCP_REORDERING_RANGE,
	       "duplicate ACKs that mean a loss, when a connection begins (RFC 5681: 3)"),
	NUMBER(retries1, "retransmissions", TCP_RETRIES_RANGE,
	       "after which the route is looked up again (RFC 1122 4.2.3.5 R1)"),
	NUMBER(retries2, "retransmissions", TCP_RETRIES_RANGE,
	       "a connection without an answer ends after the time that so many take, with doubled "
	       "timeouts (RFC 1122 4.2.3.5 R2)"),
	SWITCH(rfc1337, "1: a reset does not end TIME_WAIT"),
	{
		.procname = "net/ipv4/tcp_rmem",
		.value = sysctl_tcp_rmem,
		.nr = 3,
		.unit = "bytes",
		SYSCTL_RANGE(SOCK_MEM_RANGE),
		.what = "receive buffer: guaranteed under memory pressure, initial (less with less "
			"than 8 MiB of memory), maximum",
	},
	NUMBER(rto_max_ms, "ms", TCP_RTO_MAX_DEFAULT_MS_RANGE,
	       "longest retransmission timeout, also of older connections (Linux: since 6.15, of "
	       "new ones)"),
	NUMBER(rto_min_us, "us", TCP_RTO_MIN_DEFAULT_US_RANGE,
	       "by which a retransmission timeout exceeds the round-trip time at least (Linux: "
	       "since 6.11)"),
	SWITCH(sack, "0: SACK is neither offered nor accepted (RFC 2018)"),
	SWITCH(slow_start_after_idle,
	       "0: an idle connection keeps its congestion window (RFC 5681 4.1)"),
	SWITCH(stdurg,
	       "1: the peer's urgent pointer points to the urgent byte (RFC 1122); 0: behind it "
	       "(RFC 6093)"),
	NUMBER(syn_retries, "retransmissions", TCP_SYN_RETRIES_RANGE,
	       "of connect()'s SYN; TCP_SYNCNT sets the number for one socket"),
	NUMBER(syncookies, "", TCP_SYNCOOKIES_RANGE,
	       "1: SYN cookies (RFC 4987 3.6) while a listener's half-open requests are at their "
	       "limit; 0: "
	       "never, such SYNs are dropped; 2: always"),
	{
		.procname = "net/ipv4/tcp_timestamps",
		.value = &sysctl_tcp_timestamps,
		.unit = "",
		SYSCTL_RANGE(TCP_TIMESTAMPS_RANGE),
		.what = "0: timestamps off; 1: with a secret offset for each connection; 2: "
			"without an offset",
	},
	NUMBER(tso_win_divisor, "", TCP_TSO_WIN_DIVISOR_RANGE,
	       "n: a burst of at least 1/n of the window is sent at once; 0: of more than three "
	       "segments"),
	NUMBER(tw_reuse, "", TCP_TW_REUSE_RANGE,
	       "1: connect() may use a port in TIME_WAIT if timestamps make that safe (RFC 6191); "
	       "2: only over the loopback (Linux 4.11: 0)"),
	SWITCH(window_scaling, "0: window scaling off (RFC 7323 2)"),
	{
		.procname = "net/ipv4/tcp_wmem",
		.value = sysctl_tcp_wmem,
		.nr = 3,
		.unit = "bytes",
		SYSCTL_RANGE(SOCK_MEM_RANGE),
		.what = "send buffer: guaranteed under memory pressure, initial, maximum",
	},
};

/*
 * Sets tcp_mem from the size of memory: memory pressure begins at 1/TCP_MEM_PRESSURE_PART of it.  This number
 * of pages is rounded down to its three highest bits, so less than a fifth of the number is lost.
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
