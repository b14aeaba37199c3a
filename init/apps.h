/* SPDX-License-Identifier: MIT */
/*
 * The table of applications inside the kernel, from which the option app=NAME chooses.
 *
 * On the machine it is empty (init/apps.c): the application is a process.  The hosted kernels
 * (tests/host/app) and the test image (tests/qemu/kernel) link other tables in its place.
 */
#ifndef INIT_APPS_H
#define INIT_APPS_H

struct app_entry {
	const char *name;
	int (*main)(int argc, char **argv);
};

extern const struct app_entry app_table[]; /* ends with a NULL name */

#endif
