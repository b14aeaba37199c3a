/* SPDX-License-Identifier: MIT */
/*
 * The limits of the process. Each comment has the unit, what happens at the limit, and the reason
 * for the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef KERNEL_PROCESS_LIMITS_H
#define KERNEL_PROCESS_LIMITS_H

/*
 * pending signals with details (siginfo): a further one is pending, but its siginfo_t has only the
 * number. One for each number and 64 threads fit.
 */
#define SIGQUEUE_MAX 4096
/*
 * hash chains of waiting futexes: more waiters make the chains longer. With THREADS_MAX waiters a
 * chain has 16 entries.
 */
#define FUTEX_BUCKETS 256
/*
 * entries of a thread's list of robust mutexes: the kernel does not release further ones when the
 * thread ends. Linux's ROBUST_LIST_LIMIT.
 */
#define ROBUST_LIST_MAX 2048

#endif
