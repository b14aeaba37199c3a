/* SPDX-License-Identifier: MIT */
/*
 * A sequence of system calls that is played twice, on the Linux of this computer and on the hosted kernel A.
 * The results that the sequence notes must be equal, so the expected values are Linux's.
 *
 *	static void errors_of_dup(void)
 *	{
 *		note("dup of a closed descriptor", on(SYS_dup, 99));
 *	}
 *	BESIDE_LINUX(errors_of_dup)
 *	int main(...) { const struct CMUnitTest tests[] = {SCENE(errors_of_dup_as_linux)}; ...
 *
 * A sequence must not depend on time or on the numbers of descriptors, and no call in it may wait.
 */
#ifndef TESTS_HOSTED_BESIDE_H
#define TESTS_HOSTED_BESIDE_H

#include "tests/hosted/scene.h"

/* Makes a system call on the kernel that now plays the sequence: Linux or A.  Returns its result or -errno. */
#define on(nr, ...) on_args(nr, (const int64_t[6]){__VA_ARGS__})
int64_t on_args(long nr, const int64_t args[6]);
/* Returns true while the sequence is played on Linux. */
bool on_linux(void);

/* Adds a line to the results. */
void note(const char *what, int64_t result);
/* Notes the result of on(nr, ...), with the text of the call as its name. */
#define try(nr, ...) note(#nr "(" #__VA_ARGS__ ")", on(nr, __VA_ARGS__))
/* Notes only whether a call fails, and with which errno; returns its result, for example a descriptor. */
#define open_by(nr, ...) noted_open(#nr "(" #__VA_ARGS__ ")", on(nr, __VA_ARGS__))
int64_t noted_open(const char *what, int64_t result);

/* Plays @sequence on Linux and on A, and fails the test where the results differ. */
void beside_play(void (*sequence)(void));
#define BESIDE_LINUX(sequence)                                                                     \
	static void sequence##_as_linux(void)                                                      \
	{                                                                                          \
		beside_play(sequence);                                                             \
	}

/* A TCP connection over loopback: both ends, non-blocking. */
void tcp_over_loopback(int ends[2]);

#endif
