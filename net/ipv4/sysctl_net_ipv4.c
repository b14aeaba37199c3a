/* SPDX-License-Identifier: MIT */
/*
 * The sysctls of net/inet and net/ipv4: the values that net/ipv4 uses, and one table with the names
 * of all. TCP's sysctls are in net/tcp/tcp_sysctl.c.
 *
 * ip_init() calls sysctl_ipv4_init() at boot. The values are read in any context without a lock
 * (kernel/sysctl.h). Names and meanings are those of Linux's net/ipv4/sysctl_net_ipv4.c.
 */
#include "net/ipv4/ip.h"

#include "kernel/limits.h"
#include "kernel/mm/page.h"
#include "kernel/sysctl.h"
#include "net/core/snmp.h"
#include "net/inet/inet_timewait_sock.h"
#include "net/inet/limits.h"
#include "net/ipv4/igmp.h"
#include "net/ipv4/limits.h"

int sysctl_ip_default_ttl = IP_DEFAULT_TTL;
int sysctl_log_martians;
int sysctl_icmp_echo_ignore_all;
int sysctl_icmp_ratelimit = ICMP_RATELIMIT_MS;
int sysctl_icmp_msgs_per_sec = ICMP_MSGS_PER_SEC;
int sysctl_icmp_msgs_burst = ICMP_MSGS_BURST;

static const struct ctl_table table[] = {
	{
		.procname = "net/ipv4/conf/all/log_martians",
		.value = &sysctl_log_martians,
		.unit = "",
		SYSCTL_RANGE(SWITCH_RANGE),
		.what = "1: packets with impossible addresses are logged (RFC 1812 5.3.7; Linux)",
	},
	{
		.procname = "net/ipv4/icmp_echo_ignore_all",
		.value = &sysctl_icmp_echo_ignore_all,
		.unit = "",
		SYSCTL_RANGE(SWITCH_RANGE),
		.what = "1: no ping is answered (Linux)",
	},
	{
		.procname = "net/ipv4/icmp_msgs_burst",
		.value = &sysctl_icmp_msgs_burst,
		.unit = "messages",
		SYSCTL_RANGE(ICMP_MSGS_RANGE),
		.what = "errors that may leave at once, to all together (Linux)",
	},
	{
		.procname = "net/ipv4/icmp_msgs_per_sec",
		.value = &sysctl_icmp_msgs_per_sec,
		.unit = "messages/s",
		SYSCTL_RANGE(ICMP_MSGS_RANGE),
		.what = "errors that may leave in the long run, to all together (Linux)",
	},
	{
		.procname = "net/ipv4/icmp_ratelimit",
		.value = &sysctl_icmp_ratelimit,
		.unit = "ms",
		SYSCTL_RANGE(ICMP_RATELIMIT_RANGE),
		.what = "between errors to one host, after a burst of six; 0: no limit (Linux)",
	},
	{
		.procname = "net/ipv4/igmp_max_memberships",
		.value = &sysctl_igmp_max_memberships,
		.unit = "groups",
		SYSCTL_RANGE(IGMP_MAX_MEMBERSHIPS_RANGE),
		.what = "that one socket may join (Linux)",
	},
	{
		.procname = "net/ipv4/igmp_max_msf",
		.value = &sysctl_igmp_max_msf,
		.unit = "sources",
		SYSCTL_RANGE(IGMP_MAX_MSF_RANGE),
		.what = "in a socket's filter for one group (Linux)",
	},
	{
		.procname = "net/ipv4/igmp_qrv",
		.value = &sysctl_igmp_qrv,
		.unit = "reports",
		SYSCTL_RANGE(IGMP_QRV_RANGE),
		.what = "of each change of a group, until a query tells another number (RFC 3376)",
	},
	{
		.procname = "net/ipv4/ip_default_ttl",
		.value = &sysctl_ip_default_ttl,
		.unit = "hops",
		SYSCTL_RANGE(IP_DEFAULT_TTL_RANGE),
		.what = "time to live of packets whose socket says none (RFC 1122 3.2.1.7)",
	},
	{
		.procname = "net/ipv4/ip_local_port_range",
		.value = sysctl_ip_local_port_range,
		.nr = 2,
		.unit = "ports",
		SYSCTL_RANGE(LOCAL_PORT_RANGE),
		.what = "lowest and highest that bind() and connect() choose (RFC 6056; Linux)",
	},
	{
		.procname = "net/ipv4/ip_local_reserved_ports",
		.unit = "ports",
		.set = inet_set_reserved_ports,
		.get = inet_get_reserved_ports,
		.list = true,
		.form = "a list",
		.what = "ports and ranges (8080,9000-9010) that bind() and connect() do not choose "
			"(Linux)",
	},
	{
		.procname = "net/ipv4/ipfrag_high_thresh",
		.value = &sysctl_ipfrag_high_thresh,
		.unit = "bytes",
		SYSCTL_RANGE(IPFRAG_HIGH_THRESH_RANGE),
		.what = "of fragments whose datagrams are not complete; 0: none is put together "
			"(Linux)",
	},
	{
		.procname = "net/ipv4/ipfrag_time",
		.value = &sysctl_ipfrag_time,
		.unit = "s",
		SYSCTL_RANGE(IPFRAG_TIME_RANGE),
		.what = "until a datagram with missing fragments is given up (Linux)",
	},
	{
		.procname = "net/ipv4/tcp_max_tw_buckets",
		.value = &sysctl_tcp_max_tw_buckets,
		.unit = "connections",
		SYSCTL_RANGE(TIMEWAIT_RANGE),
		.what = "limit of those in TIME_WAIT; the default depends on memory; more skip the "
			"state (Linux)",
	},
	{
		.procname = "net/ipv4/tcp_synack_retries",
		.value = &sysctl_tcp_synack_retries,
		.unit = "retransmissions",
		SYSCTL_RANGE(TCP_SYNACK_RETRIES_RANGE),
		.what = "of a SYN-ACK before a half-open connection is given up (Linux)",
	},
};

void sysctl_ipv4_init(void)
{
	sysctl_tcp_max_tw_buckets =
		min_t(u64, TIMEWAIT_MAX, nr_total_pages() * PAGE_SIZE / CONNECTION_ENDS_BYTES);
	snmp_default_ttl = &sysctl_ip_default_ttl;
	sysctl_register(table, ARRAY_SIZE(table));
}
