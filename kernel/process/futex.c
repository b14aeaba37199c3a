/* SPDX-License-Identifier: MIT */
/*
 * futex(): waiting for a change of a word in the program's memory.
 *
 * Called through kernel_syscall(), and by a thread that ends: process context.  A waiter is in a
 * hash table by the address of its word; there is one address space, so FUTEX_PRIVATE_FLAG makes no
 * difference to the key.
 *
 * A waiter compares the word, joins the table and then sleeps.  A waker changes the word and then
 * searches the table. Reading the word may sleep until its page is present. Between the end of the
 * read and the entry in the table no other thread runs, because kernel code is not preempted. So no
 * wake-up is lost.
 *
 * Lock: futex_lock, for the table.  The program's memory is not touched under it.  PI operations
 * return ENOSYS.  Compare Linux's kernel/futex/.
 */
#include "kernel/process/futex.h"

#include "include/uapi/errno.h"
#include "include/uapi/futex.h"
#include "include/uapi/unistd.h"
#include "kernel/hal.h"
#include "kernel/mm/uaccess.h"
#include "kernel/process/limits.h"
#include "kernel/process/process.h"
#include "kernel/process/signal.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "kernel/time/sleep.h"

/* The table's entry for a waiting thread.  It lies on that thread's stack. */
struct futex_q {
	struct list_head list; /* in its bucket; empty after a waker removed it */
	struct task_struct *task;
	u64 key;
	u32 bitset;
};

static DEFINE_SPINLOCK(futex_lock);
static struct list_head buckets[FUTEX_BUCKETS];

static struct list_head *bucket_of(u64 key)
{
	/* Words are 4-byte aligned; the multiplier spreads neighbours (Knuth, 6.4). */
	return &buckets[(key >> 2) * 0x9e3779b97f4a7c15UL >> 56 & (FUTEX_BUCKETS - 1)];
}

/* ---- addresses ------------------------------------------------------------------------------ */

static int read_word(u64 address, u32 *value)
{
	return copy_from_user(value, (const void *)address, sizeof(*value)) ? -EFAULT : 0;
}

/*
 * Checks the address of a word.  Without FUTEX_PRIVATE_FLAG Linux looks up the page, so an unmapped
 * address is an error also for a call that reads nothing.
 */
static int check_address(u64 address, bool private)
{
	u32 value;

	if (address % sizeof(u32))
		return -EINVAL;
	if (!access_ok((const void *)address, sizeof(u32)))
		return -EFAULT;
	return private ? 0 : read_word(address, &value);
}

/* ---- waking waiters ------------------------------------------------------------------------- */

static void wake_one(struct futex_q *q)
{
	struct task_struct *task = q->task;

	/*
	 * The waiter may return when futex_lock is released: its entry, on its stack, is then
	 * invalid.
	 */
	list_del_init(&q->list);
	wake_up_process(task);
}

int futex_wake(u64 address, int nr, u32 bitset)
{
	struct futex_q *q, *next;
	int woken = 0;

	spin_lock(&futex_lock);
	list_for_each_entry_safe(q, next, bucket_of(address), list) {
		if (q->key != address || !(q->bitset & bitset))
			continue;
		wake_one(q);
		if (++woken >= nr)
			break;
	}
	spin_unlock(&futex_lock);
	return woken;
}

/*
 * Wakes @nr waiters of @from and moves @nr_move others to @to.  Returns how many were woken or
 * moved.
 */
static long requeue(u64 from, u64 to, int nr, int nr_move)
{
	struct futex_q *q, *next;
	long done = 0;

	spin_lock(&futex_lock);
	list_for_each_entry_safe(q, next, bucket_of(from), list) {
		if (q->key != from)
			continue;
		if (done < nr) {
			wake_one(q);
		} else if (done < (long)nr + nr_move) {
			if (from != to) {
				list_del(&q->list);
				q->key = to;
				list_add_tail(&q->list, bucket_of(to));
			}
		} else {
			break;
		}
		done++;
	}
	spin_unlock(&futex_lock);
	return done;
}

static long futex_requeue(u64 from, u64 to, int nr, int nr_move, const u32 *expected, bool private)
{
	u32 value;
	int err;

	if (nr < 0 || nr_move < 0)
		return -EINVAL;
	err = check_address(from, private);
	if (!err)
		err = check_address(to, private);
	if (!err && expected) {
		err = read_word(from, &value);
		if (!err && value != *expected)
			err = -EAGAIN;
	}
	return err ? err : requeue(from, to, nr, nr_move);
}

/* ---- FUTEX_WAKE_OP -------------------------------------------------------------------------- */

static int apply(unsigned int op, u32 old, u32 arg, u32 *new)
{
	switch (op) {
	case FUTEX_OP_SET:
		*new = arg;
		return 0;
	case FUTEX_OP_ADD:
		*new = old + arg;
		return 0;
	case FUTEX_OP_OR:
		*new = old | arg;
		return 0;
	case FUTEX_OP_ANDN:
		*new = old & ~arg;
		return 0;
	case FUTEX_OP_XOR:
		*new = old ^ arg;
		return 0;
	}
	return -ENOSYS;
}

static int compare(unsigned int cmp, s32 old, s32 arg)
{
	switch (cmp) {
	case FUTEX_OP_CMP_EQ:
		return old == arg;
	case FUTEX_OP_CMP_NE:
		return old != arg;
	case FUTEX_OP_CMP_LT:
		return old < arg;
	case FUTEX_OP_CMP_LE:
		return old <= arg;
	case FUTEX_OP_CMP_GT:
		return old > arg;
	case FUTEX_OP_CMP_GE:
		return old >= arg;
	}
	return -ENOSYS;
}

/*
 * Changes the word as the operand @encoded says.  Returns 1 if its old value fulfils the operand's
 * condition, 0 if not, or -errno.
 */
static int modify_word(u64 address, u32 encoded)
{
	unsigned int op = encoded >> 28 & 7, cmp = encoded >> 24 & 15;
	s32 oparg = (s32)(encoded << 8) >> 20, cmparg = (s32)(encoded << 20) >> 20;
	u32 old, seen, new;
	int err;

	if (encoded >> 28 & FUTEX_OP_OPARG_SHIFT)
		oparg = (s32)(1u << (oparg & 31));
	err = read_word(address, &seen);
	do {
		old = seen;
		if (!err)
			err = apply(op, old, oparg, &new);
		if (!err)
			err = hal_user_cmpxchg((u32 *)address, &seen, new);
		if (err)
			return err;
	} while (seen != old);
	return compare(cmp, old, cmparg);
}

static long futex_wake_op(u64 address, u64 second, int nr, int nr_second, u32 op, bool private)
{
	int err = check_address(address, private), woken;

	if (!err)
		err = check_address(second, private);
	if (err)
		return err;
	err = modify_word(second, op);
	if (err < 0)
		return err;
	woken = futex_wake(address, nr, FUTEX_BITSET_MATCH_ANY);
	if (err)
		woken += futex_wake(second, nr_second, FUTEX_BITSET_MATCH_ANY);
	return woken;
}

/* ---- waiting -------------------------------------------------------------------------------- */

static void join(struct futex_q *q)
{
	spin_lock(&futex_lock);
	list_add_tail(&q->list, bucket_of(q->key));
	set_current_state(TASK_INTERRUPTIBLE);
	spin_unlock(&futex_lock);
}

/* Takes the waiter out of the table. Returns false if a waker has removed it already. */
static bool leave(struct futex_q *q)
{
	bool waiting;

	spin_lock(&futex_lock);
	waiting = !list_empty(&q->list);
	list_del_init(&q->list);
	spin_unlock(&futex_lock);
	return waiting;
}

static long futex_wait_restart(struct restart_block *restart);

static long futex_wait(u64 address, u32 expected, u32 bitset, int clock, u64 deadline)
{
	struct futex_q q = {.task = current, .key = address, .bitset = bitset};
	struct restart_block *restart = &current->sig.restart;
	bool in_time;
	u32 value;

	do {
		if (read_word(address, &value))
			return -EFAULT;
		if (value != expected)
			return -EAGAIN;
		q.key = address;
		join(&q);
		in_time = sleep_until(clock, deadline);
		if (!leave(&q))
			return 0;
		if (!in_time)
			return -ETIMEDOUT;
	} while (!signal_pending(current));
	if (deadline == KTIME_MAX)
		return -ERESTARTSYS;
	restart->args[0] = address;
	restart->args[1] = expected;
	restart->args[2] = bitset;
	restart->args[3] = clock;
	restart->args[4] = deadline;
	return set_restart_fn(futex_wait_restart);
}

static long futex_wait_restart(struct restart_block *restart)
{
	return futex_wait(restart->args[0], restart->args[1], restart->args[2],
			  (int)restart->args[3], restart->args[4]);
}

/* FUTEX_WAIT's time is relative, that of FUTEX_WAIT_BITSET absolute. */
static long wait_with_time(u64 address, u32 expected, u32 bitset, int op,
			   const struct timespec __user *time)
{
	int clock = op & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC;
	bool relative = (op & 127) == FUTEX_WAIT;
	u64 deadline = KTIME_MAX;
	int err;

	if (time) {
		err = get_timespec(time, &deadline);
		if (err)
			return err;
		if (relative)
			deadline = deadline_after(deadline);
	}
	if (!bitset)
		return -EINVAL;
	err = check_address(address, true);
	return err ? err : futex_wait(address, expected, bitset, clock, deadline);
}

/* ---- the system calls ----------------------------------------------------------------------- */

static long sys_futex(u64 address, int op, u32 val, const struct timespec __user *time, u64 second,
		      u32 val3)
{
	int command = op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	bool private = op & FUTEX_PRIVATE_FLAG;
	int nr_second = (int)(u64)time; /* operations without a time pass a number there */
	int err;

	if ((op & FUTEX_CLOCK_REALTIME) && command != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (command) {
	case FUTEX_WAIT:
		return wait_with_time(address, val, FUTEX_BITSET_MATCH_ANY, op, time);
	case FUTEX_WAIT_BITSET:
		return wait_with_time(address, val, val3, op, time);
	case FUTEX_WAKE:
		val3 = FUTEX_BITSET_MATCH_ANY;
		fallthrough;
	case FUTEX_WAKE_BITSET:
		if (!val3)
			return -EINVAL;
		err = check_address(address, private);
		return err ? err : futex_wake(address, (int)val, val3);
	case FUTEX_REQUEUE:
		return futex_requeue(address, second, (int)val, nr_second, NULL, private);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(address, second, (int)val, nr_second, &val3, private);
	case FUTEX_WAKE_OP:
		return futex_wake_op(address, second, (int)val, nr_second, val3, private);
	}
	return -ENOSYS;
}

static long sys_set_robust_list(u64 head, size_t size)
{
	if (size != sizeof(struct robust_list_head))
		return -EINVAL;
	current->robust_list = head;
	return 0;
}

static long sys_get_robust_list(int tid, u64 __user *head, size_t __user *size)
{
	size_t bytes = sizeof(struct robust_list_head);
	struct task_struct *p = current;
	unsigned long flags;
	u64 list;

	spin_lock_irqsave(&process.siglock, flags);
	if (tid)
		p = process_thread(tid);
	list = p ? p->robust_list : 0;
	spin_unlock_irqrestore(&process.siglock, flags);
	if (!p)
		return -ESRCH;
	if (copy_to_user(size, &bytes, sizeof(bytes)) || copy_to_user(head, &list, sizeof(list)))
		return -EFAULT;
	return 0;
}

/* ---- robust mutexes of a thread that ends --------------------------------------------------- */

/*
 * If the thread owns the mutex whose word is at @address, sets FUTEX_OWNER_DIED in the word and
 * wakes one waiter.  @pending: the thread ended inside lock or unlock.  Returns false if the word
 * cannot be accessed.
 */
static bool release_mutex(u64 address, bool pi, bool pending)
{
	u32 value, seen, new;

	if (address % sizeof(u32) || !access_ok((const void *)address, sizeof(u32)) ||
	    read_word(address, &seen))
		return false;
	do {
		value = seen;
		if (pending && !pi && !value) {
			/* The thread had unlocked the mutex, but perhaps not woken a waiter. */
			futex_wake(address, 1, FUTEX_BITSET_MATCH_ANY);
			return true;
		}
		if ((value & FUTEX_TID_MASK) != (u32)current->pid)
			return true;
		new = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
		if (hal_user_cmpxchg((u32 *)address, &seen, new))
			return false;
	} while (seen != value);
	if (!pi && (value & FUTEX_WAITERS))
		futex_wake(address, 1, FUTEX_BITSET_MATCH_ANY);
	return true;
}

/* The program may damage the list or make it a loop: ROBUST_LIST_MAX bounds the walk. */
void futex_thread_ends(void)
{
	u64 head_address = current->robust_list, entry, next, pending;
	struct robust_list_head head;
	unsigned int left = ROBUST_LIST_MAX;

	current->robust_list = 0;
	if (!head_address || copy_from_user(&head, (const void *)head_address, sizeof(head)))
		return;
	pending = head.list_op_pending & ~1UL;
	for (entry = head.next; (entry & ~1UL) != head_address && left; entry = next, left--) {
		bool readable = !copy_from_user(&next, (const void *)(entry & ~1UL), sizeof(next));
		u64 word = (entry & ~1UL) + head.futex_offset;

		/* The pending mutex is released below, with @pending set. */
		if ((entry & ~1UL) != pending && !release_mutex(word, entry & 1, false))
			return;
		if (!readable)
			break;
		cond_resched();
	}
	if (pending)
		release_mutex(pending + head.futex_offset, head.list_op_pending & 1, true);
}

void futex_init(void)
{
	static const struct syscall_def defs[] = {
		SYSCALL_DEF(__NR_futex, sys_futex),
		SYSCALL_DEF(__NR_set_robust_list, sys_set_robust_list),
		SYSCALL_DEF(__NR_get_robust_list, sys_get_robust_list),
	};

	for (unsigned int i = 0; i < FUTEX_BUCKETS; i++)
		INIT_LIST_HEAD(&buckets[i]);
	register_syscalls(defs, ARRAY_SIZE(defs));
}
