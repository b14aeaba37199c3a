/* SPDX-License-Identifier: MIT */
/*
 * Tests of the kernel without the network: locks, threads, waits, timers, softirqs, the clock event,
 * system calls (tests/kernel/cases.h).
 */
#include "boot/boot_info.h"
#include "init/ring0/apps.h"
#include "kernel/fs/file.h"
#include "kernel/irq.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/sched/limits.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/watchdog.h"
#include "kernel/syscall.h"
#include "kernel/time/limits.h"
#include "kernel/time/softirq.h"
#include "kernel/time/hrtimer.h"
#include "kernel/time/timer.h"
#include "tests/host/host.h"
#include "tests/host/softnet_host.h"
#include "tests/kernel/cases.h"

/* ---- threads and waits ------------------------------------------------------------------------ */

static char order[64];
static unsigned int order_len;
static unsigned int ended;

static void note(char c)
{
	CHECK(order_len < sizeof(order) - 1);
	order[order_len++] = c;
	order[order_len] = '\0';
}

static int three_turns(void *arg)
{
	for (int i = 0; i < 3; i++) {
		note((char)(long)arg);
		schedule();
	}
	ended++;
	return 0;
}

static void round_robin(void)
{
	for (char c = 'a'; c <= 'c'; c++)
		CHECK(!IS_ERR(kthread_run(three_turns, (void *)(long)c, "turns-%c", c)));
	while (ended < 3)
		schedule();
	CHECK(!strcmp(order, "abcabcabc"));
}

static wait_queue_head_t wq;
static int tokens;

static int take_token(void *arg)
{
	DEFINE_WAIT(wait);

	for (;;) {
		prepare_to_wait_exclusive(&wq, &wait, TASK_INTERRUPTIBLE);
		if (tokens)
			break;
		schedule();
	}
	finish_wait(&wq, &wait);
	tokens--;
	note((char)(long)arg);
	ended++;
	return 0;
}

static int watch(void *arg)
{
	DEFINE_WAIT(wait);

	prepare_to_wait(&wq, &wait, TASK_INTERRUPTIBLE);
	schedule();
	finish_wait(&wq, &wait);
	note('W');
	ended++;
	return 0;
}

static void exclusive_waiters(void)
{
	init_waitqueue_head(&wq);
	for (char c = 'a'; c <= 'c'; c++)
		kthread_run(take_token, (void *)(long)c, "take");
	kthread_run(watch, NULL, "watch");
	sleep_ms(1);
	CHECK(ended == 0);
	tokens = 1;
	wake_up(&wq);
	sleep_ms(1);
	CHECK(ended == 2 && !strcmp(order, "Wa"));
	tokens = 2;
	wake_up_all(&wq);
	sleep_ms(1);
	CHECK(ended == 4 && !strcmp(order, "Wabc") && !waitqueue_active(&wq));
}

static int sleep_long(void *arg)
{
	long left = schedule_timeout_interruptible(1000);

	CHECK(signal_pending(current) && left > 900);
	/* Until the interruption is cleared, a further interruptible sleep returns at once. */
	CHECK(schedule_timeout_interruptible(1000) == 1000);
	ended++;
	return 0;
}

static void interrupted_sleep(void)
{
	struct task_struct *p = kthread_run(sleep_long, NULL, "sleeper");

	sleep_ms(10);
	thread_interrupt(p);
	sleep_ms(1);
	CHECK(ended == 1 && timers_armed() == 0);
}

static struct mutex mutex;
static int inside;

static int use_mutex(void *arg)
{
	for (int i = 0; i < 20; i++) {
		mutex_lock(&mutex);
		CHECK(inside++ == 0);
		if (get_random_u32() & 1)
			sleep_ms(1);
		else
			schedule();
		CHECK(--inside == 0);
		mutex_unlock(&mutex);
	}
	ended++;
	return 0;
}

static void mutex_excludes(void)
{
	mutex_init(&mutex);
	for (int i = 0; i < 5; i++)
		kthread_run(use_mutex, NULL, "mutex");
	while (ended < 5)
		sleep_ms(1);
	CHECK(!mutex.owner);
}

static int end_at_once(void *arg)
{
	ended++;
	return 0;
}

/* The number of threads and of kept stacks is limited.  LIMIT(THREADS_MAX) LIMIT(THREAD_STACKS_KEPT) */
static void thread_limit(void)
{
	unsigned int before = nr_threads, made = 0;
	u64 stacks = sn_stat("stacks");
	struct task_struct *p;

	while (!IS_ERR(p = kthread_run(end_at_once, NULL, "one-of-many")))
		made++;
	CHECK(PTR_ERR(p) == -12 && made == THREADS_MAX - before);
	while (ended < made)
		schedule();
	CHECK(nr_threads == before);
	/* After the idle thread has freed the ended threads' stacks, a few remain for new threads. */
	sleep_ms(1);
	CHECK(sn_stat("stacks") == stacks + THREAD_STACKS_KEPT);
	/* More threads than the limit may run one after the other: stacks and task_structs are reused. */
	for (int i = 0; i < 1000; i++) {
		CHECK(!IS_ERR(kthread_run(end_at_once, NULL, "again")));
		schedule();
	}
	CHECK(ended == made + 1000);
}

/* ---- timers ----------------------------------------------------------------------------------- */

#define MANY 2000
static struct timer_list timers[MANY];
static unsigned long wanted[MANY];
static unsigned int fired;

static void on_time(unsigned long i)
{
	CHECK(in_serving_softirq() && !hal_irqs_disabled());
	CHECK(jiffies == wanted[i]);
	CHECK(!timer_pending(&timers[i]));
	fired++;
}

/* Timers at any distance expire in exactly their jiffy, while others are moved and deleted. */
static void timers_fire_in_their_jiffy(void)
{
	unsigned int deleted = 0;
	unsigned long last = 0;

	for (unsigned int i = 0; i < MANY; i++) {
		unsigned long distance = prandom_u32_max(1u << (1 + i % 31));

		setup_timer(&timers[i], on_time, i);
		wanted[i] = jiffies + 1 + distance;
		CHECK(mod_timer(&timers[i], wanted[i]) == 0);
	}
	for (unsigned int round = 0; round < 3 * MANY; round++) {
		unsigned int i = prandom_u32_max(MANY);

		if (!timer_pending(&timers[i]))
			continue;
		if (round % 10 == 0) {
			CHECK(del_timer(&timers[i]) == 1 && del_timer(&timers[i]) == 0);
			deleted++;
			continue;
		}
		wanted[i] = jiffies + 1 + prandom_u32_max(1u << (1 + prandom_u32_max(31)));
		CHECK(mod_timer(&timers[i], wanted[i]) == 1);
		if (round % 50 == 1)
			sleep_ms(prandom_u32_max(700));
	}
	CHECK(timers_armed() == MANY - fired - deleted);
	for (unsigned int i = 0; i < MANY; i++) {
		if (timer_pending(&timers[i]) && wanted[i] > last)
			last = wanted[i];
	}
	schedule_timeout_uninterruptible(last - jiffies + 2);
	CHECK(fired == MANY - deleted && timers_armed() == 0);
}

static struct timer_list again;

static void arm_again(unsigned long data)
{
	/*
	 * A timer that is armed for the present jiffy expires in the next one, so this does not
	 * loop.
	 */
	if (++fired < 5)
		mod_timer(&again, jiffies);
}

static void timer_arms_itself(void)
{
	u64 start = ktime_get_ns();

	setup_timer(&again, arm_again, 0);
	mod_timer(&again, jiffies - 10);
	while (fired < 5)
		sleep_ms(1);
	CHECK(ktime_get_ns() - start <= 8 * NSEC_PER_MSEC && !timer_pending(&again));
	mod_timer(&again, jiffies + 5);
	CHECK(del_timer_sync(&again) == 1 && del_timer_sync(&again) == 0);
	CHECK(timers_armed() == 0);
}

static void sleeps_are_exact(void)
{
	for (unsigned int ms = 1; ms < 20000000; ms = ms * 3 + 1) {
		u64 start = ktime_get_ns();

		CHECK(schedule_timeout_uninterruptible(msecs_to_jiffies(ms)) == 0);
		CHECK(ktime_get_ns() - start >= ms * NSEC_PER_MSEC);
		CHECK(ktime_get_ns() - start <= (ms + 1) * NSEC_PER_MSEC);
	}
}

static void pushed_back(unsigned long data)
{
	fired++;
}

/* A timer that is postponed again and again, like TCP's retransmission timer, causes hardly any interrupts. */
static void pushing_back_is_cheap(void)
{
	static struct timer_list rto;
	u64 before = timer_irq_count;

	setup_timer(&rto, pushed_back, 0);
	for (int i = 0; i < 10000; i++) {
		mod_timer(&rto, jiffies + 200);
		if (i % 10 == 0)
			sleep_ms(1);
	}
	CHECK(fired == 0);
	/* There is one interrupt for each of the 1,000 sleeps, and one about every 200 ms for the postponed timer. */
	CHECK(timer_irq_count - before < 1000 + 1000 / 100 + 5);
	CHECK(del_timer(&rto) == 1);
}

/* ---- soft interrupts -------------------------------------------------------------------------- */

static int test_irq;
static unsigned int rx_runs, rx_left;
static u64 rx_takes; /* duration of one run of test_rx(), in ns */

static void test_handler(void *arg)
{
	CHECK(in_irq() && hal_irqs_disabled());
	raise_softirq_irqoff(NET_RX_SOFTIRQ);
}

static void test_rx(void)
{
	CHECK(in_serving_softirq() && !in_irq() && !hal_irqs_disabled());
	rx_runs++;
	host.clock += rx_takes;
	if (rx_left && rx_left--)
		raise_softirq(NET_RX_SOFTIRQ);
}

static void softirq_after_irq(void)
{
	test_irq = request_irq("test", test_handler, NULL);
	open_softirq(NET_RX_SOFTIRQ, test_rx);
	host_raise_irq(test_irq);
	sleep_ms(1);
	CHECK(rx_runs == 1 && irq_desc(test_irq)->count == 1);
	CHECK(softirq_count[NET_RX_SOFTIRQ] == 1);

	/* A softirq raised while softirqs are disabled waits; the outermost local_bh_enable() runs it here. */
	local_bh_disable();
	local_bh_disable();
	raise_softirq(NET_RX_SOFTIRQ);
	local_bh_enable();
	CHECK(rx_runs == 1 && in_softirq());
	local_bh_enable();
	CHECK(rx_runs == 2 && !in_softirq());

	/* A softirq that a thread raises with softirqs enabled runs in ksoftirqd. */
	raise_softirq(NET_RX_SOFTIRQ);
	schedule();
	CHECK(rx_runs == 3);
	free_irq(test_irq);
	host_raise_irq(test_irq);
	sleep_ms(1);
	CHECK(spurious_irq_count == 1 && !irq_desc(test_irq));
}

/*
 * After MAX_SOFTIRQ_RESTART rounds or MAX_SOFTIRQ_MS, the remaining softirqs are left to ksoftirqd.
 *
 * LIMIT(MAX_SOFTIRQ_RESTART) LIMIT(MAX_SOFTIRQ_MS)
 */
static void softirq_rounds_are_bounded(void)
{
	open_softirq(NET_RX_SOFTIRQ, test_rx);
	rx_left = 1000;
	local_bh_disable();
	raise_softirq(NET_RX_SOFTIRQ);
	local_bh_enable();
	CHECK(rx_runs == MAX_SOFTIRQ_RESTART);
	sleep_ms(1);
	CHECK(rx_runs == 1001);

	rx_runs = 0;
	rx_left = 1000;
	rx_takes = NSEC_PER_MSEC;
	local_bh_disable();
	raise_softirq(NET_RX_SOFTIRQ);
	local_bh_enable();
	CHECK(rx_runs == MAX_SOFTIRQ_MS);
	rx_takes = 0;
	sleep_ms(1);
	CHECK(rx_runs == 1001);
}

static int count_turns(void *arg)
{
	unsigned int *turns = arg;

	while (rx_left) {
		++*turns;
		schedule();
	}
	ended++;
	return 0;
}

/* A softirq raises itself again and again: ksoftirqd and the other threads share the CPU. */
static void flood_starves_no_thread(void)
{
	unsigned int turns[2] = {0, 0};

	open_softirq(NET_RX_SOFTIRQ, test_rx);
	rx_left = 1000;
	rx_takes = NSEC_PER_MSEC;
	kthread_run(count_turns, &turns[0], "one");
	kthread_run(count_turns, &turns[1], "two");
	raise_softirq(NET_RX_SOFTIRQ);
	while (ended < 2)
		schedule();
	CHECK(rx_runs == 1001);
	CHECK(softirq_count[NET_RX_SOFTIRQ] == 1001);
	/*
	 * ksoftirqd gets at most every second time slice, and runs the softirq ten times in a slice. So the
	 * 1,000 runs take 100 slices, and the three other threads share at least 100 slices.
	 */
	CHECK(turns[0] >= 1000 / TIME_SLICE_MS / 3 - 2 && turns[1] >= 1000 / TIME_SLICE_MS / 3 - 2);
}

/* A softirq during which the timer interrupt arrives, as may happen in any softirq. */
static void rx_with_timer(void)
{
	u64 before = timer_irq_count;

	for (unsigned int i = 0; i < 100 && timer_irq_count == before; i++)
		hal_irq_restore(hal_irq_save());
	rx_runs++;
}

/* The timer interrupt arrives in the first softirq after a long idle time: the watchdog must not report a lockup. */
static void idle_time_is_no_lockup(void)
{
	test_irq = request_irq("test", test_handler, NULL);
	open_softirq(NET_RX_SOFTIRQ, rx_with_timer);
	for (unsigned int i = 1; i <= 20; i++) {
		/* The watchdog's timer fires once more while the CPU is idle; raise the interrupt later than that. */
		raise_irq_beside(test_irq, ktime_get_ns() + 2 * SOFT_LOCKUP_MS * NSEC_PER_MSEC);
		sleep_ms(3 * SOFT_LOCKUP_MS);
		sleep_ms(1);
		CHECK(rx_runs == i);
	}
	CHECK(soft_lockup_count == 0);
	free_irq(test_irq);
}

/* LIMIT(NR_IRQS) */
static void no_more_irqs(void)
{
	int irq, n = 0;

	while ((irq = request_irq("one of many", test_handler, NULL)) >= 0)
		CHECK(irq == n++);
	CHECK(irq == -28 && n == NR_IRQS);
	free_irq(5);
	CHECK(request_irq("again", test_handler, NULL) == 5);
}

/* ---- preemption ------------------------------------------------------------------------------- */

static unsigned int spun;
static bool stop_spinning;

/* Advances the clock by 100 us and allows interrupts; delivers a due timer interrupt by a direct call. */
static void compute(void)
{
	host.clock += 100 * NSEC_PER_USEC;
	hal_irq_enable();
	if (host.timer <= host.clock) {
		hal_irq_disable();
		host.timer = HAL_TIMER_OFF;
		do_timer_interrupt();
		hal_irq_enable();
	}
}

/* Application code that never calls the kernel. */
static int spin(void *arg)
{
	while (!READ_ONCE(stop_spinning)) {
		spun++;
		compute();
	}
	ended++;
	return 0;
}

/* LIMIT(TIME_SLICE_MS) */
static void spinning_application_is_preempted(void)
{
	struct task_struct *p = app_thread_run(spin, NULL, "spin");
	u64 start;

	CHECK(!IS_ERR(p));
	for (int i = 0; i < 10; i++) {
		start = ktime_get_ns();
		schedule(); /* this thread stays runnable, so it runs again after one slice */
		CHECK(ktime_get_ns() - start <= (TIME_SLICE_MS + 1) * NSEC_PER_MSEC);
	}
	/* A timer wakes this thread: the thread runs at the latest when the application's time slice ends. */
	start = ktime_get_ns();
	sleep_ms(5);
	CHECK(ktime_get_ns() - start <= (5 + TIME_SLICE_MS + 1) * NSEC_PER_MSEC);
	/* Inside a system call the application is not preempted, so it runs to its end. */
	p->syscall_depth = 1;
	spun = 0;
	stop_spinning = true;
	schedule();
	CHECK(ended == 1);
}

static struct timer_list metronome;

static void tick(unsigned long ms)
{
	mod_timer(&metronome, jiffies + msecs_to_jiffies(ms));
}

/* The watchdog reports kernel code that keeps the CPU, once, although softirqs interrupt that code. */
static void lockup_among_softirqs(void)
{
	u64 end = ktime_get_ns() + 3 * SOFT_LOCKUP_MS * NSEC_PER_MSEC;

	setup_timer(&metronome, tick, 100);
	tick(100);
	while (ktime_get_ns() < end)
		compute();
	del_timer(&metronome);
	CHECK(softirq_count[TIMER_SOFTIRQ] >= 3 * SOFT_LOCKUP_MS / 100 - 2);
	CHECK(soft_lockup_count == 1);
}

/* ---- system calls ----------------------------------------------------------------------------- */

static long sys_echo(long a, long b, long c, long d, long e, long f)
{
	CHECK(current->syscall_depth == 1);
	return a + b + c + d + e + f;
}

/* LIMIT(NR_SYSCALLS) */
static void system_calls(void)
{
	const struct syscall_def def = {.nr = NR_SYSCALLS - 1, .fn = sys_echo, .name = "echo"};
	s64 ts[2] = {1, 500000};
	u64 start = ktime_get_ns();
	u8 bytes[32] = {0};

	register_syscalls(&def, 1);
	CHECK(kernel_syscall(NR_SYSCALLS - 1, 1, 2, 3, 4, 5, 6) == 21);
	CHECK(kernel_syscall(NR_SYSCALLS - 2, 0, 0, 0, 0, 0, 0) == -38);
	CHECK(kernel_syscall(NR_SYSCALLS, 0, 0, 0, 0, 0, 0) == -38);
	CHECK(kernel_syscall(-1, 0, 0, 0, 0, 0, 0) == -38);
	CHECK(kernel_syscall(35, (long)ts, 0, 0, 0, 0, 0) == 0);
	CHECK(ktime_get_ns() - start >= NSEC_PER_SEC + 500000);
	CHECK(ktime_get_ns() - start <= NSEC_PER_SEC + 2500000);
	CHECK(kernel_syscall(35, 8, 0, 0, 0, 0, 0) == -14);
	CHECK(kernel_syscall(228, 1, (long)ts, 0, 0, 0, 0) == 0 && ts[0] >= 1);
	CHECK(kernel_syscall(228, 99, (long)ts, 0, 0, 0, 0) == -22);
	CHECK(kernel_syscall(318, (long)bytes, sizeof(bytes), 0, 0, 0, 0) == sizeof(bytes));
	CHECK(kernel_syscall(318, 8, 1, 0, 0, 0, 0) == -14);
	CHECK(kernel_syscall(186, 0, 0, 0, 0, 0, 0) == current->pid);
}

/* ---- cases that must end in a panic ---------------------------------------------------------- */

static DEFINE_SPINLOCK(lock);

static void call_beyond_the_table(void)
{
	const struct syscall_def def = {.nr = NR_SYSCALLS, .fn = sys_echo, .name = "echo"};

	register_syscalls(&def, 1);
}

static void lock_twice(void)
{
	spin_lock(&lock);
	spin_lock(&lock);
}

static void unlock_unheld(void)
{
	spin_unlock(&lock);
}

static void sleep_with_lock(void)
{
	spin_lock(&lock);
	schedule();
}

static void lock_in_softirq(void)
{
	spin_lock(&lock);
	spin_unlock(&lock);
}

static void lock_without_bh(void)
{
	open_softirq(NET_TX_SOFTIRQ, lock_in_softirq);
	local_bh_disable();
	raise_softirq(NET_TX_SOFTIRQ);
	local_bh_enable();
	spin_lock_bh(&lock); /* _bh excludes softirqs, so a thread may take the lock */
	spin_unlock_bh(&lock);
	spin_lock(&lock); /* without _bh: a softirq that takes the lock could deadlock */
}

static void take_lock(void *arg)
{
	spin_lock(&lock);
	spin_unlock(&lock);
}

static void lock_with_irqs_on(void)
{
	int irq = request_irq("lock", take_lock, NULL);

	spin_lock_bh(&lock);
	spin_unlock_bh(&lock);
	host_raise_irq(irq);
	sleep_ms(1);
}

static void leaky_softirq(void)
{
	spin_lock(&lock);
}

static void softirq_keeps_lock(void)
{
	open_softirq(NET_TX_SOFTIRQ, leaky_softirq);
	local_bh_disable();
	raise_softirq(NET_TX_SOFTIRQ);
	local_bh_enable();
}

static void mutex_twice(void)
{
	mutex_init(&mutex);
	mutex_lock(&mutex);
	mutex_lock(&mutex);
}

const bool cases_are_programs = false;

const struct test_case cases[] = {
	{"round_robin", round_robin, NULL},
	{"exclusive_waiters", exclusive_waiters, NULL},
	{"interrupted_sleep", interrupted_sleep, NULL},
	{"mutex_excludes", mutex_excludes, NULL},
	{"thread_limit", thread_limit, NULL},
	{"timers_fire_in_their_jiffy", timers_fire_in_their_jiffy, NULL},
	{"timer_arms_itself", timer_arms_itself, NULL},
	{"sleeps_are_exact", sleeps_are_exact, NULL},
	{"pushing_back_is_cheap", pushing_back_is_cheap, NULL},
	{"softirq_after_irq", softirq_after_irq, NULL},
	{"softirq_rounds_are_bounded", softirq_rounds_are_bounded, NULL},
	{"flood_starves_no_thread", flood_starves_no_thread, NULL},
	{"idle_time_is_no_lockup", idle_time_is_no_lockup, NULL},
	{"no_more_irqs", no_more_irqs, NULL},
	{"spinning_application_is_preempted", spinning_application_is_preempted, NULL},
	{"lockup_among_softirqs", lockup_among_softirqs, NULL},
	{"system_calls", system_calls, NULL},
	{"call_beyond_the_table", call_beyond_the_table, "NR_SYSCALLS"},
	{"lock_twice", lock_twice, "but taken at"},
	{"unlock_unheld", unlock_unheld, "but not held"},
	{"sleep_with_lock", sleep_with_lock, "sleeps with preempt_count 1"},
	{"lock_without_bh", lock_without_bh, "where a softirq may come in"},
	{"lock_with_irqs_on", lock_with_irqs_on, "taken in a hard interrupt"},
	{"softirq_keeps_lock", softirq_keeps_lock, "returned with preempt_count"},
	{"mutex_twice", mutex_twice, "m->owner == current"},
	{},
};
