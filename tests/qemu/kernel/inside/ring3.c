/* SPDX-License-Identifier: MIT */
/*
 * app=r3-NAME: runs a small program of programs.S in ring 3, without a loader: its page of code at
 * CODE, one page of data, and a stack.
 */
#include "include/uapi/mman.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/mm/vma.h"
#include "kernel/printk.h"
#include "kernel/process/process.h"
#include "kernel/sched/sched.h"

int ring3_main(int argc, char **argv);

#define CODE       0x400000UL
#define DATA       0x600000UL
#define STACK      0x7ff000000000UL
#define STACK_SIZE (4 * PAGE_SIZE)

/* An entry of the table in programs.S. */
struct program {
	const char *name;
	const u8 *start, *end;
};
extern const struct program programs[];

static void map(u64 va, u64 size, unsigned int prot)
{
	BUG_ON(do_mmap(&process_mm, NULL, va, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		       0) != va);
}

static int start(void *arg)
{
	const struct program *p = arg;

	mm_lock(&process_mm);
	map(CODE, PAGE_SIZE, PROT_READ | PROT_EXEC);
	map(DATA, PAGE_SIZE, PROT_READ | PROT_WRITE);
	map(STACK, STACK_SIZE, PROT_READ | PROT_WRITE);
	mm_unlock(&process_mm);
	BUG_ON(mm_write(&process_mm, CODE, p->start, p->end - p->start));
	hal_user_start(CODE, STACK + STACK_SIZE);
}

int ring3_main(int argc, char **argv)
{
	const struct program *p = programs;

	(void)argc;
	while (p->name && strcmp(argv[0] + strlen("r3-"), p->name))
		p++;
	if (!p->name) {
		pr_err("%s: there is no such program\n", argv[0]);
		return 1;
	}
	BUG_ON(p->end - p->start > PAGE_SIZE || IS_ERR(process_run(start, (void *)p, argv[0])));
	for (;;)
		schedule_timeout_interruptible(MAX_SCHEDULE_TIMEOUT);
}
