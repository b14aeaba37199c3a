/* SPDX-License-Identifier: MIT */
/*
 * The clocks of a program: which ids are valid, and the time that each clock shows.
 *
 * Callers: sys_time.c, kernel/process/posix_timers.c and itimer.c.  No lock but siglock, to find a
 * thread.  BOOTTIME equals MONOTONIC, because the machine cannot be suspended, and TAI equals
 * REALTIME, as on a Linux machine whose offset was not set.  Compare Linux's
 * kernel/time/posix-timers.c and posix-cpu-timers.c.
 */
#include "kernel/time/clocks.h"

#include "include/uapi/errno.h"
#include "include/uapi/time.h"
#include "kernel/process/process.h"
#include "kernel/sched/sched.h"
#include "kernel/time/clock_timer.h"
#include "kernel/time/wallclock.h"

/*
 * The bits of Linux's ids of CPU clocks: bits 0 and 1: the kind of CPU time; bit 2: set for a thread's
 * clock; bits 3 and up: the inverted tid.
 */
#define CPU_CLOCK_KIND   3 /* mask; 3 is no kind of CPU time */
#define CPU_CLOCK_THREAD 4
#define CPU_CLOCK_SCHED  2

bool clock_is_cpu(int clock)
{
	return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
}

bool clock_is_real(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ||
	       clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}

/* Stores the CPU time of thread @tid of the program.  Returns false if there is none. */
static bool read_thread(int tid, u64 *ns)
{
	struct task_struct *p;
	unsigned long flags;

	spin_lock_irqsave(&process.siglock, flags);
	p = process_thread(tid);
	if (p)
		*ns = thread_runtime(p);
	spin_unlock_irqrestore(&process.siglock, flags);
	return p;
}

/* Returns the tid in @clock, which is negative: its bits from 3 on are ~tid. */
static int cpu_clock_tid(int clock)
{
	return ~((u32)clock >> 3 | 7U << 29);
}

static bool read_cpu_clock(int clock, u64 *ns)
{
	int tid = cpu_clock_tid(clock);

	if ((clock & CPU_CLOCK_KIND) == CPU_CLOCK_KIND)
		return false;
	if (clock & CPU_CLOCK_THREAD) {
		if (!tid)
			*ns = thread_runtime(current);
		return !tid || read_thread(tid, ns);
	}
	*ns = process_runtime();
	return tid == 0 || tid == PROCESS_PID;
}

int clock_check(int clock)
{
	u64 ns;

	if (clock < 0)
		return read_cpu_clock(clock, &ns) ? 0 : -EINVAL;
	return clock <= CLOCK_BOOTTIME_ALARM || clock == CLOCK_TAI ? 0 : -EINVAL;
}

/*
 * Returns 0 if a thread can sleep on the clock or, with @timer, if a timer can use it.  The alarm clocks
 * (CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM) allow neither, as on a Linux without an RTC that can wake the machine.
 */
int clock_can_wait(int clock, bool timer)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		return timer ? 0 : -EOPNOTSUPP;
	}
	if (clock >= 0)
		return clock_check(clock) ? -EINVAL : -EOPNOTSUPP;
	return clock_check(clock);
}

int clock_of_caller(int clock)
{
	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return (int)(~(u32)current->pid << 3 | CPU_CLOCK_THREAD | CPU_CLOCK_SCHED);
	if (clock == CLOCK_PROCESS_CPUTIME_ID)
		return (int)(~0u << 3 | CPU_CLOCK_SCHED);
	return clock;
}

u64 clock_read(int clock)
{
	u64 ns = 0;

	if (clock < 0) {
		read_cpu_clock(clock, &ns);
		return ns;
	}
	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return thread_runtime(current);
	if (clock == CLOCK_PROCESS_CPUTIME_ID)
		return current->flags & PF_USER ? process_runtime() : thread_runtime(current);
	return clock_is_real(clock) ? ktime_get_real_ns() : ktime_get_ns();
}

u64 clock_deadline(int clock, u64 ns)
{
	u64 now = clock_read(clock);

	return ns >= KTIME_MAX - now ? KTIME_MAX : now + ns;
}
