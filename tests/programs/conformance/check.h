/* SPDX-License-Identifier: MIT */
/*
 * Checks of system calls.  The program runs unchanged on Linux and on softnet, and prints one line
 * for each check: both outputs must be the same, and each result must be the expected one.
 *
 * Expected values are Linux's, as its manual pages state them and as a run on Linux shows.
 */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdbool.h>

/* Compares the result of a call that succeeds. */
#define IS(call, expected)                                                                         \
	check_is(__FILE__, __LINE__, #call, (errno = 0, (long)(call)), (long)(expected))
/* The call must return -1 and set errno. */
#define FAILS(call, error)                                                                         \
	check_fails(__FILE__, __LINE__, #call, (errno = 0, (long)(call)), (error))
/* The condition must be true. */
#define TRUE(condition) check_is(__FILE__, __LINE__, #condition, !!(condition), 1)

void check_is(const char *file, int line, const char *text, long got, long expected);
void check_fails(const char *file, int line, const char *text, long got, int error);

/*
 * Waits until /proc shows that the thread @tid of this process sleeps.  A fixed pause would not do: on a busy host the
 * thread may need any time until it sleeps.
 */
void wait_until_asleep(int tid);

/* The parts, in the order in which main() runs them. */
void check_files(void);
void check_directories(void);
void check_descriptors(void);
void check_pipes(void);
void check_splice(void);
void check_epoll(void);
void check_poll(void);
void check_event_files(void);
void check_memory(void);
void check_sockets(void);
void check_error_queue(void);
void check_interfaces(void);
void check_signals(void);
void check_threads(void);
void check_time(void);
void check_process(void);

#endif
