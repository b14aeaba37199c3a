/* SPDX-License-Identifier: MIT */
/*
 * Finds the source line for an address, as addr2line does outside of the machine. tools/lines.py
 * makes the table of lines and describes its format.
 *
 * Callers: hal_symbol() and the register dump, through ksyms.c.  Any context, also in a panic, when
 * memory may be overwritten: each lookup reads the table from its beginning, and checks that every
 * value lies within bounds.
 */
#include "kernel/x86/lines.h"
#include "kernel/lib/string.h"
#include "kernel/x86/nibbles.h"

/*
 * Number of recently used files whose last line is stored; must be the number that tools/lines.py
 * uses.
 */
#define RECENT 8

extern const u8 __lines_start[], __lines_end[], __text_start[];

const struct line_table image_lines = {__lines_start, __lines_end, (u64)__text_start};

struct recent_file {
	u32 name;
	s64 line;
};

/* Reads which file the next row belongs to, and moves that file to recent[0]. */
static void select_file(struct nibbles *r, struct recent_file *recent)
{
	u64 place = nibbles_read(r);
	struct recent_file file;

	if (place > RECENT) {
		r->over = true;
		return;
	}
	if (place == RECENT)
		file = (struct recent_file){.name = (u32)nibbles_read(r)};
	else
		file = recent[place];
	if (place == RECENT)
		place--;
	memmove(recent + 1, recent, place * sizeof(*recent));
	recent[0] = file;
}

/*
 * Reads rows up to the row that contains @address, and stores its file and line in recent[0].
 * Returns false if there is none.
 */
static bool find_row(struct nibbles *r, u64 at, u64 address, struct recent_file *recent)
{
	struct recent_file found = {0};
	u64 step, line;

	while (!r->over) {
		step = nibbles_read(r);
		if (step == 0) {
			select_file(r, recent);
			step = nibbles_read(r);
		}
		line = nibbles_read(r);
		at += step;
		/*
		 * The last row has no next row that ends it, so addresses behind it have no line.
		 */
		if (r->over || at > address)
			break;
		recent[0].line += line & 1 ? -(s64)(line >> 1) - 1 : (s64)(line >> 1);
		found = recent[0];
	}
	recent[0] = found;
	return !r->over && found.name != 0 && found.line > 0;
}

/*
 * Reads the file name with number @wanted.  Each name is stored as its difference from the name
 * before it. Returns false if the table is damaged, or the name is empty; else @name ends with a
 * NUL.
 */
static bool read_name(const u8 *p, const u8 *end, unsigned int wanted, char *name)
{
	unsigned int length = 0, same, more, i;

	for (i = 0; i <= wanted; i++) {
		if (end - p < 2)
			return false;
		same = p[0];
		more = p[1];
		p += 2;
		if (same > length || same + more >= LINE_NAME_MAX || end - p < more)
			return false;
		memcpy(name + same, p, more);
		length = same + more;
		p += more;
	}
	name[length] = '\0';
	return length > 0;
}

bool line_find(const struct line_table *table, u64 address, struct source_line *found)
{
	const u8 *names = table->start + 2 * sizeof(u16);
	struct recent_file recent[RECENT] = {0};
	unsigned int size, nr_names;
	struct nibbles r;

	if (table->end - table->start < 2 * sizeof(u16) || address < table->text)
		return false;
	size = table->start[0] | table->start[1] << 8;
	nr_names = table->start[2] | table->start[3] << 8;
	if (table->end - names < size)
		return false;
	r = (struct nibbles){.p = names + size, .end = table->end};
	if (!find_row(&r, table->text - 1, address, recent) || recent[0].name >= nr_names)
		return false;
	found->line = (unsigned int)recent[0].line;
	return read_name(names, names + size, recent[0].name, found->file);
}
