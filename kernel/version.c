/* SPDX-License-Identifier: MIT */
/*
 * The version of this kernel: /proc/version, and the constant for the log's first line and for
 * dumps.
 *
 * version_init() <- kernel_main(); show_version() <- open().  No lock: the version never changes.
 *
 * This is the only file that includes the generated header, so after a new commit only this file is
 * compiled again.  The version has no build time, so that building the same tree with the same
 * compiler gives the same image.  Compare Linux's init/version.c and fs/proc/version.c.
 */
#include "kernel/version.h"

#include <generated/version.h>

#include "kernel/fs/proc.h"
#include "kernel/sched/variant.h"

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

const char softnet_version[] = SOFTNET_VERSION;

static int show_version(struct seq_file *m)
{
	seq_puts(m, "softnet version " SOFTNET_VERSION " (build " VARIANT_NAME ", " COMPILER ")\n");
	return 0;
}

void version_init(void)
{
	static const struct proc_entry entries[] = {{"version", show_version}};

	proc_register(entries, ARRAY_SIZE(entries));
}
