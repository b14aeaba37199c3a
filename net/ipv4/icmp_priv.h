/* SPDX-License-Identifier: MIT */
/* Between icmp.c and icmp_send.c. */
#ifndef NET_IPV4_ICMP_PRIV_H
#define NET_IPV4_ICMP_PRIV_H

extern struct log_source icmp_log; /* icmp.c */

void icmp_send_init(void); /* icmp_send.c */

#endif
