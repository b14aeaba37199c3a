/* SPDX-License-Identifier: MIT */
/*
 * Tests of a program's time: clocks, sleeping calls, timer_create(), setitimer() and alarm().  The cases are
 * programs of the hosted kernel, whose clock moves only while they sleep.
 */
#include "include/uapi/poll.h"
#include "include/uapi/timerfd.h"
#include "kernel/irq.h"
#include "kernel/lib/string.h"
#include "kernel/process/limits.h"
#include "kernel/time/hrtimer.h"
#include "kernel/time/wallclock.h"
#include "tests/host/softnet_host.h"
#include "tests/kernel/program.h"

const bool cases_are_programs = true;

#define MS 1000000L

static struct user_siginfo infos[64];
static unsigned int nr_caught;

static void catch (int sig, struct user_siginfo *info, void *context)
{
	if (nr_caught < ARRAY_SIZE(infos))
		infos[nr_caught] = *info;
	nr_caught++;
}

static struct timespec after(u64 ns)
{
	return (struct timespec){(long)(ns / NSEC_PER_SEC), (long)(ns % NSEC_PER_SEC)};
}

static int interrupt_later(void *arg)
{
	sleep_ms(5);
	CALL3(__NR_tgkill, 1, 1, (long)arg);
	end_thread();
	return 0;
}

/* ---- clocks ----------------------------------------------------------------------------------- */

static int thread_clock(int tid)
{
	return (int)(~(u32)tid << 3 | 4 | 2);
}

static void which_clocks(void)
{
	/* Negative: a CPU clock, ~PID << 3 | kind, where kind 2 is CPUCLOCK_SCHED and kind 3 does not exist. */
	static const int good[] = {0, 1, 2, 3, 4, 5, 6, 7, 11, -6 /* the process */};
	static const int bad[] = {12, 16, 99, -1 /* kind 3 */, ~77 * 8 + 2 /* process 77 */};
	struct timespec ts;

	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++) {
		CHECK_IS(CALL2(__NR_clock_gettime, good[i], &ts), 0);
		CHECK_IS(CALL2(__NR_clock_getres, good[i], &ts), 0);
		CHECK(ts.tv_sec == 0 && ts.tv_nsec > 0);
		CHECK_IS(CALL2(__NR_clock_getres, good[i], NULL), 0);
		CHECK_IS(CALL2(__NR_clock_gettime, good[i], NOWHERE), -EFAULT);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_IS(CALL2(__NR_clock_gettime, bad[i], &ts), -EINVAL);
		CHECK_IS(CALL2(__NR_clock_getres, bad[i], NULL), -EINVAL);
	}
	CHECK_IS(CALL2(__NR_clock_gettime, thread_clock(1), &ts), 0);
	CHECK_IS(CALL2(__NR_clock_gettime, thread_clock(0), &ts), 0);
	CHECK_IS(CALL2(__NR_clock_gettime, thread_clock(77), &ts), -EINVAL);
	CHECK_IS(CALL2(__NR_clock_settime, CLOCK_MONOTONIC, &ts), -EINVAL);
	CHECK_IS(CALL2(__NR_clock_settime, CLOCK_PROCESS_CPUTIME_ID, &ts), -EINVAL);
}

/* ---- sleeping --------------------------------------------------------------------------------- */

static void sleeps_are_exact(void)
{
	struct timespec time = {0, 1234567}, bad = {0, 1000000000}, negative = {-1, 0}, left;
	u64 began = ktime_get_ns();

	CHECK_IS(CALL2(__NR_nanosleep, &time, &left), 0);
	CHECK_IS(ktime_get_ns() - began, 1234567);
	CHECK_IS(CALL2(__NR_nanosleep, &bad, NULL), -EINVAL);
	CHECK_IS(CALL2(__NR_nanosleep, &negative, NULL), -EINVAL);
	CHECK_IS(CALL2(__NR_nanosleep, NOWHERE, NULL), -EFAULT);

	began = ktime_get_ns();
	CHECK_IS(CALL4(__NR_clock_nanosleep, CLOCK_BOOTTIME, 0, &time, NULL), 0);
	CHECK_IS(ktime_get_ns() - began, 1234567);
	time = after(ktime_get_ns() + 3 * MS);
	began = ktime_get_ns();
	CHECK_IS(CALL4(__NR_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL), 0);
	CHECK_IS(ktime_get_ns() - began, 3 * MS);
	CHECK_IS(CALL4(__NR_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL), 0);

	CHECK_IS(CALL4(__NR_clock_nanosleep, 99, 0, &time, NULL), -EINVAL);
	CHECK_IS(CALL4(__NR_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &time, NULL), -EOPNOTSUPP);
	CHECK_IS(CALL4(__NR_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &time, NULL), -EOPNOTSUPP);
	CHECK_IS(CALL4(__NR_clock_nanosleep, CLOCK_REALTIME, 0, &bad, NULL), -EINVAL);
	CHECK_IS(CALL4(__NR_clock_nanosleep, CLOCK_REALTIME, 0, NOWHERE, NULL), -EFAULT);
}

static void interrupted_sleep(void)
{
	struct timespec time = {1, 0}, left = {7, 7}, until;
	u64 began = ktime_get_ns();

	handle(SIGUSR1, catch, SA_RESTART, 0);
	start(interrupt_later, (void *)SIGUSR1);
	CHECK_IS(CALL2(__NR_nanosleep, &time, &left), -EINTR);
	CHECK_IS(ktime_get_ns() - began, 5 * MS);
	CHECK(left.tv_sec == 0 && left.tv_nsec == 995 * MS);

	/* A signal without a handler does not change when the sleep ends. */
	began = ktime_get_ns();
	start(interrupt_later, (void *)SIGTSTP);
	CHECK_IS(CALL2(__NR_nanosleep, &time, &left), 0);
	CHECK_IS(ktime_get_ns() - began, NSEC_PER_SEC);

	left = (struct timespec){7, 7};
	until = after(ktime_get_ns() + NSEC_PER_SEC);
	start(interrupt_later, (void *)SIGUSR1);
	CHECK_IS(CALL4(__NR_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &until, &left),
		 -EINTR);
	CHECK(left.tv_sec == 7 && nr_caught == 2);
	join_threads();
}

static int set_clock_later(void *arg)
{
	sleep_ms(5);
	wallclock_set(2000, 0);
	end_thread();
	return 0;
}

static void sleep_until_a_time_of_day(void)
{
	struct timespec until = {1999, 0}, time = {0, 10 * MS};
	u64 began;

	wallclock_set(1000, 0);
	began = ktime_get_ns();
	start(set_clock_later, NULL);
	CHECK_IS(CALL4(__NR_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL), 0);
	CHECK_IS(ktime_get_ns() - began, 5 * MS);
	/* A relative sleep keeps its length when the clock is set. */
	start(set_clock_later, NULL);
	began = ktime_get_ns();
	CHECK_IS(CALL4(__NR_clock_nanosleep, CLOCK_REALTIME, 0, &time, NULL), 0);
	CHECK_IS(ktime_get_ns() - began, 10 * MS);
	join_threads();
}

/* ---- timer_create() --------------------------------------------------------------------------- */

static struct user_sigevent event(int notify, int sig, u64 value)
{
	return (struct user_sigevent){
		.sigev_notify = notify, .sigev_signo = sig, .sigev_value = value, .sigev_tid = 1};
}

static int make(int clock, struct user_sigevent ev)
{
	int id = -1;

	CHECK_IS(CALL3(__NR_timer_create, clock, &ev, &id), 0);
	return id;
}

static void set_timer(int id, u64 value, u64 interval)
{
	struct itimerspec setting = {after(interval), after(value)};

	CHECK_IS(CALL4(__NR_timer_settime, id, 0, &setting, NULL), 0);
}

/* Sleeps until @ns have passed, although handlers of signals interrupt the sleep. */
static void sleep_for(u64 ns)
{
	struct timespec until = after(ktime_get_ns() + ns);

	while (CALL4(__NR_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == -EINTR)
		;
}

static void timer_arguments(void)
{
	struct user_sigevent ev = event(SIGEV_SIGNAL, 65, 0);
	struct itimerspec setting = {{0, 0}, {1, 0}}, bad = {{0, 0}, {0, -1}};
	int id;

	CHECK_IS(CALL3(__NR_timer_create, 99, NULL, &id), -EINVAL);
	CHECK_IS(CALL3(__NR_timer_create, CLOCK_MONOTONIC_RAW, NULL, &id), -EOPNOTSUPP);
	CHECK_IS(CALL3(__NR_timer_create, CLOCK_MONOTONIC, &ev, &id), -EINVAL);
	ev = event(9, SIGUSR1, 0);
	CHECK_IS(CALL3(__NR_timer_create, CLOCK_MONOTONIC, &ev, &id), -EINVAL);
	ev = event(SIGEV_THREAD_ID, SIGUSR1, 0);
	ev.sigev_tid = 77;
	CHECK_IS(CALL3(__NR_timer_create, CLOCK_MONOTONIC, &ev, &id), -EINVAL);
	CHECK_IS(CALL3(__NR_timer_create, CLOCK_MONOTONIC, NOWHERE, &id), -EFAULT);
	CHECK_IS(CALL3(__NR_timer_create, CLOCK_MONOTONIC, NULL, NOWHERE), -EFAULT);
	CHECK_IS(CALL3(__NR_timer_create, CLOCK_MONOTONIC, NULL, &id), 0);
	CHECK_IS(id, 0);
	CHECK_IS(CALL4(__NR_timer_settime, id, 0, &bad, NULL), -EINVAL);
	CHECK_IS(CALL4(__NR_timer_settime, id, 0, NULL, NULL), -EINVAL);
	CHECK_IS(CALL4(__NR_timer_settime, id, 0, NOWHERE, NULL), -EFAULT);
	CHECK_IS(CALL4(__NR_timer_settime, 5, 0, &setting, NULL), -EINVAL);
	CHECK_IS(CALL2(__NR_timer_gettime, 5, &setting), -EINVAL);
	CHECK_IS(CALL2(__NR_timer_gettime, id, NOWHERE), -EFAULT);
	CHECK_IS(CALL1(__NR_timer_getoverrun, -1), -EINVAL);
	CHECK_IS(CALL1(__NR_timer_delete, id), 0);
	CHECK_IS(CALL1(__NR_timer_delete, id), -EINVAL);
}

static void one_shot(void)
{
	int id = make(CLOCK_MONOTONIC, event(SIGEV_SIGNAL, SIGUSR1, 42));
	struct itimerspec setting;

	handle(SIGUSR1, catch, SA_SIGINFO, 0);
	set_timer(id, 10 * MS, 0);
	sleep_for(4 * MS);
	CHECK_IS(CALL2(__NR_timer_gettime, id, &setting), 0);
	CHECK(setting.it_value.tv_nsec == 6 * MS && setting.it_interval.tv_nsec == 0);
	sleep_for(6 * MS);
	CHECK_IS(nr_caught, 1);
	CHECK(infos[0].si_code == SI_TIMER && infos[0].si_timerid == id &&
	      infos[0].si_overrun == 0 && infos[0].si_timer_value == 42);
	CHECK_IS(CALL2(__NR_timer_gettime, id, &setting), 0);
	CHECK(setting.it_value.tv_sec == 0 && setting.it_value.tv_nsec == 0);
	/* If a timer is disarmed or deleted, its pending signal is discarded. */
	set_mask(sigmask(SIGUSR1));
	set_timer(id, MS, 0);
	sleep_for(2 * MS);
	set_timer(id, 0, 0);
	set_mask(0);
	CHECK_IS(nr_caught, 1);
	set_mask(sigmask(SIGUSR1));
	set_timer(id, MS, 0);
	sleep_for(2 * MS);
	CHECK_IS(CALL1(__NR_timer_delete, id), 0);
	set_mask(0);
	CHECK_IS(nr_caught, 1);
}

/* Intervals that end while the signal is blocked are counted. */
static void overruns(void)
{
	int id = make(CLOCK_MONOTONIC, event(SIGEV_SIGNAL, SIGUSR1, 0));
	struct itimerspec setting;

	handle(SIGUSR1, catch, SA_SIGINFO, 0);
	set_timer(id, 10 * MS, 10 * MS);
	sleep_for(35 * MS); /* each signal interrupts the sleep, which then continues */
	CHECK_IS(nr_caught, 3);
	CHECK(infos[2].si_overrun == 0);
	set_mask(sigmask(SIGUSR1));
	sleep_for(45 * MS); /* fires at 40, 50 ... 80 */
	CHECK_IS(nr_caught, 3);
	CHECK_IS(CALL2(__NR_timer_gettime, id, &setting), 0);
	CHECK(setting.it_value.tv_nsec == 10 * MS && setting.it_interval.tv_nsec == 10 * MS);
	set_mask(0);
	CHECK_IS(nr_caught, 4);
	CHECK_IS(infos[3].si_overrun, 4);
	CHECK_IS(CALL1(__NR_timer_getoverrun, id), 4);
	sleep_for(10 * MS);
	CHECK(nr_caught == 5 && infos[4].si_overrun == 0);
	CHECK_IS(CALL1(__NR_timer_delete, id), 0);
}

static void two_timers_of_one_signal(void)
{
	int first = make(CLOCK_MONOTONIC, event(SIGEV_SIGNAL, SIGUSR1, 1));
	int second = make(CLOCK_REALTIME, event(SIGEV_THREAD_ID, SIGUSR1, 2));
	int third = make(CLOCK_BOOTTIME, event(SIGEV_SIGNAL, SIGUSR1, 3));

	handle(SIGUSR1, catch, SA_SIGINFO | SA_NODEFER, 0);
	set_mask(sigmask(SIGUSR1));
	set_timer(first, MS, 0);
	set_timer(second, 2 * MS, 0);
	set_timer(third, 3 * MS, 0);
	sleep_for(4 * MS);
	set_mask(0);
	CHECK_IS(nr_caught, 3);
	CHECK_IS(infos[0].si_timer_value + infos[1].si_timer_value + infos[2].si_timer_value, 6);
	CHECK_IS(CALL1(__NR_timer_delete, first), 0);
	CHECK_IS(CALL1(__NR_timer_delete, second), 0);
	CHECK_IS(CALL1(__NR_timer_delete, third), 0);
}

static void silent_timer(void)
{
	int id = make(CLOCK_MONOTONIC, event(SIGEV_NONE, 0, 0));
	struct itimerspec setting;

	set_timer(id, 10 * MS, 4 * MS);
	sleep_for(3 * MS);
	CHECK_IS(CALL2(__NR_timer_gettime, id, &setting), 0);
	CHECK_IS(setting.it_value.tv_nsec, 7 * MS);
	sleep_for(8 * MS);
	CHECK_IS(CALL2(__NR_timer_gettime, id, &setting), 0);
	CHECK_IS(setting.it_value.tv_nsec, 3 * MS);
	set_timer(id, 10 * MS, 0);
	sleep_for(11 * MS);
	CHECK_IS(CALL2(__NR_timer_gettime, id, &setting), 0);
	CHECK(setting.it_value.tv_sec == 0 && setting.it_value.tv_nsec == 0);
	CHECK_IS(CALL1(__NR_timer_delete, id), 0);
}

/* An ignored signal of a timer with an interval costs no more than CPU_TIMER_STEP allows. LIMIT(CPU_TIMER_STEP) */
static void ignored_timer(void)
{
	int id = make(CLOCK_MONOTONIC, event(SIGEV_SIGNAL, SIGUSR1, 0));
	u64 before;

	handle(SIGUSR1, (void *)1, 0, 0);
	set_timer(id, 1, 1);
	sleep_for(2 * MS);
	before = timer_irq_count;
	sleep_for(20 * MS);
	CHECK(timer_irq_count - before < 45);
	CHECK_IS(CALL1(__NR_timer_delete, id), 0);
}

/* LIMIT(POSIX_TIMERS_MAX) */
static void many_timers(void)
{
	int id;

	for (int i = 0; i < POSIX_TIMERS_MAX; i++)
		CHECK_IS(make(CLOCK_MONOTONIC, event(SIGEV_NONE, 0, 0)), i);
	CHECK_IS(CALL3(__NR_timer_create, CLOCK_MONOTONIC, NULL, &id), -EAGAIN);
	for (int i = 0; i < POSIX_TIMERS_MAX; i++)
		CHECK_IS(CALL1(__NR_timer_delete, i), 0);
}

/* ---- setitimer() ------------------------------------------------------------------------------ */

static void interval_timer(void)
{
	struct itimerval setting = {{0, 10000}, {0, 5000}}, old;

	handle(SIGALRM, catch, SA_SIGINFO, 0);
	CHECK_IS(CALL3(__NR_setitimer, 3, &setting, NULL), -EINVAL);
	CHECK_IS(CALL2(__NR_getitimer, -1, &old), -EINVAL);
	CHECK_IS(CALL3(__NR_setitimer, ITIMER_REAL, NOWHERE, NULL), -EFAULT);
	CHECK_IS(CALL3(__NR_setitimer, ITIMER_REAL, &setting, NULL), 0);
	sleep_for(26 * MS); /* fires after 5, 15 and 25 ms */
	CHECK(nr_caught == 3 && infos[0].si_code == SI_KERNEL);
	CHECK_IS(CALL2(__NR_getitimer, ITIMER_REAL, &old), 0);
	CHECK(old.it_value.tv_usec == 9000 && old.it_interval.tv_usec == 10000);
	CHECK_IS(CALL3(__NR_setitimer, ITIMER_REAL, NULL, &old), 0);
	CHECK(old.it_value.tv_usec == 9000);
	CHECK_IS(CALL2(__NR_getitimer, ITIMER_REAL, &old), 0);
	CHECK(old.it_value.tv_usec == 0 && old.it_interval.tv_usec == 0);
	setting.it_value.tv_usec = 1000000;
	CHECK_IS(CALL3(__NR_setitimer, ITIMER_REAL, &setting, NULL), -EINVAL);
}

static void alarms(void)
{
	handle(SIGALRM, catch, 0, 0);
	CHECK_IS(CALL1(__NR_alarm, 10), 0);
	sleep_for(4400 * MS);
	CHECK_IS(CALL1(__NR_alarm, 1), 6);
	CHECK_IS(CALL0(__NR_pause), -EINTR);
	CHECK_IS(nr_caught, 1);
	CHECK_IS(CALL1(__NR_alarm, 0), 0);
}

static void fatal_alarm(void)
{
	CALL1(__NR_alarm, 1);
	CALL0(__NR_pause);
}

/* ---- timerfd and the time of day: timerfd_create(2) --------------------------------------------- */

static void set_clock(long seconds)
{
	struct timespec ts = {seconds, 0};

	CHECK_IS(CALL2(__NR_clock_settime, CLOCK_REALTIME, &ts), 0);
}

static void arm(int fd, int flags, long seconds, long interval, long expected)
{
	struct itimerspec setting = {{interval, 0}, {seconds, 0}};

	CHECK_IS(CALL4(__NR_timerfd_settime, fd, flags, &setting, NULL), expected);
}

/* An absolute time of CLOCK_REALTIME is reached earlier when the clock is set forward; a relative one is not. */
static void timerfd_follows_the_clock(void)
{
	int fd = (int)CALL2(__NR_timerfd_create, CLOCK_REALTIME, TFD_NONBLOCK);
	struct itimerspec left;
	u64 ticks;

	set_clock(1000000);
	arm(fd, TFD_TIMER_ABSTIME, 1000100, 0, 0);
	CHECK_IS(CALL3(__NR_read, fd, &ticks, 8), -EAGAIN);
	set_clock(1000098);
	CHECK_IS(CALL2(__NR_timerfd_gettime, fd, &left), 0);
	CHECK_IS(left.it_value.tv_sec, 2);
	sleep_ms(1999);
	CHECK_IS(CALL3(__NR_read, fd, &ticks, 8), -EAGAIN);
	sleep_ms(2);
	CHECK_IS(CALL3(__NR_read, fd, &ticks, 8), 8);
	CHECK_IS(ticks, 1);

	arm(fd, 0, 100, 0, 0);
	set_clock(2000000);
	sleep_ms(99000);
	CHECK_IS(CALL3(__NR_read, fd, &ticks, 8), -EAGAIN);
	sleep_ms(1001);
	CHECK_IS(CALL3(__NR_read, fd, &ticks, 8), 8);

	/* The clock is set back after a periodic timer fired: the next period ends at the time on
	 * the clock for which it was set. */
	set_clock(3000000);
	arm(fd, TFD_TIMER_ABSTIME, 3000001, 10, 0);
	sleep_ms(1001);
	set_clock(2999990);
	CHECK_IS(CALL3(__NR_read, fd, &ticks, 8), 8);
	CHECK_IS(ticks, 1);
	CHECK_IS(CALL2(__NR_timerfd_gettime, fd, &left), 0);
	CHECK_IS(left.it_value.tv_sec, 21);
	CHECK_IS(CALL1(__NR_close, fd), 0);
}

/* With timer_create(), too, an absolute time of CLOCK_REALTIME follows the clock, a relative one does not. */
static void timer_follows_the_clock(void)
{
	int id = make(CLOCK_REALTIME, event(SIGEV_SIGNAL, SIGUSR1, 0));
	struct itimerspec until = {{0, 0}, {1000100, 0}}, left;

	handle(SIGUSR1, catch, SA_SIGINFO, 0);
	set_clock(1000000);
	CHECK_IS(CALL4(__NR_timer_settime, id, TIMER_ABSTIME, &until, NULL), 0);
	set_clock(1000098);
	sleep_for(1999 * MS);
	CHECK_IS(nr_caught, 0);
	sleep_for(2 * MS);
	CHECK_IS(nr_caught, 1);

	set_timer(id, 100000 * MS, 0);
	set_clock(2000000);
	sleep_for(99000 * MS);
	CHECK_IS(nr_caught, 1);
	CHECK_IS(CALL2(__NR_timer_gettime, id, &left), 0);
	CHECK_IS(left.it_value.tv_sec, 1);
	sleep_for(1001 * MS);
	CHECK_IS(nr_caught, 2);
	CHECK_IS(CALL1(__NR_timer_delete, id), 0);
}

/* TFD_TIMER_CANCEL_ON_SET: if the clock is set, "the read(2) fails with the error ECANCELED", once for each change, and
 * poll() reports the timer as readable. */
static void timerfd_is_cancelled(void)
{
	int fd = (int)CALL2(__NR_timerfd_create, CLOCK_REALTIME, TFD_NONBLOCK);
	struct pollfd p = {fd, POLLIN, 0};
	u64 ticks;

	set_clock(1000000);
	arm(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, 1000100, 0, 0);
	set_clock(1000001);
	CHECK_IS(CALL3(__NR_poll, &p, 1, 0), 1);
	CHECK_IS(CALL3(__NR_read, fd, &ticks, 8), -ECANCELED);
	CHECK_IS(CALL3(__NR_read, fd, &ticks, 8), -EAGAIN);
	sleep_ms(99001);
	CHECK_IS(CALL3(__NR_read, fd, &ticks, 8), 8);
	set_clock(1000200);
	arm(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, 1000300, 0, -ECANCELED);
	CHECK_IS(CALL3(__NR_read, fd, &ticks, 8), -EAGAIN);
	/* Without the flag, or with a relative time, the timer is not cancelled. */
	arm(fd, TFD_TIMER_ABSTIME, 1000300, 0, 0);
	set_clock(1000000);
	CHECK_IS(CALL3(__NR_read, fd, &ticks, 8), -EAGAIN);
	arm(fd, TFD_TIMER_CANCEL_ON_SET, 100, 0, 0);
	set_clock(1000000);
	CHECK_IS(CALL3(__NR_read, fd, &ticks, 8), -EAGAIN);
	CHECK_IS(CALL1(__NR_close, fd), 0);
}

static int set_clock_after_5_ms(void *arg)
{
	sleep_ms(5);
	set_clock((long)arg);
	end_thread();
	return 0;
}

static void timerfd_reader_is_woken(void)
{
	int fd = (int)CALL2(__NR_timerfd_create, CLOCK_REALTIME, 0);
	u64 ticks;

	arm(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, 8000000000, 0, 0);
	start(set_clock_after_5_ms, (void *)4000000L);
	CHECK_IS(CALL3(__NR_read, fd, &ticks, 8), -ECANCELED);
	join_threads();
	CHECK_IS(CALL1(__NR_close, fd), 0);
}

/* ---- running the cases ------------------------------------------------------------------------ */

const struct test_case cases[] = {
	{"which_clocks", which_clocks, NULL, 0},
	{"sleeps_are_exact", sleeps_are_exact, NULL, 0},
	{"interrupted_sleep", interrupted_sleep, NULL, 0},
	{"sleep_until_a_time_of_day", sleep_until_a_time_of_day, NULL, 0},
	{"timerfd_follows_the_clock", timerfd_follows_the_clock, NULL, 0},
	{"timer_follows_the_clock", timer_follows_the_clock, NULL, 0},
	{"timerfd_is_cancelled", timerfd_is_cancelled, NULL, 0},
	{"timerfd_reader_is_woken", timerfd_reader_is_woken, NULL, 0},
	{"timer_arguments", timer_arguments, NULL, 0},
	{"one_shot", one_shot, NULL, 0},
	{"overruns", overruns, NULL, 0},
	{"two_timers_of_one_signal", two_timers_of_one_signal, NULL, 0},
	{"silent_timer", silent_timer, NULL, 0},
	{"ignored_timer", ignored_timer, NULL, 0},
	{"many_timers", many_timers, NULL, 0},
	{"interval_timer", interval_timer, NULL, 0},
	{"alarms", alarms, NULL, 0},
	{"fatal_alarm", fatal_alarm, NULL, ENDS(SIGALRM)},
	{},
};
