/* SPDX-License-Identifier: MIT */
/*
 * Reads the clocks by the vDSO and by system calls in turn: each clock must never go back.  Then compares the
 * functions of the vDSO with each other, sets the time of day if it is process 1, as on softnet, and prints "vdso: ok".
 * Runs on Linux, too.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 1000
#define SECOND 1000000000LL

static void fail(const char *what)
{
	printf("vdso: %s\n", what);
	exit(1);
}

/* Returns the function @name of the vDSO.  All of its symbols have one version, so the version is not compared. */
static void *find(const char *name)
{
	const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *header = (const void *)base;
	const Elf64_Phdr *ph = (const void *)(base + header->e_phoff);
	const Elf64_Dyn *dynamic = NULL;
	const Elf64_Sym *symbols = NULL;
	const char *names = NULL;
	const Elf64_Word *hash = NULL;

	if (!base || memcmp(base, ELFMAG, SELFMAG))
		fail("AT_SYSINFO_EHDR is no ELF file");
	for (int i = 0; i < header->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			dynamic = (const void *)(base + ph[i].p_vaddr);
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		if (dynamic->d_tag == DT_SYMTAB)
			symbols = (const void *)(base + dynamic->d_un.d_ptr);
		if (dynamic->d_tag == DT_STRTAB)
			names = base + dynamic->d_un.d_ptr;
		if (dynamic->d_tag == DT_HASH)
			hash = (const void *)(base + dynamic->d_un.d_ptr);
	}
	if (!symbols || !names || !hash)
		fail("no table of symbols");
	for (Elf64_Word i = 0; i < hash[1]; i++)
		if (!strcmp(names + symbols[i].st_name, name))
			return (void *)(base + symbols[i].st_value);
	printf("%s: ", name);
	fail("no such function");
	return NULL;
}

typedef int (*clock_fn)(clockid_t, struct timespec *);
static clock_fn by_vdso;

static long long nanoseconds(clockid_t clock, int vdso)
{
	struct timespec ts;

	if (vdso ? by_vdso(clock, &ts) : syscall(SYS_clock_gettime, clock, &ts))
		fail("a clock cannot be read");
	if (ts.tv_nsec < 0 || ts.tv_nsec >= SECOND)
		fail("tv_nsec");
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

static void never_goes_back(clockid_t clock)
{
	long long last = 0;

	for (int i = 0; i < ROUNDS; i++) {
		long long now = nanoseconds(clock, i & 1);

		if (now < last)
			fail("a clock went back");
		last = now;
	}
}

int main(void)
{
	int (*getcpu)(unsigned *, unsigned *, void *) = find("__vdso_getcpu");
	int (*gettimeofday_fn)(struct timeval *, void *) = find("__vdso_gettimeofday");
	time_t (*time_fn)(time_t *) = find("__vdso_time");
	unsigned cpu = 99, node = 99;
	long long before, now, after;
	struct timespec ts;
	struct timeval tv;
	time_t seconds;

	by_vdso = find("__vdso_clock_gettime");
	never_goes_back(CLOCK_MONOTONIC);
	never_goes_back(CLOCK_REALTIME);
	never_goes_back(CLOCK_BOOTTIME);
	nanoseconds(CLOCK_PROCESS_CPUTIME_ID, 1);
	if (by_vdso(99, &ts) != -22 && by_vdso(99, &ts) != -1)
		fail("a clock that does not exist");
	before = nanoseconds(CLOCK_REALTIME, 1);
	gettimeofday_fn(&tv, NULL);
	now = tv.tv_sec * SECOND + tv.tv_usec * 1000LL;
	after = nanoseconds(CLOCK_REALTIME, 1);
	if (now < before - 1000 || now > after)
		fail("gettimeofday()");
	seconds = time_fn(&ts.tv_sec);
	if (seconds != ts.tv_sec || seconds < before / SECOND || seconds > after / SECOND + 2)
		fail("time()");
	if (getcpu(&cpu, &node, NULL) || cpu > 1000 || node > 100)
		fail("getcpu()");
	ts = (struct timespec){2000000000, 0};
	if (getpid() == 1 && !clock_settime(CLOCK_REALTIME, &ts) &&
	    nanoseconds(CLOCK_REALTIME, 1) / SECOND != 2000000000)
		fail("the time of day was set and the vDSO does not know");
	puts("vdso: ok");
	return 0;
}
