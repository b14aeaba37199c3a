/* SPDX-License-Identifier: MIT */
/*
 * The interface between the kernel and its platform: everything that the kernel needs from the
 * machine (or from the process that hosts it) is declared here.
 *
 * There are two implementations: kernel/x86 for the machine, and tests/host, which runs the kernel
 * as a library in an ordinary process ("hosted").  All other code of the kernel compiles unchanged
 * for both.  The platform calls the kernel only through the functions in the section "upwards".
 *
 * Contexts.  "irq off" means: the caller has interrupts disabled. do_timer_interrupt() and do_IRQ()
 * are called with interrupts off, on the interrupted thread's stack.  On the machine an interrupt
 * may arrive at any instruction that runs with interrupts on.  In the hosted build interrupts
 * arrive only in hal_irq_restore(), hal_irq_enable() and hal_idle(); a random generator with a
 * given seed chooses in which calls.
 *
 * There is one CPU today.  Functions whose comment says "this CPU" also work if there are several.
 */
#ifndef KERNEL_HAL_H
#define KERNEL_HAL_H

#include "kernel/types.h"

/*
 * The inline part: kernel/x86/asm/hal.h on the machine, tests/host/asm/hal.h in the hosted build.
 */
#include <asm/hal.h>

struct boot_info;
struct cpu;
struct page;
struct task_struct;

/* ---- clock ---------------------------------------------------------------------------------- */

/*
 * Returns nanoseconds since boot, monotonic.  Any context.  Hosted: virtual time, which the test's
 * clock (tests/host) advances.
 */
u64 hal_clock_ns(void);

/*
 * The clock's raw counter.  It runs from before the kernel's first instruction, but its frequency
 * is known only after hal_late_init(). hal_clock_from_raw() then converts a value that was read
 * earlier to the time of hal_clock_ns().  Boot.  Hosted: the raw counter is the clock itself.
 */
u64 hal_clock_raw(void);
u64 hal_clock_from_raw(u64 raw);

/*
 * Reads the time of day: it was *@seconds since 1970-01-01 UTC when hal_clock_ns() was *@at.
 * Returns the name of the time's source, for the log, or NULL if the platform does not know the
 * time.  Boot, after hal_late_init().  Hosted: the time comes from the option "realtime".
 */
const char *hal_wall_clock(s64 *seconds, u64 *at);

/*
 * Arms this CPU's one-shot timer: do_timer_interrupt() is called at or soon after @deadline_ns
 * (absolute, on the clock of hal_clock_ns()); a deadline in the past fires at once.  HAL_TIMER_OFF
 * disarms.  A second call replaces the deadline of the first. irq off.
 */
#define HAL_TIMER_OFF (~0ULL)
void hal_arm_timer(u64 deadline_ns);

/* ---- interrupts ----------------------------------------------------------------------------- */

/*
 * These functions are declared in <asm/hal.h>, because on the machine they are inline:
 *	unsigned long hal_irq_save(void)	disables interrupts, returns the previous state
 *	void hal_irq_restore(unsigned long)	restores that state
 *	void hal_irq_enable(void), hal_irq_disable(void)
 *	bool hal_irqs_disabled(void)
 *	struct cpu *hal_this_cpu(void)		the per-CPU block (kernel/sched/cpu.h): a load from GS:0
 */

/*
 * Waits for an interrupt.  The idle thread calls this with interrupts off when no thread is
 * runnable.  Enabling interrupts and stopping the CPU are one step, so an interrupt that comes in
 * between still wakes the CPU.  Returns with interrupts on, after at least one was delivered.
 */
void hal_idle(void);

/*
 * Tells the CPU that the caller spins for a lock (PAUSE).  Hosted: ends the process with an error,
 * because all code runs on one host thread, so no other CPU can release the lock.
 */
void hal_cpu_relax(void);

/* ---- threads -------------------------------------------------------------------------------- */

/* The saved state of a thread that is not running.  Each task_struct has one. */
struct hal_context {
	void *sp;         /* machine: the saved stack pointer; hosted: the host's fiber */
	void *fake_stack; /* hosted, under AddressSanitizer: the thread's saved fake stack */
	void *stack;      /* lowest usable address of the thread's stack */
	size_t stack_size;
};

/* Prepares @ctx so that the first switch to it calls fn(arg), with irq off. fn must not return. */
void hal_context_init(struct hal_context *ctx, void *stack, size_t size, void (*fn)(void *arg),
		      void *arg);
/*
 * Saves the running thread's state in @from and continues the thread of @to.  Returns, with irq
 * off, when another thread switches back to @from. irq off.
 */
void hal_context_switch(struct hal_context *from, struct hal_context *to);
/*
 * Called by a thread that ends: switches to @to and never returns.  The next thread may free the
 * stack of @from.
 */
void __noreturn hal_context_exit(struct hal_context *from, struct hal_context *to);

/*
 * Allocates a stack of @size bytes (a multiple of 4096) in a mapped area of its own, with an
 * unmapped guard page below it.  The area is not in the direct map, and hal_virt_to_phys() of an
 * address on a stack fails an assertion, so a buffer on a stack can never be handed to a device.
 * Returns NULL if there is no memory.  Process context.
 */
void *hal_stack_alloc(size_t size);
void hal_stack_free(void *stack, size_t size);

/*
 * The current thread, which has PF_USER, leaves the kernel for ring 3 for the first time: it continues
 * at @ip with the stack @sp; all other registers are 0.  Process context.
 */
void __noreturn hal_user_start(u64 ip, u64 sp);
/*
 * Declared in <asm/hal.h>:
 * 	void hal_user_switch(struct task_struct *next)
 * Called before each switch to @next, which has PF_USER: loads @next's kernel stack pointer, FS and
 * GS bases and vector registers into the CPU. irq off.  Hosted: does nothing.
 */

/* From now on hal_this_cpu() returns @cpu. */
void hal_set_this_cpu(struct cpu *cpu);

/* Save and restore the vector registers of an application thread that an interrupt preempts. */
#define HAL_FPU_SIZE 512 /* bytes, aligned to 64 */
void hal_fpu_save(void *area);
void hal_fpu_restore(const void *area);

/* ---- memory --------------------------------------------------------------------------------- */

/*
 * Conversions through the direct map. hal_virt_to_phys() asserts that @p lies in the direct map.
 * Any context.
 */
phys_addr_t hal_virt_to_phys(const void *p);
void *hal_phys_to_virt(phys_addr_t pa);

/*
 * A memory barrier towards devices: a device sees all earlier stores of this CPU before this CPU
 * does any later load.  The driver and the device each need such a barrier, because each writes its
 * own index of a ring and then reads the index of the other side.  It is stronger than smp_mb(),
 * which orders accesses for other CPUs only.  Any context.
 */
void hal_device_mb(void);

/*
 * Maps @size bytes of device registers at @pa, uncached.  Returns NULL if the mapping fails.
 * Process context, at boot.
 */
void *hal_map_device(phys_addr_t pa, size_t size);

/*
 * hal_poison() tells a sanitizer that the memory is free and must not be accessed; hal_unpoison()
 * that it is in use.  Both do nothing on the machine.
 */
void hal_poison(const void *p, size_t size);
void hal_unpoison(const void *p, size_t size);

/*
 * Declared in <asm/hal.h>:
 *	bool hal_access_ok(const void *p, size_t n)
 * Returns true if [@p, @p + @n) lies below HAL_USER_END, so that a copy with hal_copy_user() cannot
 * reach the kernel's memory.  Hosted: always true, because hal_copy_user() itself checks the range.
 */

/*
 * Copies @n bytes; @dst or @src (or both) may be an invalid address that an application passed.
 * Returns the number of bytes NOT copied, which are the last ones (0 = all were copied).  Machine:
 * a page fault is caught through the exception table.  Hosted: the address ranges are checked
 * first.  Process context.
 */
size_t hal_copy_user(void *dst, const void *src, size_t n);

/* ---- the program's memory -------------------------------------------------------------------- */

/*
 * The page tables of the program's half of the address space.  They hold addresses and protections
 * only: the caller owns the pages, and counts their references.  @va is page-aligned and lies in
 * [HAL_USER_START, HAL_USER_END).  A change is in effect when the function returns.  Process
 * context; the caller excludes other changes of the same addresses.
 *
 * The values of a protection are those of PROT_READ, PROT_WRITE and PROT_EXEC.  On the machine a
 * page that may be written or executed may also be read.
 */
#define HAL_PROT_READ  1u
#define HAL_PROT_WRITE 2u
#define HAL_PROT_EXEC  4u

/*
 * Maps the page at physical address @pa at @va, in place of an earlier page.  With @prot 0 the page
 * is recorded, but every access faults. -ENOMEM if there is no memory for a table.
 */
int hal_user_map(u64 va, phys_addr_t pa, unsigned int prot);
/*
 * Returns the physical address of the page at @va and, unless @prot is NULL, its protection in
 * *@prot.  0 if there is none.
 */
phys_addr_t hal_user_lookup(u64 va, unsigned int *prot);
/* Removes the page at @va.  Returns its physical address, or 0 if there was none. */
phys_addr_t hal_user_unmap(u64 va);
/* Changes the protection of the page at @va, if there is one. */
void hal_user_protect(u64 va, unsigned int prot);
/*
 * Returns the lowest address in [@va, @end) with a page, or @end.  Missing tables are skipped as a
 * whole, so an empty terabyte takes little time.
 */
u64 hal_user_next(u64 va, u64 end);
/* Returns true if hal_user_map() at @va needs no new table. */
bool hal_user_has_table(u64 va);
/* Returns the number of tables, without the root. */
u64 hal_user_tables(void);
/* Frees the tables for [@start, @end) that have no page. */
void hal_user_free_tables(u64 start, u64 end);
/* Returns the value of AT_HWCAP, the CPU's features as the program sees them: on x86 the EDX of CPUID leaf 1. */
u32 hal_user_hwcap(void);

/*
 * The vDSO, a shared object that reads the clock without a system call.  Stores its pages in
 * @pages: the first page has data that the program may read; the caller maps it below the other
 * pages, which have the object.  The kernel keeps a reference of each.  Returns their number; 0:
 * there is no vDSO, or no memory.  Called once, in process context.  Hosted: there is none.
 */
#define HAL_VDSO_PAGES_MAX 3
unsigned int hal_vdso_pages(struct page **pages, unsigned int max);
/* Tells the vDSO that the time of day is hal_clock_ns() + @offset_ns from now on. */
void hal_set_wall_offset(u64 offset_ns);

/*
 * If the word at @p, an address of the program, has the value *@expected, stores @new in it.
 * Comparison and store are one atomic step.  Returns 0, with the word's earlier value in
 * *@expected, or -EFAULT.  The caller has checked the address with access_ok().  Process context.
 */
int hal_user_cmpxchg(u32 *p, u32 *expected, u32 new);

/* ---- the program's registers ----------------------------------------------------------------- */

/*
 * The functions of this section concern the current thread.  The thread has PF_USER, and is in a
 * system call or on its way back to ring 3 (exit_to_user()).  Hosted: tests/host/user.c.
 */

/*
 * The result of the system call that the thread returns from.  0 if the thread entered the kernel
 * by an exception or an interrupt, and after rt_sigreturn().
 */
long hal_syscall_result(void);
void hal_syscall_set_result(long result);
/*
 * The thread makes its system call again when it returns to ring 3. @nr: the number of a call that
 * it makes instead, with the same arguments; -1: the same call.
 */
void hal_syscall_restart(long nr);
u64 hal_user_sp(void);
/*
 * Builds the frame of a signal on the program's stack, and continues with the handler at the return to
 * ring 3. @mask: the blocked signals after the handler.  Returns 0, or -EFAULT if the stack cannot be
 * used.
 */
struct ksignal;
int hal_signal_deliver(const struct ksignal *ksig, const u64 *mask);
/*
 * Ends a handler: takes the registers from the frame, and stores the frame's mask in *@mask.
 * *@result: the interrupted code's value of the register that holds a call's result. rt_sigreturn()
 * must return this value, because the result of a call goes to that register.  Returns 0 or
 * -EFAULT.
 */
int hal_sigreturn(u64 *mask, long *result);
/*
 * Prepares the new thread @child so that it returns from the current system call with result 0, on the
 * stack @sp (0: the same address as its creator's) and, if @set_tls, with @tls as its FS base.
 */
int hal_user_fork_regs(struct task_struct *child, u64 sp, u64 tls, bool set_tls);
/* Prints the program's registers and backtrace on the console, before the machine ends. */
void hal_user_report(void);

/* ---- console, entropy, the end of the machine ----------------------------------------------- */

/*
 * Writes up to @n bytes to the console's port, and returns how many were written: it stops at the
 * first byte for which the port has no room.  Each byte may wait CONSOLE_POLLS_MAX polls of the
 * port for room. *@polls limits the polls of all bytes together and is counted down; NULL: no
 * common limit.  Any context, also during a panic.  One caller at a time, which console_write()
 * (kernel/console.h) ensures.
 */
size_t hal_console_write(const char *s, size_t n, unsigned int *polls);
/* Returns the next received byte, or -1 if none has arrived.  Any context. */
int hal_console_getc(void);

/*
 * Fills @buf with random bytes from the platform (machine: RDRAND and jitter; hosted: made from the
 * seed).
 */
void hal_entropy(void *buf, size_t n);

enum hal_halt {
	HAL_HALT_POWEROFF, /* power off: ACPI S5, else QEMU's ports, else a reset; then stop */
	HAL_HALT_REBOOT,
	HAL_HALT_STOP, /* stop with interrupts off; a debugger can then attach */
};
/*
 * Ends the machine or process.  @code is 0 for success, or a failure code (1..127).  On the machine
 * QEMU's isa-debug-exit device, if present, reports a failure as QEMU's exit status; after a
 * success the machine is powered off, and QEMU exits with status 0.
 */
void __noreturn hal_halt(enum hal_halt how, int code);

/*
 * Stores the return addresses of the calling thread's stack frames in @pcs, innermost first.
 * Returns how many.  Any context.
 */
unsigned int hal_backtrace(u64 *pcs, unsigned int max);
/*
 * Writes the location of the return address @pc into @buf: "name+0x12/0x80 net/socket.c:27", or "?"
 * if it is unknown.  Any context.
 */
#define HAL_SYMBOL_MAX 160 /* bytes that the text of hal_symbol() takes at most */
void hal_symbol(u64 pc, char *buf, size_t size);
/* Prints the registers and backtrace of the caller on the console, for panic(). */
void hal_dump(void);

/* ---- functions of the kernel that the platform calls ---------------------------------------- */

/*
 * The boot as a list of calls (init/main.c).  The platform calls it as the first C function above
 * this interface: interrupts off, on the boot stack, with the direct map in place, hal_this_cpu()
 * not yet set.  Never returns.
 */
void __noreturn kernel_main(const struct boot_info *boot);

/*
 * Interrupts of the timer and of devices (kernel/irq.c).  The platform calls them with interrupts
 * off, after it has acknowledged the interrupt to the controller (EOI), on the interrupted thread's
 * stack, and only if the interrupted code had interrupts on. do_timer_interrupt() and do_IRQ() run
 * pending softirqs with interrupts on.  If application code was interrupted and its time slice is
 * over, they also call the scheduler.  They return with interrupts off.
 */
void do_timer_interrupt(void);
/*
 * The work before a return to ring 3: a reschedule, and signals.  The platform calls it in process
 * context, irq on, while need_resched is set or signal_pending() is true.
 */
void exit_to_user(void);
void do_IRQ(unsigned int irq); /* @irq: a number that request_irq() returned, 0..NR_IRQS-1 */

/*
 * A page fault at @address of the program's half, in ring 3 or in hal_copy_user(), which needed
 * @access (HAL_PROT_*).  Returns 0: the page is there now, and the access is repeated.  After an error the
 * copy ends early, or the program gets a signal: for -EFAULT it is SIGSEGV with SEGV_MAPERR, for -EACCES
 * SIGSEGV with SEGV_ACCERR, for -EIO SIGBUS with BUS_ADRERR.  -ENOMEM: memory is out, which kills the
 * program.  Process context, irq on.
 */
int mm_fault(u64 address, unsigned int access);

/* ---- downwards: starting the platform, in the order of kernel_main()'s calls ---------------- */

/*
 * Maps device areas, starts the interrupt controller, calibrates and starts the clock.  The page
 * allocator works already.
 */
void hal_late_init(void);
/*
 * Finds devices (PCI scan, ACPI, the option virtio_mmio.device=) and passes each to its driver's
 * probe function (virtio_probe()). Threads and interrupts work already. Process context. Hosted:
 * creates the device model.
 */
void hal_probe_devices(void);

#endif
