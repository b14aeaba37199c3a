/* SPDX-License-Identifier: MIT */
/*
 * The table of applications of softnet-test.elf: those of the ordinary image, and the tests' own, from
 * this folder.  softnet-test.elf is linked from the same objects as softnet.elf, except that this table
 * replaces apps/libc/apps.c.  app_table <- init/main.c, for `app=NAME`.
 */
#include <softnet/app.h>
#include <stddef.h>

int inetd_main(int argc, char **argv);
int hello_main(int argc, char **argv);
int spin_main(int argc, char **argv);
int crash_main(int argc, char **argv);
int fpu_main(int argc, char **argv);
int user_pages_main(int argc, char **argv);

const struct app_entry app_table[] = {
	{"inetd", inetd_main},
	{"hello", hello_main},
	{"spin", spin_main},
	{"fpu", fpu_main},
	{"user-pages", user_pages_main},
	{"crash", crash_main}, /* the name selects the mistake */
	{"crash-page0", crash_main},
	{"crash-stack", crash_main},
	{"crash-guard", crash_main},
	{"crash-nx", crash_main},
	{"crash-wtext", crash_main},
	{"crash-wconst", crash_main},
	{NULL, NULL},
};
