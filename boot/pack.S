/* SPDX-License-Identifier: MIT */
/*
 * The pack of the build, in the image: a cpio archive that the kernel uses if there is no initrd.
 *
 * kernel/x86/setup.c passes its address to the kernel in struct boot_info.  The file is empty unless
 * PACK= of make names an archive.  The section begins on a page and is padded to whole pages,
 * because the kernel makes its pages pages of files, or frees them.
 */
	.section .pack, "aw", @progbits
	.globl	pack_start, pack_end
	.balign	4096
pack_start:
	.incbin	PACK
pack_end:
	.balign	4096
