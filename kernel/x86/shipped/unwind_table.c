/* SPDX-License-Identifier: MIT */
/*
 * Finds the rule for unwinding one frame. tools/unwind.py makes the table of rules and describes
 * its format.
 *
 * Caller: unwind_frames().  Any context, also in a panic: each lookup reads the table from its
 * beginning, and checks that every value lies within bounds.
 */
#include "kernel/x86/nibbles.h"
#include "kernel/x86/shipped/unwind_table.h"

#define STATE_SIZE 3 /* bytes of each state in the table */

/* Returns the state of the row that contains @address, or 0 if there is none. */
static u64 find_state(struct nibbles *r, u64 at, u64 address)
{
	u64 found = 0, state, step;

	while (!r->over) {
		step = nibbles_read(r);
		state = nibbles_read(r);
		at += step;
		if (r->over || at > address)
			break;
		found = state;
	}
	return found;
}

bool unwind_rule_find(const struct unwind_table *table, u64 address, struct unwind_rule *rule)
{
	size_t size = table->end - table->start;
	const u8 *states = table->start + sizeof(u16);
	struct nibbles rows;
	u64 nr_states, state;
	unsigned int cfa;

	if (size < sizeof(u16) || address < table->text)
		return false;
	nr_states = table->start[0] | table->start[1] << 8;
	if (size - sizeof(u16) < nr_states * STATE_SIZE)
		return false;
	rows = (struct nibbles){.p = states + nr_states * STATE_SIZE, .end = table->end};
	state = find_state(&rows, table->text - 1, address);
	if (state == 0 || state >= nr_states)
		return false;
	states += state * STATE_SIZE;
	cfa = states[0] | states[1] << 8;
	rule->cfa = (cfa >> 1) * sizeof(u64);
	rule->by_bp = cfa & 1;
	rule->bp_down = states[2] * sizeof(u64);
	return rule->cfa != 0;
}
