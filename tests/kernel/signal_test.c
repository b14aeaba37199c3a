/* SPDX-License-Identifier: MIT */
/*
 * Tests of signals: handlers, masks, waiting, interrupted calls, the alternate stack, several threads.  The
 * cases are programs of the hosted kernel; their handlers are C functions.
 */
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/limits.h"
#include "kernel/process/limits.h"
#include "kernel/shutdown.h"
#include "tests/kernel/program.h"

const bool cases_are_programs = true;

/* ---- the handler of most cases ---------------------------------------------------------------- */

static int caught[64]; /* the signals in the order of their handlers */
static struct user_siginfo infos[64];
static unsigned int nr_caught;
static u64 mask_inside; /* the signal mask while the last handler ran */

static void catch (int sig, struct user_siginfo *info, void *context)
{
	caught[nr_caught] = sig;
	infos[nr_caught++] = *info;
	mask_inside = mask_now();
}

/* ---- handlers and masks ----------------------------------------------------------------------- */

static void bad_arguments(void)
{
	struct user_sigaction action = {.handler = (u64) catch};
	u64 mask = 0;

	CHECK_IS(CALL4(__NR_rt_sigaction, SIGUSR1, &action, NULL, 4), -EINVAL);
	CHECK_IS(CALL4(__NR_rt_sigaction, 0, &action, NULL, 8), -EINVAL);
	CHECK_IS(CALL4(__NR_rt_sigaction, 65, &action, NULL, 8), -EINVAL);
	CHECK_IS(CALL4(__NR_rt_sigaction, SIGKILL, &action, NULL, 8), -EINVAL);
	CHECK_IS(CALL4(__NR_rt_sigaction, SIGSTOP, &action, NULL, 8), -EINVAL);
	CHECK_IS(CALL4(__NR_rt_sigaction, SIGKILL, NULL, &action, 8), 0);
	CHECK_IS(CALL4(__NR_rt_sigaction, SIGUSR1, NOWHERE, NULL, 8), -EFAULT);
	CHECK_IS(CALL4(__NR_rt_sigaction, SIGUSR1, NULL, NOWHERE, 8), -EFAULT);
	CHECK_IS(CALL4(__NR_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 16), -EINVAL);
	CHECK_IS(CALL4(__NR_rt_sigprocmask, 3, &mask, NULL, 8), -EINVAL);
	CHECK_IS(CALL4(__NR_rt_sigprocmask, 3, NULL, &mask, 8), 0);
	CHECK_IS(CALL4(__NR_rt_sigprocmask, SIG_BLOCK, NOWHERE, NULL, 8), -EFAULT);
	CHECK_IS(CALL4(__NR_rt_sigprocmask, SIG_BLOCK, NULL, NOWHERE, 8), -EFAULT);
	CHECK_IS(CALL2(__NR_rt_sigpending, &mask, 9), -EINVAL);
	CHECK_IS(CALL2(__NR_rt_sigsuspend, &mask, 4), -EINVAL);
	CHECK_IS(CALL2(__NR_rt_sigsuspend, NOWHERE, 8), -EFAULT);
	CHECK_IS(CALL4(__NR_rt_sigtimedwait, &mask, NULL, NULL, 4), -EINVAL);
	CHECK_IS(CALL4(__NR_rt_sigtimedwait, NOWHERE, NULL, NULL, 8), -EFAULT);
	CHECK_IS(CALL2(__NR_kill, 1, 65), -EINVAL);
	CHECK_IS(CALL2(__NR_kill, 1, -1), -EINVAL);
	CHECK_IS(CALL2(__NR_kill, 77, 65), -ESRCH);
	CHECK_IS(CALL2(__NR_kill, -1, SIGUSR1), -ESRCH);
	CHECK_IS(CALL2(__NR_kill, 1, 0), 0);
	CHECK_IS(CALL3(__NR_tgkill, 1, 0, 0), -EINVAL);
	CHECK_IS(CALL3(__NR_tgkill, 1, 77, 0), -ESRCH);
	CHECK_IS(CALL3(__NR_tgkill, 2, 1, 0), -ESRCH);
	CHECK_IS(CALL3(__NR_tgkill, 1, 1, 65), -EINVAL);
	CHECK_IS(CALL3(__NR_tgkill, 1, 1, 0), 0);
	CHECK_IS(CALL2(__NR_tkill, -1, 0), -EINVAL);
	CHECK_IS(CALL2(__NR_tkill, 1, 0), 0);
}

static void handler_runs_with_its_mask(void)
{
	struct user_sigaction old;

	handle(SIGUSR1, catch, SA_SIGINFO, sigmask(SIGUSR2) | sigmask(SIGKILL));
	CHECK_IS(CALL4(__NR_rt_sigaction, SIGUSR1, NULL, &old, 8), 0);
	CHECK(old.handler == (u64) catch && old.flags == SA_SIGINFO);
	CHECK(old.mask == sigmask(SIGUSR2));
	CHECK_IS(CALL2(__NR_kill, 1, SIGUSR1), 0);
	CHECK_IS(nr_caught, 1);
	CHECK_IS(caught[0], SIGUSR1);
	CHECK(infos[0].si_signo == SIGUSR1 && infos[0].si_code == SI_USER && infos[0].si_pid == 1);
	CHECK(mask_inside == (sigmask(SIGUSR1) | sigmask(SIGUSR2)));
	CHECK_IS(mask_now(), 0);

	handle(SIGUSR1, catch, SA_NODEFER | SA_RESETHAND, 0);
	CHECK_IS(CALL3(__NR_tgkill, 1, 1, SIGUSR1), 0);
	CHECK(nr_caught == 2 && infos[1].si_code == SI_TKILL && mask_inside == 0);
	CHECK_IS(CALL4(__NR_rt_sigaction, SIGUSR1, NULL, &old, 8), 0);
	CHECK(old.handler == 0);
}

/* Signals of faults are delivered first, then the others by their numbers.  A standard signal that is sent twice is
 * pending once. */
static void order_of_delivery(void)
{
	const int sent[] = {SIGUSR2, SIGTERM, SIGUSR1, SIGSEGV, SIGUSR1, 40};
	/* The frame of a later signal is on top of the stack, so its handler runs first. */
	const int expected[] = {40, SIGTERM, SIGUSR2, SIGUSR1, SIGSEGV};
	u64 pending;

	for (unsigned int i = 0; i < ARRAY_SIZE(sent); i++)
		handle(sent[i], catch, SA_SIGINFO | SA_NODEFER, 0);
	set_mask(~0UL);
	for (unsigned int i = 0; i < ARRAY_SIZE(sent); i++)
		CHECK_IS(CALL2(__NR_kill, 1, sent[i]), 0);
	CHECK_IS(nr_caught, 0);
	CHECK_IS(CALL2(__NR_rt_sigpending, &pending, 8), 0);
	CHECK(pending == (sigmask(SIGUSR1) | sigmask(SIGUSR2) | sigmask(SIGTERM) |
			  sigmask(SIGSEGV) | sigmask(40)));
	set_mask(0);
	CHECK_IS(nr_caught, ARRAY_SIZE(expected));
	for (unsigned int i = 0; i < ARRAY_SIZE(expected); i++)
		CHECK_IS(caught[i], expected[i]);
}

static void ignored_signals(void)
{
	const int by_default[] = {SIGCHLD, SIGURG,  SIGWINCH, SIGCONT,
				  SIGSTOP, SIGTSTP, SIGTTIN,  SIGTTOU};
	u64 pending;

	for (unsigned int i = 0; i < ARRAY_SIZE(by_default); i++)
		CHECK_IS(CALL2(__NR_kill, 1, by_default[i]), 0);
	/* A pending signal that becomes ignored is discarded. */
	set_mask(sigmask(SIGUSR1));
	CHECK_IS(CALL2(__NR_kill, 1, SIGUSR1), 0);
	CHECK_IS(CALL3(__NR_tgkill, 1, 1, SIGUSR1), 0);
	handle(SIGUSR1, (void *)1, 0, 0);
	CHECK_IS(CALL2(__NR_rt_sigpending, &pending, 8), 0);
	CHECK(pending == 0);
	/* An ignored signal stays pending as long as it is blocked. */
	CHECK_IS(CALL2(__NR_kill, 1, SIGUSR1), 0);
	CHECK_IS(CALL2(__NR_rt_sigpending, &pending, 8), 0);
	CHECK(pending == sigmask(SIGUSR1));
	set_mask(0);
	CHECK_IS(CALL2(__NR_rt_sigpending, &pending, 8), 0);
	CHECK(pending == 0 && nr_caught == 0);
}

static void queued_value(void)
{
	struct user_siginfo info = {.si_code = SI_QUEUE, .si_pid = 5, .si_uid = 6, .si_value = 7};

	handle(SIGUSR1, catch, SA_SIGINFO, 0);
	CHECK_IS(CALL3(__NR_rt_sigqueueinfo, 1, SIGUSR1, &info), 0);
	CHECK(nr_caught == 1 && infos[0].si_code == SI_QUEUE && infos[0].si_value == 7);
	CHECK_IS(CALL4(__NR_rt_tgsigqueueinfo, 1, 1, SIGUSR1, &info), 0);
	CHECK(nr_caught == 2 && infos[1].si_pid == 5 && infos[1].si_uid == 6);
	CHECK_IS(CALL3(__NR_rt_sigqueueinfo, 2, SIGUSR1, &info), -ESRCH);
	CHECK_IS(CALL3(__NR_rt_sigqueueinfo, 1, 65, &info), -EINVAL);
	CHECK_IS(CALL3(__NR_rt_sigqueueinfo, 1, SIGUSR1, NOWHERE), -EFAULT);
	CHECK_IS(CALL4(__NR_rt_tgsigqueueinfo, 1, 0, SIGUSR1, &info), -EINVAL);
}

/* LIMIT(SIGQUEUE_MAX): signals beyond the limit arrive without the sender's siginfo. */
static void many_pending_signals(void)
{
	struct user_siginfo info = {.si_code = SI_QUEUE, .si_value = 7};
	static void *taken[SIGQUEUE_MAX + 1];
	struct kmem_cache *cache = NULL, *c;
	unsigned int n = 0;

	list_for_each_entry(c, kmem_caches(), caches) {
		if (!strcmp(c->name, "sigqueue"))
			cache = c;
	}
	while ((taken[n] = kmem_cache_alloc(cache, GFP_KERNEL)))
		n++;
	CHECK_IS(n, SIGQUEUE_MAX);
	handle(SIGUSR1, catch, SA_SIGINFO, 0);
	CHECK_IS(CALL3(__NR_rt_sigqueueinfo, 1, SIGUSR1, &info), 0);
	CHECK(nr_caught == 1 && infos[0].si_signo == SIGUSR1 && infos[0].si_value == 0);
	while (n--)
		kmem_cache_free(cache, taken[n]);
}

/* ---- signals of faults, signals that end the program ------------------------------------------ */

static void fault_has_its_address(void)
{
	handle(SIGSEGV, catch, SA_SIGINFO, 0);
	force_sig_fault(SIGSEGV, SEGV_MAPERR, 0x1234);
	CALL0(__NR_getpid);
	CHECK(nr_caught == 1 && infos[0].si_code == SEGV_MAPERR && infos[0].si_addr == 0x1234);
}

static void blocked_fault_ends_the_program(void)
{
	handle(SIGSEGV, catch, SA_SIGINFO, 0);
	set_mask(sigmask(SIGSEGV));
	force_sig_fault(SIGSEGV, SEGV_ACCERR, 0x1234);
	CALL0(__NR_getpid);
}

static void ignored_fault_ends_the_program(void)
{
	handle(SIGBUS, (void *)1, 0, 0);
	force_sig_fault(SIGBUS, 2, 0x1234);
	CALL0(__NR_getpid);
}

static void fatal_by_default(void)
{
	CALL2(__NR_kill, 1, SIGTERM);
}

static void no_stack_for_the_handler(void)
{
	handle(SIGUSR1, catch, 0, 0);
	host_user_break_stack();
	CALL2(__NR_kill, 1, SIGUSR1);
}

/* ---- waiting for signals ---------------------------------------------------------------------- */

/* @arg: a signal in bits 0-7, a tid above them.  Sends the signal to the thread after 10 ms. */
static int send_later(void *arg)
{
	set_mask(~0UL);
	sleep_ms(10);
	CALL3(__NR_tgkill, 1, (long)arg >> 8, (long)arg & 0xff);
	end_thread();
	return 0;
}

static void send_me(int sig)
{
	start(send_later, (void *)(long)(1 << 8 | sig));
}

static void suspended_with_another_mask(void)
{
	u64 mask = 0;

	handle(SIGUSR1, catch, SA_SIGINFO, 0);
	set_mask(sigmask(SIGUSR1) | sigmask(SIGTERM));
	send_me(SIGUSR1);
	CHECK_IS(CALL2(__NR_rt_sigsuspend, &mask, 8), -EINTR);
	CHECK(nr_caught == 1 && mask_inside == sigmask(SIGUSR1));
	CHECK(mask_now() == (sigmask(SIGUSR1) | sigmask(SIGTERM)));
	join_threads();
}

/* pause() does not end for a signal without a handler. */
static void pause_ends_for_a_handler(void)
{
	handle(SIGUSR1, catch, SA_RESTART, 0);
	send_me(SIGCHLD);
	send_me(SIGUSR1);
	CHECK_IS(CALL0(__NR_pause), -EINTR);
	CHECK_IS(nr_caught, 1);
	join_threads();
}

static void timedwait(void)
{
	struct timespec ms = {0, 1000000}, none = {0, 0}, bad = {0, 1000000000};
	u64 set = sigmask(SIGUSR1) | sigmask(SIGUSR2);
	struct user_siginfo info[3];
	u64 before;

	set_mask(set);
	CHECK_IS(CALL4(__NR_rt_sigtimedwait, &set, NULL, &bad, 8), -EINVAL);
	CHECK_IS(CALL4(__NR_rt_sigtimedwait, &set, NULL, NOWHERE, 8), -EFAULT);
	CHECK_IS(CALL4(__NR_rt_sigtimedwait, &set, NULL, &none, 8), -EAGAIN);
	before = ktime_get_ns();
	CHECK_IS(CALL4(__NR_rt_sigtimedwait, &set, NULL, &ms, 8), -EAGAIN);
	CHECK_IS(ktime_get_ns() - before, 1000000);
	CALL2(__NR_kill, 1, SIGUSR2);
	CHECK_IS(CALL4(__NR_rt_sigtimedwait, &set, info, &none, 8), SIGUSR2);
	CHECK(info[0].si_signo == SIGUSR2 && info[0].si_code == SI_USER);
	send_me(SIGUSR1);
	CHECK_IS(CALL4(__NR_rt_sigtimedwait, &set, NULL, NULL, 8), SIGUSR1);
	CHECK(mask_now() == set);
	handle(SIGTERM, catch, SA_RESTART, 0);
	send_me(SIGTERM);
	CHECK_IS(CALL4(__NR_rt_sigtimedwait, &set, NULL, NULL, 8), -EINTR);
	CHECK_IS(nr_caught, 1);
	join_threads();
}

/* ---- interrupted calls ------------------------------------------------------------------------ */

static int fds[2];

static int write_later(void *arg)
{
	set_mask(~0UL);
	sleep_ms(20);
	CHECK_IS(CALL3(__NR_write, fds[1], "x", 1), 1);
	end_thread();
	return 0;
}

/* A handler ends read() with EINTR; with SA_RESTART, read() starts again after the handler. */
static void restart_of_a_read(void)
{
	char buf[4];

	CHECK_IS(CALL1(__NR_pipe, fds), 0);
	handle(SIGUSR1, catch, 0, 0);
	send_me(SIGUSR1);
	CHECK_IS(CALL3(__NR_read, fds[0], buf, 1), -EINTR);
	CHECK_IS(nr_caught, 1);

	handle(SIGUSR1, catch, SA_RESTART, 0);
	send_me(SIGUSR1);
	start(write_later, NULL);
	CHECK_IS(CALL3(__NR_read, fds[0], buf, 1), 1);
	CHECK_IS(nr_caught, 2);

	/* An ignored signal does not end read(). */
	send_me(SIGCHLD);
	start(write_later, NULL);
	CHECK_IS(CALL3(__NR_read, fds[0], buf, 1), 1);
	join_threads();
	CALL1(__NR_close, fds[0]);
	CALL1(__NR_close, fds[1]);
}

static void broken_pipe(void)
{
	CHECK_IS(CALL1(__NR_pipe, fds), 0);
	CALL1(__NR_close, fds[0]);
	handle(SIGPIPE, catch, SA_SIGINFO, 0);
	CHECK_IS(CALL3(__NR_write, fds[1], "x", 1), -EPIPE);
	CHECK(nr_caught == 1 && caught[0] == SIGPIPE && infos[0].si_code == SI_USER);
	handle(SIGPIPE, (void *)1, 0, 0);
	CHECK_IS(CALL3(__NR_write, fds[1], "x", 1), -EPIPE);
	CALL1(__NR_close, fds[1]);
}

/* ppoll() sets another mask, so a signal that the thread's own mask blocks ends the call.
 * Afterwards the thread has its own mask again. */
static void poll_with_another_mask(void)
{
	struct timespec none = {0, 0};
	u64 mask = 0;

	handle(SIGUSR1, catch, SA_SIGINFO, 0);
	set_mask(sigmask(SIGUSR1));
	CHECK_IS(CALL6(__NR_ppoll, NULL, 0, &none, &mask, 8, 0), 0);
	CHECK(mask_now() == sigmask(SIGUSR1));
	send_me(SIGUSR1);
	CHECK_IS(CALL6(__NR_ppoll, NULL, 0, NULL, &mask, 8, 0), -EINTR);
	CHECK(nr_caught == 1 && mask_inside == sigmask(SIGUSR1));
	CHECK(mask_now() == sigmask(SIGUSR1));
	CHECK_IS(CALL6(__NR_ppoll, NULL, 0, &none, &mask, 4, 0), -EINVAL);
	join_threads();
}

/* If a handler runs, poll() ends, even with SA_RESTART.  If no handler runs, poll() continues
 * until its deadline. */
static void restart_of_poll(void)
{
	struct timespec time = {0, 50000000};
	u64 before = ktime_get_ns();

	send_me(SIGTSTP);
	CHECK_IS(CALL3(__NR_poll, NULL, 0, 50), 0);
	CHECK_IS(ktime_get_ns() - before, 50 * NSEC_PER_MSEC);
	before = ktime_get_ns();
	send_me(SIGTSTP);
	CHECK_IS(CALL6(__NR_ppoll, NULL, 0, &time, NULL, 8, 0), 0);
	CHECK_IS(ktime_get_ns() - before, 50 * NSEC_PER_MSEC);
	handle(SIGUSR1, catch, SA_RESTART | SA_SIGINFO, 0);
	send_me(SIGUSR1);
	CHECK_IS(CALL3(__NR_poll, NULL, 0, 50), -EINTR);
	send_me(SIGUSR1);
	CHECK_IS(CALL6(__NR_select, 0, NULL, NULL, NULL, NULL, 0), -EINTR);
	CHECK_IS(nr_caught, 2);
	join_threads();
}

static u32 word;

static int wake_later(void *arg)
{
	set_mask(~0UL);
	sleep_ms(20);
	word = 1;
	CHECK_IS(futex(&word, FUTEX_WAKE, 1, NULL), 1);
	end_thread();
	return 0;
}

/* A futex wait with a timeout continues with the time that is left, unless a handler ran. */
static void restart_of_a_futex(void)
{
	struct timespec second = {1, 0};
	u64 before = ktime_get_ns();

	/* A stop signal is pending, but does nothing: the wait continues until its deadline. */
	send_me(SIGTSTP);
	CHECK_IS(futex(&word, FUTEX_WAIT, 0, &second), -ETIMEDOUT);
	CHECK_IS(ktime_get_ns() - before, NSEC_PER_SEC);

	handle(SIGUSR1, catch, SA_RESTART, 0);
	send_me(SIGUSR1);
	CHECK_IS(futex(&word, FUTEX_WAIT, 0, &second), -EINTR);
	/* Without a timeout, SA_RESTART decides whether the wait starts again. */
	send_me(SIGUSR1);
	start(wake_later, NULL);
	CHECK_IS(futex(&word, FUTEX_WAIT, 0, NULL), 0);
	CHECK_IS(nr_caught, 2);
	/* The interrupted wait is over: there is nothing that restart_syscall() could continue. */
	CHECK_IS(CALL0(__NR_restart_syscall), -EINTR);
	join_threads();
}

/* ---- the alternate stack ---------------------------------------------------------------------- */

static u64 frame_at;
static struct user_stack inside;
static long set_inside;

static void look_at_stack(int sig, struct user_siginfo *info, void *context)
{
	struct user_stack other = {.ss_sp = 0x900000, .ss_size = 8192};

	frame_at = host_user_frame();
	CHECK_IS(CALL2(__NR_sigaltstack, NULL, &inside), 0);
	set_inside = CALL2(__NR_sigaltstack, &other, NULL);
}

static void alternate_stack(void)
{
	struct user_stack stack = {.ss_sp = 0x500000, .ss_size = 2047}, old;

	CHECK_IS(CALL2(__NR_sigaltstack, NULL, &old), 0);
	CHECK(old.ss_flags == SS_DISABLE && old.ss_size == 0);
	CHECK_IS(CALL2(__NR_sigaltstack, &stack, NULL), -ENOMEM);
	stack.ss_size = 8192;
	stack.ss_flags = 4;
	CHECK_IS(CALL2(__NR_sigaltstack, &stack, NULL), -EINVAL);
	CHECK_IS(CALL2(__NR_sigaltstack, NOWHERE, NULL), -EFAULT);
	stack.ss_flags = 0;
	CHECK_IS(CALL2(__NR_sigaltstack, &stack, NULL), 0);

	handle(SIGUSR1, look_at_stack, SA_ONSTACK, 0);
	CALL2(__NR_kill, 1, SIGUSR1);
	CHECK(frame_at > 0x500000 && frame_at < 0x502000);
	CHECK(inside.ss_flags == SS_ONSTACK && set_inside == -EPERM);
	CHECK_IS(CALL2(__NR_sigaltstack, NULL, &old), 0);
	CHECK(old.ss_flags == 0 && old.ss_sp == 0x500000 && old.ss_size == 8192);

	/* The alternate stack is disabled while the handler runs, and enabled again afterwards. */
	stack.ss_flags = (int)SS_AUTODISARM;
	CHECK_IS(CALL2(__NR_sigaltstack, &stack, NULL), 0);
	CALL2(__NR_kill, 1, SIGUSR1);
	CHECK(frame_at > 0x500000 && frame_at < 0x502000);
	CHECK(inside.ss_flags == SS_DISABLE && set_inside == 0);
	CHECK_IS(CALL2(__NR_sigaltstack, NULL, &old), 0);
	CHECK(old.ss_flags == (int)SS_AUTODISARM && old.ss_sp == 0x500000);

	/* A handler without SA_ONSTACK stays on the thread's stack. */
	handle(SIGUSR1, look_at_stack, 0, 0);
	CALL2(__NR_kill, 1, SIGUSR1);
	CHECK(frame_at > 0x7f000000);
	stack.ss_flags = SS_DISABLE;
	CHECK_IS(CALL2(__NR_sigaltstack, &stack, NULL), 0);
}

/* ---- several threads -------------------------------------------------------------------------- */

static long takers[8];
static unsigned int nr_takers;

static void note_taker(int sig, struct user_siginfo *info, void *context)
{
	takers[nr_takers++] = CALL0(__NR_gettid);
}

static int wait_for_a_signal(void *arg)
{
	set_mask((u64)arg);
	CHECK_IS(CALL0(__NR_pause), -EINTR);
	end_thread();
	return 0;
}

/* A signal for the process goes to a thread that does not block it. */
static void the_process_gets_a_signal(void)
{
	long tid;

	handle(SIGUSR1, note_taker, 0, 0);
	tid = start(wait_for_a_signal, NULL);
	set_mask(sigmask(SIGUSR1));
	sleep_ms(1);
	CHECK_IS(CALL2(__NR_kill, 1, SIGUSR1), 0);
	join_threads();
	CHECK(nr_takers == 1 && takers[0] == tid);

	/* All threads block the signal: it stays pending until a thread unblocks it. */
	CHECK_IS(CALL2(__NR_kill, 1, SIGUSR1), 0);
	CHECK_IS(nr_takers, 1);
	set_mask(0);
	CHECK(nr_takers == 2 && takers[1] == 1);

	/* A signal that is sent to one thread stays pending while that thread blocks it: no other thread takes it. */
	tid = start(wait_for_a_signal, (void *)sigmask(SIGUSR1));
	sleep_ms(1);
	CHECK_IS(CALL3(__NR_tgkill, 1, tid, SIGUSR1), 0);
	sleep_ms(1);
	CHECK_IS(nr_takers, 2);
	handle(SIGUSR2, note_taker, 0, 0);
	CHECK_IS(CALL3(__NR_tgkill, 1, tid, SIGUSR2), 0);
	join_threads();
	CHECK(nr_takers == 3 && takers[2] == tid);
}

static int send_and_end(void *arg)
{
	set_mask(0);
	sleep_ms(5);
	send_signal_to_process(SIGUSR1, NULL);
	return 0;
}

/*
 * A thread is chosen to take a signal for the process, but blocks the signal, or ends, before it has taken it:
 * another thread is woken to take the signal.
 */
static void taker_does_not_take(void)
{
	long tid;

	handle(SIGUSR1, note_taker, 0, 0);
	tid = start(wait_for_a_signal, NULL);
	sleep_ms(1);
	send_signal_to_process(SIGUSR1, NULL);
	set_mask(sigmask(SIGUSR1));
	join_threads();
	CHECK(nr_takers == 1 && takers[0] == tid);

	/* The older thread is chosen first, and ends. */
	CHECK(host_user_thread(send_and_end, NULL) > 1);
	tid = start(wait_for_a_signal, NULL);
	join_threads();
	CHECK(nr_takers == 2 && takers[1] == tid);
}

/* ---- the power button ------------------------------------------------------------------------- */

static u64 not_before; /* the machine must not end before this time */

static void check_time(u64 deadline)
{
	CHECK(ktime_get_ns() >= not_before);
	CHECK(ktime_get_ns() < not_before + NSEC_PER_SEC);
}

static int wait_for_button(void *arg)
{
	shutdown_on_request();
}

/* Presses the button; the machine must end @ms later, or at most a second after that. */
static void press_and_expect_end_after(u64 ms)
{
	static struct shutdown_hook hook = {.name = "check", .stop = check_time};

	shutdown_register(&hook);
	CHECK(!IS_ERR(kthread_run(wait_for_button, NULL, "init")));
	not_before = ktime_get_ns() + ms * NSEC_PER_MSEC;
	shutdown_request();
}

static void button_ends_the_program(void)
{
	press_and_expect_end_after(0);
	for (;;)
		CALL0(__NR_pause);
}

static void end_with_7(int sig)
{
	CALL1(__NR_exit_group, 7);
}

/* The handler may end the program with any code.  The machine ends with the same code. */
static void button_runs_the_handler(void)
{
	handle(SIGTERM, end_with_7, 0, 0);
	press_and_expect_end_after(0);
	for (;;)
		CALL0(__NR_pause);
}

/* LIMIT(PROGRAM_END_MS) */
static void button_does_not_wait_longer(void)
{
	handle(SIGTERM, catch, 0, 0);
	press_and_expect_end_after(PROGRAM_END_MS);
	CHECK_IS(CALL0(__NR_pause), -EINTR);
	CHECK(nr_caught == 1 && caught[0] == SIGTERM && infos[0].si_code == SI_KERNEL);
	for (;;)
		CALL0(__NR_pause);
}

static void button_is_pressed_again(void)
{
	handle(SIGTERM, (void *)1, 0, 0); /* SIG_IGN */
	press_and_expect_end_after(2000);
	sleep_ms(2000);
	shutdown_request();
	for (;;)
		CALL0(__NR_pause);
}

static int take_winch(void *arg)
{
	const u64 set = sigmask(SIGWINCH);
	const struct timespec zero = {0, 0};

	sleep_ms(10);
	CALL2(__NR_kill, 1, SIGWINCH);
	if (CALL4(__NR_rt_sigtimedwait, &set, NULL, &zero, 8) != SIGWINCH)
		CALL1(__NR_exit_group, 4);
	return 0;
}

/*
 * A signal that is ignored by default stays pending if the first thread blocks it, on Linux also after
 * that thread's end.
 */
static void mask_of_the_first_thread_stays(void)
{
	set_mask(sigmask(SIGWINCH));
	start(take_winch, NULL);
	CALL1(__NR_exit, 3);
}

/* ---- running the cases ------------------------------------------------------------------------ */

const struct test_case cases[] = {
	{"bad_arguments", bad_arguments, NULL, 0},
	{"handler_runs_with_its_mask", handler_runs_with_its_mask, NULL, 0},
	{"order_of_delivery", order_of_delivery, NULL, 0},
	{"ignored_signals", ignored_signals, NULL, 0},
	{"queued_value", queued_value, NULL, 0},
	{"many_pending_signals", many_pending_signals, NULL, 0},
	{"fault_has_its_address", fault_has_its_address, NULL, 0},
	{"blocked_fault_ends_the_program", blocked_fault_ends_the_program, NULL, ENDS(SIGSEGV)},
	{"ignored_fault_ends_the_program", ignored_fault_ends_the_program, NULL, ENDS(SIGBUS)},
	{"mask_of_the_first_thread_stays", mask_of_the_first_thread_stays, NULL, ENDS(3)},
	{"fatal_by_default", fatal_by_default, NULL, ENDS(SIGTERM)},
	{"no_stack_for_the_handler", no_stack_for_the_handler, NULL, ENDS(SIGSEGV)},
	{"suspended_with_another_mask", suspended_with_another_mask, NULL, 0},
	{"pause_ends_for_a_handler", pause_ends_for_a_handler, NULL, 0},
	{"timedwait", timedwait, NULL, 0},
	{"restart_of_a_read", restart_of_a_read, NULL, 0},
	{"broken_pipe", broken_pipe, NULL, 0},
	{"poll_with_another_mask", poll_with_another_mask, NULL, 0},
	{"restart_of_poll", restart_of_poll, NULL, 0},
	{"restart_of_a_futex", restart_of_a_futex, NULL, 0},
	{"alternate_stack", alternate_stack, NULL, 0},
	{"taker_does_not_take", taker_does_not_take, NULL, 0},
	{"button_ends_the_program", button_ends_the_program, NULL, ENDS(0)},
	{"button_runs_the_handler", button_runs_the_handler, NULL, ENDS(7)},
	{"button_does_not_wait_longer", button_does_not_wait_longer, NULL, ENDS(0)},
	{"button_is_pressed_again", button_is_pressed_again, NULL, ENDS(0)},
	{"the_process_gets_a_signal", the_process_gets_a_signal, NULL, 0},
	{},
};
