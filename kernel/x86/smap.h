/* SPDX-License-Identifier: MIT */
/*
 * STAC and CLAC for the assembler: entry.S closes an application's pages, usercopy.S opens them.
 */
#ifndef KERNEL_X86_SMAP_H
#define KERNEL_X86_SMAP_H

#ifdef __ASSEMBLY__
/* clang-format off */
/*
 * Room for STAC or CLAC, which a CPU without SMAP does not know: x86_start() fills it in where the
 * CPU has it (kernel/x86/setup.c).  STAC opens an application's pages to the kernel, CLAC closes
 * them.
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
