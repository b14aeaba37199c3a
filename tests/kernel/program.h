/* SPDX-License-Identifier: MIT */
/*
 * Calls and helpers of test programs of the hosted kernel (tests/host/user.h).
 *
 * Expected results are Linux's, as its manual pages (signal(7), futex(2), clone(2), timer_create(2)) describe
 * them.
 */
#ifndef TESTS_KERNEL_PROGRAM_H
#define TESTS_KERNEL_PROGRAM_H

#include "include/uapi/errno.h"
#include "include/uapi/futex.h"
#include "include/uapi/signal.h"
#include "include/uapi/time.h"
#include "include/uapi/unistd.h"
#include "kernel/process/signal.h"
#include "tests/host/user.h"
#include "tests/kernel/cases.h"

#define CALL6(nr, a, b, c, d, e, f)                                                                \
	host_user_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define CALL4(nr, a, b, c, d) CALL6(nr, a, b, c, d, 0, 0)
#define CALL3(nr, a, b, c)    CALL6(nr, a, b, c, 0, 0, 0)
#define CALL2(nr, a, b)       CALL6(nr, a, b, 0, 0, 0, 0)
#define CALL1(nr, a)          CALL6(nr, a, 0, 0, 0, 0, 0)
#define CALL0(nr)             CALL6(nr, 0, 0, 0, 0, 0, 0)

#define NOWHERE ((void *)8) /* an address that is not mapped */

static inline u64 mask_now(void)
{
	u64 mask;

	CHECK_IS(CALL4(__NR_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8), 0);
	return mask;
}

static inline void handle(int sig, void *handler, u64 flags, u64 mask)
{
	struct user_sigaction action = {(u64)handler, flags, 0, mask};

	CHECK_IS(CALL4(__NR_rt_sigaction, sig, &action, NULL, 8), 0);
}

static inline void set_mask(u64 mask)
{
	CHECK_IS(CALL4(__NR_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8), 0);
}

static inline long futex(u32 *word, int op, u32 val, const void *time)
{
	return CALL6(__NR_futex, word, op, val, time, 0, 0);
}

/* Number of threads from start() that have not called end_thread(); join_threads() waits for them. */
static u32 threads_left;

static inline void end_thread(void)
{
	if (__atomic_sub_fetch(&threads_left, 1, __ATOMIC_SEQ_CST) == 0)
		futex(&threads_left, FUTEX_WAKE, 1, NULL);
}

static inline long start(int (*fn)(void *arg), void *arg)
{
	long tid;

	threads_left++;
	tid = host_user_thread(fn, arg);
	CHECK(tid > 1);
	return tid;
}

static inline void join_threads(void)
{
	u32 left;

	while ((left = threads_left))
		futex(&threads_left, FUTEX_WAIT, left, NULL);
	sleep_ms(1); /* let the threads end */
}

#endif
