/* SPDX-License-Identifier: MIT */
/*
 * The instructions STAC and CLAC for assembly code.  STAC lets the kernel access an application's
 * pages (usercopy.S); CLAC forbids it again (usercopy.S, and entry.S for interrupted code).
 */
#ifndef KERNEL_X86_SMAP_H
#define KERNEL_X86_SMAP_H

#ifdef __ASSEMBLY__
/* clang-format off */
/*
 * Reserves the bytes of a STAC or CLAC as a NOP, because a CPU without SMAP does not know these
 * instructions.  If the CPU has SMAP, x86_start_moved() writes the instruction there
 * (kernel/x86/setup.c).
 */
#define STAC 0xcb
#define CLAC 0xca
#define SMAP_SITE(opcode)				\
661:	.byte	0x0f, 0x1f, 0x00;			\
	.pushsection .smap_sites, "a", @progbits;	\
	.balign 4;					\
	.long	661b - .;				\
	.long	opcode;					\
	.popsection
/* clang-format on */
#endif

#endif
