/* SPDX-License-Identifier: MIT */
/*
 * fuzz SEED CALLS: plays CALLS random system calls from ring 3.  The same seed plays the same calls.
 *
 * Arguments are drawn from values that calls may accept: small numbers, descriptors, flags, pointers
 * into an arena, invalid pointers, lengths around pages.  Calls that would end the program or take
 * its own memory away are left out, or get addresses of the arena only.  A fault of the program
 * itself is caught, and the next call follows.
 *
 * It prints the seed first, then a line for each tenth of the calls, so that a run that stops can
 * be played again up to that call: FUZZ_VERBOSE=1 prints each call before it is made.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define ARENA_PAGES 64
#define PAGE        4096
#define LAST_CALL   450

static uint64_t state;
static char *arena;
static sigjmp_buf restart;

/* xorshift64*: enough for a fuzzer, and the same everywhere. */
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

static const short left_out[] = {
	SYS_fchmod,
	SYS_fchown,
	SYS_fsetxattr,
	SYS_fremovexattr,
	SYS_exit,
	SYS_exit_group,
	SYS_rt_sigreturn,
	SYS_pause,
	SYS_fork,
	SYS_vfork,
	SYS_clone,
	SYS_clone3,
	SYS_execve,
	SYS_execveat,
	SYS_kill,
	SYS_tkill,
	SYS_tgkill,
	SYS_rt_sigqueueinfo,
	SYS_rt_tgsigqueueinfo,
	SYS_reboot,
	SYS_rt_sigsuspend,
	SYS_rt_sigtimedwait,
	SYS_arch_prctl,
	SYS_seccomp,
	SYS_prctl,
	SYS_ptrace,
	SYS_wait4,
	SYS_waitid,
	SYS_unshare,
	SYS_setns,
	SYS_chroot,
	SYS_pivot_root,
	SYS_mount,
	SYS_umount2,
	SYS_rt_sigprocmask,
	SYS_rt_sigaction,
	SYS_sigaltstack,
	SYS_sync,
	SYS_vhangup,
	SYS_setuid,
	SYS_setgid,
	SYS_setresuid,
	SYS_setresgid,
	SYS_setreuid,
	SYS_setregid,
	SYS_setfsuid,
	SYS_setfsgid,
	SYS_setgroups,
	SYS_capset,
	SYS_sethostname,
	SYS_setdomainname,
	SYS_swapoff,
	SYS_swapon,
	SYS_acct,
	SYS_settimeofday,
	SYS_clock_settime,
	SYS_adjtimex,
	SYS_clock_adjtime,
	SYS_iopl,
	SYS_ioperm,
	SYS_kexec_load,
	SYS_init_module,
	SYS_delete_module,
	SYS_finit_module,
	SYS_setrlimit,
	SYS_prlimit64,
	SYS_personality,
	SYS_restart_syscall,
	SYS_setpriority,
	SYS_sched_setscheduler,
	SYS_sched_setparam,
	SYS_sched_setattr,
	SYS_ioprio_set,
	SYS_setsid,
	SYS_setpgid,
	SYS_syslog,
	SYS_pkey_mprotect,
	SYS_userfaultfd,
	SYS_io_uring_setup,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_remap_file_pages,
	SYS_set_tid_address,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_brk,
	SYS_alarm,
	SYS_setitimer,
	SYS_timer_create,
	SYS_timer_settime,
	SYS_msgget,
	SYS_msgrcv,
	SYS_msgsnd,
	SYS_semop,
	SYS_semtimedop,
	SYS_semget,
	SYS_shmget,
	SYS_shmat,
	SYS_sched_setaffinity,
	SYS_nanosleep,
	SYS_clock_nanosleep,
	SYS_futex,
	SYS_process_vm_writev,
	SYS_process_vm_readv,
	SYS_landlock_restrict_self,
	SYS_close_range,
	SYS_fallocate,
	SYS_memfd_create,
	SYS_unlink,
	SYS_rmdir,
	SYS_unlinkat,
	SYS_rename,
	SYS_renameat,
	SYS_renameat2,
	SYS_chmod,
	SYS_chown,
	SYS_lchown,
	SYS_truncate,
	SYS_fchmodat,
	SYS_fchownat,
	SYS_link,
	SYS_linkat,
	SYS_symlink,
	SYS_symlinkat,
	SYS_mknod,
	SYS_mknodat,
	SYS_mkdir,
	SYS_mkdirat,
	SYS_creat,
	SYS_open,
	SYS_openat,
	SYS_chdir,
	SYS_fchdir,
	335,
	336,
	425,
	426,
	427,
	SYS_openat2,
	SYS_acct,
	SYS_quotactl,
	SYS_keyctl,
	SYS_add_key,
	SYS_request_key,
};

/* Calls whose first argument is an address that they change: the arena's addresses only. */
static const short arena_first[] = {SYS_mmap,  SYS_munmap, SYS_mprotect, SYS_mremap, SYS_madvise,
				    SYS_mlock, SYS_mlock2, SYS_msync,    SYS_mbind};

static int in(const short *list, size_t n, long nr)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == nr)
			return 1;
	return 0;
}

#define IN(list, nr) in(list, sizeof(list) / sizeof((list)[0]), nr)

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

/* Keeps calls from waiting, and from changing the program's own memory and descriptors. */
static void tame(long nr, uint64_t *a)
{
	switch (nr) {
	case SYS_poll:
	case SYS_ppoll:
		a[2] = 0;
		a[1] = below(8);
		if (nr == SYS_ppoll)
			a[2] = (uint64_t)arena; /* a timespec of zeroes, most of the time */
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
	if (IN(arena_first, nr)) {
		a[0] = (uint64_t)arena + below(ARENA_PAGES - 16) * PAGE;
	}
}

/* Opens descriptors of each kind, non-blocking. */
static void open_files(void)
{
	static const int kinds[] = {SYS_epoll_create1, SYS_eventfd2, SYS_timerfd_create};
	int p[2];

	for (int fd = 3; fd < 64; fd++)
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

static volatile sig_atomic_t in_call;

/*
 * A fault, or the timer that ends a call that waits.  A call with a signal mask (ppoll) may have blocked SIGSEGV, which
 * would make the next fault fatal: no signal stays blocked.
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

/* Reports go to a descriptor that no call hits; 0, 1 and 2 become /dev/null. */
#define REPORT 200

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

int main(int argc, char **argv)
{
	static const int caught[] = {SIGSEGV, SIGBUS, SIGPIPE, SIGALRM, SIGIO, SIGURG,
				     SIGXFSZ, SIGILL, SIGFPE,  SIGTRAP, SIGSYS};
	unsigned long calls = argc > 2 ? strtoul(argv[2], NULL, 0) : 10000;
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_NODEFER};
	/* Ends calls that wait. */
	struct itimerval tick = {{0, 100000}, {0, 100000}};
	int verbose = getenv("FUZZ_VERBOSE") != NULL;
	volatile unsigned long i;

	/*
	 * Refuse to run as root on Linux, because random calls could change the system's files. On softnet
	 * the program also runs as root, but is process 1 there.
	 */
	if (getuid() == 0 && getpid() != 1) {
		fprintf(stderr, "fuzz: on Linux only for a user without rights\n");
		return 2;
	}
	move_output();
	setitimer(ITIMER_REAL, &tick, NULL);
	state = (argc > 1 ? strtoull(argv[1], NULL, 0) : 1) * 0x9e3779b97f4a7c15ULL | 1;
	mkdir("/tmp", 0777);
	arena = mmap(NULL, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	for (size_t s = 0; s < sizeof(caught) / sizeof(caught[0]); s++)
		sigaction(caught[s], &action, NULL);
	dprintf(REPORT, "fuzz: seed %s, %lu calls\n", argc > 1 ? argv[1] : "1", calls);
	for (i = 0; i < calls; i++) {
		uint64_t a[6];
		long nr;

		if (i % 256 == 0) {
			fresh_arena();
			open_files();
		}
		do {
			nr = below(LAST_CALL + 1);
		} while (IN(left_out, nr));
		for (int k = 0; k < 6; k++)
			a[k] = argument();
		tame(nr, a);
		if (verbose) {
			dprintf(REPORT, "%lu: %ld(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx)\n", i, nr,
				a[0], a[1], a[2], a[3], a[4], a[5]);
		}
		if (!sigsetjmp(restart, 0)) {
			in_call = 1;
			/* Random contents for structures that calls read. */
			if (below(4) == 0)
				for (int w = 0; w < 16; w++)
					((uint64_t *)(((uintptr_t)arena_address()) & -PAGE))[w] =
						argument();
			syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		}
		in_call = 0;
		if (calls >= 10 && (i + 1) % (calls / 10) == 0) {
			dprintf(REPORT, "fuzz: %lu calls\n", i + 1);
		}
	}
	unlink("/tmp/fuzz.file");
	dprintf(REPORT, "fuzz: done\n");
	return 0;
}
