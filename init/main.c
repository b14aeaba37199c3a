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
#include "drivers/loopback.h"
#include "drivers/virtio/virtio.h"
#include "drivers/virtio/virtio_net.h"
#include "drivers/virtio/virtio_rng.h"
#include "include/softnet/app.h"
#include "include/uapi/errno.h"
#include "kernel/cmdline.h"
#include "kernel/fs/file.h"
#include "kernel/fs/proc.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/variant.h"
#include "kernel/shutdown.h"
#include "kernel/sysctl.h"
#include "kernel/time/softirq.h"
#include "kernel/time/timer.h"
#include "kernel/time/wallclock.h"
#include "kernel/timeline.h"
#include "kernel/version.h"
#include "net/af_inet.h"
#include "net/core/netdevice.h"
#include "net/core/skbuff.h"
#include "net/core/snmp.h"
#include "net/ipv4/ipconfig.h"
#include "net/socket.h"

static struct cpu boot_cpu;

static const struct app_entry *app = app_table; /* `app=`; the first is the default */
static char app_usage[256];

static int parse_app(const char *value)
{
	/* A host that does nothing of its own: calls come from outside (tests/host). */
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

static const struct cmdline_param init_params[] = {
	{.name = "app", .usage = app_usage, .parse = parse_app},
};

/* Links come up in the order in which the devices were found, lo first. */
static void open_devices(void)
{
	struct net_device *dev;
	bool cards = false;

	for_each_netdev(dev) {
		int err = dev_open(dev);

		if (err)
			pr_err("%s: cannot be opened (%d)\n", dev->name, err);
		cards |= !(dev->flags & IFF_LOOPBACK);
	}
	if (!cards)
		pr_warn("no network card that the kernel knows (virtio-net): the network outside "
			"cannot be reached\n");
}

/* The application's main(): when it returns, the machine has done its work. */
static int app_thread(void *arg)
{
	const struct app_entry *entry = arg;
	char name[TASK_COMM_LEN];
	char *argv[] = {name, NULL};
	int code;

	strscpy(name, entry->name, sizeof(name));
	code = entry->main(1, argv);
	pr_notice("%s returned %d: power off\n", entry->name, code);
	/* A failure stays one, also where its lower bits are those of success. */
	kernel_shutdown(HAL_HALT_POWEROFF, code & 0x7f ? code & 0x7f : code != 0);
}

/* Process context: what may sleep.  Afterwards it waits for the power button. */
static int init_thread(void *arg)
{
	(void)arg;
	boot_stage("command line");
	hal_probe_devices();
	open_devices();
	ip_auto_config();
	boot_stage("links");
	boot_stages_show();
	if (app && IS_ERR(app_thread_run(app_thread, (void *)app, app->name)))
		panic("no memory for the application's thread");
	shutdown_on_request();
}

static void register_init_params(void)
{
	size_t n = scnprintf(app_usage, sizeof(app_usage), "app=");

	for (const struct app_entry *e = app_table; e->name; e++)
		n += scnprintf(app_usage + n, sizeof(app_usage) - n, "%s%s",
			       e == app_table ? "" : "|", e->name);
	scnprintf(app_usage + n, sizeof(app_usage) - n, "|none");
	cmdline_register(init_params, ARRAY_SIZE(init_params));
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
	boot_stage("memory");
	hal_late_init();
	random_init();
	add_entropy(boot->seed, boot->seed_len);
	boot_stage("random numbers");

	/* threads and time */
	sched_init(&boot_cpu);
	timers_init();
	wallclock_init();
	softirq_init();
	hal_irq_enable(); /* nobody is switched to before cpu_idle() */
	boot_stage("threads, time");

	/* files */
	files_init();
	proc_init();
	version_init();
	sysctl_init();
	boot_stage("files");

	/* the network, bottom up */
	skb_init();
	snmp_init();
	netdev_init();
	sock_init();
	inet_init();
	loopback_init();
	virtio_init();
	virtio_net_init();
	virtio_rng_init();
	boot_stage("network");

	register_init_params();
	if (boot->cmdline_cut)
		pr_err("command line longer than %u bytes: the rest was cut\n", BOOT_CMDLINE_MAX);
	cmdline_parse(boot->cmdline);
	pr_notice("softnet %s, " VARIANT_NAME " build, through the %s door; %llu KiB of memory\n",
		  softnet_version, boot->door,
		  (unsigned long long)(nr_total_pages() * PAGE_SIZE / 1024));
	wallclock_announce();
	if (boot->seed_len)
		pr_info("random: %u bytes of seed from the firmware\n", boot->seed_len);

	BUG_ON(IS_ERR(kthread_run(init_thread, NULL, "init")));
	cpu_idle();
}
