/* SPDX-License-Identifier: MIT */
/*
 * POSIX's functions, one system call each: a negative result of the kernel becomes errno and -1.
 *
 * Called by applications, in any thread; the only state is the thread's errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAX_ERRNO    4095
#define USEC_PER_SEC 1000000

static long result(long r)
{
	if (r >= 0 || r < -MAX_ERRNO)
		return r;
	errno = -r;
	return -1;
}

#define CALL6(nr, a, b, c, d, e, f)                                                                \
	result(kernel_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)))
#define CALL5(nr, a, b, c, d, e) CALL6(nr, a, b, c, d, e, 0)
#define CALL4(nr, a, b, c, d)    CALL6(nr, a, b, c, d, 0, 0)
#define CALL3(nr, a, b, c)       CALL6(nr, a, b, c, 0, 0, 0)
#define CALL2(nr, a, b)          CALL6(nr, a, b, 0, 0, 0, 0)
#define CALL1(nr, a)             CALL6(nr, a, 0, 0, 0, 0, 0)
#define CALL0(nr)                CALL6(nr, 0, 0, 0, 0, 0, 0)

/* ---- files ----------------------------------------------------------------------------------- */

ssize_t read(int fd, void *buf, size_t n)
{
	return CALL3(__NR_read, fd, buf, n);
}

ssize_t write(int fd, const void *buf, size_t n)
{
	return CALL3(__NR_write, fd, buf, n);
}

ssize_t readv(int fd, const struct iovec *iov, int iovcnt)
{
	return CALL3(__NR_readv, fd, iov, iovcnt);
}

ssize_t writev(int fd, const struct iovec *iov, int iovcnt)
{
	return CALL3(__NR_writev, fd, iov, iovcnt);
}

off_t lseek(int fd, off_t offset, int whence)
{
	return CALL3(__NR_lseek, fd, offset, whence);
}

/* The optional argument is ignored: it exists only with O_CREAT, which no file here supports. */
int open(const char *path, int flags, ...)
{
	return CALL3(__NR_open, path, flags, 0);
}

int openat(int dirfd, const char *path, int flags, ...)
{
	return CALL4(__NR_openat, dirfd, path, flags, 0);
}

int close(int fd)
{
	return CALL1(__NR_close, fd);
}

int fstat(int fd, struct stat *st)
{
	return CALL2(__NR_fstat, fd, st);
}

int dup(int fd)
{
	return CALL1(__NR_dup, fd);
}

int dup2(int oldfd, int newfd)
{
	return CALL2(__NR_dup2, oldfd, newfd);
}

int dup3(int oldfd, int newfd, int flags)
{
	return CALL3(__NR_dup3, oldfd, newfd, flags);
}

int pipe(int fds[2])
{
	return CALL1(__NR_pipe, fds);
}

int pipe2(int fds[2], int flags)
{
	return CALL2(__NR_pipe2, fds, flags);
}

int fcntl(int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	return CALL3(__NR_fcntl, fd, cmd, arg);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	return CALL3(__NR_ioctl, fd, request, arg);
}

int poll(struct pollfd *fds, nfds_t nfds, int timeout_ms)
{
	return CALL3(__NR_poll, fds, nfds, timeout_ms);
}

int epoll_create(int size)
{
	return CALL1(__NR_epoll_create, size);
}

int epoll_create1(int flags)
{
	return CALL1(__NR_epoll_create1, flags);
}

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	return CALL4(__NR_epoll_ctl, epfd, op, fd, event);
}

int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout_ms)
{
	return CALL4(__NR_epoll_wait, epfd, events, max, timeout_ms);
}

int eventfd(unsigned int count, int flags)
{
	return CALL2(__NR_eventfd2, count, flags);
}

int eventfd_read(int fd, eventfd_t *value)
{
	return read(fd, value, sizeof(*value)) == sizeof(*value) ? 0 : -1;
}

int eventfd_write(int fd, eventfd_t value)
{
	return write(fd, &value, sizeof(value)) == sizeof(value) ? 0 : -1;
}

int timerfd_create(clockid_t clock, int flags)
{
	return CALL2(__NR_timerfd_create, clock, flags);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *set, struct itimerspec *old)
{
	return CALL4(__NR_timerfd_settime, fd, flags, set, old);
}

int timerfd_gettime(int fd, struct itimerspec *left)
{
	return CALL2(__NR_timerfd_gettime, fd, left);
}

/* ---- the program ----------------------------------------------------------------------------- */

#define POWEROFF 0 /* enum hal_halt */

void exit(int code)
{
	/*
	 * The exit status has 7 bits. A failure whose lower 7 bits are all zero becomes 1, so that
	 * it does not look like success.
	 */
	CALL2(__NR_softnet_power, POWEROFF, code & 0x7f ? code & 0x7f : code != 0);
	__builtin_unreachable();
}

sighandler_t signal(int sig, sighandler_t handler)
{
	(void)sig;
	if (handler == SIG_DFL || handler == SIG_IGN)
		return SIG_DFL;
	errno = ENOSYS;
	return SIG_ERR;
}

int getrlimit(int resource, struct rlimit *limit)
{
	return CALL2(__NR_getrlimit, resource, limit);
}

int setrlimit(int resource, const struct rlimit *limit)
{
	return CALL2(__NR_setrlimit, resource, limit);
}

/* ---- threads, time --------------------------------------------------------------------------- */

int sched_yield(void)
{
	return CALL0(__NR_sched_yield);
}

pid_t getpid(void)
{
	return CALL0(__NR_getpid);
}

pid_t gettid(void)
{
	return CALL0(__NR_gettid);
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	return CALL2(__NR_clock_gettime, clock, ts);
}

int clock_settime(clockid_t clock, const struct timespec *ts)
{
	return CALL2(__NR_clock_settime, clock, ts);
}

int clock_getres(clockid_t clock, struct timespec *ts)
{
	return CALL2(__NR_clock_getres, clock, ts);
}

int gettimeofday(struct timeval *tv, void *tz)
{
	return CALL2(__NR_gettimeofday, tv, tz);
}

time_t time(time_t *now)
{
	return CALL1(__NR_time, now);
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	return CALL2(__NR_nanosleep, wanted, left);
}

unsigned int sleep(unsigned int seconds)
{
	struct timespec ts = {.tv_sec = seconds};

	return nanosleep(&ts, &ts) ? ts.tv_sec : 0;
}

int usleep(useconds_t us)
{
	struct timespec ts = {.tv_sec = us / USEC_PER_SEC, .tv_nsec = us % USEC_PER_SEC * 1000};

	return nanosleep(&ts, NULL);
}

/* ---- sockets --------------------------------------------------------------------------------- */

int socket(int domain, int type, int protocol)
{
	return CALL3(__NR_socket, domain, type, protocol);
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	return CALL3(__NR_bind, fd, addr, len);
}

int listen(int fd, int backlog)
{
	return CALL2(__NR_listen, fd, backlog);
}

int accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	return CALL3(__NR_accept, fd, addr, len);
}

int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	return CALL4(__NR_accept4, fd, addr, len, flags);
}

int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	return CALL3(__NR_connect, fd, addr, len);
}

int shutdown(int fd, int how)
{
	return CALL2(__NR_shutdown, fd, how);
}

int getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	return CALL3(__NR_getsockname, fd, addr, len);
}

int getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
	return CALL3(__NR_getpeername, fd, addr, len);
}

int setsockopt(int fd, int level, int name, const void *val, socklen_t len)
{
	return CALL5(__NR_setsockopt, fd, level, name, val, len);
}

int getsockopt(int fd, int level, int name, void *val, socklen_t *len)
{
	return CALL5(__NR_getsockopt, fd, level, name, val, len);
}

ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr,
	       socklen_t addr_len)
{
	return CALL6(__NR_sendto, fd, buf, len, flags, addr, addr_len);
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	return sendto(fd, buf, len, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	return CALL3(__NR_sendmsg, fd, msg, flags);
}

ssize_t recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr,
		 socklen_t *addr_len)
{
	return CALL6(__NR_recvfrom, fd, buf, len, flags, addr, addr_len);
}

ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	return recvfrom(fd, buf, len, flags, NULL, NULL);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	return CALL3(__NR_recvmsg, fd, msg, flags);
}
