/* SPDX-License-Identifier: MIT */
/*
 * Signals: sending, masks, and delivery at the return to ring 3.
 *
 * There is one table of handlers, and one pending instance of each number for each thread and for
 * the process.  Only threads of the program (PF_USER) get signals.  The platform builds the frame on
 * the program's stack (hal_signal_deliver()); everything else is independent of the platform, and
 * is also part of the hosted build.  Compare Linux's kernel/signal.c.
 */
#ifndef KERNEL_PROCESS_SIGNAL_H
#define KERNEL_PROCESS_SIGNAL_H

#include "include/uapi/signal.h"
#include "kernel/process/signal_types.h"
#include "kernel/types.h"

struct posix_timer;
struct task_struct;

#define NSIG 64

/* A set of signals: bit n - 1 stands for signal n. */
static inline u64 sigmask(int sig)
{
	return 1UL << (sig - 1);
}

/* The details of a pending signal.  Without memory for one, the signal is pending without details. */
struct sigqueue {
	struct list_head list; /* in sigpending.queue */
	struct user_siginfo info;
	/*
	 * The timer that contains this entry; NULL: the entry is from the cache, and delivery frees
	 * it.
	 */
	struct posix_timer *timer;
};

/* A signal on its way to a handler. */
struct ksignal {
	int sig;
	struct user_siginfo info;
	struct user_sigaction action;
};

/* ---- sending: any context ------------------------------------------------------------------- */

/* Sends to the process: a thread that does not block @sig takes it.  @info: NULL = from the kernel. */
void send_signal_to_process(int sig, const struct user_siginfo *info);
void send_signal_to_thread(int sig, const struct user_siginfo *info, struct task_struct *p);
/* Sends SIGPIPE to the current thread, if that belongs to the program. */
void send_sigpipe(void);
/*
 * Sends the signal of a fault to the current thread.  If the program blocks or ignores the signal, the
 * signal ends the program.  Process context, current is a PF_USER thread.
 */
void force_sig_fault(int sig, int code, u64 address);
/* Returns true if the program ignores @sig, by its choice or by default. */
bool signal_is_ignored(int sig);
/* Discards @sig where it is pending. */
void flush_signal(int sig);

/* ---- masks: process context ----------------------------------------------------------------- */

/* Sets the mask of the current thread; SIGKILL and SIGSTOP stay unblocked. */
void set_current_blocked(u64 mask);
/*
 * For calls with a temporary mask, such as ppoll().  Installs the mask at @mask until the end of the
 * call; NULL: no change.  Returns 0, -EINVAL if @size is not 8, or -EFAULT.  The call ends with
 * restore_saved_sigmask_unless().
 */
int set_user_sigmask(const u64 __user *mask, size_t size);
/*
 * Restores the mask that set_user_sigmask() replaced, unless @interrupted: the call returns -EINTR
 * or -ERESTART*, because a signal is pending.  Then the temporary mask stays until that signal is
 * delivered; the signal's frame saves the old mask.
 */
void restore_saved_sigmask_unless(bool interrupted);

/*
 * Makes restart_syscall() call @fn.  Returns -ERESTART_RESTARTBLOCK, which the system call then
 * returns.
 */
long set_restart_fn(long (*fn)(struct restart_block *restart));

/* ---- delivery: process context -------------------------------------------------------------- */

/*
 * Takes a pending signal that is not in @blocked: faults first, then the lowest number; signals of
 * the thread come before signals of the process.  Returns its number; 0: none.
 */
int dequeue_signal(u64 blocked, struct user_siginfo *info);
/* Copies @info and zeroes the rest of the program's siginfo_t.  Returns 0 or -EFAULT. */
int copy_siginfo_to_user(void __user *to, const struct user_siginfo *info);

/* hal_signal_deliver() and hal_sigreturn() call the following functions. */
/*
 * Returns the stack pointer at which the frame for @ksig begins; @sp is the thread's stack pointer.
 */
u64 signal_stack(const struct ksignal *ksig, u64 sp);
bool on_altstack(u64 sp);
/*
 * Stores the alternate stack's settings in *@stack, for uc_stack; @sp is the thread's stack
 * pointer.
 */
void signal_save_altstack(struct user_stack *stack, u64 sp);
void signal_restore_altstack(const struct user_stack *stack);

/* ---- threads -------------------------------------------------------------------------------- */

void signals_init(void);
void signal_syscalls_init(void); /* sys_signal.c */
/* A thread of the program begins: it has @parent's mask (NULL: the first thread). */
void signals_thread_begins(struct task_struct *p, const struct task_struct *parent);
/*
 * The current thread ends: its pending signals are freed, and other threads may take those of the
 * process.
 */
void signals_thread_ends(void);

#endif
