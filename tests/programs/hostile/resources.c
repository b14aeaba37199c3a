/* SPDX-License-Identifier: MIT */
/* Exhausted memory, descriptors, threads and address space; loops that never yield. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>

#include "hostile.h"

/* Touches memory until there is none: the program is killed, with a report. */
static void memory_touched(void)
{
	for (;;) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		if (p == MAP_FAILED)
			raise(SIGKILL);
		memset(p, 1, 1 << 20);
	}
}

/* Checks that a reserve of a 16th of the memory is free, which the kernel keeps from the program's pages. */
static void need_reserve(void)
{
	struct sysinfo info;

	if (sysinfo(&info) || info.freeram < info.totalram / 17)
		fail("the program took the kernel's reserve");
}

/*
 * Reads one page in each 2 MiB of a mapping: all of them map the same page of zeroes, but each needs a page
 * table of its own.
 */
static void memory_in_tables(void)
{
	size_t size = 1UL << 44, step = 2UL << 20, at = 0;
	char *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	while (at < size && !madvise(p + at, PAGE, MADV_POPULATE_READ))
		at += step;
	if (at < 100 * step || errno != ENOMEM)
		fail("no limit of page tables");
	need_reserve();
	munmap(p, size);
	memset(malloc(step), 1, step);
}

/* System calls that handle very many pages must let other threads run: otherwise the kernel reports a lockup. */
static void calls_of_many_pages(void)
{
	size_t size = 16UL << 30;
	char *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED || madvise(p, size, MADV_POPULATE_READ))
		fail("no memory for the page tables");
	if (mprotect(p, size, PROT_READ | PROT_EXEC) || munmap(p, size))
		fail("a call about many pages");
}

/* A shared mapping of /dev/zero takes pages of the program's memory, too. */
static void memory_in_zero(void)
{
	size_t size = 1UL << 40;
	int fd = open("/dev/zero", O_RDWR);
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED || !madvise(p, size, MADV_POPULATE_WRITE) || errno != ENOMEM)
		fail("no limit of pages");
	need_reserve();
}

static void memory_in_files(void)
{
	char *block = calloc(1, 1 << 20);
	int fd = open("/tmp/large", O_RDWR | O_CREAT, 0600);

	while (write(fd, block, 1 << 20) > 0)
		;
	if (errno != ENOSPC && errno != EFBIG)
		fail("the file system did not fill up");
	close(fd);
	unlink("/tmp/large");
}

static void maps_many(void)
{
	unsigned long n = 0;

	/* Alternating protections keep neighbouring mappings from merging. */
	while (mmap(NULL, PAGE, n & 1 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) != MAP_FAILED &&
	       n < 1000000)
		n++;
	if (errno != ENOMEM || n < 1000)
		fail("no limit of mappings");
}

static void maps_huge(void)
{
	int n = 0;

	while (mmap(NULL, 1UL << 44, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		    0) != MAP_FAILED &&
	       n < 100)
		n++;
	if (n == 100)
		fail("more address space than there is");
}

static int fill(int (*make)(void))
{
	int n = 0;

	while (n < (1 << 21) && make() >= 0)
		n++;
	return n;
}

static int make_null(void)
{
	return open("/dev/null", O_RDONLY);
}
static int make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}
static int make_epoll(void)
{
	return epoll_create1(0);
}
static int make_event(void)
{
	return eventfd(0, 0);
}
static int make_timer(void)
{
	return timerfd_create(CLOCK_MONOTONIC, 0);
}
static int make_pipe(void)
{
	static char bytes[65536];
	int p[2];

	if (pipe2(p, O_NONBLOCK))
		return -1;
	write(p[1], bytes, sizeof(bytes));
	return p[0];
}
static int make_pair(void)
{
	static char bytes[65536];
	int s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s))
		return -1;
	while (write(s[0], bytes, sizeof(bytes)) > 0)
		;
	return s[0];
}

static void raise_limit(void)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

static void files_until_none(int (*make)(void))
{
	raise_limit();
	if (fill(make) < 100)
		fail("too few");
	/* The open files still work. */
	if (write(1, "", 0))
		fail("write");
}

static void files_null(void)
{
	files_until_none(make_null);
}
static void files_socket(void)
{
	files_until_none(make_socket);
}
static void files_epoll(void)
{
	files_until_none(make_epoll);
}
static void files_event(void)
{
	files_until_none(make_event);
}
static void files_timer(void)
{
	files_until_none(make_timer);
}
static void files_pipe(void)
{
	files_until_none(make_pipe);
}
static void files_pair(void)
{
	files_until_none(make_pair);
}

static void *sleeper(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

static void threads_many(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int n = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 1 << 16);
	while (n < 100000 && !pthread_create(&thread, &attr, sleeper, NULL))
		n++;
	if (n < 100)
		fail("too few threads");
}

/* Loops without a system call, until a signal without a handler ends the program. */
static void loop_tight(void)
{
	alarm(1);
	for (;;)
		;
}

static void loop_of_calls(void)
{
	alarm(1);
	for (;;)
		syscall(SYS_getppid);
}

static void loop_of_faults(void)
{
	char *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	alarm(1);
	for (;;) {
		for (int i = 0; i < 64; i++)
			p[i * PAGE] = 1;
		madvise(p, 64 * PAGE, MADV_DONTNEED);
	}
}

static void *spin(void *arg)
{
	(void)arg;
	for (;;)
		;
	return NULL;
}

static void loop_of_threads(void)
{
	pthread_t thread;

	for (int i = 0; i < 50; i++)
		pthread_create(&thread, NULL, spin, NULL);
	alarm(1);
	spin(NULL);
}

static void own_text_gone(void)
{
	unsigned long here = (unsigned long)own_text_gone & ~(PAGE - 1);

	syscall(SYS_munmap, here - 4 * PAGE, 8 * PAGE);
}

static void everything_gone(void)
{
	syscall(SYS_munmap, 0x10000, USER_END - 0x10000);
}

#define ENDS(name, sig)                                                                            \
	{                                                                                          \
#name, name, sig, false                                                            \
	}
#define HERE(name, sig)                                                                            \
	{                                                                                          \
#name, name, sig, true                                                             \
	}

const struct attack resource_attacks[] = {
	HERE(memory_touched, SIGKILL),
	HERE(memory_in_tables, 0),
	HERE(memory_in_zero, 0),
	HERE(calls_of_many_pages, 0),
	HERE(memory_in_files, 0),
	ENDS(maps_many, 0),
	ENDS(maps_huge, 0),
	HERE(files_null, 0),
	HERE(files_socket, 0),
	HERE(files_epoll, 0),
	HERE(files_event, 0),
	HERE(files_timer, 0),
	HERE(files_pipe, 0),
	HERE(files_pair, 0),
	HERE(threads_many, 0),
	ENDS(loop_tight, SIGALRM),
	ENDS(loop_of_calls, SIGALRM),
	ENDS(loop_of_faults, SIGALRM),
	ENDS(loop_of_threads, SIGALRM),
	ENDS(own_text_gone, SIGSEGV),
	ENDS(everything_gone, SIGSEGV),
	{NULL, NULL, 0, false},
};
