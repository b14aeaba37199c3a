/* SPDX-License-Identifier: MIT */
/*
 * setitimer(), getitimer() and alarm(): three timers of the process, which send SIGALRM, SIGVTALRM and
 * SIGPROF.
 *
 * Called through kernel_syscall() (process context).  ITIMER_REAL counts real time.  ITIMER_VIRTUAL
 * and ITIMER_PROF both count the program's whole CPU time, because time in ring 3 and time in system
 * calls are not measured apart.  Compare Linux's kernel/time/itimer.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/time.h"
#include "include/uapi/unistd.h"
#include "kernel/mm/uaccess.h"
#include "kernel/process/posix_timers.h"
#include "kernel/syscall.h"
#include "kernel/time/clocks.h"
#include "kernel/time/time.h"

static struct posix_timer itimers[3]; /* indexed by ITIMER_* */

static struct timeval timeval_of(u64 ns)
{
	return (struct timeval){.tv_sec = ns / NSEC_PER_SEC,
				.tv_usec = ns % NSEC_PER_SEC / NSEC_PER_USEC};
}

/* If less than a microsecond is left, shows one microsecond: 0 would mean "not armed". */
static struct itimerval setting_of(const struct posix_timer *t)
{
	u64 left = posix_timer_left(t);

	if (left && left < NSEC_PER_USEC)
		left = NSEC_PER_USEC;
	return (struct itimerval){timeval_of(t->interval), timeval_of(left)};
}

static int ns_of(const struct timeval *tv, u64 *ns)
{
	if (tv->tv_sec < 0 || tv->tv_usec < 0 || tv->tv_usec >= USEC_PER_SEC)
		return -EINVAL;
	*ns = KTIME_MAX;
	if (tv->tv_sec < (long)(KTIME_MAX / NSEC_PER_SEC))
		*ns = tv->tv_sec * NSEC_PER_SEC + tv->tv_usec * NSEC_PER_USEC;
	return 0;
}

static struct posix_timer *timer_of(int which)
{
	return which >= 0 && which < (int)ARRAY_SIZE(itimers) ? &itimers[which] : NULL;
}

static void set(struct posix_timer *t, u64 value, u64 interval)
{
	posix_timer_set(t, value ? clock_deadline(t->clock, value) : 0, value ? interval : 0);
}

static long sys_getitimer(int which, struct itimerval __user *now)
{
	const struct posix_timer *t = timer_of(which);
	struct itimerval setting;

	if (!t)
		return -EINVAL;
	setting = setting_of(t);
	return copy_to_user(now, &setting, sizeof(setting)) ? -EFAULT : 0;
}

/* A NULL @new disarms the timer, as on Linux. */
static long sys_setitimer(int which, const struct itimerval __user *new,
			  struct itimerval __user *old)
{
	struct posix_timer *t = timer_of(which);
	struct itimerval setting = {{0, 0}, {0, 0}}, before;
	u64 interval, value;

	if (new &&copy_from_user(&setting, new, sizeof(setting)))
		return -EFAULT;
	if (ns_of(&setting.it_value, &value) || ns_of(&setting.it_interval, &interval) || !t)
		return -EINVAL;
	before = setting_of(t);
	set(t, value, interval);
	return old && copy_to_user(old, &before, sizeof(before)) ? -EFAULT : 0;
}

/* Returns the seconds that ITIMER_REAL had left, rounded, but at least 1; 0: it was not armed. */
static long sys_alarm(unsigned int seconds)
{
	struct posix_timer *t = &itimers[ITIMER_REAL];
	struct itimerval before = setting_of(t);

	set(t, seconds * NSEC_PER_SEC, 0);
	if (before.it_value.tv_usec >= 500000 ||
	    (!before.it_value.tv_sec && before.it_value.tv_usec))
		before.it_value.tv_sec++;
	return before.it_value.tv_sec;
}

void itimers_init(void)
{
	static const struct syscall_def defs[] = {
		SYSCALL_DEF(__NR_getitimer, sys_getitimer),
		SYSCALL_DEF(__NR_setitimer, sys_setitimer),
		SYSCALL_DEF(__NR_alarm, sys_alarm),
	};

	int cpu = clock_of_caller(CLOCK_PROCESS_CPUTIME_ID);

	posix_timer_setup(&itimers[ITIMER_REAL], CLOCK_MONOTONIC, SIGALRM, SI_KERNEL);
	posix_timer_setup(&itimers[ITIMER_VIRTUAL], cpu, SIGVTALRM, SI_KERNEL);
	posix_timer_setup(&itimers[ITIMER_PROF], cpu, SIGPROF, SI_KERNEL);
	register_syscalls(defs, ARRAY_SIZE(defs));
}
