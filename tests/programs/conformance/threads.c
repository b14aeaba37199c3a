/* SPDX-License-Identifier: MIT */
/* Threads and futexes. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define NOWHERE ((void *)8)

static uint32_t word, other;

static long futex(void *address, int op, uint32_t val, const void *time, void *second,
		  uint32_t val3)
{
	return syscall(SYS_futex, address, op, val, time, second, val3);
}

/* FUTEX_REQUEUE and FUTEX_WAKE_OP take a number in place of the timeout. */
static long futex_nr(void *address, int op, uint32_t val, long nr, void *second, uint32_t val3)
{
	return syscall(SYS_futex, address, op, val, nr, second, val3);
}

static void check_futex_arguments(void)
{
	struct timespec none = {0, 0}, bad = {0, 1000000000}, negative = {-1, 0}, past = {1, 0};
	const int private = FUTEX_PRIVATE_FLAG;
	char *odd = (char *)&word + 1;

	word = 5;
	FAILS(futex(&word, FUTEX_WAIT, 4, NULL, NULL, 0), EAGAIN);
	FAILS(futex(odd, FUTEX_WAIT, 5, NULL, NULL, 0), EINVAL);
	FAILS(futex(odd, FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL);
	FAILS(futex(NOWHERE, FUTEX_WAIT, 5, NULL, NULL, 0), EFAULT);
	FAILS(futex(NOWHERE, FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT);
	IS(futex(NOWHERE, FUTEX_WAKE | private, 1, NULL, NULL, 0), 0);
	FAILS(futex((void *)0xffffffff80000000ul, FUTEX_WAKE | private, 1, NULL, NULL, 0), EFAULT);
	FAILS(futex(&word, FUTEX_WAIT, 5, NOWHERE, NULL, 0), EFAULT);
	FAILS(futex(&word, FUTEX_WAIT, 5, &bad, NULL, 0), EINVAL);
	FAILS(futex(&word, FUTEX_WAIT, 4, &bad, NULL, 0), EINVAL);
	FAILS(futex(&word, FUTEX_WAIT, 5, &negative, NULL, 0), EINVAL);
	FAILS(futex(&word, FUTEX_WAIT, 5, &none, NULL, 0), ETIMEDOUT);
	FAILS(futex(&word, FUTEX_WAIT | private, 5, &none, NULL, 0), ETIMEDOUT);
	FAILS(futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0), ENOSYS);
	FAILS(futex(&word, FUTEX_WAIT_BITSET, 5, &none, NULL, 0), EINVAL);
	FAILS(futex(&word, FUTEX_WAIT_BITSET, 5, &past, NULL, 1), ETIMEDOUT);
	FAILS(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &past, NULL, 1), ETIMEDOUT);
	FAILS(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL);
	IS(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	FAILS(futex_nr(&word, FUTEX_CMP_REQUEUE, 1, 1, &other, 4), EAGAIN);
	IS(futex_nr(&word, FUTEX_CMP_REQUEUE, 1, 1, &other, 5), 0);
	FAILS(futex_nr(&word, FUTEX_REQUEUE, 1, -1, &other, 0), EINVAL);
	FAILS(futex_nr(&word, FUTEX_REQUEUE, -1, 1, &other, 0), EINVAL);
	FAILS(futex_nr(&word, FUTEX_REQUEUE, 1, 1, odd, 0), EINVAL);
	FAILS(futex_nr(&word, FUTEX_REQUEUE, 1, 1, NOWHERE, 0), EFAULT);
	FAILS(futex(&word, 99, 1, NULL, NULL, 0), ENOSYS);
	word = 0;
}

static struct waiter {
	pthread_t thread;
	uint32_t bits;
	int tid;
	long result;
	int order;
} waiters[6];
static int ended;

static void *wait_on_word(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, gettid(), __ATOMIC_SEQ_CST);
	w->result = futex(&word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, w->bits);
	w->order = __atomic_fetch_add(&ended, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void start_waiter(int i, uint32_t bits)
{
	waiters[i] = (struct waiter){.bits = bits};
	pthread_create(&waiters[i].thread, NULL, wait_on_word, &waiters[i]);
	while (!__atomic_load_n(&waiters[i].tid, __ATOMIC_SEQ_CST))
		sched_yield();
	wait_until_asleep(waiters[i].tid);
}

static void join_waiter(int i)
{
	pthread_join(waiters[i].thread, NULL);
}

static uint32_t encode(int op, int oparg, int cmp, int cmparg)
{
	return (uint32_t)op << 28 | (uint32_t)cmp << 24 | (uint32_t)(oparg & 0xfff) << 12 |
	       (cmparg & 0xfff);
}

static void check_futex_wakes(void)
{
	const int private = FUTEX_PRIVATE_FLAG;

	for (int i = 0; i < 4; i++)
		start_waiter(i, i < 3 ? 1 : 2);
	IS(futex(&word, FUTEX_WAKE_BITSET | private, 9, NULL, NULL, 4), 0);
	IS(futex(&word, FUTEX_WAKE_BITSET | private, 9, NULL, NULL, 2), 1);
	join_waiter(3);
	IS(futex(&word, FUTEX_WAKE | private, 1, NULL, NULL, 0), 1);
	join_waiter(0);
	IS(futex(&word, FUTEX_WAKE | private, 1, NULL, NULL, 0), 1);
	join_waiter(1);
	IS(futex(&word, FUTEX_WAKE | private, 9, NULL, NULL, 0), 1);
	join_waiter(2);
	TRUE(waiters[3].order == 0 && waiters[0].order == 1 && waiters[1].order == 2);
	IS(waiters[2].result, 0);

	for (int i = 0; i < 4; i++)
		start_waiter(i, 1);
	IS(futex_nr(&word, FUTEX_CMP_REQUEUE | private, 1, 2, &other, 0), 3);
	join_waiter(0);
	IS(futex(&other, FUTEX_WAKE | private, 9, NULL, NULL, 0), 2);
	join_waiter(1);
	join_waiter(2);
	IS(futex(&word, FUTEX_WAKE | private, 9, NULL, NULL, 0), 1);
	join_waiter(3);

	start_waiter(0, 1);
	word = 5;
	IS(futex_nr(&other, FUTEX_WAKE_OP | private, 1, 1, &word,
		    encode(FUTEX_OP_ADD, -2, FUTEX_OP_CMP_EQ, 4)),
	   0);
	IS(word, 3);
	IS(futex_nr(&other, FUTEX_WAKE_OP | private, 1, 1, &word,
		    encode(FUTEX_OP_ANDN, 1, FUTEX_OP_CMP_LT, 4)),
	   1);
	IS(word, 2);
	join_waiter(0);
	IS(futex_nr(&other, FUTEX_WAKE_OP | private, 1, 1, &word,
		    encode(FUTEX_OP_SET, 7, FUTEX_OP_CMP_GE, -1)),
	   0);
	IS(word, 7);
	IS(futex_nr(&other, FUTEX_WAKE_OP | private, 1, 1, &word,
		    encode(FUTEX_OP_XOR, 1, FUTEX_OP_CMP_NE, 0)),
	   0);
	IS(word, 6);
	IS(futex_nr(&other, FUTEX_WAKE_OP | private, 1, 1, &word,
		    encode(FUTEX_OP_OR | 8, 4, FUTEX_OP_CMP_LE, 0)),
	   0);
	IS(word, 22);
	FAILS(futex_nr(&other, FUTEX_WAKE_OP | private, 1, 1, &word, encode(5, 0, 0, 0)), ENOSYS);
	FAILS(futex_nr(&other, FUTEX_WAKE_OP | private, 1, 1, NOWHERE, encode(0, 0, 0, 0)), EFAULT);
	word = 0;
}

/* ---- pthreads --------------------------------------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turn, counter;
static __thread int own = 5;

static void *take_turns(void *arg)
{
	int me = (int)(intptr_t)arg;

	for (int i = 0; i < 200; i++) {
		pthread_mutex_lock(&mutex);
		while (turn % 4 != me)
			pthread_cond_wait(&cond, &mutex);
		turn++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	own++;
	return (void *)(intptr_t)own;
}

static void *count(void *arg)
{
	(void)arg;
	for (int i = 0; i < 10000; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void *sleep_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

static void check_pthreads(void)
{
	struct timespec time;
	pthread_t threads[4];
	void *result;
	sem_t sem;

	for (intptr_t i = 0; i < 4; i++)
		IS(pthread_create(&threads[i], NULL, take_turns, (void *)i), 0);
	for (int i = 0; i < 4; i++) {
		IS(pthread_join(threads[i], &result), 0);
		IS((intptr_t)result, 6);
	}
	IS(turn, 800);
	IS(own, 5);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, count, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	IS(counter, 40000);

	clock_gettime(CLOCK_REALTIME, &time);
	time.tv_nsec += 20000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_nsec -= 1000000000;
		time.tv_sec++;
	}
	pthread_mutex_lock(&mutex);
	IS(pthread_cond_timedwait(&cond, &mutex, &time), ETIMEDOUT);
	pthread_mutex_unlock(&mutex);
	sem_init(&sem, 0, 1);
	IS(sem_wait(&sem), 0);
	FAILS(sem_trywait(&sem), EAGAIN);
	FAILS(sem_timedwait(&sem, &time), ETIMEDOUT);
	IS(sem_post(&sem), 0);
	IS(sem_wait(&sem), 0);
	IS(pthread_create(&threads[0], NULL, sleep_for_ever, NULL), 0);
	IS(pthread_cancel(threads[0]), 0);
	IS(pthread_join(threads[0], &result), 0);
	TRUE(result == PTHREAD_CANCELED);
}

static pthread_mutex_t robust;

static void *die_with_mutex(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&robust);
	return NULL;
}

static void check_robust(void)
{
	pthread_mutexattr_t attr;
	pthread_t thread;
	size_t size = 0;
	void *head;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attr);
	pthread_create(&thread, NULL, die_with_mutex, NULL);
	pthread_join(thread, NULL);
	IS(pthread_mutex_lock(&robust), EOWNERDEAD);
	IS(pthread_mutex_consistent(&robust), 0);
	IS(pthread_mutex_unlock(&robust), 0);
	IS(pthread_mutex_lock(&robust), 0);
	IS(pthread_mutex_unlock(&robust), 0);
	FAILS(syscall(SYS_set_robust_list, &head, 8), EINVAL);
	IS(syscall(SYS_get_robust_list, 0, &head, &size), 0);
	IS(size, 24);
	FAILS(syscall(SYS_get_robust_list, 0x3ffffff, &head, &size), ESRCH);
}

static long tids[3];

static void *note_tid(void *arg)
{
	(void)arg;
	tids[1] = gettid();
	tids[2] = getpid();
	return NULL;
}

static void check_clone(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, note_tid, NULL);
	pthread_join(thread, NULL);
	TRUE(gettid() == getpid());
	TRUE(tids[1] > 0 && tids[1] != getpid());
	TRUE(tids[2] == getpid());
	FAILS(syscall(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0), EINVAL);
	FAILS(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0), EINVAL);
	FAILS(syscall(SYS_clone3, NULL, 64), EFAULT);
	FAILS(syscall(SYS_clone3, NULL, 8), EINVAL);
	FAILS(syscall(SYS_clone3, NULL, 100000), E2BIG);
	IS(sched_yield(), 0);
}

/* ---- segment registers ------------------------------------------------------------------------ */

static uint64_t in_gs = 0x123456789;
static unsigned int seen_selector;
static uint64_t seen_value;

/* A new thread inherits the base of GS; a selector that its creator loads into GS afterwards does not affect it. */
static void *look_at_gs(void *arg)
{
	(void)arg;
	asm volatile("mov %%gs, %0" : "=r"(seen_selector));
	asm volatile("mov %%gs:0, %0" : "=r"(seen_value));
	return NULL;
}

static void *load_gs(void *arg)
{
	pthread_t thread;
	uint64_t base = 1;

	IS(syscall(SYS_arch_prctl, 0x1001 /* ARCH_SET_GS */, &in_gs), 0);
	IS(syscall(SYS_arch_prctl, 0x1004 /* ARCH_GET_GS */, &base), 0);
	TRUE(base == (uint64_t)&in_gs);
	pthread_create(&thread, NULL, arg, NULL);
	asm volatile("mov %%ss, %%eax; mov %%eax, %%gs" : : : "eax");
	pthread_join(thread, NULL);
	IS(seen_selector, 0);
	TRUE(seen_value == in_gs);
	asm volatile("mov %%ss, %%eax; mov %%eax, %%gs" : : : "eax");
	IS(syscall(SYS_arch_prctl, 0x1004, &base), 0);
	IS(base, 0);
	IS(syscall(SYS_arch_prctl, 0x1001, &in_gs), 0);
	look_at_gs(NULL);
	IS(seen_selector, 0);
	TRUE(seen_value == in_gs);
	FAILS(syscall(SYS_arch_prctl, 0x1001, -4096L), EPERM);
	FAILS(syscall(SYS_arch_prctl, 0x1004, NOWHERE), EFAULT);
	return NULL;
}

static void check_segments(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, load_gs, look_at_gs);
	pthread_join(thread, NULL);
}

void check_threads(void)
{
	check_futex_arguments();
	check_futex_wakes();
	check_pthreads();
	check_robust();
	check_clone();
	check_segments();
}
