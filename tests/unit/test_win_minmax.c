/* SPDX-License-Identifier: MIT */
/*
 * The windowed minimum and maximum, compared with a search through all samples.
 */
#include "tests/unit/unit_hal.h"

#include "kernel/lib/win_minmax.h"

#define WIN     1000
#define SAMPLES 5000

static struct minmax_sample all[SAMPLES];
/* was_best[i]: when sample i was added, it was at least as good as the filter's result before */
static bool was_best[SAMPLES];

/*
 * Returns the index of the best sample up to @n that is not older than @period; the latest one if
 * several are equal.
 */
static unsigned int best(unsigned int n, u32 period, bool max)
{
	unsigned int found = n;

	for (unsigned int i = n; i + 1 && all[n].t - all[i].t <= period; i--) {
		if (max ? all[i].v > all[found].v : all[i].v < all[found].v)
			found = i;
	}
	return found;
}

/*
 * Plays random samples, whose times wrap.  @range: range of the values; @step: maximum time between
 * two samples.
 */
static void play(bool max, u32 range, u32 step)
{
	u32 t = 0u - 50000, wave = 0;
	unsigned int exact = 0;
	struct minmax m;

	for (unsigned int n = 0; n < SAMPLES; n++) {
		unsigned int right;
		u32 got;

		t += unit_random() % step;
		wave += unit_random() % 100 ? 0 : unit_random() % range;
		all[n] = (struct minmax_sample){.t = t, .v = wave % range + unit_random() % range};
		if (!n)
			minmax_reset(&m, t, all[0].v);
		was_best[n] = max ? all[n].v >= minmax_get(&m) : all[n].v <= minmax_get(&m);
		got = max ? minmax_running_max(&m, WIN, t, all[n].v)
			  : minmax_running_min(&m, WIN, t, all[n].v);
		assert_int_equal(got, minmax_get(&m));
		assert_true(t - m.s[0].t <= WIN);
		assert_int_equal(got, all[best(n, t - m.s[0].t, max)].v);
		right = best(n, WIN, max);
		if (was_best[right])
			assert_int_equal(got, all[right].v);
		else
			assert_true(max ? got <= all[right].v : got >= all[right].v);
		exact += got == all[right].v;
	}
	assert_true(exact > SAMPLES * 2 / 3);
}

static void test_against_a_search(void **state)
{
	(void)state;
	for (u32 step = 2; step < WIN / 4; step *= 2) {
		for (u32 range = 2; range < 1000000; range *= 100) {
			play(false, range, step);
			play(true, range, step);
		}
	}
}

/* After a pause longer than the window, only the new sample counts. */
static void test_a_pause(void **state)
{
	struct minmax m;

	(void)state;
	minmax_reset(&m, 0, 5);
	assert_int_equal(minmax_running_min(&m, WIN, 1, 7), 5);
	assert_int_equal(minmax_running_min(&m, WIN, WIN, 9), 5);
	assert_int_equal(minmax_running_min(&m, WIN, WIN + 1, 9), 9);
	assert_int_equal(minmax_running_min(&m, WIN, 3 * WIN, 100), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_a_search),
		cmocka_unit_test(test_a_pause),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
