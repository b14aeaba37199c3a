/* SPDX-License-Identifier: MIT */
/*
 * Data in the UEFI application: the stripped kernel, and the command line given at build time.  The
 * Makefile defines the paths of both files: EFI_KERNEL, EFI_CMDLINE.
 */
	.section .rodata, "a", @progbits
	.balign 16
	.globl efi_kernel_start, efi_kernel_end
	.hidden efi_kernel_start, efi_kernel_end
efi_kernel_start:
	.incbin EFI_KERNEL
efi_kernel_end:

	.globl efi_cmdline_start, efi_cmdline_end
	.hidden efi_cmdline_start, efi_cmdline_end
efi_cmdline_start:
	.incbin EFI_CMDLINE
efi_cmdline_end:

	.section .note.GNU-stack, "", @progbits
