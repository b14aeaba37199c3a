/* SPDX-License-Identifier: MIT */
/*
 * The pack: a cpio archive inside the kernel image, which the kernel unpacks if the boot loader passes no initrd.
 *
 * kernel/x86/setup.c stores the pack's address in struct boot_info.  The pack is empty unless PACK=
 * of make names an archive.  The section begins at a page boundary and is padded to whole pages,
 * because each of its pages either becomes a page of a file or is freed.
 */
	.section .pack, "aw", @progbits
	.globl	pack_start, pack_end
	.balign	4096
pack_start:
	.incbin	PACK
pack_end:
	.balign	4096
