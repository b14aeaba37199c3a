/* SPDX-License-Identifier: MIT */
/*
 * Lines of the source for addresses of the kernel's text.
 *
 * Any context, also while dying: no lock, no memory; half a KiB of stack.
 */
#ifndef KERNEL_X86_LINES_H
#define KERNEL_X86_LINES_H

#include "kernel/types.h"

#define LINE_NAME_MAX 64 /* bytes of a file's name with its NUL; tools/lines.py cuts a longer one */

struct line_table {
	const u8 *start, *end;
	u64 text; /* the address that it counts from */
};

struct source_line {
	char file[LINE_NAME_MAX];
	unsigned int line;
};

extern const struct line_table image_lines;

/*
 * False where there is no line for @address, or where the table is not there or makes no sense.
 * Never reads outside of it.
 */
bool line_find(const struct line_table *table, u64 address, struct source_line *found);

#endif
