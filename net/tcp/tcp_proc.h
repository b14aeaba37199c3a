/* SPDX-License-Identifier: MIT */
/* /proc/net/tcp and /proc/net/sockstat. */
#ifndef NET_TCP_TCP_PROC_H
#define NET_TCP_TCP_PROC_H

/* Registers both.  Boot. */
void tcp4_proc_init(void);

#endif
