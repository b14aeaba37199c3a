/* SPDX-License-Identifier: MIT */
/*
 * button end | button stay: waits for SIGTERM.  "end" ends in its handler with code 5, "stay" goes on.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int ends;

static void say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(1);
}

static void on_term(int sig)
{
	(void)sig;
	say("SIGTERM\n");
	if (ends)
		_exit(5);
}

int main(int argc, char **argv)
{
	ends = argc > 1 && !strcmp(argv[1], "end");
	signal(SIGTERM, on_term);
	say("READY\n");
	for (;;)
		pause();
}
