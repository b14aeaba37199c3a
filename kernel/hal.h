/* SPDX-License-Identifier: MIT */
/*
 * The first seam: everything that the kernel needs from its platform.
 *
 * Implemented twice: kernel/x86 for the machine, tests/host for an ordinary process.  All code
 * above this header compiles unchanged for both.  The platform calls upwards only through the
 * entries in the section "upwards".
 *
 * Contexts.  "irq off" means: the caller has interrupts disabled.  Hard-interrupt entries
 * (do_timer_interrupt, do_IRQ) are called with interrupts off on the interrupted thread's stack.
 * On the machine an interrupt may arrive at any instruction with interrupts on; in the hosted build
 * at hal_irq_restore(), hal_irq_enable() and hal_idle(), at points that the seed chooses.
 *
 * There is one CPU today.  Every function that speaks of "this CPU" is written so that there may be
 * more.
 */
#ifndef KERNEL_HAL_H
#define KERNEL_HAL_H

#include "kernel/types.h"

/* The machine's: kernel/x86/asm.  The process's: tests/host/asm. */
#include <asm/hal.h>

struct boot_info;
struct cpu;
struct task_struct;

/* ---- clock ---------------------------------------------------------------------------------- */

/* Nanoseconds since boot, monotonic.  Any context.  Hosted: virtual time, moved by the conductor. */
u64 hal_clock_ns(void);

/*
 * The clock's raw counter: runs from before the kernel's first instruction, at a speed that is known
 * only after hal_late_init(), when hal_clock_from_raw() gives hal_clock_ns()'s time for what was read
 * before.  Boot.  Hosted: the clock.
 */
u64 hal_clock_raw(void);
u64 hal_clock_from_raw(u64 raw);

/*
 * The time of day: it was *@seconds since 1970-01-01 UTC when hal_clock_ns() was *@at.  Returns its
 * source, for the log; NULL where the platform does not know.  Boot, after hal_late_init().
 * Hosted: the option "realtime".
 */
const char *hal_wall_clock(s64 *seconds, u64 *at);

/*
 * Arms this CPU's one-shot timer: do_timer_interrupt() runs at or soon after @deadline_ns (absolute,
 * in hal_clock_ns()'s time; one in the past fires at once).  HAL_TIMER_OFF disarms.  A second call
 * replaces the first.  irq off.
 */
#define HAL_TIMER_OFF (~0ULL)
void hal_arm_timer(u64 deadline_ns);

/* ---- interrupts ----------------------------------------------------------------------------- */

/*
 * In <asm/hal.h>, because the machine has them inline:
 *	unsigned long hal_irq_save(void)	disables interrupts, returns the state before
 *	void hal_irq_restore(unsigned long)	takes that state back
 *	void hal_irq_enable(void), hal_irq_disable(void)
 *	bool hal_irqs_disabled(void)
 *	struct cpu *hal_this_cpu(void)		the per-CPU block (kernel/sched/cpu.h): a load from GS:0
 */

/*
 * Waits for an interrupt.  Called by the idle thread with interrupts off and nothing runnable;
 * enables them and stops the CPU in one step (no interrupt is lost in between), returns with
 * interrupts on after at least one was delivered.
 */
void hal_idle(void);

/*
 * Spin-wait hint (PAUSE).  Hosted: fails loudly, since on one host thread no other CPU can release
 * the lock.
 */
void hal_cpu_relax(void);

/* ---- threads -------------------------------------------------------------------------------- */

/* The saved state of a thread that does not run; sched keeps one in each task_struct. */
struct hal_context {
	void *sp;         /* machine: the saved stack pointer.  hosted: the fiber */
	void *fake_stack; /* hosted, under ASan: its saved fake stack */
	void *stack;      /* lowest usable byte of the thread's stack */
	size_t stack_size;
};

/* Prepares @ctx so that the first switch to it calls fn(arg) with irq off.  fn must not return. */
void hal_context_init(struct hal_context *ctx, void *stack, size_t size, void (*fn)(void *arg),
		      void *arg);
/* Saves this thread into @from and goes on in @to.  irq off; returns (irq off) when switched back. */
void hal_context_switch(struct hal_context *from, struct hal_context *to);
/* The last switch of a thread that ends: as above, and its stack may be freed by the next thread. */
void __noreturn hal_context_exit(struct hal_context *from, struct hal_context *to);

/*
 * A stack of @size bytes (a multiple of 4096) with an unmapped guard page below it, in a mapped
 * area of its own, hence not in the direct map: hal_virt_to_phys() of a stack address is a bug and
 * is asserted, so no buffer on a stack is ever handed to a device.  NULL when memory is out.
 * Process context.
 */
void *hal_stack_alloc(size_t size);
void hal_stack_free(void *stack, size_t size);

/* Sets the result of hal_this_cpu(). */
void hal_set_this_cpu(struct cpu *cpu);

/* Saves / restores the vector registers of an application thread that is preempted (irq exit). */
#define HAL_FPU_SIZE 512 /* bytes, aligned to 64 */
void hal_fpu_save(void *area);
void hal_fpu_restore(const void *area);

/* ---- memory --------------------------------------------------------------------------------- */

/* Direct map.  Any context.  hal_virt_to_phys() asserts that @p lies in the direct map. */
phys_addr_t hal_virt_to_phys(const void *p);
void *hal_phys_to_virt(phys_addr_t pa);

/*
 * Devices see earlier stores before any later load happens: both sides of a ring
 * write their own index and then read the other's.  Stronger than smp_mb(), which is for other CPUs.
 * Any context.
 */
void hal_device_mb(void);

/* Maps device registers, uncached.  NULL when it can't be.  Process context, at boot. */
void *hal_map_device(phys_addr_t pa, size_t size);

/* Tells a sanitizer that free pages must not be touched; nothing on the machine. */
void hal_poison(const void *p, size_t size);
void hal_unpoison(const void *p, size_t size);

/*
 * Copies @n bytes where @dst or @src (or both) may be a bad address of an application.  Returns the
 * number of bytes NOT copied, counted from the end (0 = all).  Machine: exception table over the
 * page fault.  Hosted: ranges are checked.  Process context.
 */
size_t hal_copy_user(void *dst, const void *src, size_t n);

/* ---- console, entropy, the end -------------------------------------------------------------- */

/*
 * Writes bytes out, synchronously.  Any context, also while panicking; one caller at a time, which
 * console_write() (kernel/console.h) ensures.  Returns how many bytes were taken: it stops at the
 * first one without room.  Each byte may wait CONSOLE_POLLS_MAX polls of the port for room, and all
 * together *@polls, which is counted down; NULL: no common limit.
 */
size_t hal_console_write(const char *s, size_t n, unsigned int *polls);
/* Takes one received byte, or -1 when there is none.  Any context. */
int hal_console_getc(void);

/* Fills @buf with the platform's entropy (RDRAND, jitter; hosted: from the seed). */
void hal_entropy(void *buf, size_t n);

enum hal_halt {
	HAL_HALT_POWEROFF, /* ACPI S5, else debug-exit, else stop */
	HAL_HALT_REBOOT,
	HAL_HALT_STOP, /* stay, interrupts off, for a debugger */
};
/*
 * Ends.  @code is 0 for success, else a failure code (1..127).  On the machine isa-debug-exit, where
 * it is present, carries a failure; success is a power-off with QEMU's status 0.
 */
void __noreturn hal_halt(enum hal_halt how, int code);

/* Raw backtrace of this thread: fills @pcs, returns how many.  Any context. */
unsigned int hal_backtrace(u64 *pcs, unsigned int max);
/* Where @pc, a return address, lies: "name+0x12/0x80 net/socket.c:27", or "?".  Any context. */
#define HAL_SYMBOL_MAX 160 /* bytes that it may take */
void hal_symbol(u64 pc, char *buf, size_t size);
/* Registers and backtrace of this point to the console: the dump of panic(). */
void hal_dump(void);

/* ---- upwards: called by the platform -------------------------------------------------------- */

/* init/main.c: the boot as a list.  First C of the kernel proper: interrupts off, on the boot
 * stack, the direct map up, hal_this_cpu() not yet set.  Never returns. */
void __noreturn kernel_main(const struct boot_info *boot);

/*
 * kernel/irq.c.  Called with interrupts off, after the controller was told that the interrupt is
 * taken (EOI), on the interrupted thread's stack, and only when the interrupted code had interrupts
 * on.  Both run pending softirqs (with interrupts on) and, when an application was interrupted and
 * its slice is over, the scheduler, before they return with interrupts off.
 */
void do_timer_interrupt(void);
void do_IRQ(unsigned int irq); /* @irq: the number that request_irq() returned, 0..NR_IRQS-1 */

/* ---- downwards: bringing the platform up, in kernel_main()'s order -------------------------- */

/* Allocator is up: map device areas, start interrupt controller, calibrate and start the clock. */
void hal_late_init(void);
/* Threads and interrupts are up: finds devices (PCI scan, virtio_mmio.device= words) and hands each
 * to its driver's probe (virtio_probe()).  Process context.  Hosted: the device model. */
void hal_probe_devices(void);

#endif
