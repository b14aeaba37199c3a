/* SPDX-License-Identifier: MIT */
/*
 * The boot, as a list.
 *
 * Both doors and the hosted build end in kernel_main(): interrupts off, on the boot stack.  It brings
 * the floors up from the bottom; each registers what it has with the one below (system calls, /proc
 * files, command line words, packet types), so that nothing below knows what stands above it.  Then
 * the boot context becomes the idle thread, and the init thread, which may sleep, finds the devices
 * and starts the application.
 *
 * This is the only file that knows every floor.  Answers to Linux's init/main.c.
 */
#include "boot/boot_info.h"
#include "kernel/cmdline.h"
#include "kernel/fs/file.h"
#include "kernel/fs/proc.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/random.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/time/softirq.h"
#include "kernel/time/timer.h"

static struct cpu boot_cpu;

/* Words that QEMU's microvm adds for each virtio-mmio slot; here so that they are not "unknown". */
static int parse_virtio_mmio(const char *value)
{
	pr_info("virtio_mmio.device=%s: no MMIO transport, left alone\n", value);
	return 0;
}

static const struct cmdline_param init_params[] = {
	{.name = "virtio_mmio.device", .usage = "virtio_mmio.device=SIZE@ADDR:IRQ",
	 .parse = parse_virtio_mmio},
};

/* Process context: what may sleep. */
static int init_thread(void *arg)
{
	(void)arg;
	hal_probe_devices();
	hal_console_write("READY\n", 6);
	return 0;
}

void __noreturn kernel_main(const struct boot_info *boot)
{
	boot_cpu.self = &boot_cpu;
	hal_set_this_cpu(&boot_cpu);
	printk_init();
	panic_init();

	/* memory */
	mm_init(boot);
	slab_init();
	hal_late_init();
	random_init();

	/* threads and time */
	sched_init(&boot_cpu);
	timers_init();
	softirq_init();

	cmdline_register(init_params, ARRAY_SIZE(init_params));
	if (boot->cmdline_cut)
		pr_err("command line longer than %u bytes: the rest was cut\n", BOOT_CMDLINE_MAX);
	cmdline_parse(boot->cmdline);
	pr_info("softnet, through the %s door; %llu KiB of memory\n", boot->door,
		(unsigned long long)(nr_total_pages() * PAGE_SIZE / 1024));

	BUG_ON(IS_ERR(kthread_run(init_thread, NULL, "init")));
	cpu_idle();
}
