/* SPDX-License-Identifier: MIT */
/*
 * The table of applications, from which the option app=NAME chooses.  The main() of apps/NAME.c is
 * compiled under the name NAME_main.
 */
#ifndef SOFTNET_APP_H
#define SOFTNET_APP_H

struct app_entry {
	const char *name;
	int (*main)(int argc, char **argv);
};

extern const struct app_entry app_table[]; /* ends with a NULL name */

#endif
