/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: a run queue for each CPU, served round robin.
 *
 * Callers: schedule() where a thread sleeps or yields, or returns to ring 3 after its slice
 * (process context); try_to_wake_up() from any context; sched_tick() from the timer interrupt;
 * cond_resched() in long loops of the kernel; the idle thread.
 *
 * Locks: the run queue belongs to this CPU, and is changed with interrupts off.  Interrupts also
 * stay off during a switch of threads.  The running thread is in no list; on_rq means "runs or is
 * queued". ksoftirqd is the one exception to round robin: it is not in the queue, and runs before
 * the queued threads, but not twice in a row while others wait.  So it gets every second time
 * slice, however many threads wait.  Compare Linux's kernel/sched/core.c with PREEMPT_NONE inside
 * the kernel.
 */
#include "kernel/sched/sched.h"

#include "kernel/lib/bug.h"
#include "kernel/limits.h"
#include "kernel/sched/limits.h"
#include "kernel/sched/thread.h"
#include "kernel/sched/watchdog.h"
#include "kernel/time/clockevent.h"
#include "kernel/time/time.h"

#define TIME_SLICE_NS (TIME_SLICE_MS * NSEC_PER_MSEC)

struct rq {
	struct list_head queue; /* runnable threads that wait for the CPU, the next one first */
	/* Set while ksoftirqd is runnable and waits for the CPU; it is never in the queue. */
	bool ksoftirqd_waits;
	u64 switched_at; /* when the current thread got the CPU, ns */
};
static struct rq rqs[NR_CPUS];

static struct rq *this_rq(void)
{
	return &rqs[this_cpu()->id];
}

void rq_init(void)
{
	INIT_LIST_HEAD(&this_rq()->queue);
	this_rq()->switched_at = ktime_get_ns();
}

bool sched_has_runnable(void)
{
	const struct rq *rq = this_rq();

	return !list_empty(&rq->queue) || rq->ksoftirqd_waits;
}

u64 thread_runtime(const struct task_struct *p)
{
	return p->runtime_ns + (p == current ? ktime_get_ns() - this_rq()->switched_at : 0);
}

/* ---- the queue (irq off) -------------------------------------------------------------------- */

static void enqueue(struct rq *rq, struct task_struct *p)
{
	p->on_rq = true;
	if (p == ksoftirqd)
		rq->ksoftirqd_waits = true;
	else
		list_add_tail(&p->run_list, &rq->queue);
}

static struct task_struct *pick_next(struct rq *rq, const struct task_struct *prev)
{
	struct task_struct *next;

	if (rq->ksoftirqd_waits && (prev != ksoftirqd || list_empty(&rq->queue))) {
		rq->ksoftirqd_waits = false;
		return ksoftirqd;
	}
	next = list_first_entry_or_null(&rq->queue, struct task_struct, run_list);
	if (!next)
		return this_cpu()->idle;
	list_del_init(&next->run_list);
	return next;
}

/*
 * If another thread waits for the CPU and @p is an application's thread, arms the timer for the end
 * of @p's time slice.
 */
static void watch_slice(const struct task_struct *p)
{
	if ((p->flags & (PF_APP | PF_USER)) && sched_has_runnable())
		clockevent_program(p->slice_end);
}

/* ---- waking a thread ------------------------------------------------------------------------ */

bool try_to_wake_up(struct task_struct *p, unsigned int mode)
{
	unsigned long flags = hal_irq_save();
	bool asleep = p->state & mode;

	if (!asleep)
		goto out_restore;
	WRITE_ONCE(p->state, TASK_RUNNING);
	if (p->on_rq)
		/* @p has set its state to sleep but still has the CPU: it continues. */
		goto out_restore;
	enqueue(this_rq(), p);
	watch_slice(current);
out_restore:
	hal_irq_restore(flags);
	return asleep;
}

/* Makes a new thread runnable for the first time. */
void sched_start(struct task_struct *p)
{
	unsigned long flags = hal_irq_save();

	enqueue(this_rq(), p);
	watch_slice(current);
	hal_irq_restore(flags);
}

void thread_interrupt(struct task_struct *p)
{
	unsigned long flags = hal_irq_save();

	p->interrupted = true;
	try_to_wake_up(p, TASK_INTERRUPTIBLE);
	hal_irq_restore(flags);
}

/* ---- switching ------------------------------------------------------------------------------ */

/*
 * Takes the CPU from @prev, whatever @prev's state is.  Chooses the next thread, makes it current,
 * and returns it. irq off.
 */
static struct task_struct *change_over(struct rq *rq, struct task_struct *prev)
{
	struct task_struct *next;
	u64 now = ktime_get_ns();

	this_cpu()->need_resched = false;
	prev->runtime_ns += now - rq->switched_at;
	rq->switched_at = now;
	if (prev->state == TASK_INTERRUPTIBLE && signal_pending(prev))
		WRITE_ONCE(prev->state, TASK_RUNNING);
	if (prev->state != TASK_RUNNING)
		prev->on_rq = false;
	else if (prev != this_cpu()->idle) /* the idle thread is never in the queue */
		enqueue(rq, prev);

	next = pick_next(rq, prev);
	next->slice_end = now + TIME_SLICE_NS;
	watch_slice(next);
	watchdog_progress();
	if (next != this_cpu()->idle)
		watchdog_arm(now);
	current = next;
	return next;
}

/* Switches to the next thread. irq off, also on return. */
static void __schedule(void)
{
	struct task_struct *prev = current;
	struct task_struct *next = change_over(this_rq(), prev);

	if (next == prev)
		return;
	if (next->flags & PF_USER)
		hal_user_switch(next);
	hal_context_switch(&prev->ctx, &next->ctx);
}

/* The last switch of the current thread, whose state is TASK_DEAD. irq off. */
void __noreturn schedule_dead(void)
{
	struct task_struct *prev = current;
	struct task_struct *next = change_over(this_rq(), prev);

	BUG_ON(next == prev);
	if (next->flags & PF_USER)
		hal_user_switch(next);
	hal_context_exit(&prev->ctx, &next->ctx);
}

void schedule(void)
{
	unsigned long flags;

	if (unlikely(!may_sleep()))
		panic("'%s' sleeps with preempt_count %x", current->comm, preempt_count());
	flags = hal_irq_save();
	__schedule();
	hal_irq_restore(flags);
}

/* ---- giving up the CPU ---------------------------------------------------------------------- */

void sched_tick(u64 now_ns)
{
	struct task_struct *p = current;

	if (p == this_cpu()->idle || !sched_has_runnable())
		return;
	if (now_ns >= p->slice_end)
		this_cpu()->need_resched = true;
	else
		watch_slice(p);
}

void cond_resched(void)
{
	WARN_ON(!may_sleep());
	watchdog_progress();
	if (sched_has_runnable() &&
	    (this_cpu()->need_resched || ktime_get_ns() >= current->slice_end))
		schedule();
}
