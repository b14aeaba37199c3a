/* SPDX-License-Identifier: MIT */
/*
 * Timers that send a signal: timer_create() and setitimer().
 *
 * A timer with an interval starts the next interval when the program takes the signal.  So a short
 * interval cannot keep the CPU busy with signals that are not taken; the intervals that passed
 * meanwhile are counted (si_overrun).  Compare Linux's kernel/time/posix-timers.c,
 * posix-cpu-timers.c, itimer.c.
 */
#ifndef KERNEL_PROCESS_POSIX_TIMERS_H
#define KERNEL_PROCESS_POSIX_TIMERS_H

#include "kernel/process/signal.h"
#include "kernel/time/clock_timer.h"
#include "kernel/types.h"

struct posix_timer {
	struct clock_timer timer;
	int clock;    /* CLOCK_*: the clock of @expires */
	int made_on;  /* the clock given to timer_create(); @clock may differ */
	u64 expires;  /* on @clock; 0: not armed */
	u64 interval; /* 0: one-shot */
	int notify;   /* SIGEV_* */
	int tid;      /* the thread that gets the signal; 0: the process */
	unsigned int overrun_last;
	struct sigqueue signal; /* info has the signal's details */
};

/* Initialises a timer that sends @sig to the process. */
void posix_timer_setup(struct posix_timer *t, int clock, int sig, int code);
/*
 * Arms the timer for @expires on its clock (0: disarms it), and withdraws its pending signal.
 * Process context.
 */
void posix_timer_set(struct posix_timer *t, u64 expires, u64 interval);
/* Returns the ns until the timer fires; 0: it is not armed. */
u64 posix_timer_left(const struct posix_timer *t);

/* Called when the program takes the signal of @t: sets si_overrun, and starts the next interval. */
void posix_timer_taken(struct posix_timer *t, struct user_siginfo *info);

/* signal.c, any context: sends the signal of a timer, with the entry that the timer contains. */
enum timer_sent { TIMER_SENT, TIMER_IGNORED, TIMER_NO_THREAD };
enum timer_sent send_timer_signal(struct sigqueue *q, int tid);
/* Removes @q from the pending signals, if it is there. */
void withdraw_timer_signal(struct sigqueue *q);

void posix_timers_init(void); /* posix_timers.c */
void itimers_init(void);      /* itimer.c */

#endif
