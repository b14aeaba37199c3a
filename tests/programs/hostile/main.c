/* SPDX-License-Identifier: MIT */
/* hostile NAME plays one attack and ends with 0 if it returns; hostile --list prints NAME SIGNAL ONLY_HERE. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostile.h"

static const struct attack *const tables[] = {
	call_attacks, instruction_attacks, jump_attacks, return_attacks, resource_attacks,
};

void fail(const char *why)
{
	fprintf(stderr, "hostile: %s\n", why);
	_exit(99);
}

int main(int argc, char **argv)
{
	bool list = argc == 2 && !strcmp(argv[1], "--list");

	/*
	 * Refuse to attack Linux as root: a wild fchmod() has changed the mode of /dev/null. On softnet the
	 * program also runs as root, but is process 1 there.
	 */
	if (!list && getuid() == 0 && getpid() != 1) {
		fprintf(stderr, "hostile: on Linux only for a user without rights\n");
		return 2;
	}
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		for (const struct attack *a = tables[t]; a->name; a++) {
			if (list)
				printf("%s %d %d\n", a->name, a->signal, a->only_here);
			if (argc != 2 || strcmp(argv[1], a->name))
				continue;
			printf("plays %s\n", a->name);
			fflush(stdout);
			a->play();
			printf("survived %s\n", a->name);
			return a->signal ? 98 : 0;
		}
	}
	return list ? 0 : 2;
}
