/* SPDX-License-Identifier: MIT */
/*
 * Prints the table of malformed frames (malformed.h) as JSON.  tests/qemu/test_malformed.py reads it and
 * sends the same frames to a kernel in QEMU.
 */
#include "kernel/types.h" /* must precede libc's headers, which redefine some of its macros */

#include <stdio.h>

#include "kernel/lib/bug.h"
#include "tests/unit/malformed.h"

static const char *const bases[] = {
	[ARP_ASK] = "ARP_ASK", [PING] = "PING", [PING_OPT] = "PING_OPT",
	[UNREACH] = "UNREACH", [SYN] = "SYN",   [SYN_OPT] = "SYN_OPT",
	[OPEN] = "OPEN",       [HALF] = "HALF",
};

static const char *const reasons[] = {
#define NAME(name, text) [SKB_DROP_REASON_##name] = #name,
	SKB_DROP_REASONS(NAME)
#undef NAME
};

static void print_row(const struct malformed *m, const char *end)
{
	const char *comma = "";

	/* The names need no JSON escapes: none contains a quotation mark or a backslash. */
	printf(" {\"what\": \"%s\", \"base\": \"%s\", \"reason\": \"%s\", \"patch\": [", m->what,
	       bases[m->base], m->reason ? reasons[m->reason] : "");
	for (unsigned int i = 0; i < ARRAY_SIZE(m->patch) && m->patch[i].set; i++) {
		printf("%s[%u, %u]", comma, m->patch[i].at, m->patch[i].value);
		comma = ", ";
	}
	printf("], \"len\": %u, \"ip_sum\": %s, \"l4_sum\": %s, \"seq\": %d, \"ack\": %d, "
	       "\"flags\": %d}%s\n",
	       m->len, m->wrong & NO_IP_SUM ? "false" : "true",
	       m->wrong & NO_L4_SUM ? "false" : "true", m->seq, m->ack,
	       m->flags ? m->flags & 0xff : -1, end);
}

int main(void)
{
	printf("[\n");
	for (unsigned int i = 0; i < ARRAY_SIZE(malformed); i++)
		print_row(&malformed[i], i + 1 < ARRAY_SIZE(malformed) ? "," : "");
	printf("]\n");
	return 0;
}
