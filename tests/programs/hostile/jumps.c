/* SPDX-License-Identifier: MIT */
/* Loads, stores and jumps to addresses that the program must not reach, and `syscall` from odd places. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hostile.h"

static void load(unsigned long address)
{
	(void)*(volatile char *)address;
}
static void store(unsigned long address)
{
	*(volatile char *)address = 1;
}
static void jump(unsigned long address)
{
	((void (*)(void))address)();
}

#define AT(verb, place, address)                                                                   \
	static void verb##_##place(void)                                                           \
	{                                                                                          \
		verb(address);                                                                     \
	}

AT(load, direct_map, DIRECT_MAP)
AT(load, image, KERNEL_IMAGE)
AT(load, stacks, STACK_AREA)
AT(load, devices, DEVICE_AREA)
AT(load, odd, NON_CANONICAL)
AT(load, end, USER_END)
AT(load, null, 0)
AT(store, direct_map, DIRECT_MAP)
AT(store, image, KERNEL_IMAGE)
AT(store, stacks, STACK_AREA + PAGE)
AT(store, top, -8UL)
AT(store, odd, NON_CANONICAL)
AT(jump, direct_map, DIRECT_MAP)
AT(jump, image, KERNEL_IMAGE)
AT(jump, odd, NON_CANONICAL)
AT(jump, end, USER_END)
AT(jump, null, 0)

static void store_text(void)
{
	store((unsigned long)store_text);
}

static void jump_stack(void)
{
	char code[16];

	memset(code, 0xc3, sizeof(code));
	jump((unsigned long)code);
}

static void jump_data(void)
{
	static char code[] = {(char)0xc3};

	jump((unsigned long)code);
}

/* Calls itself without an end. */
static int deeper(volatile char *above)
{
	volatile char here[PAGE];

	here[0] = above[0];
	return deeper(here) + here[0];
}

static void stack_overflow(void)
{
	char first = 1;

	deeper(&first);
}

static void stack_gone(void)
{
	unsigned long here = (unsigned long)&here & ~(PAGE - 1);

	syscall(SYS_munmap, here - 16 * PAGE, 64 * PAGE);
	store(here);
}

static void stack_wild(void)
{
	__asm__ volatile("mov %0, %%rsp; push %%rax" : : "r"(DIRECT_MAP + PAGE));
}

static void stack_odd(void)
{
	__asm__ volatile("mov %0, %%rsp; push %%rax" : : "r"(NON_CANONICAL + PAGE));
}

/* Calls getpid() with stack pointer @sp, which the kernel must not use. */
static void call_with_stack(unsigned long sp)
{
	long result;

	__asm__ volatile("mov %%rsp, %%r12; mov %1, %%rsp; syscall; mov %%r12, %%rsp"
			 : "=a"(result)
			 : "r"(sp), "a"(SYS_getpid)
			 : "rcx", "r11", "r12", "memory");
	if (result <= 0)
		fail("getpid");
}

static void syscall_no_stack(void)
{
	call_with_stack(0);
}
static void syscall_kernel_stack(void)
{
	call_with_stack(STACK_AREA + 4 * PAGE);
}
static void syscall_odd_stack(void)
{
	call_with_stack(NON_CANONICAL);
}

/* Calls getpid() with @flags set in RFLAGS, and clears the flags afterwards. */
static void call_with_flags(unsigned long flags)
{
	long result;

	__asm__ volatile("pushfq; or %1, (%%rsp); popfq; syscall; pushfq; and %2, (%%rsp); popfq"
			 : "=a"(result)
			 : "r"(flags), "r"(~flags), "a"(SYS_getpid)
			 : "rcx", "r11", "memory", "cc");
	if (result <= 0)
		fail("getpid");
}

static void syscall_direction(void)
{
	call_with_flags(0x400);
}
static void syscall_nested_task(void)
{
	call_with_flags(0x4000);
}
static void syscall_id(void)
{
	call_with_flags(0x200000);
}

static void on_trap(int sig)
{
	(void)sig;
}

/* Single-steps through `syscall`: the trap comes in the program, never in the kernel. */
static void syscall_single_step(void)
{
	signal(SIGTRAP, on_trap);
	call_with_flags(0x100);
}

/* Sets AC: `syscall` clears AC inside the kernel, where AC would allow access to the program's
 * pages. */
static void syscall_alignment(void)
{
	long result;

	__asm__ volatile("pushfq; orq $0x40000, (%%rsp); popfq; syscall; pushfq; andq $~0x40000, "
			 "(%%rsp); popfq"
			 : "=a"(result)
			 : "a"(SYS_write), "D"(1), "S"(DIRECT_MAP), "d"(8)
			 : "rcx", "r11", "memory", "cc");
	if (result != -14)
		fail("write() from the kernel's memory");
}

/* `syscall` is the last instruction of the program's half: it would return to an address above that half. */
static void syscall_at_the_end(void)
{
	unsigned char *page = mmap((void *)(USER_END - PAGE), PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (page == MAP_FAILED)
		fail("the last page cannot be mapped");
	page[PAGE - 2] = 0x0f;
	page[PAGE - 1] = 0x05;
	if (mprotect(page, PAGE, PROT_READ | PROT_EXEC))
		fail("mprotect");
	__asm__ volatile("jmp *%0" : : "r"(page + PAGE - 2), "a"(SYS_getpid));
}

/* Fills all registers with kernel addresses, for a call and across an interrupt. */
static void registers_full(void)
{
	__asm__ volatile("mov %0, %%rdi; mov %%rdi, %%rsi; mov %%rdi, %%rdx; mov %%rdi, %%r10; mov "
			 "%%rdi, %%r8;"
			 "mov %%rdi, %%r9; mov %%rdi, %%r12; mov %%rdi, %%r13; mov %%rdi, %%r14; "
			 "mov %%rdi, %%r15;"
			 "mov $10000000, %%ecx; 1: dec %%ecx; jnz 1b; mov $39, %%eax; syscall"
			 :
			 : "r"(KERNEL_IMAGE)
			 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
			   "r13", "r14", "r15", "memory");
}

/* Runs 32-bit code, which makes a `syscall`. The kernel supports no 32-bit programs. */
static void compat_syscall(void)
{
	unsigned char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct {
		unsigned int offset;
		unsigned short selector;
	} __attribute__((packed)) far;

	if (page == MAP_FAILED)
		fail("no page below 4 GiB");
	memcpy(page, "\xb8\x14\x00\x00\x00\x0f\x05\x0f\x0b", 9); /* mov $20, %eax; syscall; ud2 */
	mprotect(page, PAGE, PROT_READ | PROT_EXEC);
	far.offset = (unsigned int)(unsigned long)page;
	far.selector = 0x1b;
	__asm__ volatile("ljmpl *%0" : : "m"(far));
}

#define ENDS(name, sig)                                                                            \
	{                                                                                          \
#name, name, sig, false                                                            \
	}
#define HERE(name, sig)                                                                            \
	{                                                                                          \
#name, name, sig, true                                                             \
	}

const struct attack jump_attacks[] = {
	ENDS(load_direct_map, SIGSEGV),    ENDS(load_image, SIGSEGV),
	ENDS(load_stacks, SIGSEGV),        ENDS(load_devices, SIGSEGV),
	ENDS(load_odd, SIGSEGV),           ENDS(load_end, SIGSEGV),
	ENDS(load_null, SIGSEGV),          ENDS(store_direct_map, SIGSEGV),
	ENDS(store_image, SIGSEGV),        ENDS(store_stacks, SIGSEGV),
	ENDS(store_top, SIGSEGV),          ENDS(store_odd, SIGSEGV),
	ENDS(store_text, SIGSEGV),         ENDS(jump_direct_map, SIGSEGV),
	ENDS(jump_image, SIGSEGV),         ENDS(jump_odd, SIGSEGV),
	ENDS(jump_end, SIGSEGV),           ENDS(jump_null, SIGSEGV),
	ENDS(jump_stack, SIGSEGV),         ENDS(jump_data, SIGSEGV),
	ENDS(stack_overflow, SIGSEGV),     ENDS(stack_gone, SIGSEGV),
	ENDS(stack_wild, SIGSEGV),         ENDS(stack_odd, SIGBUS),
	ENDS(syscall_no_stack, 0),         ENDS(syscall_kernel_stack, 0),
	ENDS(syscall_odd_stack, 0),        ENDS(syscall_direction, 0),
	ENDS(syscall_nested_task, 0),      ENDS(syscall_id, 0),
	ENDS(syscall_single_step, 0),      ENDS(syscall_alignment, 0),
	ENDS(syscall_at_the_end, SIGSEGV), ENDS(registers_full, 0),
	HERE(compat_syscall, SIGSEGV),     {NULL, NULL, 0, false},
};
