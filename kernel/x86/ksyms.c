/* SPDX-License-Identifier: MIT */
/*
 * Names for addresses: reads the table that tools/ksyms.py makes and describes.
 *
 * Callers: hal_symbol() for backtraces and warnings, __stack_chk_fail().  Any context, also while
 * dying: the table is read-only and read from its beginning for each question, which is slow and
 * needs nothing.
 * Answers to Linux's kernel/kallsyms.c.
 */
#include "kernel/x86/ksyms.h"
#include "kernel/hal.h"
#include "kernel/lib/string.h"
#include "kernel/x86/leb128.h"

#define FIRST_PAIR 128 /* codes below it are characters */
#define PAIR_DEPTH 16  /* a pair of pairs of ... : the table has not so many; a broken one would */

extern const u8 __ksyms_start[], __ksyms_end[], __text_start[], __text_end[];

static const u8 *const pairs = __ksyms_start + sizeof(u32);

/* Appends what @code stands for: the characters of its pair, and of their pairs. */
static size_t expand(u8 code, char *name, size_t n, unsigned int room_depth)
{
	if (code >= FIRST_PAIR && room_depth > 0) {
		const u8 *pair = pairs + 2 * (code - FIRST_PAIR);

		n = expand(pair[0], name, n, room_depth - 1);
		return expand(pair[1], name, n, room_depth - 1);
	}
	if (n < KSYM_NAME_MAX - 1)
		name[n++] = (char)code;
	return n;
}

static void read_name(const u8 *codes, unsigned int count, char *name)
{
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < count; i++)
		n = expand(codes[i], name, n, PAIR_DEPTH);
	name[n] = '\0';
}

bool ksym_find(u64 address, struct ksym *sym)
{
	const u8 *p = pairs + 2 * (256 - FIRST_PAIR);
	const u8 *found = NULL;
	u64 start = (u64)__text_start;
	u64 next = start;

	if (address < start || address >= (u64)__text_end)
		return false;
	while (p < __ksyms_end) {
		const u8 *entry;

		next += leb128_read(&p);
		if (next > address)
			break;
		start = next;
		entry = p;
		p += 1 + *p;
		/* Padding behind the last entry would read as an unnamed function at the same place. */
		if (*entry)
			found = entry;
	}
	if (!found)
		return false;
	read_name(found + 1, *found, sym->name);
	sym->offset = address - start;
	sym->size = (next > address ? next : (u64)__text_end) - start;
	return true;
}

/* A return address stands behind the call, which may be the last instruction of its function. */
void hal_symbol(u64 pc, char *buf, size_t size)
{
	struct ksym sym;

	if (ksym_find(pc - 1, &sym))
		snprintf(buf, size, "%s+%#lx/%#lx", sym.name, (unsigned long)sym.offset + 1,
			 (unsigned long)sym.size);
	else
		snprintf(buf, size, "?");
}
