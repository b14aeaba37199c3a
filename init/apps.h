/* SPDX-License-Identifier: MIT */
/*
 * The applications in ring 0 that an image may have, as the boot sees them.
 *
 * softnet.elf has none: the application is a process.  Its functions are the weak ones of
 * init/main.c.  The hosted kernels and softnet-test.elf have init/ring0, and a table of applications
 * from which the option app=NAME chooses (tests/host/app, tests/qemu/kernel).
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
