/* SPDX-License-Identifier: MIT */
/*
 * Timers with a resolution finer than a jiffy.  Timers fire in the order of their times, none before its
 * time; a cancelled timer does not fire; a timer's function may start the timer again.
 */
#include "tests/unit/unit_hal.h"

#include "kernel/hal.h"
#include "kernel/time/clockevent.h"
#include "kernel/time/hrtimer.h"
#include "kernel/time/softirq.h"
#include "kernel/time/time.h"

#define MANY 2000

static struct fine {
	struct hrtimer timer;
	u64 wanted; /* ns; 0: not armed */
} timers[MANY];
static unsigned int fired;
static u64 last; /* the time for which the timer that fired last was armed */

static int group_setup(void **state)
{
	(void)state;
	unit_init();
	hrtimers_init();
	return 0;
}

/* Simulates the clock interrupt at @now. */
static void tick(u64 now)
{
	unsigned long flags = hal_irq_save();

	unit_set_clock(now);
	clockevent_fired();
	irq_enter();
	hrtimers_interrupt(now);
	irq_exit();
	hal_irq_restore(flags);
}

static void on_time(struct hrtimer *timer)
{
	struct fine *f = container_of(timer, struct fine, timer);

	assert_false(hrtimer_is_queued(timer));
	assert_true(f->wanted && ktime_get_ns() >= f->wanted);
	assert_true(f->wanted >= last);
	last = f->wanted;
	f->wanted = 0;
	fired++;
}

static void test_many(void **state)
{
	unsigned int cancelled = 0;
	u64 begin = 1000;

	(void)state;
	unit_set_clock(begin);
	for (unsigned int i = 0; i < MANY; i++) {
		struct fine *f = &timers[i];

		hrtimer_setup(&f->timer, on_time);
		f->wanted = begin + unit_random() % 1000000;
		assert_true(hrtimer_start(&f->timer, f->wanted));
		assert_false(hrtimer_start(&f->timer, 1));
	}
	assert_int_equal(hrtimers_armed(), MANY);
	for (u64 now = begin; now < begin + 1000000; now += unit_random() % 3000) {
		struct fine *f = &timers[unit_random() % MANY];
		bool was = hrtimer_is_queued(&f->timer);

		tick(now);
		for (unsigned int i = 0; i < MANY; i++)
			assert_true(!timers[i].wanted || timers[i].wanted > now);
		if (was && hrtimer_try_to_cancel(&f->timer)) {
			assert_true(f->wanted);
			f->wanted = 0;
			cancelled++;
		}
		assert_false(hrtimer_try_to_cancel(&f->timer));
		assert_int_equal(hrtimers_armed(), MANY - fired - cancelled);
	}
	tick(begin + 1000000);
	assert_true(cancelled > 100);
	assert_int_equal(fired, MANY - cancelled);
	assert_int_equal(hrtimers_armed(), 0);
}

static void again(struct hrtimer *timer)
{
	fired++;
	assert_true(hrtimer_start(timer, ktime_get_ns() + 20000));
}

/* A timer's function starts the timer again, for an interval of 20 us, which is shorter than a jiffy. */
static void test_starts_itself(void **state)
{
	static struct hrtimer timer;
	u64 begin = 50000;

	(void)state;
	unit_set_clock(begin);
	fired = 0;
	hrtimer_setup(&timer, again);
	assert_true(hrtimer_start(&timer, 0)); /* a time in the past */
	for (u64 now = begin; now < begin + 200000; now += 1000) {
		tick(now);
		assert_int_equal(fired, 1 + (now - begin) / 20000);
	}
	assert_true(hrtimer_try_to_cancel(&timer));
	assert_int_equal(hrtimers_armed(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_starts_itself),
	};
	return cmocka_run_group_tests(tests, group_setup, NULL);
}
