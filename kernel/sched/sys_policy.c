/* SPDX-License-Identifier: MIT */
/*
 * System calls about scheduling: affinity, policies, priorities, the CPU that the caller runs on.
 *
 * Called through kernel_syscall() (process context).  There is one CPU, and threads run round robin:
 * policies and priorities are checked and kept, but change nothing.  Compare Linux's
 * kernel/sched/syscalls.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/time.h"
#include "include/uapi/unistd.h"
#include "kernel/mm/uaccess.h"
#include "kernel/process/process.h"
#include "kernel/sched/limits.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/syscall.h"
#include "kernel/time/time.h"

#define SCHED_OTHER         0
#define SCHED_FIFO          1
#define SCHED_RR            2
#define SCHED_BATCH         3
#define SCHED_IDLE          5
#define SCHED_RESET_ON_FORK 0x40000000
#define RT_PRIORITY_MAX     99

#define PRIO_PROCESS 0
#define PRIO_USER    2
#define NICE_MIN     (-20)
#define NICE_MAX     19

#define CPU_MASK 1UL /* the mask of all CPUs: there is one */

/* Returns the thread @tid of the program, 0 being the caller, or NULL. */
static struct task_struct *find(int tid)
{
	struct task_struct *p;
	unsigned long flags;

	if (!tid || tid == current->pid)
		return current;
	spin_lock_irqsave(&process.siglock, flags);
	p = process_thread(tid);
	spin_unlock_irqrestore(&process.siglock, flags);
	return p;
}

/* ---- affinity ------------------------------------------------------------------------------- */

static long sys_sched_setaffinity(int tid, unsigned int len, const u64 __user *mask)
{
	u64 cpus = 0;

	if (copy_from_user(&cpus, mask, min_t(size_t, len, sizeof(cpus))))
		return -EFAULT;
	if (!find(tid))
		return -ESRCH;
	return cpus & CPU_MASK ? 0 : -EINVAL;
}

/* Returns the number of bytes stored, because C libraries zero the other bytes of the mask. */
static long sys_sched_getaffinity(int tid, unsigned int len, u64 __user *mask)
{
	const u64 cpus = CPU_MASK;

	if (len < sizeof(cpus) || len % sizeof(cpus))
		return -EINVAL;
	if (!find(tid))
		return -ESRCH;
	return copy_to_user(mask, &cpus, sizeof(cpus)) ? -EFAULT : (long)sizeof(cpus);
}

static long sys_getcpu(unsigned int __user *cpu, unsigned int __user *node)
{
	const unsigned int zero = 0;

	if (cpu && copy_to_user(cpu, &zero, sizeof(zero)))
		return -EFAULT;
	return node && copy_to_user(node, &zero, sizeof(zero)) ? -EFAULT : 0;
}

/* ---- policies ------------------------------------------------------------------------------- */

static bool is_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool valid_policy(int policy)
{
	return is_realtime(policy) || policy == SCHED_OTHER || policy == SCHED_BATCH ||
	       policy == SCHED_IDLE;
}

/* @policy -1: the thread keeps its policy. */
static long set_policy(int tid, int policy, const int __user *param)
{
	struct task_struct *p;
	int priority;

	if (!param || tid < 0)
		return -EINVAL;
	if (copy_from_user(&priority, param, sizeof(priority)))
		return -EFAULT;
	p = find(tid);
	if (!p)
		return -ESRCH;
	if (policy < 0)
		policy = p->policy;
	policy &= ~SCHED_RESET_ON_FORK;
	if (!valid_policy(policy) || priority < 0 || priority > RT_PRIORITY_MAX ||
	    is_realtime(policy) != (priority != 0))
		return -EINVAL;
	p->policy = policy;
	p->rt_priority = priority;
	return 0;
}

static long sys_sched_setscheduler(int tid, int policy, const int __user *param)
{
	return policy < 0 ? -EINVAL : set_policy(tid, policy, param);
}

static long sys_sched_setparam(int tid, const int __user *param)
{
	return set_policy(tid, -1, param);
}

static long sys_sched_getscheduler(int tid)
{
	const struct task_struct *p = find(tid);

	if (tid < 0)
		return -EINVAL;
	return p ? p->policy : -ESRCH;
}

static long sys_sched_getparam(int tid, int __user *param)
{
	const struct task_struct *p = find(tid);
	int priority;

	if (!param || tid < 0)
		return -EINVAL;
	if (!p)
		return -ESRCH;
	priority = p->rt_priority;
	return copy_to_user(param, &priority, sizeof(priority)) ? -EFAULT : 0;
}

static long sys_sched_get_priority_max(int policy)
{
	if (!valid_policy(policy))
		return -EINVAL;
	return is_realtime(policy) ? RT_PRIORITY_MAX : 0;
}

static long sys_sched_get_priority_min(int policy)
{
	if (!valid_policy(policy))
		return -EINVAL;
	return is_realtime(policy) ? 1 : 0;
}

static long sys_sched_rr_get_interval(int tid, struct timespec __user *to)
{
	const struct timespec slice = {.tv_nsec = TIME_SLICE_MS * NSEC_PER_MSEC};

	if (tid < 0)
		return -EINVAL;
	if (!find(tid))
		return -ESRCH;
	return copy_to_user(to, &slice, sizeof(slice)) ? -EFAULT : 0;
}

/* ---- priorities ----------------------------------------------------------------------------- */

/* With PRIO_PGRP and PRIO_USER the call concerns the whole process: returns the calling thread. */
static struct task_struct *find_by(int which, int who)
{
	return which == PRIO_PROCESS ? find(who) : current;
}

static long sys_setpriority(int which, int who, int nice)
{
	struct task_struct *p;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	p = find_by(which, who);
	if (!p)
		return -ESRCH;
	p->nice = clamp_t(int, nice, NICE_MIN, NICE_MAX);
	return 0;
}

/* Returns 20 minus the nice value, because a negative result would be an error. */
static long sys_getpriority(int which, int who)
{
	const struct task_struct *p;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	p = find_by(which, who);
	return p ? 20 - p->nice : -ESRCH;
}

void sched_policy_init(void)
{
	static const struct syscall_def defs[] = {
		SYSCALL_DEF(__NR_sched_setaffinity, sys_sched_setaffinity),
		SYSCALL_DEF(__NR_sched_getaffinity, sys_sched_getaffinity),
		SYSCALL_DEF(__NR_getcpu, sys_getcpu),
		SYSCALL_DEF(__NR_sched_setscheduler, sys_sched_setscheduler),
		SYSCALL_DEF(__NR_sched_setparam, sys_sched_setparam),
		SYSCALL_DEF(__NR_sched_getscheduler, sys_sched_getscheduler),
		SYSCALL_DEF(__NR_sched_getparam, sys_sched_getparam),
		SYSCALL_DEF(__NR_sched_get_priority_max, sys_sched_get_priority_max),
		SYSCALL_DEF(__NR_sched_get_priority_min, sys_sched_get_priority_min),
		SYSCALL_DEF(__NR_sched_rr_get_interval, sys_sched_rr_get_interval),
		SYSCALL_DEF(__NR_setpriority, sys_setpriority),
		SYSCALL_DEF(__NR_getpriority, sys_getpriority),
	};

	register_syscalls(defs, ARRAY_SIZE(defs));
}
