/* SPDX-License-Identifier: MIT */
/*
 * Finds the function name for an address. tools/ksyms.py makes the table of names and describes its
 * format.
 *
 * Callers: hal_symbol() for backtraces and warnings, the register dump, __stack_chk_fail().  Any
 * context, also in a panic: each lookup reads the table from its beginning, which is slow but needs
 * no memory, and never reads outside of the table.  Compare Linux's kernel/kallsyms.c.
 */
#include "kernel/x86/ksyms.h"
#include "kernel/hal.h"
#include "kernel/lib/string.h"
#include "kernel/x86/leb128.h"
#include "kernel/x86/lines.h"

/*
 * A name is stored as codes.  A code below FIRST_PAIR is a character; each other code means a pair
 * of codes.
 */
#define FIRST_PAIR 128
#define NAMES_AT   (sizeof(u32) + 2 * (256 - FIRST_PAIR)) /* offset of the first entry */
#define PAIR_DEPTH 16 /* limit for pairs within pairs; only a damaged table exceeds it */

extern const u8 __ksyms_start[], __ksyms_end[], __text_start[], __text_end[];

const struct ksym_table image_symbols = {__ksyms_start, __ksyms_end, (u64)__text_start,
					 (u64)__text_end};

/*
 * Appends @code to @name if it is a character, else the expansion of its pair of codes.  @n is the
 * length so far.  Returns the new length.
 */
static size_t expand(const u8 *pairs, u8 code, char *name, size_t n, unsigned int room_depth)
{
	if (n == KSYM_NAME_MAX - 1)
		return n;
	if (code >= FIRST_PAIR && room_depth > 0) {
		const u8 *pair = pairs + 2 * (code - FIRST_PAIR);

		n = expand(pairs, pair[0], name, n, room_depth - 1);
		return expand(pairs, pair[1], name, n, room_depth - 1);
	}
	name[n++] = (char)code;
	return n;
}

static void read_name(const struct ksym_table *table, const u8 *entry, char *name)
{
	const u8 *pairs = table->start + sizeof(u32);
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < *entry && i < table->end - entry - 1; i++)
		n = expand(pairs, entry[1 + i], name, n, PAIR_DEPTH);
	name[n] = '\0';
}

bool ksym_find(const struct ksym_table *table, u64 address, struct ksym *sym)
{
	const u8 *p = table->start + NAMES_AT;
	const u8 *found = NULL;
	u64 start = table->text;
	u64 next = start;

	if (address < start || address >= table->text_end || table->end - table->start < NAMES_AT)
		return false;
	while (p < table->end) {
		const u8 *entry;

		next += leb128_read(&p, table->end);
		if (next > address || p == table->end)
			break;
		start = next;
		entry = p;
		p += 1 + min_t(size_t, *p, table->end - p - 1);
		/* Skip entries without a name: padding behind the last entry looks like them. */
		if (*entry)
			found = entry;
	}
	if (!found)
		return false;
	read_name(table, found, sym->name);
	sym->offset = address - start;
	sym->size = (next > address ? next : table->text_end) - start;
	return true;
}

void ksym_print(u64 pc, bool after, char *buf, size_t size)
{
	struct source_line line;
	struct ksym sym;
	size_t n;

	if (!ksym_find(&image_symbols, pc - after, &sym)) {
		snprintf(buf, size, "?");
		return;
	}
	n = scnprintf(buf, size, "%s+%#lx/%#lx", sym.name, (unsigned long)sym.offset + after,
		      (unsigned long)sym.size);
	if (line_find(&image_lines, pc - after, &line))
		scnprintf(buf + n, size - n, " %s:%u", line.file, line.line);
}

/*
 * Names the call before @pc, a return address.  The return address itself may be in the next
 * function, because a call may be the last instruction of its function.
 */
void hal_symbol(u64 pc, char *buf, size_t size)
{
	ksym_print(pc, true, buf, size);
}
