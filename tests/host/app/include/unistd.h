/* SPDX-License-Identifier: MIT */
/* POSIX's functions for files and for sleeping. */
#ifndef UNISTD_H
#define UNISTD_H

#include <sys/cdefs.h>
#include <sys/types.h>
#include <uapi/fcntl.h>

#define STDIN_FILENO  0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2

ssize_t read(int fd, void *buf, size_t n) __APP_NAME(read);
ssize_t write(int fd, const void *buf, size_t n) __APP_NAME(write);
off_t lseek(int fd, off_t offset, int whence) __APP_NAME(lseek);
int close(int fd) __APP_NAME(close);
int dup(int fd) __APP_NAME(dup);
int dup2(int oldfd, int newfd) __APP_NAME(dup2);
int dup3(int oldfd, int newfd, int flags) __APP_NAME(dup3);
int pipe(int fds[2]) __APP_NAME(pipe);
int pipe2(int fds[2], int flags) __APP_NAME(pipe2);
pid_t getpid(void) __APP_NAME(getpid);
pid_t gettid(void) __APP_NAME(gettid);
/* Returns 0, or the seconds that were left when a signal interrupted the sleep. */
unsigned int sleep(unsigned int seconds) __APP_NAME(sleep);
int usleep(useconds_t us) __APP_NAME(usleep);

#endif
