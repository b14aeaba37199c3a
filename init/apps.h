/* SPDX-License-Identifier: MIT */
/*
 * The applications in ring 0 that an image may have, as the boot sees them.
 *
 * softnet.elf has none: its application is a process, and weak functions in init/main.c stand in
 * for the functions below.  The hosted kernels and softnet-test.elf have init/ring0 and a table of
 * applications (tests/host/app, tests/qemu/kernel).  The option app=NAME chooses one of them.
 */
#ifndef INIT_APPS_H
#define INIT_APPS_H

struct app_entry {
	const char *name;
	int (*main)(int argc, char **argv);
};

extern const struct app_entry app_table[]; /* has at least one application; ends with a NULL name */

void apps_init(void);    /* registers `app=`; boot, before the command line is parsed */
_Bool apps_chosen(void); /* there is an option `app=` */
_Bool apps_start(void);  /* starts the application; false: the image has none.  Process context */

#endif
