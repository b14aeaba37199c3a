/* SPDX-License-Identifier: MIT */
/*
 * The C handlers of exceptions and interrupts, the register dump and the backtrace.
 *
 * Callers in order: entry.S -> x86_trap(); panic() -> hal_dump(); warnings and tracers ->
 * hal_backtrace().  Interrupts off in x86_trap(), any context for the others.  No lock: a dump must
 * be printed even if locks are held, so it goes directly to the console, not through printk.
 * Compare Linux's arch/x86/kernel/traps.c, dumpstack.c, mm/extable.c, mm/fault.c.
 */
#include "kernel/console.h"
#include "kernel/hal.h"
#include "kernel/irq.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/variant.h"
#include "kernel/version.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/kaslr.h"
#include "kernel/x86/ksyms.h"
#include "kernel/x86/layout.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/tsc.h"
#include "kernel/x86/traps.h"
#include "kernel/x86/unwind.h"

#define BACKTRACE_MAX 32 /* frames of a dump */
#define DUMP_LINE_MAX 224

/*
 * Each offset is relative to the address of its own field, so the table needs no relocation, and
 * only half the space of a table of addresses.
 */
struct extable_entry {
	s32 instruction;
	s32 fixup;
};
extern const struct extable_entry __extable_start[], __extable_end[];
extern const u8 entry_SYSCALL_64[], entry_SYSCALL_64_end[];

static const char *const trap_names[NR_TRAPS] = {
	[0] = "divide error",
	[1] = "debug",
	[2] = "NMI",
	[3] = "breakpoint",
	[4] = "overflow",
	[5] = "bound range",
	[6] = "invalid opcode",
	[7] = "no FPU",
	[8] = "double fault",
	[10] = "invalid TSS",
	[11] = "segment not present",
	[12] = "stack fault",
	[13] = "general protection",
	[14] = "page fault",
	[16] = "x87 error",
	[17] = "alignment check",
	[18] = "machine check",
	[19] = "SIMD error",
	[20] = "virtualization",
	[21] = "control protection",
	[28] = "hypervisor injection",
	[29] = "VMM communication",
	[30] = "security",
};

/*
 * A dump was printed, so panic() must not print another one: it would show the registers of the
 * handler.
 */
static bool dumped;
static unsigned int depth; /* nesting depth of unexpected exceptions */

static __printf_like(1, 2) void dump(const char *fmt, ...)
{
	char line[DUMP_LINE_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	console_write(line, min_t(size_t, n, sizeof(line) - 1));
}

static void dump_frame(u64 pc)
{
	char symbol[HAL_SYMBOL_MAX];

	hal_symbol(pc, symbol, sizeof(symbol));
	dump("  %016lx %s\n", (unsigned long)pc, symbol);
}

/*
 * Prints the backtrace. tools/symbolise reads the first line's fields; a guessed address is marked
 * "?".
 */
static void dump_backtrace(const struct pt_regs *regs)
{
	const struct unwind_start start = {.ip = regs->ip, .sp = regs->sp, .bp = regs->bp};
	u64 guess = unwind_guess(&start);
	u64 pcs[BACKTRACE_MAX];
	unsigned int n = unwind_frames(&start, pcs, BACKTRACE_MAX);
	unsigned int i;

	dump("backtrace, image moved up by %#lx, " VARIANT_NAME " build, %s:\n",
	     (unsigned long)image_slide, softnet_version);
	if (guess) {
		dump("?");
		dump_frame(guess);
	}
	for (i = 0; i < n; i++)
		dump_frame(pcs[i]);
}

/*
 * Prints the interrupted instruction.  It is not a return address, so its symbol is looked up at
 * the address itself, not one byte before.
 */
static void dump_ip(const struct pt_regs *regs)
{
	char symbol[HAL_SYMBOL_MAX];

	ksym_print(regs->ip, false, symbol, sizeof(symbol));
	dump("rip %016lx  cs %04lx  rflags %08lx  %s\n", (unsigned long)regs->ip,
	     (unsigned long)regs->cs, (unsigned long)regs->flags, symbol);
}

void x86_show_regs(const struct pt_regs *regs)
{
	const struct cpu *cpu = hal_this_cpu();

#define REG(name) ((unsigned long)regs->name)
	if (cpu && current)
		dump("cpu %u, thread %d (%s)\n", cpu->id, current->pid, current->comm);
	dump_ip(regs);
	dump("rsp %016lx  ss %04lx\n", REG(sp), REG(ss));
	dump("rax %016lx  rbx %016lx  rcx %016lx\n", REG(ax), REG(bx), REG(cx));
	dump("rdx %016lx  rsi %016lx  rdi %016lx\n", REG(dx), REG(si), REG(di));
	dump("rbp %016lx  r8  %016lx  r9  %016lx\n", REG(bp), REG(r8), REG(r9));
	dump("r10 %016lx  r11 %016lx  r12 %016lx\n", REG(r10), REG(r11), REG(r12));
	dump("r13 %016lx  r14 %016lx  r15 %016lx\n", REG(r13), REG(r14), REG(r15));
#undef REG
	dump("cr0 %08lx  cr2 %016lx  cr3 %08lx  cr4 %08lx\n", (unsigned long)read_cr0(),
	     (unsigned long)read_cr2(), (unsigned long)read_cr3(), (unsigned long)read_cr4());
	dump_backtrace(regs);
}

/* Returns the likely cause of a fault at @address, or "". */
static const char *fault_place(const struct pt_regs *regs, u64 address)
{
	bool mapped = regs->vector == TRAP_PAGE_FAULT && (regs->error & FAULT_PRESENT);

	if (address < PAGE_4K)
		return " (a NULL pointer)";
	if (!mapped && paging_is_stack_guard(address))
		return " (a guard page: the stack overflowed)";
	if (paging_is_text(address))
		return " (the kernel's text)";
	return "";
}

static void describe_fault(const struct pt_regs *regs)
{
	u64 address = read_cr2();
	const char *access = "read";

	if (regs->error & FAULT_WRITE)
		access = "write";
	if (regs->error & FAULT_FETCH)
		access = "execution";
	if (regs->vector == TRAP_PAGE_FAULT)
		dump("%s of %016lx%s: %s\n", access, (unsigned long)address,
		     fault_place(regs, address),
		     regs->error & FAULT_PRESENT ? "not permitted" : "nothing is mapped there");
	else if (regs->vector == TRAP_DOUBLE_FAULT)
		dump("the last fault was at %016lx%s\n", (unsigned long)address,
		     fault_place(regs, address));
}

static void __noreturn die(struct pt_regs *regs)
{
	const char *name = trap_names[regs->vector];

	if (!name)
		name = "reserved exception";
	console_patient();
	/*
	 * The dump of an exception caused another exception: print no second dump; panic() ends the
	 * machine.
	 */
	if (++depth > 1) {
		dumped = true;
		panic("exception %lu (%s) at %016lx during a dump", (unsigned long)regs->vector,
		      name, (unsigned long)regs->ip);
	}
	dump("\nexception %lu: %s, error code %lx\n", (unsigned long)regs->vector, name,
	     (unsigned long)regs->error);
	describe_fault(regs);
	x86_show_regs(regs);
	dumped = true;
	if (regs->vector == TRAP_DOUBLE_FAULT && hal_this_cpu() && current &&
	    paging_is_stack_guard(read_cr2()))
		panic("the stack of thread %s overflowed", current->comm);
	panic("exception %lu (%s) at %016lx", (unsigned long)regs->vector, name,
	      (unsigned long)regs->ip);
}

/* Returns the entry of the exception table for the instruction at @ip, or NULL. */
static const struct extable_entry *find_fixup(u64 ip)
{
	const struct extable_entry *entry;

	for (entry = __extable_start; entry < __extable_end; entry++)
		if ((u64)&entry->instruction + entry->instruction == ip)
			return entry;
	return NULL;
}

unsigned int page_fault_access(const struct pt_regs *regs)
{
	if (regs->error & FAULT_FETCH)
		return HAL_PROT_EXEC;
	return regs->error & FAULT_WRITE ? HAL_PROT_WRITE : HAL_PROT_READ;
}

/*
 * A copy touched an address of the program without a page that permits the access.  Returns true if
 * the page is there now.  In a context that may not sleep no page is made present.
 */
static bool fault_in(const struct pt_regs *regs)
{
	u64 address = read_cr2();
	int err;

	if (regs->vector != TRAP_PAGE_FAULT || address >= HAL_USER_END || !hal_this_cpu() ||
	    !(current->flags & PF_USER) || !(regs->flags & X86_FLAGS_IF) || !may_sleep())
		return false;
	hal_irq_enable();
	err = mm_fault(address, page_fault_access(regs));
	hal_irq_disable();
	return !err;
}

/*
 * Returns true if the faulting instruction is in the exception table.  If the page is there now,
 * the instruction is repeated; else the code continues at the address in the table.
 */
static bool fixup_exception(struct pt_regs *regs)
{
	const struct extable_entry *entry = find_fixup(regs->ip);

	if (entry && !fault_in(regs))
		regs->ip = (u64)&entry->fixup + entry->fixup;
	return entry;
}

static bool in_syscall_entry(u64 ip)
{
	return ip >= (u64)entry_SYSCALL_64 && ip < (u64)entry_SYSCALL_64_end;
}

static void handle_exception(struct pt_regs *regs)
{
	bool address_fault = regs->vector == TRAP_PAGE_FAULT || regs->vector == TRAP_GENERAL ||
			     regs->vector == TRAP_STACK;

	if (regs->vector == TRAP_NMI) {
		nmi_interrupt();
		return;
	}
	if (address_fault && fixup_exception(regs))
		return;
	if (regs->vector == TRAP_DEBUG && in_syscall_entry(regs->ip)) {
		/*
		 * The program was single-stepping when it entered the kernel: end the single step
		 * here.
		 */
		regs->flags &= ~X86_FLAGS_TF;
		return;
	}
	die(regs);
}

void x86_trap(struct pt_regs *regs)
{
	u64 vector = regs->vector;

	if (vector < NR_TRAPS) {
		handle_exception(regs);
	} else if (vector == VECTOR_TIMER) {
		apic_eoi();
		if (clock_timer_is_due())
			do_timer_interrupt();
	} else if (vector >= VECTOR_IRQ && vector < VECTOR_IRQ + NR_IRQS) {
		apic_eoi();
		do_IRQ((unsigned int)(vector - VECTOR_IRQ));
	} else if (vector == VECTOR_DUMP) {
		x86_show_regs(regs);
	} else {
		/* A spurious interrupt of the APIC or of the masked PIC: neither needs an EOI. */
		spurious_irq_count++;
	}
}

unsigned int hal_backtrace(u64 *pcs, unsigned int max)
{
	struct unwind_start here;

	/* Use one asm statement, so that the three values belong to the same instruction. */
	__asm__ volatile("lea 0f(%%rip), %0\n0:\tmov %%rsp, %1\n\tmov %%rbp, %2"
			 : "=&r"(here.ip), "=&r"(here.sp), "=r"(here.bp));
	return unwind_frames(&here, pcs, max);
}

/*
 * Raises an interrupt with an INT instruction.  The interrupt entry saves all registers as they are
 * here, and the interrupt's handler prints them.
 */
void hal_dump(void)
{
	if (dumped)
		return;
	dumped = true;
	__asm__ volatile("int %0" : : "i"(VECTOR_DUMP) : "memory");
}
