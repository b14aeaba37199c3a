/* SPDX-License-Identifier: MIT */
/*
 * Applications in ring 0: the option `app=`, the start, and the system calls that Linux does not have.
 *
 * kernel_main() -> apps_init(); the init thread -> apps_chosen(), apps_start(): they replace the weak
 * definitions of init/main.c.  The applications and tests -> the two system calls, through
 * kernel_syscall().  Boot, process context.
 */
#include "init/ring0/apps.h"

#include "include/uapi/errno.h"
#include "include/uapi/unistd.h"
#include "init/apps.h"
#include "kernel/cmdline.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/mm/uaccess.h"
#include "kernel/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/shutdown.h"
#include "kernel/syscall.h"

static const struct app_entry *app; /* the application that `app=` names; NULL: none */
static bool app_given;              /* there is an option `app=` */
static char app_usage[256];

/*
 * Returns the address of the calling thread's errno.  C libraries and compilers expect this name.
 */
int *__errno_location(void);
int *__errno_location(void)
{
	return (int *)&current->user_errno;
}

static int parse_app(const char *value)
{
	app_given = true;
	/* No application: the hosted build's tests issue the system calls (tests/host). */
	if (!strcmp(value, "none")) {
		app = NULL;
		return 0;
	}
	for (const struct app_entry *e = app_table; e->name; e++) {
		if (!strcmp(e->name, value)) {
			app = e;
			return 0;
		}
	}
	return -ENOENT;
}

bool apps_chosen(void)
{
	return app_given;
}

/* Runs the application's main(), then powers off with its exit code. */
static int app_thread(void *arg)
{
	const struct app_entry *entry = arg;
	char name[TASK_COMM_LEN];
	char *argv[] = {name, NULL};
	int code;

	strscpy(name, entry->name, sizeof(name));
	code = entry->main(1, argv);
	pr_notice("%s returned %d: power off\n", entry->name, code);
	/*
	 * The exit code has 7 bits.  A failure whose lower 7 bits are zero becomes 1, so that it
	 * stays a failure.
	 */
	kernel_shutdown(HAL_HALT_POWEROFF, code & 0x7f ? code & 0x7f : code != 0);
}

bool apps_start(void)
{
	if (!app_given)
		app = app_table;
	if (app && IS_ERR(app_thread_run(app_thread, (void *)app, app->name)))
		panic("no memory for the application's thread");
	return true;
}

static long sys_softnet_thread_create(int (*fn)(void *arg), void *arg, const char __user *name)
{
	char comm[TASK_COMM_LEN];
	struct task_struct *p;
	ssize_t len;

	if (current->flags & PF_USER) /* a program in ring 3 must not start a thread in ring 0 */
		return -ENOSYS;
	if (!fn)
		return -EINVAL;
	len = strncpy_from_user(comm, name, sizeof(comm));
	if (len < 0)
		return len;
	p = app_thread_run(fn, arg, comm);
	/* When there can be no more threads, pthread_create() must fail with EAGAIN. */
	if (IS_ERR(p))
		return PTR_ERR(p) == -ENOMEM ? -EAGAIN : PTR_ERR(p);
	return p->pid;
}

static long sys_softnet_power(int how, int code)
{
	if (current->flags & PF_USER)
		return -ENOSYS;
	if (how < HAL_HALT_POWEROFF || how > HAL_HALT_STOP || code < 0 || code > 127)
		return -EINVAL;
	kernel_shutdown((enum hal_halt)how, code);
}

void apps_init(void)
{
	static const struct cmdline_param params[] = {
		{.name = "app", .usage = app_usage, .parse = parse_app},
	};
	static const struct syscall_def defs[] = {
		SYSCALL_DEF(__NR_softnet_thread_create, sys_softnet_thread_create),
		SYSCALL_DEF(__NR_softnet_power, sys_softnet_power),
	};
	size_t n = scnprintf(app_usage, sizeof(app_usage), "app=");

	for (const struct app_entry *e = app_table; e->name; e++)
		n += scnprintf(app_usage + n, sizeof(app_usage) - n, "%s%s",
			       e == app_table ? "" : "|", e->name);
	scnprintf(app_usage + n, sizeof(app_usage) - n, "|none");
	cmdline_register(params, ARRAY_SIZE(params));
	register_syscalls(defs, ARRAY_SIZE(defs));
}
