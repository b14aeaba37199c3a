/* SPDX-License-Identifier: MIT */
/* IPv4 addresses as text. */
#ifndef ARPA_INET_H
#define ARPA_INET_H

#include <netinet/in.h>

/* Returns 1, or 0 if @src is no dotted quad, or -1 with EAFNOSUPPORT if @family is not AF_INET. */
int inet_pton(int family, const char *src, void *dst) __APP_NAME(inet_pton);
/* Returns @dst, or NULL with EAFNOSUPPORT or ENOSPC in errno. */
const char *inet_ntop(int family, const void *src, char *dst, socklen_t size) __APP_NAME(inet_ntop);

#endif
