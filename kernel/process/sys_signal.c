/* SPDX-License-Identifier: MIT */
/*
 * System calls about signals: handlers, masks, the alternate stack, waiting, kill() and its sisters.
 *
 * Called through kernel_syscall() (process context).  Argument errors are tested in Linux's order.
 * Compare the second half of Linux's kernel/signal.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/time.h"
#include "include/uapi/unistd.h"
#include "kernel/hal.h"
#include "kernel/mm/uaccess.h"
#include "kernel/process/process.h"
#include "kernel/process/signal.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "kernel/time/sleep.h"

#define KNOWN_FLAGS                                                                                \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_RESTORER | SA_ONSTACK | SA_RESTART |        \
	 SA_NODEFER | SA_RESETHAND)
#define UNCATCHABLE (sigmask(SIGKILL) | sigmask(SIGSTOP))
#define SIG_IGN     1

static bool valid_signal(int sig)
{
	return sig > 0 && sig <= NSIG;
}

/* ---- handlers and masks --------------------------------------------------------------------- */

/* A signal that is ignored from now on is discarded where it is pending (POSIX 2.4.3). */
static void set_action(int sig, const struct user_sigaction *action)
{
	unsigned long flags;

	spin_lock_irqsave(&process.siglock, flags);
	process.action[sig - 1] = *action;
	spin_unlock_irqrestore(&process.siglock, flags);
	if (signal_is_ignored(sig))
		flush_signal(sig);
}

static long sys_rt_sigaction(int sig, const struct user_sigaction __user *action,
			     struct user_sigaction __user *old, size_t size)
{
	struct user_sigaction new, before;

	if (size != sizeof(u64))
		return -EINVAL;
	if (action && copy_from_user(&new, action, sizeof(new)))
		return -EFAULT;
	if (!valid_signal(sig) || (action && (sigmask(sig) & UNCATCHABLE)))
		return -EINVAL;
	before = process.action[sig - 1];
	if (action) {
		new.flags &= KNOWN_FLAGS;
		new.mask &= ~UNCATCHABLE;
		set_action(sig, &new);
	}
	if (old && copy_to_user(old, &before, sizeof(before)))
		return -EFAULT;
	return 0;
}

static long sys_rt_sigprocmask(int how, const u64 __user *set, u64 __user *old, size_t size)
{
	u64 before = current->sig.blocked, mask;

	if (size != sizeof(mask))
		return -EINVAL;
	if (set) {
		if (copy_from_user(&mask, set, sizeof(mask)))
			return -EFAULT;
		if (how == SIG_BLOCK)
			mask |= before;
		else if (how == SIG_UNBLOCK)
			mask = before & ~mask;
		else if (how != SIG_SETMASK)
			return -EINVAL;
		set_current_blocked(mask);
	}
	if (old && copy_to_user(old, &before, sizeof(before)))
		return -EFAULT;
	return 0;
}

/* Stores the pending signals that the thread blocks. As on Linux, @size may be less than 8. */
static long sys_rt_sigpending(u64 __user *set, size_t size)
{
	u64 pending = (current->sig.pending.signal | process.shared.signal) & current->sig.blocked;

	if (size > sizeof(pending))
		return -EINVAL;
	return copy_to_user(set, &pending, size) ? -EFAULT : 0;
}

static long no_restart(struct restart_block *restart)
{
	return -EINTR;
}

/*
 * Returns RAX of the frame: the return to ring 3 writes the result of this function to RAX.
 */
static long sys_rt_sigreturn(void)
{
	long result;
	u64 mask;

	/* The call that the handler interrupted is over: restart_syscall() must not restart it. */
	current->sig.restart.fn = no_restart;
	if (hal_sigreturn(&mask, &result)) {
		force_sig_fault(SIGSEGV, SI_KERNEL, 0);
		return 0;
	}
	set_current_blocked(mask);
	return result;
}

/* ---- the alternate stack -------------------------------------------------------------------- */

bool on_altstack(u64 sp)
{
	const struct thread_signals *own = &current->sig;

	/* With SS_AUTODISARM the stack is disabled while a handler runs on it. */
	if (own->altstack_flags & SS_AUTODISARM)
		return false;
	return sp > own->altstack_sp && sp - own->altstack_sp <= own->altstack_size;
}

u64 signal_stack(const struct ksignal *ksig, u64 sp)
{
	const struct thread_signals *own = &current->sig;

	if (!(ksig->action.flags & SA_ONSTACK) || !own->altstack_size || on_altstack(sp))
		return sp;
	return own->altstack_sp + own->altstack_size;
}

void signal_save_altstack(struct user_stack *stack, u64 sp)
{
	const struct thread_signals *own = &current->sig;
	u32 state = SS_DISABLE;

	if (own->altstack_size)
		state = on_altstack(sp) ? SS_ONSTACK : 0;
	*stack = (struct user_stack){
		.ss_sp = own->altstack_sp,
		.ss_flags = (s32)(state | (own->altstack_flags & SS_AUTODISARM)),
		.ss_size = own->altstack_size,
	};
}

static int set_altstack(const struct user_stack *stack, u64 sp, size_t least)
{
	struct thread_signals *own = &current->sig;
	u32 flags = (u32)stack->ss_flags, mode = flags & ~SS_AUTODISARM;

	if (on_altstack(sp))
		return -EPERM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode != SS_DISABLE && stack->ss_size < least)
		return -ENOMEM;
	own->altstack_sp = mode == SS_DISABLE ? 0 : stack->ss_sp;
	own->altstack_size = mode == SS_DISABLE ? 0 : stack->ss_size;
	own->altstack_flags = flags;
	return 0;
}

/*
 * Makes @stack, the alternate stack that the frame has saved, the thread's again.  As on Linux, an
 * invalid one has no effect.
 */
void signal_restore_altstack(const struct user_stack *stack)
{
	set_altstack(stack, hal_user_sp(), 0);
}

static long sys_sigaltstack(const struct user_stack __user *stack, struct user_stack __user *old)
{
	struct user_stack before, new;
	u64 sp = hal_user_sp();
	int err = 0;

	if (stack && copy_from_user(&new, stack, sizeof(new)))
		return -EFAULT;
	signal_save_altstack(&before, sp);
	if (stack)
		err = set_altstack(&new, sp, MINSIGSTKSZ);
	if (!err && old && copy_to_user(old, &before, sizeof(before)))
		err = -EFAULT;
	return err;
}

/* ---- waiting -------------------------------------------------------------------------------- */

/* Sleeps until a signal arrives that has a handler or ends the program. */
static long wait_for_signal(void)
{
	while (!signal_pending(current)) {
		__set_current_state(TASK_INTERRUPTIBLE);
		schedule();
	}
	return -ERESTARTNOHAND;
}

static long sys_pause(void)
{
	return wait_for_signal();
}

static long sys_rt_sigsuspend(const u64 __user *mask, size_t size)
{
	u64 set;

	if (size != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, mask, sizeof(set)))
		return -EFAULT;
	current->sig.saved_mask = current->sig.blocked;
	current->sig.restore_mask = true;
	set_current_blocked(set);
	return wait_for_signal();
}

/*
 * Waits for one of the signals in *@set, which the caller usually blocks, and takes it without
 * calling a handler.  While the thread sleeps, these signals are unblocked, so that each of them
 * ends the sleep.
 */
static long sys_rt_sigtimedwait(const u64 __user *set, void __user *uinfo,
				const struct timespec __user *timeout, size_t size)
{
	u64 wanted, before = current->sig.blocked, ns = 0;
	struct user_siginfo info;
	bool timed_out;
	int sig, err;

	if (size != sizeof(wanted))
		return -EINVAL;
	if (copy_from_user(&wanted, set, sizeof(wanted)))
		return -EFAULT;
	err = timeout ? get_timespec(timeout, &ns) : 0;
	if (err)
		return err;
	wanted &= ~UNCATCHABLE;
	sig = dequeue_signal(~wanted, &info);
	if (!sig && (!timeout || ns)) {
		current->sig.real_blocked = before;
		set_current_blocked(before & ~wanted);
		__set_current_state(TASK_INTERRUPTIBLE);
		timed_out = !sleep_until(CLOCK_MONOTONIC, timeout ? deadline_after(ns) : KTIME_MAX);
		sig = dequeue_signal(~wanted, &info);
		set_current_blocked(before);
		current->sig.real_blocked = 0;
		if (!sig && !timed_out)
			return -EINTR;
	}
	if (!sig)
		return -EAGAIN;
	return uinfo && copy_siginfo_to_user(uinfo, &info) ? -EFAULT : sig;
}

/* ---- sending -------------------------------------------------------------------------------- */

/* @pid 0 means the process group, which has only this process; -1 means all other processes: there are none. */
static long sys_kill(int pid, int sig)
{
	struct user_siginfo info = {.si_code = SI_USER, .si_pid = PROCESS_PID};

	if (pid != PROCESS_PID && pid != 0)
		return -ESRCH;
	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	if (sig)
		send_signal_to_process(sig, &info);
	return 0;
}

static long send_to_tid(int tid, int sig, const struct user_siginfo *info)
{
	struct task_struct *p;
	unsigned long flags;

	spin_lock_irqsave(&process.siglock, flags);
	p = process_thread(tid);
	spin_unlock_irqrestore(&process.siglock, flags);
	if (!p)
		return -ESRCH;
	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	if (sig)
		send_signal_to_thread(sig, info, p);
	return 0;
}

static long sys_tgkill(int pid, int tid, int sig)
{
	struct user_siginfo info = {.si_code = SI_TKILL, .si_pid = PROCESS_PID};

	if (pid <= 0 || tid <= 0)
		return -EINVAL;
	if (pid != PROCESS_PID)
		return -ESRCH;
	return send_to_tid(tid, sig, &info);
}

static long sys_tkill(int tid, int sig)
{
	struct user_siginfo info = {.si_code = SI_TKILL, .si_pid = PROCESS_PID};

	return tid <= 0 ? -EINVAL : send_to_tid(tid, sig, &info);
}

static int get_siginfo(struct user_siginfo *info, const void __user *uinfo, int sig)
{
	if (copy_from_user(info, uinfo, sizeof(*info)))
		return -EFAULT;
	info->si_signo = sig;
	return 0;
}

/* The process sends to itself, so any si_code is permitted. */
static long sys_rt_sigqueueinfo(int pid, int sig, const void __user *uinfo)
{
	struct user_siginfo info;
	int err = get_siginfo(&info, uinfo, sig);

	if (err)
		return err;
	if (pid != PROCESS_PID)
		return -ESRCH;
	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	if (sig)
		send_signal_to_process(sig, &info);
	return 0;
}

static long sys_rt_tgsigqueueinfo(int pid, int tid, int sig, const void __user *uinfo)
{
	struct user_siginfo info;
	int err = get_siginfo(&info, uinfo, sig);

	if (err)
		return err;
	if (pid <= 0 || tid <= 0)
		return -EINVAL;
	if (pid != PROCESS_PID)
		return -ESRCH;
	return send_to_tid(tid, sig, &info);
}

/* ---- restarting ----------------------------------------------------------------------------- */

/*
 * The program does not make this call by itself: after a signal, the return to ring 3 puts the number of this call
 * into RAX, and makes the program repeat SYSCALL.
 */
static long sys_restart_syscall(void)
{
	struct restart_block *restart = &current->sig.restart;
	long (*fn)(struct restart_block *) = restart->fn;

	restart->fn = no_restart;
	return fn ? fn(restart) : -EINTR;
}

void signal_syscalls_init(void)
{
	static const struct syscall_def defs[] = {
		SYSCALL_DEF(__NR_rt_sigaction, sys_rt_sigaction),
		SYSCALL_DEF(__NR_rt_sigprocmask, sys_rt_sigprocmask),
		SYSCALL_DEF(__NR_rt_sigpending, sys_rt_sigpending),
		SYSCALL_DEF(__NR_rt_sigreturn, sys_rt_sigreturn),
		SYSCALL_DEF(__NR_sigaltstack, sys_sigaltstack),
		SYSCALL_DEF(__NR_pause, sys_pause),
		SYSCALL_DEF(__NR_rt_sigsuspend, sys_rt_sigsuspend),
		SYSCALL_DEF(__NR_rt_sigtimedwait, sys_rt_sigtimedwait),
		SYSCALL_DEF(__NR_kill, sys_kill),
		SYSCALL_DEF(__NR_tgkill, sys_tgkill),
		SYSCALL_DEF(__NR_tkill, sys_tkill),
		SYSCALL_DEF(__NR_rt_sigqueueinfo, sys_rt_sigqueueinfo),
		SYSCALL_DEF(__NR_rt_tgsigqueueinfo, sys_rt_tgsigqueueinfo),
		SYSCALL_DEF(__NR_restart_syscall, sys_restart_syscall),
	};

	register_syscalls(defs, ARRAY_SIZE(defs));
}
