/* SPDX-License-Identifier: MIT */
/* Signals: handlers, masks, the alternate stack, waiting, interrupted calls, faults. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

#define KERNEL_MASK_SIZE 8
#define NOWHERE          ((void *)8)

/* The kernel's struct sigaction, without the C library's changes. */
struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

static volatile int caught[64], nr_caught;
static siginfo_t last_info;
static sigset_t mask_inside;

static void note(int sig)
{
	if (nr_caught < 64)
		caught[nr_caught] = sig;
	nr_caught++;
	sigprocmask(SIG_BLOCK, NULL, &mask_inside);
}

static void note_info(int sig, siginfo_t *info, void *context)
{
	(void)context;
	last_info = *info;
	note(sig);
}

static void handle(int sig, int flags)
{
	struct sigaction action = {.sa_sigaction = note_info, .sa_flags = flags | SA_SIGINFO};

	sigaction(sig, &action, NULL);
	nr_caught = 0;
}

static void set_default(int sig)
{
	signal(sig, SIG_DFL);
}

static sigset_t set_of(int a, int b)
{
	sigset_t set;

	sigemptyset(&set);
	if (a)
		sigaddset(&set, a);
	if (b)
		sigaddset(&set, b);
	return set;
}

static long raw_action(int sig, void *action, void *old, size_t size)
{
	return syscall(SYS_rt_sigaction, sig, action, old, size);
}

static long raw_mask(int how, void *set, void *old, size_t size)
{
	return syscall(SYS_rt_sigprocmask, how, set, old, size);
}

static void check_arguments(void)
{
	struct kernel_action action = {SIG_IGN, 0, NULL, 0}, old;
	uint64_t mask = 0;

	FAILS(raw_action(SIGUSR1, &action, NULL, 4), EINVAL);
	FAILS(raw_action(SIGUSR1, &action, NULL, 16), EINVAL);
	FAILS(raw_action(0, &action, NULL, 8), EINVAL);
	FAILS(raw_action(65, &action, NULL, 8), EINVAL);
	FAILS(raw_action(-1, &action, NULL, 8), EINVAL);
	FAILS(raw_action(SIGKILL, &action, NULL, 8), EINVAL);
	FAILS(raw_action(SIGSTOP, &action, NULL, 8), EINVAL);
	IS(raw_action(SIGKILL, NULL, &old, 8), 0);
	FAILS(raw_action(SIGUSR1, NOWHERE, NULL, 8), EFAULT);
	FAILS(raw_action(SIGUSR1, NULL, NOWHERE, 8), EFAULT);
	FAILS(raw_action(65, NOWHERE, NULL, 8), EFAULT);
	/* The signals that cannot be blocked are taken out of the mask. */
	action.mask = ~0ul;
	IS(raw_action(SIGUSR1, &action, NULL, 8), 0);
	IS(raw_action(SIGUSR1, NULL, &old, 8), 0);
	TRUE(old.mask == ~(1ul << (SIGKILL - 1) | 1ul << (SIGSTOP - 1)));
	TRUE(old.handler == SIG_IGN);
	set_default(SIGUSR1);

	FAILS(raw_mask(SIG_BLOCK, &mask, NULL, 4), EINVAL);
	FAILS(raw_mask(3, &mask, NULL, 8), EINVAL);
	FAILS(raw_mask(-1, &mask, NULL, 8), EINVAL);
	IS(raw_mask(3, NULL, &mask, 8), 0);
	FAILS(raw_mask(SIG_BLOCK, NOWHERE, NULL, 8), EFAULT);
	FAILS(raw_mask(SIG_BLOCK, NULL, NOWHERE, 8), EFAULT);
	FAILS(syscall(SYS_rt_sigpending, &mask, 9), EINVAL);
	FAILS(syscall(SYS_rt_sigpending, NOWHERE, 8), EFAULT);
	FAILS(syscall(SYS_rt_sigsuspend, &mask, 4), EINVAL);
	FAILS(syscall(SYS_rt_sigsuspend, NOWHERE, 8), EFAULT);
	FAILS(syscall(SYS_rt_sigtimedwait, &mask, NULL, NULL, 4), EINVAL);
	FAILS(syscall(SYS_rt_sigtimedwait, NOWHERE, NULL, NULL, 8), EFAULT);
	FAILS(syscall(SYS_rt_sigtimedwait, &mask, NULL, NOWHERE, 8), EFAULT);
	FAILS(kill(getpid(), 65), EINVAL);
	FAILS(kill(getpid(), -1), EINVAL);
	FAILS(kill(0x3ffffff, 0), ESRCH);
	FAILS(kill(0x3ffffff, 65), ESRCH);
	IS(kill(getpid(), 0), 0);
	FAILS(syscall(SYS_tgkill, getpid(), 0, 0), EINVAL);
	FAILS(syscall(SYS_tgkill, -1, gettid(), 0), EINVAL);
	FAILS(syscall(SYS_tgkill, getpid(), 0x3ffffff, 0), ESRCH);
	FAILS(syscall(SYS_tgkill, getpid(), gettid(), 65), EINVAL);
	IS(syscall(SYS_tgkill, getpid(), gettid(), 0), 0);
	FAILS(syscall(SYS_tkill, 0, 0), EINVAL);
	IS(syscall(SYS_tkill, gettid(), 0), 0);
	FAILS(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, NOWHERE), EFAULT);
	FAILS(syscall(SYS_restart_syscall), EINTR);
}

static void check_handlers(void)
{
	struct kernel_action old;
	sigset_t set;

	handle(SIGUSR1, 0);
	IS(kill(getpid(), SIGUSR1), 0);
	IS(nr_caught, 1);
	IS(caught[0], SIGUSR1);
	IS(last_info.si_signo, SIGUSR1);
	IS(last_info.si_code, SI_USER);
	TRUE(last_info.si_pid == getpid());
	TRUE(last_info.si_uid == getuid());
	IS(sigismember(&mask_inside, SIGUSR1), 1);
	IS(sigismember(&mask_inside, SIGUSR2), 0);
	sigprocmask(SIG_BLOCK, NULL, &set);
	IS(sigismember(&set, SIGUSR1), 0);
	IS(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1), 0);
	IS(last_info.si_code, SI_TKILL);
	IS(nr_caught, 2);

	handle(SIGUSR1, SA_NODEFER);
	raise(SIGUSR1);
	IS(sigismember(&mask_inside, SIGUSR1), 0);
	handle(SIGUSR1, SA_RESETHAND);
	raise(SIGUSR1);
	IS(nr_caught, 1);
	raw_action(SIGUSR1, NULL, &old, 8);
	TRUE(old.handler == SIG_DFL);

	handle(SIGUSR1, 0);
	IS(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 77}), 0);
	IS(last_info.si_code, SI_QUEUE);
	IS(last_info.si_value.sival_int, 77);
	TRUE(last_info.si_pid == getpid());
	IS(pthread_sigqueue(pthread_self(), SIGUSR1, (union sigval){.sival_int = 78}), 0);
	IS(last_info.si_value.sival_int, 78);
	set_default(SIGUSR1);
}

static void check_pending(void)
{
	const int by_default[] = {SIGCHLD, SIGURG, SIGWINCH, SIGCONT};
	sigset_t both = set_of(SIGUSR1, SIGUSR2), set;

	handle(SIGUSR1, 0);
	handle(SIGUSR2, 0);
	sigprocmask(SIG_BLOCK, &both, NULL);
	IS(kill(getpid(), SIGUSR2), 0);
	IS(kill(getpid(), SIGUSR1), 0);
	IS(kill(getpid(), SIGUSR1), 0);
	IS(nr_caught, 0);
	IS(sigpending(&set), 0);
	IS(sigismember(&set, SIGUSR1), 1);
	IS(sigismember(&set, SIGUSR2), 1);
	IS(sigismember(&set, SIGHUP), 0);
	sigprocmask(SIG_UNBLOCK, &both, NULL);
	/*
	 * The lower number is delivered first. The frame of the higher number is then built on top of the first
	 * frame, so the handler of the lower number runs last.
	 */
	IS(nr_caught, 2);
	IS(caught[0], SIGUSR2);
	IS(caught[1], SIGUSR1);
	sigpending(&set);
	IS(sigismember(&set, SIGUSR1), 0);

	/* A pending signal that becomes ignored is discarded. */
	sigprocmask(SIG_BLOCK, &both, NULL);
	kill(getpid(), SIGUSR1);
	syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	sigpending(&set);
	IS(sigismember(&set, SIGUSR1), 0);
	/* An ignored signal stays pending as long as it is blocked. */
	kill(getpid(), SIGUSR1);
	sigpending(&set);
	IS(sigismember(&set, SIGUSR1), 1);
	sigprocmask(SIG_UNBLOCK, &both, NULL);
	sigpending(&set);
	IS(sigismember(&set, SIGUSR1), 0);
	for (int i = 0; i < 4; i++)
		IS(kill(getpid(), by_default[i]), 0);
	set_default(SIGUSR1);
	set_default(SIGUSR2);
}

/* ---- waiting, and interrupted calls ----------------------------------------------------------- */

static pthread_t main_thread;
static int pipe_ends[2];

static pthread_t threads[4];
static int nr_threads, nr_acted;

struct later {
	int turn;
	int sig; /* 0: the thread writes into the pipe instead */
};

static void *act_later(void *arg)
{
	struct later *l = arg;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	while (__atomic_load_n(&nr_acted, __ATOMIC_SEQ_CST) != l->turn)
		sched_yield();
	wait_until_asleep(getpid());
	if (l->sig)
		pthread_kill(main_thread, l->sig);
	else if (write(pipe_ends[1], "x", 1) != 1)
		abort();
	__atomic_add_fetch(&nr_acted, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static struct later orders[4];

/* Starts a thread that sends @sig when the main thread sleeps, and when the threads that earlier
 * calls of later() started have acted. */
static void later(int sig)
{
	orders[nr_threads] = (struct later){nr_threads, sig};
	pthread_create(&threads[nr_threads], NULL, act_later, &orders[nr_threads]);
	nr_threads++;
}

static void join(void)
{
	while (nr_threads)
		pthread_join(threads[--nr_threads], NULL);
	nr_acted = 0;
}

static void check_waiting(void)
{
	sigset_t both = set_of(SIGUSR1, SIGUSR2), none = set_of(0, 0), one = set_of(SIGUSR1, 0),
		 now;
	struct timespec zero = {0, 0}, short_time = {0, 20000000}, bad = {0, 1000000000};
	struct timespec long_time = {60, 0}, a, b;
	siginfo_t info;

	handle(SIGUSR1, 0);
	sigprocmask(SIG_BLOCK, &both, NULL);
	later(SIGUSR1);
	FAILS(sigsuspend(&none), EINTR);
	IS(nr_caught, 1);
	sigprocmask(SIG_BLOCK, NULL, &now);
	IS(sigismember(&now, SIGUSR1), 1);
	join();

	FAILS(sigtimedwait(&both, &info, &bad), EINVAL);
	FAILS(sigtimedwait(&both, &info, &zero), EAGAIN);
	clock_gettime(CLOCK_MONOTONIC, &a);
	FAILS(sigtimedwait(&both, &info, &short_time), EAGAIN);
	clock_gettime(CLOCK_MONOTONIC, &b);
	TRUE((b.tv_sec - a.tv_sec) * 1000000000l + b.tv_nsec - a.tv_nsec >= 20000000);
	kill(getpid(), SIGUSR2);
	IS(sigtimedwait(&both, &info, &zero), SIGUSR2);
	IS(info.si_signo, SIGUSR2);
	IS(info.si_code, SI_USER);
	later(SIGUSR2);
	IS(sigwaitinfo(&both, &info), SIGUSR2);
	TRUE(info.si_pid == getpid());
	join();
	/* A signal that is ignored by default and blocked ends the wait. */
	one = set_of(SIGWINCH, 0);
	sigprocmask(SIG_BLOCK, &one, NULL);
	later(SIGWINCH);
	IS(sigtimedwait(&one, &info, &long_time), SIGWINCH);
	join();
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	/* A handler of another signal ends the wait. */
	one = set_of(SIGUSR1, 0);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	handle(SIGUSR1, SA_RESTART);
	later(SIGUSR1);
	one = set_of(SIGUSR2, 0);
	FAILS(sigwaitinfo(&one, &info), EINTR);
	join();
	later(SIGUSR1);
	FAILS(pause(), EINTR);
	IS(nr_caught, 2);
	join();
	sigprocmask(SIG_UNBLOCK, &both, NULL);
	set_default(SIGUSR1);
}

static void check_restarts(void)
{
	struct timespec time = {10, 0}, left = {99, 0}, until;
	struct pollfd none = {-1, 0, 0};
	struct epoll_event event;
	sigset_t one = set_of(SIGUSR1, 0), empty = set_of(0, 0), now;
	int epoll = epoll_create1(0);
	char c;

	IS(pipe(pipe_ends), 0);
	handle(SIGUSR1, 0);
	later(SIGUSR1);
	FAILS(read(pipe_ends[0], &c, 1), EINTR);
	join();
	handle(SIGUSR1, SA_RESTART);
	later(SIGUSR1);
	later(0);
	IS(read(pipe_ends[0], &c, 1), 1);
	IS(nr_caught, 1);
	join();

	/* A handler ends these calls even with SA_RESTART. */
	later(SIGUSR1);
	FAILS(poll(&none, 1, 10000), EINTR);
	join();
	later(SIGUSR1);
	FAILS(ppoll(&none, 1, NULL, NULL), EINTR);
	join();
	later(SIGUSR1);
	FAILS(select(0, NULL, NULL, NULL, NULL), EINTR);
	join();
	later(SIGUSR1);
	FAILS(epoll_wait(epoll, &event, 1, 10000), EINTR);
	join();
	later(SIGUSR1);
	FAILS(nanosleep(&time, &left), EINTR);
	TRUE(left.tv_sec <= 10); /* 10 s and some µs at most: Linux adds its timer slack */
	join();
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += 10;
	later(SIGUSR1);
	IS(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), EINTR);
	join();

	/* An ignored signal does not end these calls. */
	set_default(SIGURG);
	later(SIGURG);
	IS(poll(&none, 1, 30), 0);
	join();
	later(SIGURG);
	time = (struct timespec){0, 30000000};
	IS(nanosleep(&time, NULL), 0);
	join();

	/* The temporary mask of ppoll() and its relatives lets a blocked signal end the call. */
	sigprocmask(SIG_BLOCK, &one, NULL);
	handle(SIGUSR1, 0);
	later(SIGUSR1);
	FAILS(ppoll(&none, 1, NULL, &empty), EINTR);
	join();
	later(SIGUSR1);
	FAILS(pselect(0, NULL, NULL, NULL, NULL, &empty), EINTR);
	join();
	later(SIGUSR1);
	FAILS(epoll_pwait(epoll, &event, 1, -1, &empty), EINTR);
	join();
	IS(nr_caught, 3);
	sigprocmask(SIG_BLOCK, NULL, &now);
	IS(sigismember(&now, SIGUSR1), 1);
	kill(getpid(), SIGUSR1);
	IS(nr_caught, 3);
	FAILS(ppoll(&none, 1, NULL, &empty), EINTR);
	IS(nr_caught, 4);
	FAILS(syscall(SYS_ppoll, &none, 1, NULL, &empty, 4), EINVAL);
	FAILS(syscall(SYS_epoll_pwait, epoll, &event, 1, 0, &empty, 4), EINVAL);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	set_default(SIGUSR1);
	close(epoll);
	close(pipe_ends[0]);

	handle(SIGPIPE, 0);
	FAILS(write(pipe_ends[1], "x", 1), EPIPE);
	IS(nr_caught, 1);
	signal(SIGPIPE, SIG_IGN);
	FAILS(write(pipe_ends[1], "x", 1), EPIPE);
	close(pipe_ends[1]);
}

/* ---- the alternate stack ---------------------------------------------------------------------- */

static char *alternate, *frame_at;
static stack_t stack_inside;
static int set_inside;

static void look_at_stack(int sig)
{
	char here;
	stack_t other = {.ss_sp = alternate, .ss_size = 65536};

	(void)sig;
	frame_at = &here;
	sigaltstack(NULL, &stack_inside);
	set_inside = sigaltstack(&other, NULL) ? errno : 0;
}

static void check_alternate_stack(void)
{
	struct sigaction action = {.sa_handler = look_at_stack, .sa_flags = SA_ONSTACK};
	stack_t stack, old;

	alternate = malloc(65536);
	stack = (stack_t){.ss_sp = alternate, .ss_size = 1024};
	FAILS(sigaltstack(&stack, NULL), ENOMEM);
	stack.ss_size = 65536;
	stack.ss_flags = 8;
	FAILS(sigaltstack(&stack, NULL), EINVAL);
	FAILS(sigaltstack(NOWHERE, NULL), EFAULT);
	stack.ss_flags = 0;
	IS(sigaltstack(&stack, NULL), 0);
	FAILS(sigaltstack(NULL, NOWHERE), EFAULT);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	TRUE(frame_at > alternate && frame_at < alternate + 65536);
	IS(stack_inside.ss_flags, SS_ONSTACK);
	IS(set_inside, EPERM);
	IS(sigaltstack(NULL, &old), 0);
	IS(old.ss_flags, 0);
	TRUE(old.ss_sp == alternate && old.ss_size == 65536);
	/* SS_AUTODISARM: the stack is free for another use while the handler runs. */
	stack.ss_flags = (int)(1u << 31);
	IS(sigaltstack(&stack, NULL), 0);
	raise(SIGUSR1);
	TRUE(frame_at > alternate && frame_at < alternate + 65536);
	IS(stack_inside.ss_flags, SS_DISABLE);
	IS(set_inside, 0);
	IS(sigaltstack(NULL, &old), 0);
	IS(old.ss_flags, 0); /* as the handler has set it */
	action.sa_flags = 0;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	TRUE(frame_at < alternate || frame_at >= alternate + 65536);
	stack.ss_flags = SS_DISABLE;
	IS(sigaltstack(&stack, NULL), 0);
	IS(sigaltstack(NULL, &old), 0);
	IS(old.ss_flags, SS_DISABLE);
	free(alternate);
	set_default(SIGUSR1);
}

/* ---- faults ----------------------------------------------------------------------------------- */

static sigjmp_buf jump;
static int fault_code, fault_sig;
static char *fault_address;

static void leave(int sig, siginfo_t *info, void *context)
{
	(void)context;
	fault_sig = sig;
	fault_code = info->si_code;
	fault_address = info->si_addr;
	siglongjmp(jump, 1);
}

#define FAULTS(statement)                                                                          \
	do {                                                                                       \
		fault_sig = fault_code = 0;                                                        \
		fault_address = NULL;                                                              \
		if (!sigsetjmp(jump, 1)) {                                                         \
			statement;                                                                 \
		}                                                                                  \
	} while (0)

static void check_faults(void)
{
	const int sigs[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
	struct sigaction action = {.sa_sigaction = leave, .sa_flags = SA_SIGINFO};
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile int zero = 0;

	for (int i = 0; i < 5; i++)
		sigaction(sigs[i], &action, NULL);
	FAULTS(*(volatile char *)16 = 1);
	IS(fault_sig, SIGSEGV);
	IS(fault_code, SEGV_MAPERR);
	IS((long)fault_address, 16);
	FAULTS(*(volatile char *)page = 1);
	IS(fault_sig, SIGSEGV);
	IS(fault_code, SEGV_ACCERR);
	TRUE(fault_address == page);
	FAULTS(((void (*)(void))page)());
	IS(fault_sig, SIGSEGV);
	IS(fault_code, SEGV_ACCERR);
	mprotect(page, 4096, PROT_NONE);
	FAULTS((void)*(volatile char *)page);
	IS(fault_code, SEGV_ACCERR);
	/*
	 * A kernel address is reported like an address without a page.  For a non-canonical
	 * address siginfo has no address, and the code is SI_KERNEL.
	 */
	FAULTS((void)*(volatile char *)0xffffffff80000000ul);
	IS(fault_sig, SIGSEGV);
	IS(fault_code, SEGV_MAPERR);
	FAULTS((void)*(volatile char *)0x8000000000000000ul);
	IS(fault_sig, SIGSEGV);
	IS(fault_code, SI_KERNEL);
	FAULTS(__asm__ volatile("ud2"));
	IS(fault_sig, SIGILL);
	IS(fault_code, ILL_ILLOPN);
	FAULTS(__asm__ volatile("int3"));
	IS(fault_sig, SIGTRAP);
	IS(fault_code, SI_KERNEL);
	FAULTS(__asm__ volatile("hlt"));
	IS(fault_sig, SIGSEGV);
	IS(fault_code, SI_KERNEL);
	FAULTS(__asm__ volatile("mov $1, %%eax; cltd; idivl %0" : : "m"(zero) : "eax", "edx"));
	IS(fault_sig, SIGFPE);
	IS(fault_code, FPE_INTDIV);
	for (int i = 0; i < 5; i++)
		set_default(sigs[i]);
	munmap(page, 4096);
}

/* ---- the frame -------------------------------------------------------------------------------- */

static long changed_register, old_register;
static double vector_inside;

/* Changes a register of the interrupted code, and uses the vector registers. */
static void change_context(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	volatile double x = 1.5;

	(void)sig;
	(void)info;
	old_register = uc->uc_mcontext.gregs[REG_R12];
	uc->uc_mcontext.gregs[REG_R12] = 4711;
	sigaddset(&uc->uc_sigmask, SIGUSR2);
	for (int i = 0; i < 10; i++)
		x = x * 1.25 + 3.5;
	vector_inside = x;
	__asm__ volatile("pcmpeqb %%xmm0, %%xmm0; movdqa %%xmm0, %%xmm7; movdqa %%xmm0, %%xmm15"
			 :
			 :
			 : "xmm0", "xmm7", "xmm15");
}

static void check_frame(void)
{
	struct sigaction action = {.sa_sigaction = change_context, .sa_flags = SA_SIGINFO};
	long pid = getpid(), tid = gettid(), result;
	sigset_t now;
	double before = 2.75, after;

	sigaction(SIGUSR1, &action, NULL);
	__asm__ volatile("movsd %3, %%xmm7\n\t"
			 "mov $815, %%r12\n\t"
			 "mov $234, %%eax\n\t" /* tgkill */
			 "mov %4, %%rdi\n\t"
			 "mov %5, %%rsi\n\t"
			 "mov $10, %%edx\n\t" /* SIGUSR1 */
			 "syscall\n\t"
			 "mov %%rax, %0\n\t"
			 "mov %%r12, %1\n\t"
			 "movsd %%xmm7, %2"
			 : "=r"(result), "=r"(changed_register), "=m"(after)
			 : "m"(before), "r"(pid), "r"(tid)
			 : "rax", "rdi", "rsi", "rdx", "rcx", "r11", "r12", "xmm7", "memory");
	IS(result, 0);
	IS(old_register, 815);
	IS(changed_register, 4711);
	TRUE(after == before);
	TRUE(vector_inside > 1.5);
	sigprocmask(SIG_BLOCK, NULL, &now);
	IS(sigismember(&now, SIGUSR2), 1);
	sigemptyset(&now);
	sigprocmask(SIG_SETMASK, &now, NULL);
	set_default(SIGUSR1);
}

/* Urgent data sends SIGURG to the owner of the descriptor. */
static void check_urgent(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timespec pause_time = {0, 5000000};
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0), one, other, owner = getpid();

	IS(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	IS(listen(listener, 1), 0);
	IS(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	one = socket(AF_INET, SOCK_STREAM, 0);
	IS(connect(one, (struct sockaddr *)&at, sizeof(at)), 0);
	other = accept(listener, NULL, NULL);
	TRUE(other >= 0);
	handle(SIGURG, 0);
	IS(send(one, "a", 1, MSG_OOB), 1);
	for (int i = 0; i < 100 && ioctl(other, SIOCATMARK, &len) == 0 && !len; i++)
		nanosleep(&pause_time, NULL);
	IS(nr_caught, 0);
	IS(fcntl(other, F_GETOWN), 0);
	FAILS(fcntl(other, F_SETOWN, 0x3ffffff), ESRCH);
	IS(fcntl(other, F_SETOWN, getpid()), 0);
	TRUE(fcntl(other, F_GETOWN) == getpid());
	IS(send(one, "b", 1, MSG_OOB), 1);
	for (int i = 0; i < 400 && !nr_caught; i++)
		nanosleep(&pause_time, NULL);
	IS(nr_caught, 1);
	IS(last_info.si_signo, SIGURG);
	owner = 0;
	IS(ioctl(other, FIOSETOWN, &owner), 0);
	IS(ioctl(other, SIOCGPGRP, &owner), 0);
	IS(owner, 0);
	FAILS(ioctl(other, SIOCSPGRP, NOWHERE), EFAULT);
	set_default(SIGURG);
	close(one);
	close(other);
	close(listener);
}

void check_signals(void)
{
	check_urgent();
	main_thread = pthread_self();
	check_arguments();
	check_handlers();
	check_pending();
	check_waiting();
	check_restarts();
	check_alternate_stack();
	check_faults();
	check_frame();
}
