/* SPDX-License-Identifier: MIT */
/*
 * POSIX threads: pthread_create() uses the kernel's own system call that creates a thread.  Called
 * by applications.
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/syscall.h>

/* There is no pthread_join(), so the return value of @start is lost. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	long tid;

	if (attr)
		return EINVAL;
	tid = kernel_syscall(__NR_softnet_thread_create, (long)start, (long)arg, (long)"app", 0, 0,
			     0);
	if (tid < 0)
		return -tid;
	*thread = tid;
	return 0;
}

/* Does nothing: every thread is created detached. */
int pthread_detach(pthread_t thread)
{
	(void)thread;
	return 0;
}
