/* SPDX-License-Identifier: MIT */
/*
 * Function names for addresses of the kernel's text.
 *
 * Any context, also in a panic: no lock, no memory allocation.
 */
#ifndef KERNEL_X86_KSYMS_H
#define KERNEL_X86_KSYMS_H

#include "kernel/types.h"

#define KSYM_NAME_MAX 64 /* bytes of a name with its NUL; tools/ksyms.py cuts a longer one */

struct ksym_table {
	const u8 *start, *end;
	u64 text, text_end; /* the range of addresses that the table covers */
};

struct ksym {
	char name[KSYM_NAME_MAX];
	u64 offset; /* offset of the address from the beginning of the function */
	u64 size;   /* bytes from the function's beginning to that of the next one */
};

extern const struct ksym_table image_symbols;

/*
 * Finds the function that contains @address.  Returns false if there is none, or if the image has
 * no table.
 */
bool ksym_find(const struct ksym_table *table, u64 address, struct ksym *sym);

/*
 * Prints the position of the instruction at @pc, for example "name+0x12/0x80
 * net/tcp/tcp_ipv4.c:231".  The line number is left out if it is unknown; without a symbol only "?"
 * is printed.  With @after, describes the instruction that ends at @pc instead: a return address
 * points behind its call.
 */
void ksym_print(u64 pc, bool after, char *buf, size_t size);

#endif
