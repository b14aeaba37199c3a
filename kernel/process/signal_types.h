/* SPDX-License-Identifier: MIT */
/*
 * The signals of one thread, as its struct task_struct holds them (kernel/sched/sched.h).
 *
 * kernel/process/signal.h has the functions.  This header defines no name that the headers of a host
 * C library define, too.  Compare parts of Linux's include/linux/sched.h and
 * signal_types.h.
 */
#ifndef KERNEL_PROCESS_SIGNAL_TYPES_H
#define KERNEL_PROCESS_SIGNAL_TYPES_H

#include "kernel/lib/list.h"
#include "kernel/types.h"

/* Pending signals, at most one instance of each number; the details (struct sigqueue) in @queue. */
struct sigpending {
	u64 signal; /* bit n - 1 stands for signal n */
	struct list_head queue;
};

/*
 * A call that continues with other arguments after an interruption: it returned
 * -ERESTART_RESTARTBLOCK, and restart_syscall() calls fn().
 */
struct restart_block {
	long (*fn)(struct restart_block *restart);
	u64 args[6];
};

struct thread_signals {
	u64 blocked;
	/*
	 * The mask before rt_sigtimedwait() unblocked the signals for which it waits; 0: the thread
	 * does not wait.
	 */
	u64 real_blocked;
	/*
	 * The mask that a call like ppoll() replaced.  If @restore_mask, it is restored at the
	 * return to ring 3.
	 */
	u64 saved_mask;
	bool restore_mask;
	struct sigpending
		pending; /* sent to this thread; process.shared has those for any thread */
	u64 altstack_sp, altstack_size;
	u32 altstack_flags;
	struct restart_block restart;
	struct list_head threads; /* link in process.threads */
};

#endif
