/* SPDX-License-Identifier: MIT */
/*
 * The table of applications in the shipped image; init/main.c chooses from it by the option
 * app=NAME.  The test image has the table in tests/qemu/kernel/apps.c instead.
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
