/* SPDX-License-Identifier: MIT */
/*
 * panic() and warnings.
 *
 * panic() <- BUG_ON(), the exception entries, code that detects corrupted kernel state. warn_at()
 * <- WARN_ON(). Any context. panic() takes no lock, so the caller may hold any lock. After the
 * dump, the option `panic=` decides: halt (stop, so that a person can read the console and a
 * debugger can attach), reboot, or poweroff with a failure code (for tests). Compare Linux's
 * kernel/panic.c.
 */
#include "include/uapi/errno.h"
#include "kernel/cmdline.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/printk.h"
#include "kernel/sched/sched.h"

#define PANIC_EXIT_CODE 1

unsigned int warn_count;

static enum hal_halt panic_policy = HAL_HALT_STOP;
static bool panicking;

static const char *context_name(void)
{
	if (in_irq())
		return "hard interrupt";
	if (in_serving_softirq())
		return "soft interrupt";
	return "process";
}

/*
 * Prints the running thread and its context.  Early in the boot there is no per-CPU block and no
 * thread.
 */
static void print_where(void)
{
	struct task_struct *task;

	if (!hal_this_cpu()) {
		pr_err("in early boot");
		return;
	}
	task = current;
	pr_err("in thread %s (pid %d), %s context, preempt_count 0x%x", task ? task->comm : "none",
	       task ? task->pid : 0, context_name(), preempt_count());
}

void __noreturn panic(const char *fmt, ...)
{
	static const char again[] = "panic within panic\n";
	char text[LOG_LINE_MAX];
	va_list ap;

	hal_irq_disable();
	if (__atomic_exchange_n(&panicking, true, __ATOMIC_SEQ_CST)) {
		/*
		 * The dump of the first panic caused another panic: print only a constant text, and
		 * end the machine.
		 */
		hal_console_write(again, sizeof(again) - 1, NULL);
		hal_halt(panic_policy, PANIC_EXIT_CODE);
	}
	printk_panicking();
	if (console_loglevel < LOG_ERR)
		console_loglevel = LOG_ERR;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pr_err("Kernel panic: %s", text);
	print_where();
	hal_dump();
	if (panic_policy == HAL_HALT_STOP)
		pr_err("halted (panic=halt): power off the machine, or end QEMU with Ctrl-C");
	hal_halt(panic_policy, PANIC_EXIT_CODE);
}

void warn_at(const char *file, int line, const char *what)
{
	warn_count++;
	pr_warn("WARNING at %s:%d: %s", file, line, what);
	print_where();
}

static int parse_panic(const char *value)
{
	if (!strcmp(value, "halt"))
		panic_policy = HAL_HALT_STOP;
	else if (!strcmp(value, "reboot"))
		panic_policy = HAL_HALT_REBOOT;
	else if (!strcmp(value, "poweroff"))
		panic_policy = HAL_HALT_POWEROFF;
	else
		return -EINVAL;
	return 0;
}

void panic_init(void)
{
	static const struct cmdline_param params[] = {
		{.name = "panic", .usage = "panic=halt|reboot|poweroff", .parse = parse_panic},
	};

	cmdline_register(params, ARRAY_SIZE(params));
}
