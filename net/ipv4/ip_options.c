/* SPDX-License-Identifier: MIT */
/*
 * Checks the IP options of a received packet, so that they can be skipped safely.
 *
 * Caller: ip_rcv_options (ip_input.c). Any context, no lock. RFC 791 3.1 defines their format; RFC
 * 7126 advises on their treatment: here source routing is refused, and all other options are
 * ignored.
 */
#include "net/ipv4/ip.h"

#define IPOPT_END  0
#define IPOPT_NOOP 1
#define IPOPT_LSRR 131
#define IPOPT_SSRR 137

#define IP_HEADER_MIN 20

unsigned int ip_options_check(const u8 *opt, unsigned int optlen)
{
	unsigned int at = 0;

	while (at < optlen) {
		unsigned int len;

		if (opt[at] == IPOPT_END)
			return 0;
		if (opt[at] == IPOPT_NOOP) {
			at++;
			continue;
		}
		/* The option needs a length byte, and must end within the header. */
		if (optlen - at < 2)
			return IP_HEADER_MIN + at;
		len = opt[at + 1];
		if (len < 2 || len > optlen - at)
			return IP_HEADER_MIN + at + 1;
		if (opt[at] == IPOPT_LSRR || opt[at] == IPOPT_SSRR)
			return IP_HEADER_MIN + at;
		at += len;
	}
	return 0;
}
