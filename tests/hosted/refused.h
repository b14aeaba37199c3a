/* SPDX-License-Identifier: MIT */
/*
 * Plays whose Nth allocation fails, for every N (refused.c).
 *
 * A play is a function that makes system calls on both hosts through may(), and goes on, or returns, after
 * an error.  refuse_each() plays it until no allocation is left that could fail.  In that last play, which
 * has no failure, every call must succeed.  After each play no object, page, timer or descriptor may be
 * left on either host.
 */
#ifndef TESTS_HOSTED_REFUSED_H
#define TESTS_HOSTED_REFUSED_H

#include "tests/hosted/scene_forge.h"

/*
 * Makes @play again and again; in the Nth play the Nth allocation of @victim fails, counted from the start
 * of the play or, if the play calls refuse_from_here(), from there.  @listener: a non-blocking listener of B,
 * whose queue is emptied after each play, or -1.
 */
void refuse_each(struct host *victim, int listener, void (*play)(void));
void refuse_from_here(void);

/*
 * Makes a system call. An error is permitted only if an allocation has failed in this play, and
 * only if the error is one that a lack of memory or a lost packet causes.
 */
#define may(h, nr, ...) may_args(h, nr, (const int64_t[6]){__VA_ARGS__})
int64_t may_args(struct host *h, long nr, const int64_t args[6]);
int64_t may_result(int64_t result); /* the check of may(), for the result of another function */
/* Checks that a result is @expected, unless an allocation has failed in this play. */
void should(int64_t result, int64_t expected);
bool was_refused(void); /* an allocation has failed in this play */

/* Connects A to B through the listener.  A descriptor that could not be made is negative. */
struct pair refused_pair(void);
void refused_close(struct pair *p);
/*
 * Sends @n bytes.  All bytes that send() accepts must arrive within ten minutes, unless the
 * connection ends with an error.
 */
void refused_carry(struct host *from, int from_fd, struct host *to, int to_fd, size_t n);
void refused_close_fd(struct host *h, int fd);

#endif
