/* SPDX-License-Identifier: MIT */
/*
 * The framework of the tests of the kernel without the network.  A test program defines cases[]; cases.c
 * has main() and kernel_main().
 *
 * Each case runs in a child process, in a thread of a new hosted kernel, while the clock is advanced
 * from deadline to deadline.  A failed check panics, and the message is printed; a case that does not
 * end fails too.  Some cases must end in a panic or in a power-off.
 *
 * usage: PROGRAM [seed [case]]
 */
#ifndef TESTS_KERNEL_CASES_H
#define TESTS_KERNEL_CASES_H

#include "kernel/lib/bug.h"
#include "kernel/sched/sched.h"
#include "kernel/time/time.h"

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			panic("%s:%d: %s", __func__, __LINE__, #cond);                             \
	} while (0)
/* Compares two numbers.  If they differ, the message shows the actual one. */
#define CHECK_IS(expr, expected)                                                                   \
	do {                                                                                       \
		long _actual = (long)(expr), _expected = (long)(expected);                         \
		if (_actual != _expected)                                                          \
			panic("%s:%d: %s is %ld, not %ld", __func__, __LINE__, #expr, _actual,     \
			      _expected);                                                          \
	} while (0)

struct test_case {
	const char *name;
	void (*run)(void);
	const char *panic; /* the case must panic with this text; NULL: it must not panic */
	int ends;          /* ENDS(code): the case must power off with that code; 0: it must not */
};
#define ENDS(code) ((code) + 1)

extern const struct test_case cases[]; /* the last has no name */

/* True: a case runs as the first thread of the process; false: as a thread of the kernel. */
extern const bool cases_are_programs;

/* Interrupt @irq is raised together with the first timer deadline at or after @at. */
void raise_irq_beside(int irq, u64 at);

static inline void sleep_ms(unsigned int ms)
{
	schedule_timeout_uninterruptible(msecs_to_jiffies(ms));
}

#endif
