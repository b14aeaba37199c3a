/* SPDX-License-Identifier: MIT */
/* Tries to start a second process with each function of the C library that could do so, and prints the errors. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	char *argv[] = {"ls", NULL};
	pid_t pid;

	setvbuf(stdout, NULL, _IONBF, 0);
	printf("fork %d", fork());
	printf(" errno %d\n", errno);
	printf("vfork call %ld", syscall(SYS_vfork));
	printf(" errno %d\n", errno);
	printf("execve %d", execve("/init", argv, NULL));
	printf(" errno %d\n", errno);
	printf("posix_spawn %d\n", posix_spawn(&pid, "/init", NULL, NULL, argv, NULL));
	printf("system %d\n", system("ls"));
	return 0;
}
