/* SPDX-License-Identifier: MIT */
/*
 * signal().  No signal reaches a program inside the kernel: a send() without MSG_NOSIGNAL on a closed
 * connection returns EPIPE and raises no SIGPIPE.
 */
#ifndef SIGNAL_H
#define SIGNAL_H

#include <sys/cdefs.h>
#include <uapi/signal.h>

typedef void (*sighandler_t)(int sig);
#define SIG_DFL ((sighandler_t)0)
#define SIG_IGN ((sighandler_t)1)
#define SIG_ERR ((sighandler_t)-1)

/* Returns SIG_DFL and changes nothing if @handler is SIG_DFL or SIG_IGN, else SIG_ERR with ENOSYS. */
sighandler_t signal(int sig, sighandler_t handler) __APP_NAME(signal);

#endif
