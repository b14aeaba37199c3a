/* SPDX-License-Identifier: MIT */
/* IPv4 addresses, and network byte order (the machine is little-endian). */
#ifndef NETINET_IN_H
#define NETINET_IN_H

#include <sys/socket.h>
#include <uapi/in.h>

#define INET_ADDRSTRLEN 16

static inline uint16_t htons(uint16_t x)
{
	return __builtin_bswap16(x);
}
static inline uint16_t ntohs(uint16_t x)
{
	return __builtin_bswap16(x);
}
static inline uint32_t htonl(uint32_t x)
{
	return __builtin_bswap32(x);
}
static inline uint32_t ntohl(uint32_t x)
{
	return __builtin_bswap32(x);
}

#endif
