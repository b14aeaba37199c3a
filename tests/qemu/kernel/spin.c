/* SPDX-License-Identifier: MIT */
/*
 * Runs inetd beside a thread that never gives up the CPU.  Preemption must take the CPU from that thread,
 * so that inetd waits at most one time slice.  On Linux: cc -Dmain=inetd_main -c apps/inetd.c &&
 * cc tests/qemu/kernel/spin.c inetd.o -lpthread
 */
#include <pthread.h>
#include <stdio.h>

int inetd_main(int argc, char **argv);

static void *spin(void *arg)
{
	volatile unsigned long turns = 0;

	for (;;)
		turns++;
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, spin, NULL)) {
		dprintf(1, "spin: no thread\n");
		return 1;
	}
	return inetd_main(argc, argv);
}
