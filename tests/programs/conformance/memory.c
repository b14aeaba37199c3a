/* SPDX-License-Identifier: MIT */
/* mmap() and its relatives: arguments, contents, protection, file mappings. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#define PAGE    4096UL
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW      (PROT_READ | PROT_WRITE)

static sigjmp_buf after_fault;
static volatile int fault_signal, fault_code;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	fault_signal = sig;
	fault_code = info->si_code;
	siglongjmp(after_fault, 1);
}

/* Returns 0 if the access succeeds, else the signal * 10 + si_code. */
static int touch(volatile char *p, int write)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, segv, bus;
	volatile int result = 0;

	sigaction(SIGSEGV, &action, &segv);
	sigaction(SIGBUS, &action, &bus);
	if (sigsetjmp(after_fault, 1))
		result = fault_signal * 10 + fault_code;
	else if (write)
		*p = 1;
	else
		(void)*p;
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return result;
}

#define MAPERR (SIGSEGV * 10 + SEGV_MAPERR)
#define ACCERR (SIGSEGV * 10 + SEGV_ACCERR)
#define BUSERR (SIGBUS * 10 + BUS_ADRERR)

static void check_arguments(void)
{
	char *p;

	FAILS(mmap(NULL, 0, RW, PRIVATE, -1, 0), EINVAL);
	FAILS(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
	FAILS(mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0), EBADF);
	FAILS(mmap(NULL, PAGE, RW, MAP_PRIVATE, 0x7fff, 0), EBADF);
	FAILS(mmap((void *)1, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), EINVAL);
	FAILS(mmap(NULL, 1UL << 47, RW, PRIVATE, -1, 0), ENOMEM);
	FAILS(mmap(NULL, -1UL, RW, PRIVATE, -1, 0), ENOMEM);
	FAILS(mmap((void *)(1UL << 47), PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
	p = mmap(NULL, 10, RW, PRIVATE, -1, 0);
	TRUE(p != MAP_FAILED && (unsigned long)p % PAGE == 0);
	IS(p[0] | p[PAGE - 1], 0);
	FAILS(mmap(p, PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	FAILS(munmap(p + 1, PAGE), EINVAL);
	FAILS(munmap(p, 0), EINVAL);
	IS(munmap(p, PAGE), 0);
	IS(munmap(p, PAGE), 0);
	IS(touch(p, 0), MAPERR);
	FAILS(mprotect(p, PAGE, PROT_READ), ENOMEM);
	FAILS(mprotect(p + 1, PAGE, PROT_READ), EINVAL);
	IS(mprotect(p, 0, PROT_READ), 0);
	FAILS(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
	FAILS(madvise(p, PAGE, 12345), EINVAL);
	FAILS(madvise(p, PAGE, MADV_DONTNEED), ENOMEM);
	FAILS(msync(p, PAGE, MS_SYNC), ENOMEM);
	FAILS(msync(p + 1, PAGE, MS_SYNC), EINVAL);
}

static void check_protection(void)
{
	char *p = mmap(NULL, 3 * PAGE, RW, PRIVATE, -1, 0);

	memset(p, 7, 3 * PAGE);
	IS(mprotect(p + PAGE, PAGE, PROT_READ), 0);
	IS(touch(p + PAGE, 0), 0);
	IS(touch(p + PAGE, 1), ACCERR);
	IS(touch(p, 1), 0);
	IS(touch(p + 2 * PAGE, 1), 0);
	IS(mprotect(p + PAGE, PAGE, PROT_NONE), 0);
	IS(touch(p + PAGE, 0), ACCERR);
	IS(mprotect(p, 3 * PAGE, RW), 0);
	IS(p[PAGE], 7);
	IS(touch(p + PAGE, 1), 0);
	IS(munmap(p + PAGE, PAGE), 0);
	IS(touch(p + PAGE, 0), MAPERR);
	IS(p[2 * PAGE + 1], 7);
	FAILS(mprotect(p, 3 * PAGE, PROT_READ), ENOMEM);
	/* mprotect() changed the page before the gap. */
	IS(touch(p, 1), ACCERR);
	TRUE(mmap(p + PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) == p + PAGE);
	IS(p[PAGE], 0);
	IS(madvise(p + 2 * PAGE, PAGE, MADV_DONTNEED), 0);
	IS(p[2 * PAGE + 1], 0);
	IS(munmap(p, 3 * PAGE), 0);
	IS(touch((char *)8, 0), MAPERR);
	IS(touch((char *)8, 1), MAPERR);
}

static void check_remap(void)
{
	char *p = mmap(NULL, 8 * PAGE, RW, PRIVATE, -1, 0), *q;

	memset(p, 3, 8 * PAGE);
	TRUE(mremap(p, 8 * PAGE, 4 * PAGE, 0) == p);
	IS(touch(p + 4 * PAGE, 0), MAPERR);
	TRUE(mmap(p + 4 * PAGE, PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0) == p + 4 * PAGE);
	FAILS(mremap(p, 4 * PAGE, 8 * PAGE, 0), ENOMEM);
	q = mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	TRUE(q != MAP_FAILED && q != p);
	IS(q[0] + q[4 * PAGE - 1], 6);
	IS(q[4 * PAGE] | q[8 * PAGE - 1], 0);
	IS(touch(p, 0), MAPERR);
	FAILS(mremap(q + 1, PAGE, PAGE, 0), EINVAL);
	FAILS(mremap(q, PAGE, 0, MREMAP_MAYMOVE), EINVAL);
	FAILS(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
	FAILS(mremap(q, PAGE, PAGE, 64), EINVAL);
	TRUE(mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
	IS(p[0], 3);
	IS(touch(q, 0), MAPERR);
	IS(munmap(p, 5 * PAGE), 0);
	IS(munmap(q, 8 * PAGE), 0);
}

static void check_file_mapping(void)
{
	int fd = open("map", O_RDWR | O_CREAT, 0600), reader;
	char *shared, *private, bytes[8];

	IS(ftruncate(fd, PAGE + 100), 0);
	IS(pwrite(fd, "file", 4, 0), 4);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 1), EINVAL);
	shared = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);
	private = mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE, fd, 0);
	TRUE(shared != MAP_FAILED && private != MAP_FAILED);
	IS(memcmp(shared, "file", 4) | memcmp(private, "file", 4), 0);
	shared[0] = 'F';
	IS(pread(fd, bytes, 4, 0), 4);
	IS(memcmp(bytes, "File", 4), 0);
	IS(private[0], 'F');
	private[1] = 'I';
	IS(shared[1], 'i');
	IS(pwrite(fd, "12", 2, 2), 2);
	IS(memcmp(shared, "Fi12", 4), 0);
	/* The rest of the file's last page reads as zeroes; an access beyond that page gives SIGBUS. */
	IS(shared[PAGE + 100], 0);
	IS(touch(shared + 2 * PAGE, 0), BUSERR);
	IS(touch(private + 2 * PAGE, 1), BUSERR);
	IS(ftruncate(fd, 3 * PAGE), 0);
	IS(touch(shared + 2 * PAGE, 1), 0);
	IS(pread(fd, bytes, 1, 2 * PAGE), 1);
	IS(bytes[0], 1);
	IS(ftruncate(fd, PAGE), 0);
	IS(touch(shared + 2 * PAGE, 0), BUSERR);
	IS(msync(shared, PAGE, MS_SYNC), 0);
	FAILS(mincore(shared, PAGE, (void *)(1UL << 63)), EFAULT);
	IS(munmap(shared, 3 * PAGE), 0);
	FAILS(mincore(shared, PAGE, (void *)(1UL << 63)), EFAULT);
	FAILS(mincore(shared, PAGE, (void *)bytes), ENOMEM);
	IS(munmap(private, 3 * PAGE), 0);
	reader = open("map", O_RDONLY);
	FAILS(mmap(NULL, PAGE, RW, MAP_SHARED, reader, 0), EACCES);
	private = mmap(NULL, PAGE, RW, MAP_PRIVATE, reader, 0);
	TRUE(private != MAP_FAILED);
	/* The mapping outlives the descriptor and the name. */
	IS(close(reader), 0);
	IS(close(fd), 0);
	IS(unlink("map"), 0);
	IS(private[0], 'F');
	private[0] = 'x';
	IS(munmap(private, PAGE), 0);
}

/* A mapping of /dev/zero is anonymous memory. */
static void check_zero_mapping(void)
{
	int fd = open("/dev/zero", O_RDWR), reader = open("/dev/zero", O_RDONLY);
	char *shared = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	char *private = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, reader, PAGE);

	TRUE(shared != MAP_FAILED && private != MAP_FAILED);
	FAILS(mmap(NULL, PAGE, RW, MAP_SHARED, reader, 0), EACCES);
	IS(close(fd), 0);
	IS(close(reader), 0);
	IS(shared[0] | private[0], 0);
	shared[0] = private[0] = 7;
	IS(shared[PAGE] | private[PAGE], 0);
	/* MADV_DONTNEED drops private pages only: shared pages keep their contents. */
	IS(madvise(shared, PAGE, MADV_DONTNEED), 0);
	IS(shared[0], 7);
	IS(madvise(private, PAGE, MADV_DONTNEED), 0);
	IS(private[0], 0);
	IS(munmap(shared, 2 * PAGE), 0);
	IS(munmap(private, 2 * PAGE), 0);
}

static void check_reservation(void)
{
	unsigned long tera = 1UL << 40;
	char *p = mmap(NULL, tera, PROT_NONE, PRIVATE | MAP_NORESERVE, -1, 0);

	TRUE(p != MAP_FAILED);
	IS(touch(p + tera / 2, 0), ACCERR);
	IS(mprotect(p + tera / 2, PAGE, RW), 0);
	IS(touch(p + tera / 2, 1), 0);
	IS(p[tera / 2], 1);
	IS(munmap(p, tera), 0);
	IS(touch(p + tera / 2, 0), MAPERR);
}

static void check_brk(void)
{
	char *end = sbrk(0), *grown;

	grown = sbrk(3 * PAGE);
	TRUE(grown == end);
	memset(end, 5, 3 * PAGE);
	TRUE(sbrk(0) == end + 3 * PAGE);
	TRUE(sbrk(-2 * (long)PAGE) == end + 3 * PAGE);
	IS(end[0], 5);
	TRUE(sbrk(PAGE) == end + PAGE);
	IS(end[2 * PAGE - 1], 0);
	TRUE(sbrk(-2 * (long)PAGE) == end + 2 * PAGE);
	FAILS(sbrk(1L << 47), ENOMEM);
}

static void check_stack(void)
{
	volatile char deep[1 << 20];

	for (size_t i = sizeof(deep); i > 0; i -= PAGE)
		deep[i - 1] = 1;
	IS(deep[PAGE - 1], 1);
}

void check_memory(void)
{
	check_arguments();
	check_protection();
	check_remap();
	check_file_mapping();
	check_zero_mapping();
	check_reservation();
	check_brk();
	check_stack();
}
