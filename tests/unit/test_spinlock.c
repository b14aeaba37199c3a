/* SPDX-License-Identifier: MIT */
/*
 * The checked build's spinlocks on two CPUs, each simulated by a host thread with its own hal_this_cpu().  The
 * lock is compiled here for two CPUs; kernel/limits.h sets NR_CPUS to 1 today.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/limits.h"

#undef NR_CPUS
#define NR_CPUS 2
#include "kernel/sched/checked/spinlock.c"

#define TURNS 20000

static __thread struct cpu *my_cpu;
static struct cpu cpus[2] = {{.id = 0}, {.id = 1}};
static jmp_buf back;
static char panicked[256];

struct cpu *hal_this_cpu(void)
{
	return my_cpu;
}
bool hal_irqs_disabled(void)
{
	return true;
}
unsigned long hal_irq_save(void)
{
	return 0;
}
void hal_irq_restore(unsigned long flags)
{
}
void hal_cpu_relax(void)
{
	sched_yield();
}
void local_bh_disable(void)
{
}
void local_bh_enable(void)
{
}
void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(panicked, sizeof(panicked), fmt, ap);
	va_end(ap);
	if (my_cpu != &cpus[0]) {
		fprintf(stderr, "%s\n", panicked);
		abort();
	}
	longjmp(back, 1);
}

static int setup(void **state)
{
	my_cpu = &cpus[0];
	cpus[0].preempt_count = cpus[1].preempt_count = 0;
	panicked[0] = 0;
	return 0;
}

/*
 * For test_a_cpu_waits_for_a_lock_that_it_had_before(): CPU 0 held the lock before, now CPU 1 holds it. CPU 0 must
 * wait, and the check for recursive locking must not report CPU 0 as the holder.
 */
static spinlock_t lock;
static bool held;
static unsigned long counter;

static void *other_holds_it_a_while(void *arg)
{
	my_cpu = &cpus[1];
	spin_lock(&lock);
	__atomic_store_n(&held, true, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < 100; i++)
		sched_yield();
	counter = 1;
	spin_unlock(&lock);
	return NULL;
}

static void test_a_cpu_waits_for_a_lock_that_it_had_before(void **state)
{
	pthread_t other;

	lock = SPIN_LOCK_UNLOCKED;
	if (setjmp(back))
		fail_msg("%s", panicked);
	spin_lock(&lock);
	spin_unlock(&lock);
	assert_int_equal(lock.holder, 0);
	assert_int_equal(pthread_create(&other, NULL, other_holds_it_a_while, NULL), 0);
	while (!__atomic_load_n(&held, __ATOMIC_ACQUIRE))
		sched_yield();
	spin_lock(&lock);
	assert_int_equal(counter, 1);
	spin_unlock(&lock);
	pthread_join(other, NULL);
}

/* Increments the counter many times, under the lock. If both CPUs do so, no CPU may panic and no increment be lost. */
static void take_turns(void)
{
	for (unsigned int i = 0; i < TURNS; i++) {
		spin_lock(&lock);
		counter++;
		spin_unlock(&lock);
	}
}

static void *other_takes_turns(void *arg)
{
	my_cpu = &cpus[1];
	take_turns();
	return NULL;
}

static void test_two_cpus_take_turns(void **state)
{
	pthread_t other;

	lock = SPIN_LOCK_UNLOCKED;
	counter = 0;
	if (setjmp(back))
		fail_msg("%s", panicked);
	assert_int_equal(pthread_create(&other, NULL, other_takes_turns, NULL), 0);
	take_turns();
	pthread_join(other, NULL);
	assert_int_equal(counter, 2 * TURNS);
	assert_int_equal(cpus[0].preempt_count | cpus[1].preempt_count, 0);
}

static void test_recursive_locking_panics(void **state)
{
	lock = SPIN_LOCK_UNLOCKED;
	if (!setjmp(back)) {
		spin_lock(&lock);
		assert_true(lockdep_is_held(&lock));
		spin_lock(&lock);
		fail_msg("it was taken twice");
	}
	assert_non_null(strstr(panicked, "on this CPU"));
}

static void test_unlocking_another_cpus_lock_panics(void **state)
{
	lock = SPIN_LOCK_UNLOCKED;
	if (setjmp(back)) {
		assert_non_null(strstr(panicked, "released by thread"));
		return;
	}
	spin_lock(&lock);
	lock.holder = 2;
	assert_false(lockdep_is_held(&lock));
	spin_unlock(&lock);
	fail_msg("another CPU's lock was let go");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_cpu_waits_for_a_lock_that_it_had_before, setup),
		cmocka_unit_test_setup(test_two_cpus_take_turns, setup),
		cmocka_unit_test_setup(test_recursive_locking_panics, setup),
		cmocka_unit_test_setup(test_unlocking_another_cpus_lock_panics, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
