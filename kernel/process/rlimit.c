/* SPDX-License-Identifier: MIT */
/*
 * Resource limits and usage: getrlimit(), setrlimit(), prlimit64(), getrusage().
 *
 * Called through kernel_syscall() (process context); kernel/fs -> rlimit().  RLIMIT_NOFILE and
 * RLIMIT_STACK are obeyed; other values are kept for the program that set them.  Compare Linux's
 * kernel/sys.c.
 */
#include "kernel/process/rlimit.h"

#include "include/uapi/errno.h"
#include "include/uapi/time.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/limits.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/uaccess.h"
#include "kernel/mm/vma.h"
#include "kernel/process/limits.h"
#include "kernel/process/process.h"
#include "kernel/sched/limits.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "kernel/time/time.h"

#define BOTH(value)                                                                                \
	{                                                                                          \
		(value), (value)                                                                   \
	}

/*
 * Most defaults are Linux's. RLIMIT_NPROC and RLIMIT_SIGPENDING are this kernel's limits.
 * RLIMIT_NOFILE begins at its maximum: the only program need not raise it to use all descriptors.
 */
static struct rlimit64 limits[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = BOTH(RLIM_INFINITY),   [RLIMIT_FSIZE] = BOTH(RLIM_INFINITY),
	[RLIMIT_DATA] = BOTH(RLIM_INFINITY),  [RLIMIT_STACK] = {STACK_LIMIT_DEFAULT, RLIM_INFINITY},
	[RLIMIT_CORE] = {0, RLIM_INFINITY},   [RLIMIT_RSS] = BOTH(RLIM_INFINITY),
	[RLIMIT_NPROC] = BOTH(THREADS_MAX),   [RLIMIT_NOFILE] = BOTH(NR_OPEN_MAX),
	[RLIMIT_MEMLOCK] = BOTH(8 << 20),     [RLIMIT_AS] = BOTH(RLIM_INFINITY),
	[RLIMIT_LOCKS] = BOTH(RLIM_INFINITY), [RLIMIT_SIGPENDING] = BOTH(SIGQUEUE_MAX),
	[RLIMIT_MSGQUEUE] = BOTH(819200),     [RLIMIT_RTTIME] = BOTH(RLIM_INFINITY),
};

u64 rlimit(unsigned int resource)
{
	return limits[resource].rlim_cur;
}

static int set_limit(unsigned int resource, const struct rlimit64 *new)
{
	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
	if (resource == RLIMIT_NOFILE && new->rlim_max > NR_OPEN_MAX)
		return -EPERM;
	limits[resource] = *new;
	if (resource == RLIMIT_STACK)
		process_mm.stack_limit = new->rlim_cur;
	return 0;
}

static long do_prlimit(unsigned int resource, const struct rlimit64 __user *unew,
		       struct rlimit64 __user *uold)
{
	struct rlimit64 new, old;
	int err;

	if (unew && copy_from_user(&new, unew, sizeof(new)))
		return -EFAULT;
	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	old = limits[resource];
	err = unew ? set_limit(resource, &new) : 0;
	if (err)
		return err;
	return uold && copy_to_user(uold, &old, sizeof(old)) ? -EFAULT : 0;
}

static long sys_prlimit64(int pid, unsigned int resource, const struct rlimit64 __user *new,
			  struct rlimit64 __user *old)
{
	if (pid && pid != PROCESS_PID)
		return -ESRCH;
	return do_prlimit(resource, new, old);
}

static long sys_getrlimit(unsigned int resource, struct rlimit64 __user *old)
{
	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	return copy_to_user(old, &limits[resource], sizeof(*old)) ? -EFAULT : 0;
}

static long sys_setrlimit(unsigned int resource, const struct rlimit64 __user *new)
{
	struct rlimit64 k;

	if (copy_from_user(&k, new, sizeof(k)))
		return -EFAULT;
	return resource < RLIM_NLIMITS ? set_limit(resource, &k) : -EINVAL;
}

/* All CPU time counts as user time. Every other field is 0, and so is all of RUSAGE_CHILDREN. */
static long sys_getrusage(int whose, struct rusage __user *to)
{
	struct rusage k = {.ru_utime = {0, 0}};
	u64 ns = 0;

	if (whose != RUSAGE_SELF && whose != RUSAGE_CHILDREN && whose != RUSAGE_THREAD)
		return -EINVAL;
	if (whose != RUSAGE_CHILDREN)
		ns = whose == RUSAGE_SELF ? process_runtime() : thread_runtime(current);
	k.ru_utime.tv_sec = ns / NSEC_PER_SEC;
	k.ru_utime.tv_usec = ns % NSEC_PER_SEC / NSEC_PER_USEC;
	return copy_to_user(to, &k, sizeof(k)) ? -EFAULT : 0;
}

void rlimit_init(void)
{
	static const struct syscall_def defs[] = {
		SYSCALL_DEF(__NR_getrlimit, sys_getrlimit),
		SYSCALL_DEF(__NR_setrlimit, sys_setrlimit),
		SYSCALL_DEF(__NR_prlimit64, sys_prlimit64),
		SYSCALL_DEF(__NR_getrusage, sys_getrusage),
	};

	register_syscalls(defs, ARRAY_SIZE(defs));
}
