/* SPDX-License-Identifier: MIT */
/*
 * Source lines for addresses of the kernel's text.
 *
 * Any context, also in a panic: no lock, no memory allocation; half a KiB of stack.
 */
#ifndef KERNEL_X86_LINES_H
#define KERNEL_X86_LINES_H

#include "kernel/types.h"

#define LINE_NAME_MAX 64 /* bytes of a file's name with its NUL; tools/lines.py cuts a longer one */

struct line_table {
	const u8 *start, *end;
	u64 text; /* the address at which the table's first row begins */
};

struct source_line {
	char file[LINE_NAME_MAX];
	unsigned int line;
};

extern const struct line_table image_lines;

/*
 * Finds the source line of @address.  Returns false if it has none, or if the table is missing or
 * damaged. Never reads outside of the table.
 */
bool line_find(const struct line_table *table, u64 address, struct source_line *found);

#endif
