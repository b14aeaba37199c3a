/* SPDX-License-Identifier: MIT */
/*
 * System calls that a test makes from outside of the kernel: sn_submit(), sn_poll(), sn_interrupt().
 *
 * sn_submit() puts the call into a queue and raises an interrupt.  The interrupt's handler wakes an
 * agent: a kernel thread that makes the call as an application would.  At least one agent is always
 * waiting: the last waiting agent creates another agent before it runs its call.  An agent that has
 * finished its call exits if another agent is waiting.  So an idle host has exactly one agent, and
 * a leak check can compare numbers of threads.
 *
 * Locks: none.  sn_*() run while the kernel is idle; agents change the queue in process context, and
 * the interrupt handler only reads it.
 */
#include "include/uapi/unistd.h"
#include "kernel/irq.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/list.h"
#include "kernel/sched/limits.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"
#include "kernel/syscall.h"
#include "tests/host/host.h"
#include "tests/host/softnet_host.h"

/* At this number of calls that are submitted and not yet polled, sn_submit() fails. */
#define CALLS_MAX (THREADS_MAX / 2)

struct call {
	struct list_head all;   /* entry of the list `calls` */
	struct list_head queue; /* entry of the list `queue` until an agent takes the call */
	s64 ticket;
	s64 nr, args[6];
	s64 result;
	struct task_struct *agent; /* the thread that makes the call; NULL when none does */
	bool interrupt;            /* sn_interrupt() was called for this call */
	bool done;
};

static LIST_HEAD(calls); /* all calls whose result sn_poll() has not returned yet */
static LIST_HEAD(queue);
static s64 last_ticket;
static unsigned int nr_calls;
static wait_queue_head_t agents_wq;
static unsigned int agents_waiting;
static int agents_irq = -1;

/* ---- the threads that make the calls ---------------------------------------------------------- */

static int agent_main(void *arg);

static void make_agent(void)
{
	struct task_struct *p;

	host.sparing = true;
	p = kthread_run(agent_main, NULL, "agent");
	host.sparing = false;
	if (IS_ERR(p))
		panic("host: no thread for submitted calls");
	agents_waiting++;
}

static s64 make_call(s64 nr, const int64_t *args)
{
	return kernel_syscall(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
}

static s64 repeat(const struct sn_call *loop, s64 n)
{
	for (;;) {
		for (s64 i = 0; i < n; i++) {
			s64 result = make_call(loop[i].nr, loop[i].args);

			if (result <= 0)
				return result;
		}
	}
}

static void run_call(struct call *call)
{
	host.race_counts = true;
	current->interrupted = call->interrupt;
	call->agent = current;
	if (call->nr == SN_REPEAT)
		call->result = repeat((const struct sn_call *)call->args[0], call->args[1]);
	else
		call->result = make_call(call->nr, call->args);
	call->agent = NULL;
	call->done = true;
	current->interrupted = false;
}

/* The thread function of an agent.  agents_waiting counts an agent from its creation until it takes
 * a call, and again from the end of that call. */
static int agent_main(void *arg)
{
	host.sparing = true;
	current->files = first_files();
	host.sparing = false;
	BUG_ON(!current->files);
	do {
		struct call *call;

		wait_event(agents_wq, !list_empty(&queue));
		call = list_first_entry(&queue, struct call, queue);
		list_del_init(&call->queue);
		if (--agents_waiting == 0)
			make_agent();
		if (!list_empty(&queue))
			wake_up(&agents_wq);
		run_call(call);
	} while (agents_waiting++ == 0);
	agents_waiting--;
	return 0;
}

/* Hard interrupt: wakes an agent for new calls, and interrupts the threads of the calls that
 * sn_interrupt() marked. */
static void agents_interrupt(void *arg)
{
	struct call *call;

	list_for_each_entry(call, &calls, all) {
		if (call->interrupt && call->agent)
			thread_interrupt(call->agent);
	}
	if (!list_empty(&queue))
		wake_up(&agents_wq);
}

void agents_init(void)
{
	init_waitqueue_head(&agents_wq);
	agents_irq = request_irq("calls", agents_interrupt, NULL);
	BUG_ON(agents_irq < 0);
	make_agent();
}

/* ---- functions for the program outside the kernel --------------------------------------------- */

int64_t sn_submit(int64_t nr, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f)
{
	struct call *call;

	if (agents_irq < 0 || host.halted || nr_calls == CALLS_MAX || nr == __NR_exit)
		return -1;
	call = host_libc.realloc(NULL, sizeof(*call));
	if (!call)
		return -1;
	*call = (struct call){.ticket = ++last_ticket, .nr = nr, .args = {a, b, c, d, e, f}};
	list_add_tail(&call->all, &calls);
	list_add_tail(&call->queue, &queue);
	nr_calls++;
	host_raise_irq(agents_irq);
	return call->ticket;
}

static struct call *find_call(s64 ticket)
{
	struct call *call;

	list_for_each_entry(call, &calls, all) {
		if (call->ticket == ticket)
			return call;
	}
	return NULL;
}

int sn_poll(int64_t ticket, int64_t *result)
{
	struct call *call = find_call(ticket);

	if (!call)
		return -1;
	if (!call->done)
		return 0;
	*result = call->result;
	list_del(&call->all);
	host_libc.free(call);
	nr_calls--;
	return 1;
}

int sn_interrupt(int64_t ticket)
{
	struct call *call = find_call(ticket);

	if (!call)
		return -1;
	call->interrupt = true;
	host_raise_irq(agents_irq);
	return 0;
}

uint32_t sn_calls_in_flight(void)
{
	struct call *call;
	uint32_t n = 0;

	list_for_each_entry(call, &calls, all)
		n += !call->done;
	return n;
}
