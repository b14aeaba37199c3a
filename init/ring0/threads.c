/* SPDX-License-Identifier: MIT */
/*
 * Threads of applications in ring 0.
 *
 * Callers: apps.c, tests -> app_thread_run() (process context); access_ok() -> access_is_exempt();
 * the end of an interrupt -> preempt_ring0(), with interrupts off. access_is_exempt() and
 * preempt_ring0() replace weak definitions in kernel/.
 */
#include "init/ring0/apps.h"

#include "include/uapi/errno.h"
#include "kernel/hal.h"
#include "kernel/irq.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"

struct task_struct *app_thread_run(int (*fn)(void *arg), void *arg, const char *name)
{
	struct files_struct *files = current->files ? current->files : first_files();
	struct task_struct *p;

	if (!files)
		return ERR_PTR(-ENOMEM);
	p = user_thread_alloc(fn, arg, files);
	if (IS_ERR(p))
		return p;
	p->flags = PF_APP;
	strscpy(p->comm, name, sizeof(p->comm));
	thread_publish(p);
	return p;
}

bool access_is_exempt(void)
{
	return current->flags & PF_APP;
}

/*
 * The interrupt entry saved all registers except the vector registers, so this function saves the
 * vector registers on the thread's stack.  A thread that is not preempted gives up the CPU by a
 * function call, and a function need not preserve vector registers.
 */
void preempt_ring0(void)
{
	u8 fpu[HAL_FPU_SIZE] __aligned(64);

	if (!(current->flags & PF_APP) || current->syscall_depth)
		return;
	if (!sched_has_runnable()) {
		this_cpu()->need_resched = false;
		return;
	}
	hal_fpu_save(fpu);
	schedule();
	hal_fpu_restore(fpu);
}
