/* SPDX-License-Identifier: MIT */
/* Privileged and odd instructions. */
#include "hostile.h"

#define INSTRUCTION(name, code)                                                                    \
	static void insn_##name(void)                                                              \
	{                                                                                          \
		__asm__ volatile(code ::: "memory", "rax", "rbx", "rcx", "rdx", "cc");             \
	}

INSTRUCTION(hlt, "hlt")
INSTRUCTION(cli, "cli")
INSTRUCTION(sti, "sti")
INSTRUCTION(in, "in $0x60, %%al")
INSTRUCTION(out, "mov $0xfe, %%al; out %%al, $0x64")
INSTRUCTION(outs, "mov $0xf4, %%dx; xor %%eax, %%eax; out %%eax, %%dx")
INSTRUCTION(lgdt, "lgdt (%%rsp)")
INSTRUCTION(lidt, "lidt (%%rsp)")
INSTRUCTION(ltr, "mov $0x30, %%eax; ltr %%ax")
INSTRUCTION(lldt, "xor %%eax, %%eax; lldt %%ax")
INSTRUCTION(mov_cr0, "xor %%eax, %%eax; mov %%rax, %%cr0")
INSTRUCTION(read_cr3, "mov %%cr3, %%rax")
INSTRUCTION(mov_cr3, "xor %%eax, %%eax; mov %%rax, %%cr3")
INSTRUCTION(mov_cr4, "xor %%eax, %%eax; mov %%rax, %%cr4")
INSTRUCTION(mov_dr7, "mov $0x3ff, %%eax; mov %%rax, %%dr7")
INSTRUCTION(rdmsr, "mov $0xc0000080, %%ecx; rdmsr")
INSTRUCTION(wrmsr, "mov $0xc0000082, %%ecx; xor %%eax, %%eax; xor %%edx, %%edx; wrmsr")
INSTRUCTION(invlpg, "invlpg (%%rsp)")
INSTRUCTION(swapgs, "swapgs")
INSTRUCTION(clts, "clts")
INSTRUCTION(wbinvd, "wbinvd")
INSTRUCTION(sysretq, "lea 1f(%%rip), %%rcx; mov $0x202, %%r11d; sysretq; 1:")
INSTRUCTION(xsetbv, "xor %%ecx, %%ecx; xor %%edx, %%edx; mov $1, %%eax; xsetbv")
INSTRUCTION(ud2, "ud2")
INSTRUCTION(int3, "int3")
INSTRUCTION(int_nmi, "int $2")
INSTRUCTION(int_fault, "int $14")
INSTRUCTION(int_timer, "int $0xf0")
INSTRUCTION(int_dump, "int $0xf1")
INSTRUCTION(int_device, "int $0x30")
INSTRUCTION(into_icebp, ".byte 0xf1")
INSTRUCTION(divide, "xor %%ecx, %%ecx; mov $1, %%eax; cltd; idiv %%ecx")
INSTRUCTION(divide_overflow, "mov $0x80000000, %%eax; cltd; mov $-1, %%ecx; idiv %%ecx")
INSTRUCTION(load_ds, "mov $0x10, %%eax; mov %%eax, %%ds")
INSTRUCTION(load_ss, "mov $0x10, %%eax; mov %%eax, %%ss")
INSTRUCTION(load_tss, "mov $0x33, %%eax; mov %%eax, %%es")
INSTRUCTION(load_gs, "mov $0x23, %%eax; mov %%eax, %%gs; xor %%eax, %%eax; mov %%eax, %%gs")
INSTRUCTION(read_gs, "mov %%gs:0, %%rax")
/* POPF in ring 3 ignores IF and IOPL; the next CLI still faults. */
INSTRUCTION(popf_iopl, "pushfq; orq $0x3000, (%%rsp); andq $~0x200, (%%rsp); popfq; cli")
INSTRUCTION(single_step, "pushfq; orq $0x100, (%%rsp); popfq; nop; nop")
INSTRUCTION(alignment, "pushfq; orq $0x40000, (%%rsp); popfq; mov 1(%%rsp), %%rax; pushfq; andq "
		       "$~0x40000, (%%rsp); popfq")
INSTRUCTION(sse_error, "sub $8, %%rsp; movl $0, (%%rsp); ldmxcsr (%%rsp); add $8, %%rsp; xorps "
		       "%%xmm0, %%xmm0; divss %%xmm0, %%xmm0")
INSTRUCTION(mxcsr_reserved,
	    "sub $8, %%rsp; movl $0xffffffff, (%%rsp); ldmxcsr (%%rsp); add $8, %%rsp")
INSTRUCTION(x87_error, "fninit; sub $8, %%rsp; movw $0, (%%rsp); fldcw (%%rsp); add $8, %%rsp; "
		       "fldz; fldz; fdivp; fwait")
INSTRUCTION(iret_kernel, "mov %%rsp, %%rax; pushq $0x10; push %%rax; pushfq; pushq $0x08; lea "
			 "1f(%%rip), %%rbx; push %%rbx; iretq; 1:")
INSTRUCTION(iret_odd_cs, "mov %%rsp, %%rax; pushq $0x2b; push %%rax; pushfq; pushq $0xfff3; lea "
			 "1f(%%rip), %%rbx; push %%rbx; iretq; 1:")
INSTRUCTION(far_return_kernel, "pushq $0x08; lea 1f(%%rip), %%rbx; push %%rbx; lretq; 1:")
INSTRUCTION(sgdt, "sub $16, %%rsp; sgdt (%%rsp); add $16, %%rsp")
INSTRUCTION(cpuid, "xor %%eax, %%eax; cpuid")
INSTRUCTION(rdpmc, "xor %%ecx, %%ecx; rdpmc")

#define ENDS(name, sig)                                                                            \
	{                                                                                          \
		"insn-" #name, insn_##name, sig, false                                             \
	}
#define ENDS_HERE(name, sig)                                                                       \
	{                                                                                          \
		"insn-" #name, insn_##name, sig, true                                              \
	}

const struct attack instruction_attacks[] = {
	ENDS(hlt, SIGSEGV),
	ENDS(cli, SIGSEGV),
	ENDS(sti, SIGSEGV),
	ENDS(in, SIGSEGV),
	ENDS(out, SIGSEGV),
	ENDS(outs, SIGSEGV),
	ENDS(lgdt, SIGSEGV),
	ENDS(lidt, SIGSEGV),
	ENDS(ltr, SIGSEGV),
	ENDS(lldt, SIGSEGV),
	ENDS(mov_cr0, SIGSEGV),
	ENDS(read_cr3, SIGSEGV),
	ENDS(mov_cr3, SIGSEGV),
	ENDS(mov_cr4, SIGSEGV),
	ENDS(mov_dr7, SIGSEGV),
	ENDS(rdmsr, SIGSEGV),
	ENDS(wrmsr, SIGSEGV),
	ENDS(invlpg, SIGSEGV),
	ENDS(swapgs, SIGSEGV),
	ENDS(clts, SIGSEGV),
	ENDS(wbinvd, SIGSEGV),
	ENDS(sysretq, SIGSEGV),
	ENDS(xsetbv, SIGSEGV),
	ENDS(ud2, SIGILL),
	ENDS(int3, SIGTRAP),
	ENDS(int_nmi, SIGSEGV),
	ENDS(int_fault, SIGSEGV),
	ENDS(int_timer, SIGSEGV),
	ENDS(int_dump, SIGSEGV),
	ENDS(int_device, SIGSEGV),
	ENDS(into_icebp, SIGTRAP),
	ENDS(divide, SIGFPE),
	ENDS(divide_overflow, SIGFPE),
	ENDS_HERE(load_ds, SIGSEGV),
	ENDS_HERE(load_ss, SIGSEGV),
	ENDS_HERE(load_tss, SIGSEGV),
	ENDS_HERE(load_gs, 0),
	ENDS(read_gs, SIGSEGV),
	ENDS(popf_iopl, SIGSEGV),
	ENDS(single_step, SIGTRAP),
	ENDS(alignment, SIGBUS),
	ENDS(sse_error, SIGFPE),
	ENDS(mxcsr_reserved, SIGSEGV),
	ENDS(x87_error, SIGFPE),
	ENDS(iret_kernel, SIGSEGV),
	ENDS(iret_odd_cs, SIGSEGV),
	ENDS(far_return_kernel, SIGSEGV),
	ENDS_HERE(sgdt, SIGSEGV),
	ENDS(cpuid, 0),
	ENDS_HERE(rdpmc, SIGSEGV),
	{NULL, NULL, 0, false},
};
