/* SPDX-License-Identifier: MIT */
/*
 * The program's registers: system calls, signal frames, new threads.  Until the machine has ring 3,
 * no thread has PF_USER and none of these functions is called.
 */
#include "include/uapi/errno.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"

long hal_syscall_result(void)
{
	return 0;
}

void hal_syscall_set_result(long result)
{
	BUG();
}

void hal_syscall_restart(long nr)
{
	BUG();
}

u64 hal_user_sp(void)
{
	return 0;
}

int hal_signal_deliver(const struct ksignal *ksig, const u64 *mask)
{
	return -EFAULT;
}

int hal_sigreturn(u64 *mask, long *result)
{
	return -EFAULT;
}

int hal_user_fork_regs(struct task_struct *child, u64 sp, u64 tls, bool set_tls)
{
	return -ENOSYS;
}
