/* SPDX-License-Identifier: MIT */
/*
 * Starts the program: chooses its file, its arguments and its environment.
 *
 * kernel_main() -> program_init(); the init thread -> program_choose(), program_start(). The thread
 * that program_start() creates loads the program and enters ring 3. Boot, process context. Compare
 * parts of Linux's init/main.c.
 */
#include "init/program.h"

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "kernel/cmdline.h"
#include "kernel/fs/default_files.h"
#include "kernel/fs/file.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/printk.h"
#include "kernel/process/exec.h"
#include "kernel/process/process.h"
#include "kernel/sched/sched.h"
#include "kernel/shutdown.h"

/* The program that is started without `init=`, if the file exists. */
#define DEFAULT_PROGRAM "/init"
/* Number of default variables: the environment has them before the command line is parsed. */
#define NR_DEFAULTS 3
/* Exit codes, as a shell's, for a program that was not found, or that cannot run. */
#define CODE_NOT_FOUND  127
#define CODE_CANNOT_RUN 126

static struct cmdline_rest rest = {
	/* A shell or an init system sets these variables, so programs expect them. */
	.env = {"HOME=/", "TERM=linux",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
	.nr_env = NR_DEFAULTS,
	.args = {DEFAULT_PROGRAM}, /* the path of the program that runs replaces it */
	.nr_args = 1,
};
static char path[CMDLINE_WORD_MAX]; /* the value of `init=`; "": not given */
static bool chosen;

static int parse_init(const char *value)
{
	return *value == '/' && strscpy(path, value, sizeof(path)) > 0 ? 0 : -EINVAL;
}

static const struct cmdline_param program_params[] = {
	{.name = "init", .usage = "init=/PATH", .parse = parse_init},
};

struct cmdline_rest *program_init(void)
{
	cmdline_register(program_params, ARRAY_SIZE(program_params));
	return &rest;
}

void program_choose(bool by_default)
{
	struct file *file;

	chosen = *path;
	if (!chosen && by_default) {
		file = filp_open(DEFAULT_PROGRAM, O_RDONLY, 0);
		chosen = !IS_ERR(file);
		if (chosen)
			fput(file);
		strscpy(path, DEFAULT_PROGRAM, sizeof(path));
	}
	if (!chosen) {
		cmdline_report_env(&rest, NR_DEFAULTS);
		return;
	}
	/* Report each variable, because a misspelt option of the kernel looks like a variable. */
	for (unsigned int i = NR_DEFAULTS; i < rest.nr_env; i++)
		pr_notice("command line: \"%s\" is passed to the program\n", rest.env[i]);
}

/* The program's first thread. */
static int program_thread(void *arg)
{
	struct exec e = {
		.mm = &process_mm,
		.path = path,
		.argv = rest.args,
		.envp = rest.env,
	};
	int err = exec_load(&e);

	if (err) {
		pr_err("%s cannot be started (%d): power off\n", path, err);
		kernel_shutdown(HAL_HALT_POWEROFF,
				err == -ENOENT ? CODE_NOT_FOUND : CODE_CANNOT_RUN);
	}
	hal_user_start(e.entry, e.sp);
}

bool program_start(void)
{
	if (!chosen)
		return false;
	rest.args[0] = path;
	default_files_create();
	if (IS_ERR(process_run(program_thread, NULL, strrchr(path, '/') + 1)))
		panic("no memory for the program's thread");
	return true;
}
