/* SPDX-License-Identifier: MIT */
/*
 * conformance [PART]...: plays system calls, and ends with 0 if each had the expected result.
 * It works in an empty directory of its own below /tmp, which it makes and removes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static int checks, failures;

static void report(bool good, const char *file, int line, const char *text, const char *result)
{
	checks++;
	failures += !good;
	printf("%s %s:%d %s: %s\n", good ? "ok  " : "FAIL",
	       strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line, text, result);
	fflush(stdout);
}

void check_is(const char *file, int line, const char *text, long got, long expected)
{
	char result[96];

	if (got == expected)
		snprintf(result, sizeof(result), "%ld", got);
	else
		snprintf(result, sizeof(result), "%ld (errno %d), expected %ld", got,
			 got == -1 ? errno : 0, expected);
	report(got == expected, file, line, text, result);
}

void check_fails(const char *file, int line, const char *text, long got, int error)
{
	char result[96];
	bool good = got == -1 && errno == error;

	if (good)
		snprintf(result, sizeof(result), "errno %d", error);
	else
		snprintf(result, sizeof(result), "%ld, errno %d, expected errno %d", got,
			 got == -1 ? errno : 0, error);
	report(good, file, line, text, result);
}

void wait_until_asleep(int tid)
{
	char path[64], stat[64] = "";
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	while (!strstr(stat, ") S ")) {
		sched_yield();
		fd = open(path, O_RDONLY);
		n = read(fd, stat, sizeof(stat) - 1);
		if (n < 0) {
			perror(path);
			exit(2);
		}
		stat[n] = '\0';
		close(fd);
	}
}

static const struct part {
	const char *name;
	void (*run)(void);
} parts[] = {
	{"files", check_files},
	{"directories", check_directories},
	{"descriptors", check_descriptors},
	{"pipes", check_pipes},
	{"splice", check_splice},
	{"epoll", check_epoll},
	{"poll", check_poll},
	{"event files", check_event_files},
	{"memory", check_memory},
	{"sockets", check_sockets},
	{"error queue", check_error_queue},
	{"interfaces", check_interfaces},
	{"signals", check_signals},
	{"threads", check_threads},
	{"time", check_time},
	{"process", check_process},
};

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc == 1;
}

int main(int argc, char **argv)
{
	char place[] = "/tmp/conformance.XXXXXX";

	mkdir("/tmp", 0777);
	if (!mkdtemp(place) || chdir(place)) {
		perror(place);
		return 2;
	}
	umask(022);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!wanted(parts[i].name, argc, argv))
			continue;
		printf("== %s\n", parts[i].name);
		parts[i].run();
	}
	if (chdir("/") || rmdir(place)) {
		perror("the directory is not empty at the end");
		failures++;
	}
	printf("%d checks, %d failures\n", checks, failures);
	return failures != 0;
}
