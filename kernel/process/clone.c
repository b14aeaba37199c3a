/* SPDX-License-Identifier: MIT */
/*
 * clone() and clone3(): new threads of the process; set_tid_address().
 *
 * Called through kernel_syscall() (process context). A thread shares memory, files, directory and
 * signal handlers with its creator. A call that does not ask for all of these fails with ENOSYS:
 * this kernel cannot create a second process, nor a copy of such a part. Compare Linux's
 * kernel/fork.c.
 */
#include "kernel/process/clone.h"

#include "include/uapi/errno.h"
#include "include/uapi/sched.h"
#include "include/uapi/unistd.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/uaccess.h"
#include "kernel/mm/vma.h"
#include "kernel/printk.h"
#include "kernel/process/limits.h"
#include "kernel/process/signal.h"
#include "kernel/sched/limits.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/strace.h"
#include "kernel/syscall.h"

/* A new thread must share these with its creator. */
#define SHARED (CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS)
/* CLONE_SYSVSEM, CLONE_DETACHED and CLONE_IO are ignored: this kernel lacks their objects. */
#define KNOWN                                                                                      \
	(SHARED | CLONE_SYSVSEM | CLONE_DETACHED | CLONE_IO | CLONE_SETTLS | CLONE_PARENT_SETTID | \
	 CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID)

/*
 * Required by user_thread_alloc(), but never called: hal_user_fork_regs() lets the thread begin
 * with the return from the system call.
 */
static int never(void *arg)
{
	(void)arg;
	BUG();
}

static void report_refused(const struct clone_args *args)
{
	static bool reported;

	if (!(args->flags & CLONE_THREAD)) {
		report_second_process("clone (fork)");
		return;
	}
	if (!reported)
		pr_warn("clone() with flags %#llx: ENOSYS: a thread shares memory, files and "
			"signal "
			"handlers with the others",
			(unsigned long long)args->flags);
	reported = true;
}

/* Linux's order: meaningless combinations fail with EINVAL before other flags are checked. */
static int check_flags(const struct clone_args *args)
{
	u64 flags = args->flags;

	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	if ((flags & SHARED) == SHARED && !(flags & ~(u64)KNOWN) && !args->set_tid_size)
		return 0;
	report_refused(args);
	return -ENOSYS;
}

/* Errors are ignored, as by Linux, which stores the tid when the new thread begins to run. */
static void set_child_tid(u64 address, u32 tid)
{
	size_t left = copy_to_user((void *)address, &tid, sizeof(tid));

	(void)left;
}

static long create_thread(const struct clone_args *args)
{
	struct task_struct *p;
	int err = check_flags(args);
	u32 tid;

	if (err)
		return err;
	if (nr_threads >= THREADS_MAX || !program_has_pages(THREAD_START_PAGES))
		return -EAGAIN;
	p = user_thread_alloc(never, NULL, current->files);
	if (IS_ERR(p))
		return PTR_ERR(p);
	tid = p->pid;
	strscpy(p->comm, current->comm, sizeof(p->comm));
	p->policy = current->policy;
	p->rt_priority = current->rt_priority;
	p->nice = current->nice;
	err = hal_user_fork_regs(p, args->stack, args->tls, args->flags & CLONE_SETTLS);
	if (err)
		goto out_free;
	if ((args->flags & CLONE_PARENT_SETTID) &&
	    copy_to_user((void *)args->parent_tid, &tid, sizeof(tid))) {
		err = -EFAULT;
		goto out_free;
	}
	if (args->flags & CLONE_CHILD_SETTID)
		set_child_tid(args->child_tid, tid);
	if (args->flags & CLONE_CHILD_CLEARTID)
		p->clear_child_tid = args->child_tid;
	signals_thread_begins(p, current);
	thread_publish(p);
	return tid;

out_free:
	thread_free(p);
	return err;
}

/* @tls is the fifth argument on x86-64. */
static long sys_clone(u64 flags, u64 stack, u64 parent_tid, u64 child_tid, u64 tls)
{
	struct clone_args args = {
		.flags = flags & ~(u64)CSIGNAL & 0xffffffffUL,
		.exit_signal = flags & CSIGNAL,
		.stack = stack,
		.parent_tid = parent_tid,
		.child_tid = child_tid,
		.tls = tls,
	};

	return create_thread(&args);
}

/* A larger structure, of a later Linux, is accepted if the unknown part is 0. */
static int get_clone_args(struct clone_args *args, const void __user *from, size_t size)
{
	size_t known = min_t(size_t, size, sizeof(*args));
	u8 byte;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	*args = (struct clone_args){0};
	if (copy_from_user(args, from, known))
		return -EFAULT;
	for (size_t i = known; i < size; i++) {
		if (copy_from_user(&byte, (const u8 *)from + i, 1))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	return 0;
}

static long sys_clone3(const void __user *uargs, size_t size)
{
	struct clone_args args;
	int err = get_clone_args(&args, uargs, size);

	if (err)
		return err;
	if (args.flags & (CSIGNAL | CLONE_DETACHED))
		return -EINVAL;
	if ((args.flags & CLONE_THREAD) && args.exit_signal)
		return -EINVAL;
	if (!args.stack != !args.stack_size)
		return -EINVAL;
	args.stack += args.stack_size;
	return create_thread(&args);
}

static long sys_set_tid_address(u64 address)
{
	current->clear_child_tid = address;
	return current->pid;
}

void clone_init(void)
{
	static const struct syscall_def defs[] = {
		SYSCALL_DEF(__NR_clone, sys_clone),
		SYSCALL_DEF(__NR_clone3, sys_clone3),
		SYSCALL_DEF(__NR_set_tid_address, sys_set_tid_address),
	};

	register_syscalls(defs, ARRAY_SIZE(defs));
}
