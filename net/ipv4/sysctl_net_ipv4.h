/* SPDX-License-Identifier: MIT */
/* The sysctls that net/ipv4 reads: docs/sysctl.md.  Any context, no lock (kernel/sysctl.h). */
#ifndef NET_IPV4_SYSCTL_NET_IPV4_H
#define NET_IPV4_SYSCTL_NET_IPV4_H

extern int sysctl_ip_default_ttl;
extern int sysctl_icmp_echo_ignore_all;
extern int sysctl_icmp_ratelimit; /* ms */
extern int sysctl_icmp_msgs_per_sec, sysctl_icmp_msgs_burst;

void sysctl_ipv4_init(void);

#endif
