/* SPDX-License-Identifier: MIT */
/*
 * System calls about threads and the machine: sched_yield, getpid, gettid, getrandom.
 *
 * Called through kernel_syscall() (process context).  There is one process, whose pid is 1; each
 * thread has its own tid.
 */
#include "include/uapi/errno.h"
#include "include/uapi/unistd.h"
#include "kernel/lib/random.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/uaccess.h"
#include "kernel/process/process.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/syscall.h"

static long sys_sched_yield(void)
{
	schedule();
	return 0;
}

static long sys_getpid(void)
{
	return PROCESS_PID;
}

static long sys_gettid(void)
{
	return current->pid;
}

#define GRND_NONBLOCK 0x1
#define GRND_RANDOM   0x2
#define GRND_INSECURE 0x4

/*
 * The generator is seeded before the first thread runs, so getrandom() never waits, and the flags
 * have no effect.
 */
static long sys_getrandom(void __user *buf, size_t len, unsigned int flags)
{
	u8 chunk[256];
	size_t done = 0;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	len = min_t(size_t, len, MAX_RW_COUNT);
	while (done < len) {
		size_t n = min_t(size_t, len - done, sizeof(chunk));

		get_random_bytes(chunk, n);
		if (copy_to_user((u8 *)buf + done, chunk, n))
			return done ? (long)done : -EFAULT;
		done += n;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return done;
}

void sched_syscalls_init(void)
{
	static const struct syscall_def defs[] = {
		SYSCALL_DEF(__NR_sched_yield, sys_sched_yield),
		SYSCALL_DEF(__NR_getpid, sys_getpid),
		SYSCALL_DEF(__NR_gettid, sys_gettid),
		SYSCALL_DEF(__NR_getrandom, sys_getrandom),
	};

	register_syscalls(defs, ARRAY_SIZE(defs));
}
