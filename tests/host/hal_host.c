/* SPDX-License-Identifier: MIT */
/*
 * kernel/hal.h (the kernel's interface to its platform) in an ordinary process: clock, interrupts,
 * idle, halt.  Memory is in hal_memory.c, stacks and switches in fiber.c.
 *
 * Callers: the kernel.  An "interrupt" is a call of the kernel's handler.  A pending interrupt is
 * delivered at once when the kernel is idle.  It may also be delivered at a point where the kernel
 * enables interrupts; random numbers from the seed decide that.  Virtual time does not move while
 * the kernel runs.
 */
#define _GNU_SOURCE /* dladdr, RTLD_DEFAULT */
#include <dlfcn.h>

#include "kernel/irq.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/printk.h"
#include "tests/host/host.h"

/*
 * More interrupts than this in one sn_step() cause a panic: the kernel apparently never becomes
 * idle.
 */
#define STEP_INTERRUPTS_MAX 20000000

struct host host = {.timer = HAL_TIMER_OFF, .fail_row = 1};
struct host_libc host_libc;
static struct cpu *the_cpu;

void host_libc_init(void)
{
	host_libc.aligned_alloc = dlsym(RTLD_DEFAULT, "aligned_alloc");
	host_libc.realloc = dlsym(RTLD_DEFAULT, "realloc");
	host_libc.free = dlsym(RTLD_DEFAULT, "free");
	host_libc.write = dlsym(RTLD_DEFAULT, "write");
	host_libc.abort = dlsym(RTLD_DEFAULT, "abort");
}

/* ---- chance: xorshift128+, one stream for the device and the interrupts ------------------------- */

static u64 mix(u64 *x)
{
	u64 z = (*x += 0x9e3779b97f4a7c15ULL);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/*
 * The state of hal_entropy()'s generator.  It is separate from host.prng, so that further calls of
 * hal_entropy() do not shift the random numbers that choose the points of interrupts.
 */
static u64 entropy_state;

void host_seed(u64 seed)
{
	u64 x = seed;

	host.prng[0] = mix(&x);
	host.prng[1] = mix(&x) | 1;
	entropy_state = mix(&x);
}

u64 host_random(u64 below)
{
	u64 a = host.prng[0], b = host.prng[1];

	host.prng[0] = b;
	a ^= a << 23;
	host.prng[1] = a ^ b ^ a >> 17 ^ b >> 26;
	return below ? (host.prng[1] + b) % below : 0;
}

void hal_entropy(void *buf, size_t n)
{
	u8 *p = buf;

	while (n--)
		*p++ = mix(&entropy_state);
}

/* ---- clock ------------------------------------------------------------------------------------ */

u64 hal_clock_ns(void)
{
	return host.clock;
}

const char *hal_wall_clock(s64 *seconds, u64 *at)
{
	*seconds = host_option("realtime", 0);
	*at = 0;
	return *seconds ? "the host" : NULL;
}

u64 hal_clock_raw(void)
{
	return host.clock;
}

u64 hal_clock_from_raw(u64 raw)
{
	return raw;
}

void hal_arm_timer(u64 deadline_ns)
{
	BUG_ON(host.irqs_on);
	host.timer = deadline_ns;
}

static bool timer_is_due(void)
{
	return host.timer != HAL_TIMER_OFF && host.timer <= host.clock;
}

/* ---- interrupts ------------------------------------------------------------------------------- */

void host_raise_irq(unsigned int irq)
{
	BUG_ON(irq >= NR_IRQS);
	host.irqs_pending |= 1ULL << irq;
}
BUILD_BUG_ON(NR_IRQS > 64);

/* Delivers one pending interrupt, chosen at random if there are several.  Returns false if none is
 * pending.  Interrupts are on before and after. */
static bool deliver_one(void)
{
	/* sn_set("race_edge") holds the timer back, too. */
	bool timer = timer_is_due() && !host.race_armed;
	unsigned int waiting = __builtin_popcountll(host.irqs_pending) + timer;
	u64 bits = host.irqs_pending;
	unsigned int n, irq;

	if (!waiting)
		return false;
	host.nr_interrupts++;
	if (host.nr_this_step++ == STEP_INTERRUPTS_MAX)
		panic("host: %u interrupts and still not idle", STEP_INTERRUPTS_MAX);
	host.irqs_on = false;
	n = host_random(waiting);
	if (n == waiting - 1 && timer) {
		host.timer = HAL_TIMER_OFF;
		do_timer_interrupt();
	} else {
		while (n--)
			bits &= bits - 1;
		irq = __builtin_ctzll(bits);
		host.irqs_pending &= ~(1ULL << irq);
		do_IRQ(irq);
	}
	BUG_ON(host.irqs_on);
	host.irqs_on = true;
	return true;
}

/* With sn_set("race_edge", N), called at each point where an interrupt is possible.  Returns true at
 * the Nth such point after the system call has begun. */
static bool race_is_now(void)
{
	if (!host.race_counts || --host.race_left)
		return false;
	host.race_armed = false;
	return true;
}

/* Called where the kernel has interrupts on.  Delivers a pending interrupt with a probability of
 * @chance / @of, or if sn_set("race_edge") chose this point. */
static inline void interrupt_point(u32 chance, u32 of)
{
	if (!chance || host.halted)
		return;
	if (!host.irqs_pending && !timer_is_due() && !host_frames_waiting())
		return;
	if (unlikely(host.race_armed) ? !race_is_now() : host_random(of) >= chance)
		return;
	host.irqs_on = false;
	host_pump(false);
	host.irqs_on = true;
	deliver_one();
}

/*
 * In the race build, compiled with -fsanitize-coverage=trace-pc, the compiler inserts a call of this
 * function at each edge of the kernel's control flow.  So an interrupt can arrive at any edge, and not
 * only where interrupts are enabled.
 */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
	host.nr_edges++;
	if (host.irqs_on)
		interrupt_point(host.race_chance, 65536);
}

unsigned long hal_irq_save(void)
{
	unsigned long flags = host.irqs_on;

	host.irqs_on = false;
	return flags;
}

void hal_irq_restore(unsigned long flags)
{
	if (flags && unlikely(host.late_points) && !--host.late_points)
		host.late();
	host.irqs_on = flags;
	if (flags)
		interrupt_point(host.irq_chance, 256);
}

void hal_irq_enable(void)
{
	hal_irq_restore(1);
}

void hal_irq_disable(void)
{
	host.irqs_on = false;
}

bool hal_irqs_disabled(void)
{
	return !host.irqs_on;
}

void hal_device_mb(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Delivers one interrupt and returns, so that the thread that it woke runs before the next interrupt.
 * Without a pending interrupt or frame, leaves the kernel: the current sn_step() ends. */
void hal_idle(void)
{
	BUG_ON(host.irqs_on);
	for (;;) {
		/* sn_set("race_edge") holds frames back until its point is reached.  If the kernel
		 * becomes idle without a pending interrupt, the call slept or returned before that
		 * point: frames are delivered as usual again. */
		if (!host.race_armed || !host.irqs_pending) {
			host.race_armed = false;
			host_pump(true);
		}
		host.irqs_on = true;
		if (deliver_one())
			return;
		host.irqs_on = false;
		if (host_frames_waiting())
			continue;
		fiber_leave_kernel();
	}
}

void hal_cpu_relax(void)
{
	panic("host: spins, and nobody else can run");
}

/* ---- the CPU ---------------------------------------------------------------------------------- */

struct cpu *hal_this_cpu(void)
{
	return the_cpu;
}

void hal_set_this_cpu(struct cpu *cpu)
{
	the_cpu = cpu;
}

void hal_fpu_save(void *area)
{
	BUG_ON((unsigned long)area & 63);
	__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

void hal_fpu_restore(const void *area)
{
	__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

void hal_late_init(void)
{
	/* Up to here both chances were 0, because the kernel could not handle an interrupt yet;
	 * interrupts that became pending during boot are delivered from now on. */
	host.irq_chance = host_option("irq_chance", host.irq_chance);
	host.race_chance = host_option("race_chance", host.race_chance);
}

void hal_probe_devices(void)
{
	agents_init();
	if (virtio_model_probe)
		virtio_model_probe();
}

/* ---- the end ---------------------------------------------------------------------------------- */

void hal_halt(enum hal_halt how, int code)
{
	host.halted = true;
	host.halt_code = code;
	host.irqs_on = false;
	/*
	 * A halt on the stack of the caller of sn_*() means a bug in tests/host: there is no
	 * fiber to leave.
	 */
	if (!fiber_in_kernel())
		host_libc.abort();
	for (;;)
		fiber_leave_kernel();
}

unsigned int hal_backtrace(u64 *pcs, unsigned int max)
{
	const void *lowest;
	size_t size;
	unsigned int n = 0;
	u64 *frame = __builtin_frame_address(0);

	fiber_bounds(&lowest, &size);
	while (n < max && (char *)frame >= (char *)lowest &&
	       (char *)frame + 16 <= (char *)lowest + size && frame[1]) {
		pcs[n++] = frame[1];
		if ((u64 *)frame[0] <= frame)
			break;
		frame = (u64 *)frame[0];
	}
	return n;
}

/* Prints @pc as an offset into the library's file: the form that addr2line accepts. */
void hal_symbol(u64 pc, char *buf, size_t size)
{
	Dl_info info = {0};

	dladdr((void *)hal_symbol, &info);
	snprintf(buf, size, "+0x%lx", (unsigned long)(pc - (u64)info.dli_fbase));
}

void hal_dump(void)
{
	char place[HAL_SYMBOL_MAX];
	u64 pcs[32];
	unsigned int n = hal_backtrace(pcs, ARRAY_SIZE(pcs));

	for (unsigned int i = 0; i < n; i++) {
		hal_symbol(pcs[i], place, sizeof(place));
		pr_err("  %s", place);
	}
}
