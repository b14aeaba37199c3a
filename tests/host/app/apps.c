/* SPDX-License-Identifier: MIT */
/*
 * The table of applications of the hosted kernels: the programs of apps/. init/ring0/apps.c
 * searches the table for `app=NAME`. The first application runs if there is no such option.
 */
#include "init/apps.h"

#include <stddef.h>

int inetd_main(int argc, char **argv);
int chat_main(int argc, char **argv);
int hello_main(int argc, char **argv);

const struct app_entry app_table[] = {
	{"inetd", inetd_main},
	{"chat", chat_main},
	{"hello", hello_main},
	{NULL, NULL},
};
