/* SPDX-License-Identifier: MIT */
/*
 * The interface of the hosted kernel (softnet_host.h): options, boot, steps, frames, and the state
 * that a test may read.  Submitted calls are in agents.c.
 *
 * Callers: the conductor, softnet.py and other test programs, on their own stack while the kernel is
 * idle.  Exceptions: the kernel calls hal_console_write(), and hal_host.c calls host_pump() on the
 * kernel's stack.
 */
#include "boot/boot_info.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/list.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/time/hrtimer.h"
#include "kernel/time/timer.h"
#include "tests/host/host.h"
#include "tests/host/softnet_host.h"

#define OPTIONS_MAX 32
#define FRAME_MAX   65600     /* bytes: a GSO packet with its headers */
#define FRAMES_MAX  65536     /* frames that wait, in each direction */
#define CONSOLE_MAX (4 << 20) /* bytes; a full buffer drops its older half */
#define RAM_DEFAULT (64ULL << 20)
#define IRQ_CHANCE  64
#define RACE_CHANCE 256

/* ---- options ---------------------------------------------------------------------------------- */

static struct {
	char name[32];
	u64 value;
} options[OPTIONS_MAX];
static unsigned int nr_options;

static void race_begins(u64 edge)
{
	host.race_armed = edge;
	host.race_counts = false;
	host.race_left = edge;
}

int sn_set(const char *name, uint64_t value)
{
	unsigned int i;

	for (i = 0; i < nr_options; i++) {
		if (!strcmp(options[i].name, name))
			break;
	}
	if (i == OPTIONS_MAX || strlen(name) >= sizeof(options[i].name))
		return -1;
	if (i == nr_options) {
		strscpy(options[i].name, name, sizeof(options[i].name));
		nr_options++;
	}
	options[i].value = value;
	if (!strcmp(name, "fail_alloc"))
		host.fail_alloc = value ? value + host.fail_row - 1 : 0;
	else if (!strcmp(name, "fail_row"))
		host.fail_row = value;
	else if (!strcmp(name, "hold_tx"))
		host.hold_tx = value;
	else if (!strcmp(name, "slow_copies"))
		host.slow_copies = value;
	else if (!strcmp(name, "keep_pages") && host.booted)
		host_keep_pages(value);
	else if (!strcmp(name, "race_edge"))
		race_begins(value);
	return 0;
}

u64 host_option(const char *name, u64 fallback)
{
	for (unsigned int i = 0; i < nr_options; i++) {
		if (!strcmp(options[i].name, name))
			return options[i].value;
	}
	return fallback;
}

/* ---- boot and steps --------------------------------------------------------------------------- */

static struct boot_info boot;
static u64 nr_steps;

static void boot_kernel(void *arg)
{
	kernel_main(&boot);
}

/* Returns the option that gives a host without an `ip=` an address, unless the option dhcp is set. */
static const char *static_address(const char *cmdline)
{
	if (host_option("dhcp", 0) || strstr(cmdline, "ip="))
		return "";
	return "ip=10.0.2.15::10.0.2.2:255.255.255.0:::off:10.0.2.3 ";
}

int sn_boot(uint64_t seed, const char *cmdline)
{
	size_t ram = host_option("ram", RAM_DEFAULT) & PAGE_MASK;
	bool cut;

	if (host.booted)
		return -1;
	cmdline = cmdline ? cmdline : "";
	host.booted = true;
	host_libc_init();
	host_seed(seed);
	/* No interrupt during boot: hal_late_init() sets these to the options' values. */
	host.irq_chance = 0;
	host.race_chance = 0;
	if (seed && host_option("irq_chance", ~0ULL) == ~0ULL)
		sn_set("irq_chance", IRQ_CHANCE);
	if (seed && host_option("race_chance", ~0ULL) == ~0ULL)
		sn_set("race_chance", RACE_CHANCE);

	boot.door = "host";
	cut = snprintf(boot.cmdline, sizeof(boot.cmdline), "%s%s", static_address(cmdline),
		       cmdline) >= (int)sizeof(boot.cmdline);
	boot.cmdline_cut = cut;
	boot.nr_mem = 1;
	boot.mem[0].size = ram;
	boot.mem[0].type = BOOT_MEM_USABLE;
	if (!host_memory_init(ram, &boot.mem[0].base))
		return -1;
	fiber_boot(boot_kernel, NULL);
	return host.halted ? -1 : 0;
}

uint64_t sn_step(void)
{
	if (host.halted || !host.booted)
		return SN_HALTED;
	nr_steps++;
	host.nr_this_step = 0;
	fiber_enter_kernel();
	if (host.halted)
		return SN_HALTED;
	return host.timer;
}

uint64_t sn_clock(void)
{
	return host.clock;
}

void sn_set_clock(uint64_t ns)
{
	if (ns > host.clock)
		host.clock = ns;
}

/* ---- frames ----------------------------------------------------------------------------------- */

struct frame {
	struct list_head list;
	size_t len;
	u8 bytes[];
};

static LIST_HEAD(frames_in);  /* from sn_put_frame(), not yet in the device's ring */
static LIST_HEAD(frames_out); /* sent by the device, for sn_take_frame() */
static unsigned int nr_in, nr_out;
static u64 total_in, total_out, total_dropped;

static bool frame_queue(struct list_head *list, unsigned int *count, const void *bytes, size_t len)
{
	struct frame *frame;

	if (*count >= FRAMES_MAX)
		return false;
	frame = host_libc.realloc(NULL, sizeof(*frame) + len);
	if (!frame)
		return false;
	frame->len = len;
	memcpy(frame->bytes, bytes, len);
	list_add_tail(&frame->list, list);
	++*count;
	return true;
}

static void frame_drop(struct frame *frame, unsigned int *count)
{
	list_del(&frame->list);
	host_libc.free(frame);
	--*count;
}

int sn_put_frame(const void *frame, size_t len)
{
	if (!host.booted || host.halted || !len || len > FRAME_MAX)
		return -1;
	return frame_queue(&frames_in, &nr_in, frame, len) ? 0 : -1;
}

size_t sn_take_frame(void *buf, size_t max)
{
	struct frame *frame = list_first_entry_or_null(&frames_out, struct frame, list);
	size_t len;

	if (!frame)
		return 0;
	len = min_t(size_t, frame->len, max);
	memcpy(buf, frame->bytes, len);
	frame_drop(frame, &nr_out);
	return len;
}

bool host_frames_waiting(void)
{
	return nr_in;
}

/*
 * Moves frames between the lists and the device.  Without interrupts at random points (irq_chance 0)
 * all waiting frames go into the ring at once.  Otherwise a random number of frames goes into the
 * ring, and the rest arrives while the kernel processes the first ones.  If the ring has no buffer
 * for a frame although the kernel is idle and no interrupt is pending, the frame is dropped, as by
 * a real network card.
 */
void host_pump(bool idle)
{
	static u8 bytes[FRAME_MAX];
	u64 some = host.irq_chance ? 1 + host_random(idle ? 16 : 4) : FRAMES_MAX;
	struct frame *frame;
	size_t len;

	if (!virtio_model_rx) {
		while (nr_in && some--) {
			frame_drop(list_first_entry(&frames_in, struct frame, list), &nr_in);
			total_dropped++;
		}
		return;
	}
	while (nr_in && some--) {
		frame = list_first_entry(&frames_in, struct frame, list);
		if (virtio_model_rx(frame->bytes, frame->len))
			total_in++;
		else if (idle && !host.irqs_pending)
			total_dropped++;
		else
			break;
		frame_drop(frame, &nr_in);
	}
	while (!host.hold_tx && (len = virtio_model_tx(bytes, sizeof(bytes)))) {
		total_out++;
		if (!frame_queue(&frames_out, &nr_out, bytes, len))
			total_dropped++;
	}
}

/* ---- console ---------------------------------------------------------------------------------- */

static char *console;
static size_t console_len, console_size;
static char panic_line[LOG_LINE_MAX + 64];

/* Accepts everything: returns @n even if there is no memory to store the text. */
size_t hal_console_write(const char *s, size_t n, unsigned int *polls)
{
	if (host_option("echo", 0) && host_libc.write(2, s, n) < 0)
		sn_set("echo", 0);
	if (n > CONSOLE_MAX / 2)
		return n;
	if (console_len + n + 1 > CONSOLE_MAX) {
		memmove(console, console + CONSOLE_MAX / 2, console_len - CONSOLE_MAX / 2);
		console_len -= CONSOLE_MAX / 2;
	}
	if (console_len + n + 1 > console_size) {
		size_t size = max_t(size_t, 2 * console_size, console_len + n + 4096);
		char *grown = host_libc.realloc(console, size);

		if (!grown)
			return n;
		console = grown;
		console_size = size;
	}
	memcpy(console + console_len, s, n);
	console_len += n;
	console[console_len] = '\0';
	return n;
}

int hal_console_getc(void)
{
	return -1;
}

const char *sn_console(void)
{
	return console ? console : "";
}

/* Finds the line with the reason in the text that panic() printed. */
const char *sn_panic_message(void)
{
	static const char words[] = "Kernel panic: ";
	const char *at, *end;
	size_t len;

	if (!host.halted || !console)
		return "";
	at = strstr(console, words);
	if (!at)
		return host.halt_code ? "halted with a failure code" : "";
	at += sizeof(words) - 1;
	end = strchr(at, '\n');
	len = end ? end - at : strlen(at);
	if (len && at[len - 1] == '\r')
		len--;
	strscpy(panic_line, at, min_t(size_t, len + 1, sizeof(panic_line)));
	return panic_line;
}

int sn_halt_code(void)
{
	return host.halt_code;
}

void sn_release(void)
{
	host.halted = true;
	while (nr_in)
		frame_drop(list_first_entry(&frames_in, struct frame, list), &nr_in);
	while (nr_out)
		frame_drop(list_first_entry(&frames_out, struct frame, list), &nr_out);
	host_libc.free(console);
	console = NULL;
	host_memory_release();
	fiber_release();
}

/* ---- looking at the kernel's state ------------------------------------------------------------ */

uint32_t sn_warn_count(void)
{
	return warn_count;
}

int sn_cache(uint32_t i, const char **name, uint64_t *live)
{
	struct kmem_cache *cache;

	list_for_each_entry(cache, kmem_caches(), caches) {
		if (i--)
			continue;
		*name = cache->name;
		*live = cache->live;
		return 0;
	}
	return -1;
}

uint64_t sn_live_objects(void)
{
	struct kmem_cache *cache;
	uint64_t n = 0;

	list_for_each_entry(cache, kmem_caches(), caches)
		n += cache->live;
	return n;
}

uint64_t sn_free_pages(void)
{
	return nr_free_pages();
}

uint32_t sn_timers_armed(void)
{
	return timers_armed() + hrtimers_armed();
}

uint32_t sn_threads(void)
{
	return nr_threads;
}

uint64_t sn_stat(const char *name)
{
	const struct {
		const char *name;
		u64 value;
	} stats[] = {
		{"interrupts", host.nr_interrupts},
		{"switches", fiber_switches},
		{"steps", nr_steps},
		{"frames_in", total_in},
		{"frames_out", total_out},
		{"frames_dropped", total_dropped},
		{"objects", host.nr_objects},
		{"stacks", fiber_stacks()},
		{"allocs", host.nr_allocs},
		{"allocs_refused", host.nr_refused},
		{"race_left", host.race_left},
		{"edges", host.nr_edges},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(stats); i++) {
		if (!strcmp(stats[i].name, name))
			return stats[i].value;
	}
	return ~0ULL;
}
