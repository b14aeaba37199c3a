/* SPDX-License-Identifier: MIT */
/*
 * The orderly shutdown.
 *
 * Callers: the power button's interrupt -> shutdown_request(), which wakes the init thread in
 * shutdown_on_request(); that thread, the system call power and the end of the program ->
 * kernel_shutdown().  Process context, except shutdown_request().  A subsystem that must finish
 * work first registers a hook, so that kernel/ does not depend on the network code.
 *
 * Each stage has a deadline, at which its hooks return even if their work is not finished: a peer
 * that does not answer must not keep the machine from powering off.  Compare Linux's
 * kernel/reboot.c (kernel_power_off, its notifier chain).
 */
#include "kernel/shutdown.h"
#include "kernel/lib/bug.h"
#include "kernel/limits.h"
#include "kernel/printk.h"
#include "kernel/process/process.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"
#include "kernel/time/time.h"

static LIST_HEAD(hooks);
static wait_queue_head_t request_wait = {.task_list = LIST_HEAD_INIT(request_wait.task_list)};
static unsigned int presses; /* how often the power button was pressed */
static bool ending;

void shutdown_register(struct shutdown_hook *hook)
{
	BUG_ON(!hook->stop || hook->stage >= NR_SHUTDOWN_STAGES);
	list_add_tail(&hook->list, &hooks);
}

static void run_stage(enum shutdown_stage stage)
{
	u64 deadline = ktime_get_ns() + SHUTDOWN_STAGE_MS * NSEC_PER_MSEC;
	struct shutdown_hook *hook;

	list_for_each_entry(hook, &hooks, list) {
		if (hook->stage == stage) {
			printk(LOG_DEBUG, "shutdown: %s", hook->name);
			hook->stop(deadline);
		}
	}
}

void __noreturn kernel_shutdown(enum hal_halt how, int code)
{
	if (__atomic_exchange_n(&ending, true, __ATOMIC_SEQ_CST)) {
		for (;;)
			schedule_timeout_uninterruptible(MAX_SCHEDULE_TIMEOUT);
	}
	for (enum shutdown_stage stage = 0; stage < NR_SHUTDOWN_STAGES; stage++)
		run_stage(stage);
	hal_halt(how, code);
}

void shutdown_request(void)
{
	WRITE_ONCE(presses, READ_ONCE(presses) + 1);
	wake_up(&request_wait);
}

bool shutdown_requested(void)
{
	return READ_ONCE(presses);
}

/*
 * Sends SIGTERM to the program, as a service manager does.  If the program ends, the machine ends too.
 * Otherwise this function returns after PROGRAM_END_MS, or at the second press.
 */
static void end_program(void)
{
	long left = msecs_to_jiffies(PROGRAM_END_MS);
	DEFINE_WAIT(wait);

	pr_notice(
		"power button: SIGTERM to the program; power off after %u s, or at a second press",
		PROGRAM_END_MS / 1000);
	send_signal_to_process(SIGTERM, NULL);
	for (;;) {
		prepare_to_wait(&request_wait, &wait, TASK_UNINTERRUPTIBLE);
		if (READ_ONCE(presses) > 1 || !left)
			break;
		left = schedule_timeout(left);
	}
	finish_wait(&request_wait, &wait);
	if (!READ_ONCE(ending))
		pr_notice("power button: the program has not ended");
}

void __noreturn shutdown_on_request(void)
{
	wait_event(request_wait, READ_ONCE(presses));
	if (process_runs())
		end_program();
	pr_notice("power button: closing connections, then power off");
	kernel_shutdown(HAL_HALT_POWEROFF, 0);
}
