/* SPDX-License-Identifier: MIT */
/*
 * The boot, as a list of calls.
 *
 * The PVH entry, the UEFI entry and the hosted build call kernel_main(), with interrupts off, on the
 * boot stack. kernel_main() initialises the kernel from the bottom up.  Each part registers its
 * system calls, /proc files, command-line options and packet types with the part below it, so that
 * no lower part includes a higher one.  At the end the boot context becomes the idle thread, and
 * the init thread, which may sleep, probes the devices and starts the application.
 *
 * This is the only file that includes headers of every part.  Compare Linux's init/main.c.
 */
#include "boot/boot_info.h"
#include "drivers/virtio/virtio.h"
#include "drivers/virtio/virtio_net.h"
#include "include/uapi/errno.h"
#include "init/apps.h"
#include "init/program.h"
#include "kernel/cmdline.h"
#include "kernel/fs/devices.h"
#include "kernel/fs/file.h"
#include "kernel/fs/initramfs.h"
#include "kernel/fs/proc.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vma.h"
#include "kernel/printk.h"
#include "kernel/process/exec.h"
#include "kernel/process/process.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/variant.h"
#include "kernel/shutdown.h"
#include "kernel/strace.h"
#include "kernel/sysctl.h"
#include "kernel/time/softirq.h"
#include "kernel/time/hrtimer.h"
#include "kernel/time/timer.h"
#include "kernel/time/wallclock.h"
#include "kernel/timeline.h"
#include "kernel/version.h"
#include "net/af_inet.h"
#include "net/core/netdevice.h"
#include "net/core/skbuff.h"
#include "net/core/snmp.h"
#include "net/ipv4/ipconfig.h"
#include "net/netlink/af_netlink.h"
#include "net/socket.h"
#include "net/unix/af_unix.h"

static struct cpu boot_cpu;

/* Weak: images without applications in ring 0 use this function. */
void __weak apps_init(void)
{
}

bool __weak apps_chosen(void)
{
	return false;
}

bool __weak apps_start(void)
{
	return false;
}

/* Opens every interface, in the order of registration: lo is the first. */
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

/*
 * The part of the boot that needs process context, because it may sleep.  At the end it waits for
 * the power button.
 */
static int init_thread(void *arg)
{
	(void)arg;
	program_choose(!apps_chosen()); /* `init=`; without `init=` and `app=`: /init */
	boot_stage("initrd");
	hal_probe_devices(); /* PCI and virtio-mmio: calls the drivers' probe functions */
	open_devices();      /* fills the receive rings, enables polling */
	ip_auto_config();    /* reports `ip=` options that no interface took */
	boot_stage("links");
	boot_stages_show(); /* logs the microseconds of each stage at loglevel=debug */
	if (!program_start() && !apps_start())
		pr_err("no program: init= names none, and no initrd has /init (tools/pack)\n");
	shutdown_on_request();
}

void __noreturn kernel_main(const struct boot_info *boot)
{
	boot_cpu.self = &boot_cpu;
	hal_set_this_cpu(&boot_cpu); /* sets this_cpu(), which locks and preempt_count need */
	printk_init();               /* `loglevel=`; from here on messages reach console and log */
	panic_init();                /* `panic=` */

	/* memory */
	mm_init(boot);        /* page allocator, from the memory map */
	slab_init();          /* kmalloc() and object caches */
	boot_stage("memory"); /* time stamp for the boot timeline (docs/boot.md) */
	hal_late_init();      /* ACPI, APIC; starts the clock */
	random_init();        /* seeds the generator with the platform's entropy */
	add_entropy(boot->seed, boot->seed_len); /* adds the loader's entropy, if any */
	boot_stage("random numbers");

	/* threads and time */
	sched_init(&boot_cpu); /* run queue; makes this context the idle thread */
	timers_init();         /* timer wheel */
	hrtimers_init();       /* timers finer than a jiffy */
	wallclock_init();      /* time of day; `clock=` */
	softirq_init();        /* starts ksoftirqd, which first runs in cpu_idle() */
	/* from here on interrupts and softirqs run, but threads do not switch yet */
	hal_irq_enable();
	boot_stage("threads, time");

	/* files */
	files_init();        /* the root directory; file descriptors; read(), write(), poll() */
	proc_init();         /* /proc; the parts below register their files in it */
	version_init();      /* /proc/version */
	proc_task_init();    /* /proc/self/task, /proc/sys/kernel */
	proc_machine_init(); /* /proc/stat, cpuinfo, mounts */
	strace_init();       /* `strace=`; /proc/syscalls */
	sysctl_init();       /* /proc/sys; `sysctl.NAME=` */
	vma_init();          /* the program's memory: mmap() and its relatives */
	exec_init();         /* the program loader; `norandmaps` */
	boot_stage("files");

	/* the network, bottom up */
	skb_init();        /* caches of packets */
	snmp_init();       /* /proc/net/snmp, netstat */
	netdev_init();     /* NET_RX and NET_TX softirqs, input queue, /proc/net/dev */
	sock_init();       /* the socket system calls */
	unix_init();       /* AF_UNIX: socketpair() */
	netlink_init();    /* AF_NETLINK: links, addresses and routes */
	inet_init();       /* AF_INET: hash tables, IP, ARP, ICMP, TCP; `ip=`, `gw=` */
	loopback_init();   /* "lo", 127.0.0.1 */
	virtio_init();     /* /proc/virtio; must precede the drivers */
	virtio_net_init(); /* driver of virtio network devices */
	virtio_rng_init(); /* driver of virtio entropy devices */
	boot_stage("network");

	apps_init(); /* registers `app=`, if the image has applications in ring 0 */
	if (boot->cmdline_cut)
		pr_err("command line longer than %u bytes: the rest was cut\n", BOOT_CMDLINE_MAX);
	/* passes each option of the kernel to its parser; stores the other words for the program */
	cmdline_parse(boot->cmdline, program_init());
	pr_notice("softnet %s, " VARIANT_NAME " build, through the %s door; %llu KiB of memory\n",
		  softnet_version, boot->door,
		  (unsigned long long)(nr_total_pages() * PAGE_SIZE / 1024));
	wallclock_announce(); /* logs the time of day and its source */
	if (boot->seed_len)
		pr_info("random: %u bytes of seed from the firmware\n", boot->seed_len);

	boot_stage("command line");
	initramfs_init(boot); /* unpacks the initrd into the root directory */
	devices_init();       /* /dev */

	if (IS_ERR(kthread_run(init_thread, NULL, "init"))) /* first runs in cpu_idle() */
		panic("no memory for the thread init");
	cpu_idle(); /* never returns: runs threads, or halts until an interrupt */
}
