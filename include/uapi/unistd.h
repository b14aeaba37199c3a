/* SPDX-License-Identifier: MIT */
/* System call numbers: those of Linux on x86-64; calls that only softnet has begin at 1000. */
#ifndef UAPI_UNISTD_H
#define UAPI_UNISTD_H

#define __NR_read          0
#define __NR_write         1
#define __NR_open          2
#define __NR_close         3
#define __NR_fstat         5
#define __NR_poll          7
#define __NR_lseek         8
#define __NR_ioctl         16
#define __NR_readv         19
#define __NR_writev        20
#define __NR_pipe          22
#define __NR_sched_yield   24
#define __NR_dup           32
#define __NR_dup2          33
#define __NR_nanosleep     35
#define __NR_getpid        39
#define __NR_socket        41
#define __NR_connect       42
#define __NR_accept        43
#define __NR_sendto        44
#define __NR_recvfrom      45
#define __NR_sendmsg       46
#define __NR_recvmsg       47
#define __NR_shutdown      48
#define __NR_bind          49
#define __NR_listen        50
#define __NR_getsockname   51
#define __NR_getpeername   52
#define __NR_setsockopt    54
#define __NR_getsockopt    55
#define __NR_exit          60
#define __NR_fcntl         72
#define __NR_gettimeofday  96
#define __NR_gettid        186
#define __NR_time          201
#define __NR_clock_settime 227
#define __NR_clock_gettime 228
#define __NR_clock_getres  229
#define __NR_openat        257
#define __NR_accept4       288
#define __NR_dup3          292
#define __NR_pipe2         293
#define __NR_getrandom     318

/* thread_create(int (*fn)(void *), void *arg, const char *name): returns a thread id or -errno. */
#define __NR_softnet_thread_create 1000
/* power(int how, int code): @how is an enum hal_halt, @code the exit code; does not return. */
#define __NR_softnet_power 1001

#endif
