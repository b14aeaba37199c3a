/* SPDX-License-Identifier: MIT */
/* Options of UDP sockets: Linux's names and numbers. */
#ifndef UAPI_UDP_H
#define UAPI_UDP_H

#define SOL_UDP 17

#define UDP_CORK 1 /* writes build one datagram until the option is switched off */
#define UDP_SEGMENT                                                                                \
	103 /* bytes: a longer write becomes datagrams of this length, the last one shorter */
#define UDP_GRO                                                                                    \
	104 /* received datagrams of one peer may come merged; a control message tells their length */

#endif
