/* SPDX-License-Identifier: MIT */
/*
 * CPU instructions that C cannot express, and the numbers of MSRs and bits of control registers.
 *
 * Any context, no lock.  Compare Linux's asm/msr.h, asm/special_insns.h, asm/processor.h.
 */
#ifndef KERNEL_X86_CPU_H
#define KERNEL_X86_CPU_H

#include "kernel/types.h"
#include "kernel/x86/layout.h"

#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)

#define EFER_SCE BIT(0)

#define X86_FLAGS_CF   BIT(0)
#define X86_FLAGS_PF   BIT(2)
#define X86_FLAGS_AF   BIT(4)
#define X86_FLAGS_ZF   BIT(6)
#define X86_FLAGS_SF   BIT(7)
#define X86_FLAGS_TF   BIT(8)
#define X86_FLAGS_IF   BIT(9)
#define X86_FLAGS_DF   BIT(10)
#define X86_FLAGS_OF   BIT(11)
#define X86_FLAGS_NT   BIT(14)
#define X86_FLAGS_RF   BIT(16)
#define X86_FLAGS_AC   BIT(18)
#define CR4_MCE        BIT(6)
#define CR4_OSFXSR     BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP       BIT(11)
#define CR4_OSXSAVE    BIT(18)
#define CR4_SMEP       BIT(20)
#define CR4_SMAP       BIT(21)

/*
 * The values with which the ABI starts a thread: all floating-point exceptions masked, rounding to
 * nearest.
 */
#define MXCSR_DEFAULT       0x1f80
#define X87_CONTROL_DEFAULT 0x037f

#define MSR_APIC_BASE     0x0000001b
#define MSR_TSC_DEADLINE  0x000006e0
#define MSR_EFER          0xc0000080
#define MSR_STAR          0xc0000081
#define MSR_LSTAR         0xc0000082
#define MSR_SYSCALL_MASK  0xc0000084
#define MSR_FS_BASE       0xc0000100
#define MSR_KERNEL_GS     0xc0000102 /* exchanged with MSR_GS_BASE (layout.h) by SWAPGS */
#define MSR_KVM_CLOCK_NEW 0x4b564d01

struct cpuid_result {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid_result cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_result r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

/* Leaf 1, ecx: if set, the leaves from CPUID_HV_BASE on describe the hypervisor. */
#define CPUID_HYPERVISOR BIT(31)
#define CPUID_HV_BASE    0x40000000

/* Returns true if the CPU reports a hypervisor with the signature @name of twelve bytes. */
static inline bool hypervisor_is(const char name[12])
{
	struct cpuid_result r;
	u32 text[3];

	if (!(cpuid(1, 0).ecx & CPUID_HYPERVISOR))
		return false;
	r = cpuid(CPUID_HV_BASE, 0);
	text[0] = r.ebx;
	text[1] = r.ecx;
	text[2] = r.edx;
	return __builtin_memcmp(text, name, sizeof(text)) == 0;
}

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

/*
 * Reads the TSC after all earlier loads are done, so that a later call never returns a smaller
 * value.
 */
static inline u64 rdtsc_ordered(void)
{
	u32 lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (u64)hi << 32 | lo;
}

#define DEFINE_CONTROL_REGISTER(name)                                                              \
	static inline u64 read_##name(void)                                                        \
	{                                                                                          \
		u64 value;                                                                         \
                                                                                                   \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(value) : : "memory");                \
		return value;                                                                      \
	}                                                                                          \
	static inline void write_##name(u64 value)                                                 \
	{                                                                                          \
		__asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory");                    \
	}
DEFINE_CONTROL_REGISTER(cr0)
DEFINE_CONTROL_REGISTER(cr2)
DEFINE_CONTROL_REGISTER(cr3)
DEFINE_CONTROL_REGISTER(cr4)
DEFINE_CONTROL_REGISTER(dr6)

static inline void invlpg(const void *address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

#endif
