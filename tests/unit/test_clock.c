/* SPDX-License-Identifier: MIT */
/*
 * The time of day in a hosted kernel: its source at boot, the results of the system calls that read it,
 * and the values that clock_settime() accepts.  The expected errors are Linux's (do_sys_settimeofday64(),
 * posix-timers.c).
 */
#include "kernel/types.h" /* must precede libc's headers, which redefine some of its macros */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "include/uapi/errno.h"
#include "include/uapi/unistd.h"
#include "tests/host/softnet_host.h"

#define MS      1000000ULL
#define NOWHERE ((void *)8)
#define BOOTED  4107542399 /* 2100-02-28 23:59:59 */
#define LAST    8277292035 /* seconds since 1970: Linux's TIME_SETTOD_SEC_MAX - 1 */

pid_t fork(void);
void _exit(int status) __noreturn;

static s64 call(long nr, long a, const void *b)
{
	s64 ticket = sn_submit(nr, a, (long)b, 0, 0, 0, 0), res;

	if (sn_step() == SN_HALTED)
		fail_msg("%s", sn_console());
	assert_int_equal(sn_poll(ticket, &res), 1);
	return res;
}

static struct timespec now(int id)
{
	struct timespec ts = {-1, -1};

	assert_int_equal(call(__NR_clock_gettime, id, &ts), 0);
	return ts;
}

static s64 set(s64 seconds, s64 nanoseconds)
{
	struct timespec ts = {seconds, nanoseconds};

	return call(__NR_clock_settime, CLOCK_REALTIME, &ts);
}

/* Boots in a child process; returns true if the clock then shows @seconds and the console contains @line. */
static bool boots_at(s64 realtime, const char *cmdline, s64 seconds, const char *line)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		bool good;

		sn_set("realtime", realtime);
		good = !sn_boot(0, cmdline) && now(CLOCK_REALTIME).tv_sec == seconds &&
		       strstr(sn_console(), line);
		if (!good)
			printf("%s", sn_console());
		fflush(stdout);
		_exit(good ? 0 : 1);
	}
	return waitpid(child, &status, 0) == child && status == 0;
}

/*
 * Each boot is in a child process: a process can boot only once, and the later tests need the boot
 * of this process.
 */
static void test_source_of_the_time_of_day(void **state)
{
	assert_true(boots_at(0, "app=none loglevel=info", 0, "time of day is not known"));
	assert_true(boots_at(2147483648, "app=none loglevel=info", 2147483648,
			     "2038-01-19 03:14:08 UTC by the host"));
	assert_true(boots_at(1, "app=none loglevel=info clock=4107542400", 4107542400,
			     "2100-03-01 00:00:00 UTC by the command line"));
	assert_true(boots_at(0, "app=none loglevel=info clock=8277292035", LAST,
			     "2232-04-18 23:47:15 UTC by the command line"));
}

static void test_invalid_options(void **state)
{
	static const char *const words[] = {
		"clock=",
		"clock",
		"clock=now",
		"clock=-1",
		"clock=1.5",
		"clock=8277292036",
		"clock=18446744073709551616",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		char line[80], said[80];

		snprintf(line, sizeof(line), "app=none %s", words[i]);
		snprintf(said, sizeof(said), "invalid option \"%s\": expected clock=SECONDS",
			 words[i]);
		assert_true(boots_at(77, line, 77, said));
	}
}

static void test_calls_agree(void **state)
{
	struct timeval tv = {-1, -1};
	struct timezone tz = {-1, -1};
	struct timespec ts;
	s64 seconds = -1;

	assert_int_equal(sn_set("realtime", BOOTED), 0);
	assert_int_equal(sn_boot(0, "app=none"), 0);
	sn_set_clock(1234567890);
	ts = now(CLOCK_REALTIME);
	assert_int_equal(ts.tv_sec, BOOTED + 1);
	assert_int_equal(ts.tv_nsec, 234567890);
	assert_int_equal(now(5 /* CLOCK_REALTIME_COARSE */).tv_sec, BOOTED + 1);
	assert_int_equal(call(__NR_gettimeofday, (long)&tv, &tz), 0);
	assert_int_equal(tv.tv_sec, BOOTED + 1);
	assert_int_equal(tv.tv_usec, 234567);
	assert_int_equal(tz.tz_minuteswest, 0);
	assert_int_equal(tz.tz_dsttime, 0);
	assert_int_equal(call(__NR_gettimeofday, 0, NULL), 0);
	assert_int_equal(call(__NR_time, 0, NULL), BOOTED + 1);
	assert_int_equal(call(__NR_time, (long)&seconds, NULL), BOOTED + 1);
	assert_int_equal(seconds, BOOTED + 1);
	assert_int_equal(now(CLOCK_MONOTONIC).tv_sec, 1);
	assert_int_equal(call(__NR_clock_getres, CLOCK_REALTIME, &ts), 0);
	assert_int_equal(ts.tv_sec, 0);
	assert_int_equal(ts.tv_nsec, 1);
	assert_int_equal(call(__NR_clock_getres, CLOCK_REALTIME, NULL), 0);
}

static void test_wrong_arguments(void **state)
{
	struct timespec ts = {5, 0};

	assert_int_equal(call(__NR_clock_gettime, CLOCK_REALTIME, NOWHERE), -EFAULT);
	assert_int_equal(call(__NR_clock_gettime, 99, &ts), -EINVAL);
	assert_int_equal(call(__NR_clock_getres, 99, &ts), -EINVAL);
	assert_int_equal(call(__NR_clock_getres, CLOCK_REALTIME, NOWHERE), -EFAULT);
	assert_int_equal(call(__NR_gettimeofday, 8, NULL), -EFAULT);
	assert_int_equal(call(__NR_gettimeofday, 0, NOWHERE), -EFAULT);
	assert_int_equal(call(__NR_time, 8, NULL), -EFAULT);
	assert_int_equal(call(__NR_clock_settime, CLOCK_REALTIME, NOWHERE), -EFAULT);
	assert_int_equal(call(__NR_clock_settime, CLOCK_MONOTONIC, &ts), -EINVAL);
	/* The clock's number is checked first, so the bad pointer is not read. */
	assert_int_equal(call(__NR_clock_settime, CLOCK_MONOTONIC, NOWHERE), -EINVAL);
	assert_int_equal(call(__NR_clock_settime, 99, &ts), -EINVAL);
}

static void test_setting_the_clock(void **state)
{
	struct timespec before = now(CLOCK_MONOTONIC), after;

	assert_int_equal(set(1000, 999999999), 0);
	assert_int_equal(now(CLOCK_REALTIME).tv_sec, 1000);
	assert_int_equal(now(CLOCK_REALTIME).tv_nsec, 999999999);
	after = now(CLOCK_MONOTONIC);
	assert_memory_equal(&after, &before, sizeof(after));
	sn_set_clock(sn_clock() + 1 * MS);
	assert_int_equal(now(CLOCK_REALTIME).tv_sec, 1001);
	assert_int_equal(call(__NR_time, 0, NULL), 1001);
	assert_int_equal(set(LAST, 0), 0);
	assert_int_equal(now(CLOCK_REALTIME).tv_sec, LAST);

	assert_int_equal(set(LAST + 1, 0), -EINVAL);
	assert_int_equal(set(INT64_MAX, 0), -EINVAL);
	assert_int_equal(set(-1, 0), -EINVAL);
	assert_int_equal(set(5, -1), -EINVAL);
	assert_int_equal(set(5, 1000000000), -EINVAL);
	/* The machine has been up for more than a second: a time of 1 s would put its boot before 1970. */
	assert_int_equal(set(1, 0), -EINVAL);
	assert_int_equal(now(CLOCK_REALTIME).tv_sec, LAST);
}

/* Setting the clock forward does not shorten a sleep, setting it back does not lengthen it. */
static void test_setting_does_not_change_a_sleep(void **state)
{
	struct timespec wanted = {2, 0};
	s64 ticket = sn_submit(__NR_nanosleep, (long)&wanted, 0, 0, 0, 0, 0), res;
	u64 start = sn_clock();

	sn_step();
	assert_int_equal(set(5000, 0), 0);
	assert_int_equal(sn_poll(ticket, &res), 0);
	assert_int_equal(set(100, 0), 0);
	while (!sn_poll(ticket, &res)) {
		u64 next = sn_step();

		assert_true(next < SN_HALTED);
		sn_set_clock(next);
		sn_step();
	}
	assert_int_equal(res, 0);
	assert_in_range(sn_clock() - start, 2000 * MS, 2001 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_source_of_the_time_of_day),
		cmocka_unit_test(test_invalid_options),
		cmocka_unit_test(test_calls_agree),
		cmocka_unit_test(test_wrong_arguments),
		cmocka_unit_test(test_setting_the_clock),
		cmocka_unit_test(test_setting_does_not_change_a_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
