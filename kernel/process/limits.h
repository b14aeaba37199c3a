/* SPDX-License-Identifier: MIT */
/*
 * The limits of the process. Each comment has the unit, what happens at the limit, and the reason
 * for the value (tools/limits.py prints docs/limits.md from it).
 */
#ifndef KERNEL_PROCESS_LIMITS_H
#define KERNEL_PROCESS_LIMITS_H

/*
 * pending signals with details (siginfo): a further signal still becomes pending, but its siginfo_t
 * has only the signal number. The value is 64 threads times 64 signal numbers.
 */
#define SIGQUEUE_MAX 4096
/*
 * timers of timer_create(): one more fails with -EAGAIN. Programs have a few for each thread. On
 * Linux RLIMIT_SIGPENDING limits their number.
 */
#define POSIX_TIMERS_MAX 1024
/*
 * ns: a timer on CPU time, and a timer whose signal is ignored, fires after this time at the
 * earliest, even if it was set to fire sooner. So such a timer costs at most 1000 interrupts a
 * second.
 */
#define CPU_TIMER_STEP 1000000ULL
/*
 * supplementary groups: setgroups() with more fails with -EINVAL. They have no effect; servers set a
 * few.
 */
#define GROUPS_MAX 32
/*
 * pages: with fewer left for the program, clone() fails with -EAGAIN. A thread takes 4 pages for its
 * kernel stack, and soon touches new pages of its own stack. If no page were left then, the program
 * would be killed.
 */
#define THREAD_START_PAGES 64
/*
 * hash chains of waiting futexes: more waiters make the chains longer. With THREADS_MAX waiters a
 * chain has 16 entries on average.
 */
#define FUTEX_BUCKETS 256
/*
 * entries of a thread's list of robust mutexes: the kernel does not release further mutexes when
 * the thread ends. The value is Linux's ROBUST_LIST_LIMIT.
 */
#define ROBUST_LIST_MAX 2048

/* ---- loading the program ---- */
/*
 * arguments of the program: with more the program is not started (E2BIG). A command line of
 * BOOT_CMDLINE_MAX bytes has hardly more words.
 */
#define EXEC_ARGS_MAX 512
/* variables of the program's environment: with more the program is not started (E2BIG). */
#define EXEC_ENV_MAX 128
/*
 * bytes of all arguments and variables: with more the program is not started (E2BIG). This is twice
 * the longest command line, and room for the defaults.
 */
#define EXEC_BYTES_MAX 4608
/*
 * program headers of an ELF file: a file with more is not started. Linux accepts 64 KiB of headers; files
 * that linkers make have about a dozen headers.
 */
#define ELF_PHDRS_MAX 128
/*
 * bytes of the path of an interpreter (ld.so) in an ELF file: a longer one is refused. The value is
 * Linux's PATH_MAX.
 */
#define INTERP_PATH_MAX 4096
/*
 * scripts ("#!") whose interpreter is a script again: a longer chain fails with ELOOP. Linux's
 * value.
 */
#define SCRIPT_LEVELS_MAX 5
/*
 * mappings that the report of a fatal signal prints: further ones are not printed. Each is a line of
 * about 100 bytes on a console that may be slow.
 */
#define REPORT_MAPS_MAX 64

#endif
