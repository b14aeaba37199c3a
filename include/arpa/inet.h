/* SPDX-License-Identifier: MIT */
/* IPv4 addresses as text. */
#ifndef ARPA_INET_H
#define ARPA_INET_H

#include <netinet/in.h>

/* 1; 0 when @src is no dotted quad; -1 and EAFNOSUPPORT for any family but AF_INET. */
int inet_pton(int family, const char *src, void *dst) __APP_NAME(inet_pton);
/* @dst, or NULL with EAFNOSUPPORT, ENOSPC. */
const char *inet_ntop(int family, const void *src, char *dst, socklen_t size) __APP_NAME(inet_ntop);

#endif
