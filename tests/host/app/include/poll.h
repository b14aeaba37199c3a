/* SPDX-License-Identifier: MIT */
/* Declares poll(). */
#ifndef POLL_H
#define POLL_H

#include <sys/cdefs.h>
#include <uapi/poll.h>

typedef unsigned long nfds_t;
int poll(struct pollfd *fds, nfds_t nfds, int timeout_ms) __APP_NAME(poll);

#endif
