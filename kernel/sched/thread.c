/* SPDX-License-Identifier: MIT */
/*
 * Threads: creation, end, and the release of their stacks.
 *
 * Callers: sched_init() at boot; kthread_run() and user_thread_alloc() (process context); do_exit()
 * called by a thread itself, or when its function returns.
 *
 * A thread that ends cannot free the stack that it runs on. It goes on a list, and the idle thread
 * or the next creation of a thread frees it. Some stacks are kept for new threads: a server that
 * creates a thread for each connection would otherwise map and unmap a stack for each connection.
 * Locks: the lists are changed with interrupts off (no other thread can run meanwhile, since the
 * kernel is not preempted); readers in process context need no lock as long as they do not sleep.
 * Compare Linux's kernel/fork.c, exit.c and kthread.c.
 */
#define LOG_SOURCE sched_log
#include "kernel/sched/thread.h"

#include "include/uapi/errno.h"
#include "kernel/fs/file.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/process/process.h"
#include "kernel/sched/limits.h"
#include "kernel/sched/sched.h"

#define PID_MAX 0x3fffffff

unsigned int nr_threads;

static struct task_struct idle_thread;
static DEFINE_LOG_SOURCE(sched_log, "sched");
static LIST_HEAD(threads);
static LIST_HEAD(ended); /* threads that reap_threads() frees; linked by run_list */
static struct kmem_cache *task_cache;
static struct files_struct *app_files;

/*
 * Stacks of ended threads, kept for new threads.  The lowest word of each stack points to the next
 * stack.
 */
static void *kept_stacks;
static unsigned int nr_kept_stacks;

struct list_head *all_threads(void)
{
	return &threads;
}

char task_state_letter(const struct task_struct *p)
{
	switch (p->state) {
	case TASK_RUNNING:
		return 'R';
	case TASK_INTERRUPTIBLE:
		return 'S';
	case TASK_UNINTERRUPTIBLE:
		return 'D';
	default:
		return 'X';
	}
}

void sched_init(struct cpu *boot_cpu)
{
	struct task_struct *idle = &idle_thread;

	boot_cpu->self = boot_cpu;
	hal_set_this_cpu(boot_cpu);
	idle->state = TASK_RUNNING;
	idle->on_rq = true;
	INIT_LIST_HEAD(&idle->run_list);
	INIT_LIST_HEAD(&idle->all_list);
	strscpy(idle->comm, "idle", sizeof(idle->comm));
	current = idle;
	this_cpu()->idle = idle;
	rq_init();
	log_register(&sched_log);
	task_cache = kmem_cache_create("task_struct", sizeof(struct task_struct), 0, THREADS_MAX);
	sched_syscalls_init();
	sched_policy_init();
	process_init();
	time_syscalls_init();
}

/* ---- stacks (process context) --------------------------------------------------------------- */

static void *stack_get(void)
{
	unsigned long flags = hal_irq_save();
	void **stack = kept_stacks;

	if (stack) {
		kept_stacks = *stack;
		nr_kept_stacks--;
	}
	hal_irq_restore(flags);
	return stack ? stack : hal_stack_alloc(THREAD_STACK_SIZE);
}

static void stack_put(void *stack)
{
	unsigned long flags;
	bool keep;

	/*
	 * The thread's last functions never returned, so a sanitizer still has their frames marked
	 * as in use: clear the marks.
	 */
	hal_unpoison(stack, THREAD_STACK_SIZE);
	flags = hal_irq_save();
	keep = nr_kept_stacks < THREAD_STACKS_KEPT;

	if (keep) {
		*(void **)stack = kept_stacks;
		kept_stacks = stack;
		nr_kept_stacks++;
	}
	hal_irq_restore(flags);
	if (!keep)
		hal_stack_free(stack, THREAD_STACK_SIZE);
}

/* ---- creating a thread ---------------------------------------------------------------------- */

/* Returns true if a thread has the number @pid. */
static bool pid_taken(int pid)
{
	struct task_struct *p;

	list_for_each_entry(p, &threads, all_list) {
		if (p->pid == pid)
			return true;
	}
	return false;
}

/*
 * Returns a new pid.  The numbers rise; after they have wrapped around, numbers in use are skipped.
 * PROCESS_PID is only for the first thread of the process.
 */
static int pid_alloc(void)
{
	static int last = PROCESS_PID;
	static bool wrapped;

	do {
		if (++last > PID_MAX) {
			last = PROCESS_PID + 1;
			wrapped = true;
		}
	} while (wrapped && pid_taken(last));
	return last;
}

/* The first function of every thread.  The first switch to the thread enters it, with irq off. */
static void thread_start(void *arg)
{
	struct task_struct *self = arg;

	hal_irq_enable();
	self->fn(self->arg);
	do_exit();
}

static struct task_struct *thread_alloc(int (*fn)(void *arg), void *arg)
{
	struct task_struct *p;
	void *stack;

	BUG_ON(!may_sleep());
	reap_threads();
	if (nr_threads >= THREADS_MAX)
		return ERR_PTR(-ENOMEM);
	p = kmem_cache_zalloc(task_cache, GFP_KERNEL);
	if (!p)
		return ERR_PTR(-ENOMEM);
	stack = stack_get();
	if (!stack) {
		kmem_cache_free(task_cache, p);
		return ERR_PTR(-ENOMEM);
	}
	p->state = TASK_RUNNING;
	p->fn = fn;
	p->arg = arg;
	p->pid = pid_alloc();
	INIT_LIST_HEAD(&p->run_list);
	hal_context_init(&p->ctx, stack, THREAD_STACK_SIZE, thread_start, p);
	p->ctx.stack = stack;
	p->ctx.stack_size = THREAD_STACK_SIZE;
	return p;
}

void thread_publish(struct task_struct *p)
{
	unsigned long flags = hal_irq_save();

	nr_threads++;
	list_add_tail(&p->all_list, &threads);
	sched_start(p);
	hal_irq_restore(flags);
	pr_debug("thread %d begins: %s", p->pid, p->comm);
}

struct task_struct *kthread_run(int (*fn)(void *arg), void *arg, const char *fmt, ...)
{
	struct task_struct *p = thread_alloc(fn, arg);
	va_list ap;

	if (IS_ERR(p))
		return p;
	va_start(ap, fmt);
	vsnprintf(p->comm, sizeof(p->comm), fmt, ap);
	va_end(ap);
	thread_publish(p);
	return p;
}

struct files_struct *first_files(void)
{
	struct files_struct *files;

	if (app_files)
		return app_files;
	files = files_alloc();
	if (!files)
		return NULL;
	if (console_open_std(files) < 0) {
		files_free(files);
		return NULL;
	}
	if (app_files) /* another thread created the table while this one slept */
		files_free(files);
	else
		app_files = files;
	return app_files;
}

struct task_struct *user_thread_alloc(int (*fn)(void *arg), void *arg, struct files_struct *files)
{
	struct task_struct *p = thread_alloc(fn, arg);

	if (IS_ERR(p))
		return p;
	p->flags = PF_USER;
	p->files = files;
	return p;
}

void thread_free(struct task_struct *p)
{
	stack_put(p->ctx.stack);
	kmem_cache_free(task_cache, p);
}

/* ---- the end of a thread -------------------------------------------------------------------- */

void __noreturn do_exit(void)
{
	struct task_struct *self = current;

	if (unlikely(!may_sleep()))
		panic("'%s' ends with preempt_count %x", self->comm, preempt_count());
	BUG_ON(self == this_cpu()->idle || self == ksoftirqd);

	if (self->flags & PF_USER)
		process_thread_ends();
	pr_debug("thread %d ends: %s", self->pid, self->comm);
	hal_irq_disable();
	list_del_init(&self->all_list);
	nr_threads--;
	WRITE_ONCE(self->state, TASK_DEAD);
	/*
	 * Code on another stack takes the thread from this list and frees it, after the switch
	 * below.
	 */
	list_add_tail(&self->run_list, &ended);
	schedule_dead();
}

void reap_threads(void)
{
	for (;;) {
		unsigned long flags = hal_irq_save();
		struct task_struct *p =
			list_first_entry_or_null(&ended, struct task_struct, run_list);

		if (p)
			list_del_init(&p->run_list);
		hal_irq_restore(flags);
		if (!p)
			return;
		thread_free(p);
	}
}
