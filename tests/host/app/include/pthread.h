/* SPDX-License-Identifier: MIT */
/* Threads, all detached: a thread cannot be joined, and ends when its function returns. */
#ifndef PTHREAD_H
#define PTHREAD_H

#include <sys/cdefs.h>

typedef unsigned long pthread_t;
typedef struct {
	int unused; /* pthread_create() takes no attributes: pass NULL */
} pthread_attr_t;

/*
 * Returns 0, or an error number: EAGAIN (no memory, or too many threads), EINVAL (@attr is not
 * NULL).
 */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
	__APP_NAME(pthread_create);
int pthread_detach(pthread_t thread) __APP_NAME(pthread_detach);

#endif
