/* SPDX-License-Identifier: MIT */
/* Clocks, sleeping calls and timers. */
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define NOWHERE ((void *)8)
#define MS      1000000l

static long long now_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static struct timespec spec(long long ns)
{
	return (struct timespec){ns / 1000000000, ns % 1000000000};
}

static void sleep_ms(int ms)
{
	struct timespec until = spec(now_of(CLOCK_MONOTONIC) + ms * MS);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

/* The C library may read clocks without the kernel, so gettime() and getres() make the system calls. */
static long gettime(int clock, void *ts)
{
	return syscall(SYS_clock_gettime, clock, ts);
}

static long getres(int clock, void *ts)
{
	return syscall(SYS_clock_getres, clock, ts);
}

static void check_clocks(void)
{
	static const int good[] = {
		CLOCK_REALTIME,          CLOCK_MONOTONIC,     CLOCK_PROCESS_CPUTIME_ID,
		CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
		CLOCK_MONOTONIC_COARSE,  CLOCK_BOOTTIME,      CLOCK_TAI};
	static const int bad[] = {10, 12, 16, 99, INT_MAX};
	struct timespec ts;
	struct timeval tv;
	clockid_t of_thread, of_process;
	long long a, b, slept;
	time_t seconds;

	for (int i = 0; i < 9; i++) {
		IS(gettime(good[i], &ts), 0);
		TRUE(ts.tv_sec >= 0 && ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000);
		IS(getres(good[i], &ts), 0);
		TRUE(ts.tv_sec == 0 && ts.tv_nsec > 0 && ts.tv_nsec <= 10000000);
		IS(getres(good[i], NULL), 0);
		FAILS(gettime(good[i], NOWHERE), EFAULT);
		a = now_of(good[i]);
		b = now_of(good[i]);
		TRUE(b >= a);
	}
	for (int i = 0; i < 5; i++) {
		FAILS(gettime(bad[i], &ts), EINVAL);
		FAILS(getres(bad[i], NULL), EINVAL);
	}
	IS(clock_getcpuclockid(0, &of_process), 0);
	IS(gettime(of_process, &ts), 0);
	IS(pthread_getcpuclockid(pthread_self(), &of_thread), 0);
	IS(gettime(of_thread, &ts), 0);
	FAILS(gettime(~0x3ffffff * 8 + 6, &ts), EINVAL);
	FAILS(clock_settime(CLOCK_MONOTONIC, &ts), EINVAL);
	ts = (struct timespec){-1, 0};
	FAILS(clock_settime(CLOCK_REALTIME, &ts), EINVAL);
	ts = (struct timespec){1, 1000000000};
	FAILS(clock_settime(CLOCK_REALTIME, &ts), EINVAL);
	FAILS(syscall(SYS_clock_settime, CLOCK_REALTIME, NOWHERE), EFAULT);

	IS(syscall(SYS_gettimeofday, &tv, NULL), 0);
	TRUE(tv.tv_usec >= 0 && tv.tv_usec < 1000000);
	FAILS(syscall(SYS_gettimeofday, NOWHERE, NULL), EFAULT);
	gettime(CLOCK_REALTIME_COARSE, &ts);
	seconds = syscall(SYS_time, NULL);
	TRUE(seconds >= ts.tv_sec && seconds <= now_of(CLOCK_REALTIME) / 1000000000);
	FAILS(syscall(SYS_time, NOWHERE), EFAULT);

	/* CPU time passes while the program works, and not while it sleeps. */
	slept = now_of(CLOCK_MONOTONIC);
	a = now_of(CLOCK_PROCESS_CPUTIME_ID);
	sleep_ms(50);
	b = now_of(CLOCK_PROCESS_CPUTIME_ID);
	slept = now_of(CLOCK_MONOTONIC) - slept;
	TRUE(b - a < slept - 40 * MS);
	for (long long end = now_of(CLOCK_THREAD_CPUTIME_ID) + 20 * MS;
	     now_of(CLOCK_THREAD_CPUTIME_ID) < end;)
		;
	TRUE(now_of(CLOCK_PROCESS_CPUTIME_ID) - b >= 20 * MS);
}

static void check_sleeps(void)
{
	struct timespec ts = {0, 20 * MS}, bad = {0, 1000000000}, negative = {-1, 0};
	long long before = now_of(CLOCK_MONOTONIC);

	IS(nanosleep(&ts, NULL), 0);
	TRUE(now_of(CLOCK_MONOTONIC) - before >= 20 * MS);
	FAILS(nanosleep(&bad, NULL), EINVAL);
	FAILS(nanosleep(&negative, NULL), EINVAL);
	FAILS(syscall(SYS_nanosleep, NOWHERE, NULL), EFAULT);
	ts = spec(0);
	IS(nanosleep(&ts, NULL), 0);

	ts = spec(now_of(CLOCK_REALTIME) + 20 * MS);
	before = now_of(CLOCK_MONOTONIC);
	IS(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL), 0);
	TRUE(now_of(CLOCK_MONOTONIC) - before >= 19 * MS);
	ts = spec(1);
	IS(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL), 0);
	IS(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
	IS(clock_nanosleep(CLOCK_BOOTTIME, 0, &ts, NULL), 0);
	IS(clock_nanosleep(CLOCK_TAI, 0, &ts, NULL), 0);
	FAILS(syscall(SYS_clock_nanosleep, 99, 0, &ts, NULL), EINVAL);
	FAILS(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &ts, NULL), EOPNOTSUPP);
	FAILS(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_COARSE, 0, &ts, NULL), EOPNOTSUPP);
	FAILS(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL), EOPNOTSUPP);
	FAILS(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &bad, NULL), EINVAL);
	FAILS(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, NOWHERE, NULL), EFAULT);
}

static volatile int nr_caught;
static siginfo_t last_info;

static void note(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	last_info = *info;
	nr_caught++;
}

static void handle(int sig)
{
	struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};

	sigaction(sig, &action, NULL);
	nr_caught = 0;
}

static long raw_create(int clock, void *event, void *id)
{
	return syscall(SYS_timer_create, clock, event, id);
}

static void check_timer_arguments(void)
{
	struct itimerspec setting = {{0, 0}, {1, 0}}, bad = {{0, 0}, {0, -1}}, old;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65};
	int id = -1;

	FAILS(raw_create(99, NULL, &id), EINVAL);
	FAILS(raw_create(CLOCK_MONOTONIC_RAW, NULL, &id), EOPNOTSUPP);
	FAILS(raw_create(CLOCK_REALTIME_COARSE, NULL, &id), EOPNOTSUPP);
	FAILS(raw_create(CLOCK_MONOTONIC, &event, &id), EINVAL);
	event.sigev_signo = 0;
	FAILS(raw_create(CLOCK_MONOTONIC, &event, &id), EINVAL);
	event.sigev_signo = SIGUSR1;
	event.sigev_notify = 9;
	FAILS(raw_create(CLOCK_MONOTONIC, &event, &id), EINVAL);
	event.sigev_notify = SIGEV_THREAD_ID;
	event._sigev_un._tid = 0x3ffffff;
	FAILS(raw_create(CLOCK_MONOTONIC, &event, &id), EINVAL);
	FAILS(raw_create(CLOCK_MONOTONIC, NOWHERE, &id), EFAULT);
	FAILS(raw_create(CLOCK_MONOTONIC, NULL, NOWHERE), EFAULT);
	IS(raw_create(CLOCK_MONOTONIC, NULL, &id), 0);
	TRUE(id >= 0);
	FAILS(syscall(SYS_timer_settime, id, 0, &bad, NULL), EINVAL);
	FAILS(syscall(SYS_timer_settime, id, 0, NULL, NULL), EINVAL);
	FAILS(syscall(SYS_timer_settime, id, 0, NOWHERE, NULL), EFAULT);
	FAILS(syscall(SYS_timer_settime, id + 1000, 0, &setting, NULL), EINVAL);
	FAILS(syscall(SYS_timer_gettime, id + 1000, &setting), EINVAL);
	FAILS(syscall(SYS_timer_gettime, id, NOWHERE), EFAULT);
	FAILS(syscall(SYS_timer_getoverrun, id + 1000), EINVAL);
	IS(syscall(SYS_timer_getoverrun, id), 0);
	IS(syscall(SYS_timer_gettime, id, &old), 0);
	TRUE(old.it_value.tv_sec == 0 && old.it_value.tv_nsec == 0);
	IS(syscall(SYS_timer_delete, id), 0);
	FAILS(syscall(SYS_timer_delete, id), EINVAL);
}

static void set_timer(timer_t id, long value_ms, long interval_ms)
{
	struct itimerspec setting = {spec(interval_ms * MS), spec(value_ms * MS)};

	timer_settime(id, 0, &setting, NULL);
}

static void check_timers(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
				 .sigev_signo = SIGUSR1,
				 .sigev_value = {.sival_int = 42}};
	struct itimerspec setting, old;
	timer_t id, second;
	siginfo_t info;
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	handle(SIGUSR1);
	IS(timer_create(CLOCK_MONOTONIC, &event, &id), 0);
	set_timer(id, 100000, 0);
	sleep_ms(5);
	IS(timer_gettime(id, &setting), 0);
	TRUE(setting.it_value.tv_sec > 0 && setting.it_value.tv_sec <= 99);
	IS(setting.it_interval.tv_nsec, 0);
	IS(nr_caught, 0);
	set_timer(id, 20, 0);
	sleep_ms(30);
	IS(nr_caught, 1);
	IS(last_info.si_code, SI_TIMER);
	IS(last_info.si_value.sival_int, 42);
	IS(last_info.si_overrun, 0);
	timer_gettime(id, &setting);
	TRUE(setting.it_value.tv_sec == 0 && setting.it_value.tv_nsec == 0);

	/* Intervals that end while the signal is blocked are counted. */
	sigprocmask(SIG_BLOCK, &one, NULL);
	set_timer(id, 10, 10);
	sleep_ms(55);
	timer_gettime(id, &setting);
	IS(setting.it_interval.tv_nsec, 10 * MS);
	TRUE(setting.it_value.tv_nsec > 0 && setting.it_value.tv_nsec <= 10 * MS);
	setting = (struct itimerspec){{0, 0}, {0, 0}};
	IS(sigwaitinfo(&one, &info), SIGUSR1);
	TRUE(info.si_overrun >= 4);
	TRUE(timer_getoverrun(id) >= 4);
	IS(timer_settime(id, 0, &setting, &old), 0);
	IS(old.it_interval.tv_nsec, 10 * MS);

	/* If a timer is deleted, its pending signal is discarded. */
	nr_caught = 0;
	set_timer(id, 5, 0);
	sleep_ms(20);
	IS(timer_delete(id), 0);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	IS(nr_caught, 0);

	/* Two timers send the same signal. One is absolute, on the time of day, and for this thread only. */
	sigprocmask(SIG_BLOCK, &one, NULL);
	event.sigev_notify = SIGEV_THREAD_ID;
	event._sigev_un._tid = gettid();
	IS(timer_create(CLOCK_REALTIME, &event, &id), 0);
	event.sigev_notify = SIGEV_SIGNAL;
	IS(timer_create(CLOCK_BOOTTIME, &event, &second), 0);
	setting = (struct itimerspec){{0, 0}, spec(now_of(CLOCK_REALTIME) + 10 * MS)};
	IS(timer_settime(id, TIMER_ABSTIME, &setting, NULL), 0);
	set_timer(second, 10, 0);
	sleep_ms(30);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	IS(nr_caught, 2);
	timer_delete(id);
	timer_delete(second);

	event.sigev_notify = SIGEV_NONE;
	IS(timer_create(CLOCK_MONOTONIC, &event, &id), 0);
	set_timer(id, 5, 0);
	sleep_ms(10);
	timer_gettime(id, &setting);
	TRUE(setting.it_value.tv_sec == 0 && setting.it_value.tv_nsec == 0);
	IS(nr_caught, 2);
	timer_delete(id);

	/* A timer on CPU time does not count while the program sleeps. */
	event.sigev_notify = SIGEV_SIGNAL;
	IS(timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &id), 0);
	set_timer(id, 100, 0);
	sleep_ms(150);
	IS(nr_caught, 2);
	for (long long end = now_of(CLOCK_MONOTONIC) + 20000 * MS;
	     nr_caught == 2 && now_of(CLOCK_MONOTONIC) < end;)
		;
	IS(nr_caught, 3);
	timer_delete(id);
	signal(SIGUSR1, SIG_DFL);
}

static void check_itimers(void)
{
	struct itimerval setting = {{0, 0}, {100, 0}}, zero = {{0, 0}, {0, 0}}, old;

	handle(SIGALRM);
	FAILS(setitimer(3, &setting, NULL), EINVAL);
	FAILS(getitimer(-1, &old), EINVAL);
	FAILS(syscall(SYS_setitimer, ITIMER_REAL, NOWHERE, NULL), EFAULT);
	FAILS(syscall(SYS_getitimer, ITIMER_REAL, NOWHERE), EFAULT);
	IS(setitimer(ITIMER_REAL, &setting, NULL), 0);
	IS(getitimer(ITIMER_REAL, &old), 0);
	TRUE(old.it_value.tv_sec > 0 && old.it_value.tv_sec <= 100);
	setting.it_value = (struct timeval){0, 20000};
	IS(setitimer(ITIMER_REAL, &setting, NULL), 0);
	sleep_ms(40);
	IS(nr_caught, 1);
	IS(last_info.si_signo, SIGALRM);
	IS(last_info.si_code, SI_KERNEL);
	setting.it_interval.tv_usec = 10000;
	IS(setitimer(ITIMER_REAL, &setting, &old), 0);
	TRUE(old.it_value.tv_usec == 0 && old.it_value.tv_sec == 0);
	for (long long end = now_of(CLOCK_MONOTONIC) + 20000 * MS;
	     nr_caught < 4 && now_of(CLOCK_MONOTONIC) < end;)
		sleep_ms(5);
	TRUE(nr_caught >= 4);
	IS(setitimer(ITIMER_REAL, &zero, &old), 0);
	IS(old.it_interval.tv_usec, 10000);
	setting.it_value.tv_usec = 1000000;
	FAILS(setitimer(ITIMER_REAL, &setting, NULL), EINVAL);
	IS(alarm(10), 0);
	IS(alarm(0), 10);
	IS(alarm(0), 0);
	signal(SIGALRM, SIG_DFL);

	handle(SIGPROF);
	setting = (struct itimerval){{0, 10000}, {0, 10000}};
	IS(setitimer(ITIMER_PROF, &setting, NULL), 0);
	for (long long end = now_of(CLOCK_MONOTONIC) + 20000 * MS;
	     nr_caught < 3 && now_of(CLOCK_MONOTONIC) < end;)
		;
	IS(setitimer(ITIMER_PROF, &zero, NULL), 0);
	TRUE(nr_caught >= 3);
	signal(SIGPROF, SIG_DFL);
}

static void check_usage(void)
{
	struct rusage usage;
	struct tms tms;

	memset(&usage, 0xff, sizeof(usage));
	IS(getrusage(RUSAGE_SELF, &usage), 0);
	TRUE(usage.ru_utime.tv_sec >= 0 && usage.ru_utime.tv_usec < 1000000);
	TRUE(usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec > 0);
	IS(getrusage(RUSAGE_THREAD, &usage), 0);
	FAILS(getrusage(5, &usage), EINVAL);
	FAILS(syscall(SYS_getrusage, RUSAGE_SELF, NOWHERE), EFAULT);
	TRUE(times(&tms) > 0);
	TRUE(tms.tms_utime + tms.tms_stime > 0);
	FAILS(syscall(SYS_times, NOWHERE), EFAULT);
}

void check_time(void)
{
	check_clocks();
	check_sleeps();
	check_timer_arguments();
	check_timers();
	check_itimers();
	check_usage();
}
