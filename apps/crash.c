/* SPDX-License-Identifier: MIT */
/*
 * Touches an address where nothing is, so that the kernel's exception path can be seen: a dump on
 * the console and a failure code.
 */
#include <stdint.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	volatile uintptr_t nowhere = 8;

	(void)argc;
	(void)argv;
	dprintf(1, "crash: reading address 8\n");
	return *(volatile int *)nowhere;
}
