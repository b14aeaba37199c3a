/* SPDX-License-Identifier: MIT */
/*
 * The applications of the image that users get.  app_table <- init/main.c, for `app=NAME`.
 * tests/qemu/kernel/apps.c takes the place of this table in the image of the tests.
 */
#include <softnet/app.h>
#include <stddef.h>

int inetd_main(int argc, char **argv);
int hello_main(int argc, char **argv);

const struct app_entry app_table[] = {
	{"inetd", inetd_main},
	{"hello", hello_main},
	{NULL, NULL},
};
