/* SPDX-License-Identifier: MIT */
/* TCP's socket options and states, Linux's values. */
#ifndef UAPI_TCP_H
#define UAPI_TCP_H

#include <stdint.h>

#define SOL_TCP 6

#define TCP_NODELAY	 1
#define TCP_MAXSEG	 2
#define TCP_CORK	 3
#define TCP_KEEPIDLE	 4
#define TCP_KEEPINTVL	 5
#define TCP_KEEPCNT	 6
#define TCP_SYNCNT	 7
#define TCP_LINGER2	 8
#define TCP_DEFER_ACCEPT 9
#define TCP_WINDOW_CLAMP 10
#define TCP_INFO	 11
#define TCP_QUICKACK	 12
#define TCP_CONGESTION	 13
#define TCP_USER_TIMEOUT 18

#define TCP_CA_NAME_MAX 16

enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_CLOSE,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_LISTEN,
	TCP_CLOSING,
	TCP_NEW_SYN_RECV, /* a request_sock */
	TCP_MAX_STATES
};

#endif
