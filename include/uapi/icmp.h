/* SPDX-License-Identifier: MIT */
/* Options of raw ICMP sockets: Linux's names and numbers. */
#ifndef UAPI_ICMP_H
#define UAPI_ICMP_H

#define SOL_RAW 255

#define ICMP_FILTER 1 /* u32: bit n set: the socket gets no message of type n */

#endif
