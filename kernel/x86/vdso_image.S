/* SPDX-License-Identifier: MIT */
/* The vDSO (kernel/x86/vdso), as the Makefile linked it. */
	.section .rodata
	.balign	8
	.globl	vdso_image_start, vdso_image_end
vdso_image_start:
	.incbin	VDSO_IMAGE
vdso_image_end:

	.section .note.GNU-stack, "", @progbits
