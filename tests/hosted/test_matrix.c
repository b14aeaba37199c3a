/* SPDX-License-Identifier: MIT */
/*
 * The matrix: every kind of segment in every state (matrix.h; the rows are in matrix_*.c).
 *
 * A state has two scenes, one with numbers in the middle of their space and one with numbers that wrap.
 * To play one cell alone:
 *	CELL=RST_WINDOW build/hosted/test_matrix CLOSE_WAIT
 */
#include "tests/hosted/matrix.h"

#include <stdio.h>

/* Every pair of state and event has exactly one row, and the row names its source. */
static void every_cell_has_one_row(void **state)
{
	unsigned int cells = 0, wrong = 0;

	(void)state;
	for (unsigned int s = 0; s < NR_STATES; s++) {
		for (unsigned int event = 0; event < NR_EVENTS; event++) {
			unsigned int n;
			const struct row *r = matrix_row(1u << s, event, &n);

			cells++;
			if (r && strlen(r->cite) > 3)
				continue;
			wrong++;
			print_error("%s meets %s: %u rows%s\n", matrix_state_name(1u << s),
				    matrix_event_name(event), n, r ? ", no sentence" : "");
		}
	}
	print_message("matrix: %u states x %u events = %u cells, %u rows, each cell played twice\n",
		      NR_STATES, NR_EVENTS, cells, matrix_rows());
	if (wrong)
		fail_msg("%u cells without exactly one row", wrong);
}

#define PLAY(name, how)                                                                            \
	static void name##_in_the_middle(void)                                                     \
	{                                                                                          \
		assert_true(matrix_play(name, false));                                             \
	}                                                                                          \
	static void name##_numbers_wrap(void)                                                      \
	{                                                                                          \
		assert_true(matrix_play(name, true));                                              \
	}
STATES(PLAY)

int main(int argc, char **argv)
{
#define PLAYED(name, how) SCENE(name##_in_the_middle), SCENE(name##_numbers_wrap),
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_cell_has_one_row),
					   STATES(PLAYED)};

	return scene_play(tests);
}
