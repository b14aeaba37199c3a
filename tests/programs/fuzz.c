/* SPDX-License-Identifier: MIT */
/*
 * fuzz SEED CALLS [THREADS]: plays random system calls from ring 3, CALLS in each of THREADS threads (default: 1).
 *
 * Arguments are drawn from values that calls may accept: small numbers, descriptors, flags, pointers into an
 * arena, paths, invalid pointers, lengths around pages.  Calls that would end the program or take its own
 * memory away are left out, or get addresses of the arena only.  A fault of the program itself is
 * caught, and the next call follows; a timer of each thread ends calls that wait.
 *
 * The same seed plays the same calls only if the timers fire at the same instructions, as with QEMU's -icount
 * (tests/programs/test_stress.py).
 * A line for each tenth of the calls shows how far a run came; FUZZ_VERBOSE=1 prints each call before it is made.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "unsafe_calls.h"

#define ARENA_PAGES 64
#define PAGE        4096
#define LAST_CALL   450

#define MAX_THREADS 8
#define REPORT      200 /* the descriptor of reports: no call hits it; 0, 1 and 2 become /dev/null */

static char *arena;
static unsigned long calls;
static int verbose, in_the_machine;

/* Each thread has these variables of its own. */
static __thread uint64_t state;
static __thread sigjmp_buf restart;
static __thread volatile sig_atomic_t in_call;

/* xorshift64*: random enough for a fuzzer, and the same numbers with each C library. */
static uint64_t rnd(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL;
}

static uint64_t below(uint64_t n)
{
	return rnd() % n;
}

/* Calls that send signals, write into the program's own memory, or keep objects in the kernel of a host. */
static const short left_out[] = {SYS_timer_create,
				 SYS_timer_settime,
				 SYS_timer_delete,
				 SYS_rt_sigqueueinfo,
				 SYS_rt_tgsigqueueinfo,
				 SYS_process_vm_readv,
				 SYS_process_vm_writev,
				 SYS_shmat,
				 SYS_sched_setaffinity,
				 SYS_quotactl,
				 SYS_add_key,
				 SYS_request_key,
				 SYS_keyctl};

/* Calls that could change files of a Linux host, or fill its disk: they are made on softnet only. */
static const short in_the_machine_only[] = {
	SYS_open,      SYS_openat,       SYS_openat2,  SYS_creat,  SYS_truncate,
	SYS_fallocate, SYS_memfd_create, SYS_link,     SYS_linkat, SYS_symlink,
	SYS_symlinkat, SYS_unlink,       SYS_unlinkat, SYS_rename, SYS_renameat,
	SYS_renameat2, SYS_mkdir,        SYS_mkdirat,  SYS_rmdir,  SYS_mknod,
	SYS_mknodat,   SYS_chdir,        SYS_fchdir,   SYS_chmod,  SYS_fchmod,
	SYS_fchmodat,  SYS_chown,        SYS_lchown,   SYS_fchown, SYS_fchownat,
	SYS_fsetxattr, SYS_fremovexattr};

/* Calls whose first argument is an address that they change: they get only addresses of the
 * arena. */
static const short arena_first[] = {SYS_mmap,  SYS_munmap, SYS_mprotect, SYS_mremap, SYS_madvise,
				    SYS_mlock, SYS_mlock2, SYS_msync,    SYS_mbind};

/* Calls with a path as their first argument, with two paths, and with a path after a directory's
 * descriptor. */
static const short path_first[] = {SYS_open,     SYS_creat, SYS_stat,  SYS_lstat,  SYS_access,
				   SYS_chdir,    SYS_mkdir, SYS_rmdir, SYS_unlink, SYS_readlink,
				   SYS_truncate, SYS_mknod, SYS_chmod, SYS_chown,  SYS_lchown,
				   SYS_statfs,   SYS_utime, SYS_utimes};
static const short two_paths[] = {SYS_rename, SYS_link, SYS_symlink};
static const short path_second[] = {SYS_openat,    SYS_mkdirat,    SYS_mknodat,   SYS_newfstatat,
				    SYS_unlinkat,  SYS_readlinkat, SYS_faccessat, SYS_statx,
				    SYS_utimensat, SYS_fchmodat,   SYS_fchownat,  SYS_renameat,
				    SYS_renameat2, SYS_linkat};

static bool is_played(long nr)
{
	return !IS_IN(unsafe_calls, nr) && !IS_IN(left_out, nr) &&
	       (in_the_machine || !IS_IN(in_the_machine_only, nr));
}

static uint64_t arena_address(void)
{
	return (uint64_t)arena + below(ARENA_PAGES) * PAGE + (below(4) ? 0 : below(PAGE));
}

static uint64_t argument(void)
{
	static const uint64_t special[] = {
		0,
		1,
		-1,
		8,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		1UL << 32,
		1UL << 47,
		0x7ffffffff000 - 8,
		1UL << 63,
		0xffff888000000000,
		0xffffffff80000000,
		0xfffffffffffff000,
		PAGE - 1,
		PAGE,
		PAGE + 1,
		65536,
	};

	switch (below(8)) {
	case 0:
		return special[below(sizeof(special) / sizeof(special[0]))];
	case 1:
	case 2:
		return arena_address();
	case 3:
		return 3 + below(40); /* descriptors */
	case 4:
		return below(16);
	case 5:
		return 1UL << below(20); /* a flag, a size */
	case 6:
		return rnd();
	default:
		return below(PAGE);
	}
}

static uint64_t path(void)
{
	static const char *const paths[] = {
		"/tmp/fuzz.file",
		"/tmp/a",
		"/tmp/b",
		"/tmp/a/c",
		"/tmp/a/../b/c/",
		"a",
		"c",
		".",
		"..",
		"",
		"/",
		"/tmp/a/c/d/e",
		"/proc/self/maps",
		"/proc/self/fd/5",
		"/proc/self/fd/20",
		"/proc/self/task/1/stat",
		"/proc/net/tcp",
		"/proc/sys",
		"/dev/null",
		"/dev/zero",
		"/dev/full",
		"/dev/urandom",
	};

	return below(8) ? (uint64_t)paths[below(sizeof(paths) / sizeof(paths[0]))] : argument();
}

static void name_files(long nr, uint64_t *a)
{
	if (IS_IN(path_first, nr) || IS_IN(two_paths, nr))
		a[0] = path();
	if (IS_IN(two_paths, nr) || IS_IN(path_second, nr))
		a[1] = path();
	if (IS_IN(path_second, nr)) {
		if (below(2))
			a[0] = AT_FDCWD;
		if (below(2))
			a[2] = AT_FDCWD;
		a[3] = nr == SYS_renameat || nr == SYS_renameat2 || nr == SYS_linkat ? path()
										     : a[3];
	}
}

/* A timeout of 0 for calls with a signal mask: the mask may block SIGALRM, so the timer could not end them. */
static struct timespec no_time;

/* Keeps calls from waiting for ever, and from changing the program's own memory and descriptors. */
static void tame(long nr, uint64_t *a)
{
	switch (nr) {
	case SYS_poll:
		a[1] = below(8);
		a[2] = 0;
		break;
	case SYS_ppoll:
		a[1] = below(8);
		if (a[3])
			a[2] = (uint64_t)&no_time;
		break;
	case SYS_pselect6:
		if (a[5])
			a[4] = (uint64_t)&no_time;
		break;
	case SYS_epoll_pwait2:
		a[3] = (uint64_t)&no_time;
		break;
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
		a[3] = 0;
		break;
	case SYS_mmap:
		a[3] |= MAP_FIXED;
		a[1] = below(8 * PAGE);
		break;
	case SYS_munmap:
	case SYS_mprotect:
	case SYS_madvise:
	case SYS_mlock:
	case SYS_mlock2:
	case SYS_msync:
		a[1] = below(8 * PAGE);
		break;
	case SYS_mremap:
		a[1] = below(8 * PAGE);
		a[2] = below(8 * PAGE);
		a[3] |= 3;
		a[4] = arena_address() & -PAGE;
		break;
	case SYS_close:
	case SYS_dup2:
	case SYS_dup3:
		a[0] = 3 + below(40);
		a[1] = 3 + below(40);
		break;
	}
	if (IS_IN(arena_first, nr))
		a[0] = (uint64_t)arena + below(ARENA_PAGES - 16) * PAGE;
	name_files(nr, a);
}

/* Opens descriptors of each kind, non-blocking. */
static void open_files(void)
{
	static const int kinds[] = {SYS_epoll_create1, SYS_eventfd2, SYS_timerfd_create};
	int p[2];

	for (int fd = 3; fd < REPORT; fd++)
		close(fd);
	open("/dev/null", O_RDWR | O_NONBLOCK);
	open("/dev/zero", O_RDWR | O_NONBLOCK);
	open("/proc/self/maps", O_RDONLY | O_NONBLOCK);
	open("/tmp", O_RDONLY | O_NONBLOCK);
	open("/tmp/fuzz.file", O_RDWR | O_CREAT | O_NONBLOCK, 0600);
	if (!pipe2(p, O_NONBLOCK))
		syscall(SYS_socketpair, 1, 1 | O_NONBLOCK, 0, p);
	syscall(SYS_socket, 2, 1 | O_NONBLOCK, 0);
	syscall(SYS_socket, 2, 2 | O_NONBLOCK, 0);
	for (int i = 0; i < 3; i++)
		syscall(kinds[i], kinds[i] == SYS_timerfd_create,
			kinds[i] == SYS_epoll_create1 ? 0 : O_NONBLOCK);
}

/*
 * Called for a fault, and for the timer that ends a call that waits. Unblocks all signals, because a call with a
 * signal mask (ppoll) may have blocked SIGSEGV, and then the next fault would be fatal.
 */
static void on_signal(int sig)
{
	sigset_t none;

	if (!in_call)
		return;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	siglongjmp(restart, sig);
}

static void move_output(void)
{
	int null = open("/dev/null", O_RDWR);

	dup2(1, REPORT);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
}

static void fresh_arena(void)
{
	mmap(arena, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

/* Starts a timer whose signal ends those calls of the calling thread that wait. */
static void start_timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM};
	struct itimerspec tick = {{0, 100000000}, {0, 100000000}};
	timer_t timer;

	event._sigev_un._tid = gettid();
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &tick, NULL);
}

static void play(long nr, const uint64_t *a)
{
	if (sigsetjmp(restart, 0)) {
		in_call = 0;
		return;
	}
	in_call = 1;
	/* Sometimes fill a page of the arena: the structures that calls read there then have
	 * random contents. */
	if (below(4) == 0)
		for (int w = 0; w < 16; w++)
			((uint64_t *)(((uintptr_t)arena_address()) & -PAGE))[w] = argument();
	syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	in_call = 0;
}

/* Makes the calls of one thread.  The first thread also renews the arena and the descriptors,
 * which all threads use. */
static void *play_all(void *arg)
{
	long thread = (long)arg;
	uint64_t a[6];
	long nr;

	state += (uint64_t)thread << 32;
	for (unsigned long i = 0; i < calls; i++) {
		if (!thread && i % 256 == 0) {
			fresh_arena();
			open_files();
		}
		do {
			nr = below(LAST_CALL + 1);
		} while (!is_played(nr));
		for (int k = 0; k < 6; k++)
			a[k] = argument();
		tame(nr, a);
		if (verbose)
			dprintf(REPORT, "%ld.%lu: %ld(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx)\n",
				thread, i, nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		play(nr, a);
		if (!thread && calls >= 10 && (i + 1) % (calls / 10) == 0)
			dprintf(REPORT, "fuzz: %lu calls\n", i + 1);
	}
	return NULL;
}

static uint64_t seed;

static void *start_thread(void *arg)
{
	state = seed * 0x9e3779b97f4a7c15ULL | 1;
	start_timer();
	return play_all(arg);
}

int main(int argc, char **argv)
{
	static const int caught[] = {SIGSEGV, SIGBUS, SIGPIPE, SIGALRM, SIGIO, SIGURG,
				     SIGXFSZ, SIGILL, SIGFPE,  SIGTRAP, SIGSYS};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_NODEFER};
	long threads = argc > 3 ? strtol(argv[3], NULL, 0) : 1;
	pthread_t others[MAX_THREADS];

	/*
	 * Refuse to run as root on Linux, because random calls could change the system's files. On softnet
	 * the program also runs as root, but is process 1 there.
	 */
	in_the_machine = getpid() == 1;
	if (argc < 3 || threads < 1 || threads > MAX_THREADS ||
	    (getuid() == 0 && !in_the_machine)) {
		fprintf(stderr,
			"fuzz SEED CALLS [THREADS]; on Linux only for a user without rights\n");
		return 2;
	}
	seed = strtoull(argv[1], NULL, 0);
	calls = strtoul(argv[2], NULL, 0);
	verbose = getenv("FUZZ_VERBOSE") != NULL;
	move_output();
	mkdir("/tmp", 0777);
	arena = mmap(NULL, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	for (size_t s = 0; s < sizeof(caught) / sizeof(caught[0]); s++)
		sigaction(caught[s], &action, NULL);
	dprintf(REPORT, "fuzz: seed %s, %lu calls\n", argv[1], calls);
	for (long t = 1; t < threads; t++)
		pthread_create(&others[t], NULL, start_thread, (void *)t);
	start_thread(NULL);
	for (long t = 1; t < threads; t++)
		pthread_join(others[t], NULL);
	unlink("/tmp/fuzz.file");
	dprintf(REPORT, "fuzz: done\n");
	return 0;
}
