/* SPDX-License-Identifier: MIT */
/* Resource limits. */
#ifndef SYS_RESOURCE_H
#define SYS_RESOURCE_H

#include <sys/cdefs.h>
#include <uapi/resource.h>

typedef unsigned long rlim_t;
struct rlimit {
	rlim_t rlim_cur;
	rlim_t rlim_max;
};
int getrlimit(int resource, struct rlimit *limit) __APP_NAME(getrlimit);
int setrlimit(int resource, const struct rlimit *limit) __APP_NAME(setrlimit);

#endif
