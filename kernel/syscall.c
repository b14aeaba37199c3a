/* SPDX-License-Identifier: MIT */
/*
 * The system call table, and kernel_syscall(), the one entry into it.
 *
 * Callers: x86_syscall(), the library of applications in ring 0 (include/, apps/libc), the tests of
 * the hosted build.  Process context.  Each subsystem registers its calls at boot
 * (register_syscalls), so that this file includes none of them.
 *
 * While syscall_depth is above zero the thread is not preempted.  At the end of the call it yields
 * the CPU if its time slice ended meanwhile.  Compare Linux's arch/x86/entry/common.c.
 */
#include "kernel/syscall.h"

#include "include/uapi/errno.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/limits.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/watchdog.h"
#include "kernel/strace.h"

static struct syscall_def table[NR_SYSCALLS];

void register_syscalls(const struct syscall_def *defs, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		BUG_ON(defs[i].nr >= NR_SYSCALLS || !defs[i].fn);
		if (table[defs[i].nr].fn)
			panic("system call %u: %s, but it is %s already", defs[i].nr, defs[i].name,
			      table[defs[i].nr].name);
		table[defs[i].nr] = defs[i];
	}
}

/* Returns true for ERESTART*: a signal interrupted the call. */
static bool is_restart(long ret)
{
	return ret <= -ERESTARTSYS && ret >= -ERESTART_RESTARTBLOCK;
}

static noinline long traced_call(long nr, const long *args)
{
	long ret;

	strace_enter(nr, table[nr].name, args);
	ret = table[nr].fn(args[0], args[1], args[2], args[3], args[4], args[5]);
	strace_leave(nr, table[nr].name, args, ret);
	return ret;
}

long kernel_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	struct task_struct *self = current;
	long ret;

	if (unlikely(nr < 0 || nr >= NR_SYSCALLS || !table[nr].fn))
		return syscall_missing(nr);
	self->syscall_depth++;
	if (unlikely(strace_on))
		ret = traced_call(nr, (const long[]){a, b, c, d, e, f});
	else
		ret = table[nr].fn(a, b, c, d, e, f);
	if (unlikely(!may_sleep() || hal_irqs_disabled()))
		panic("%s returned with preempt_count %x, interrupts %s", table[nr].name,
		      preempt_count(), hal_irqs_disabled() ? "off" : "on");
	self->syscall_depth--;
	watchdog_progress();
	if (unlikely(this_cpu()->need_resched) && !self->syscall_depth)
		cond_resched();
	/*
	 * A signal interrupted the call.  In a thread without PF_USER such a call ends with EINTR;
	 * in a thread of the program, exit_to_user() decides how it ends.
	 */
	if (unlikely(is_restart(ret)) && !(self->flags & PF_USER))
		return -EINTR;
	return ret;
}
