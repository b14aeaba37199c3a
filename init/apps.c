/* SPDX-License-Identifier: MIT */
/* The machine's table of applications inside the kernel, which is empty.  app_table <- init/main.c. */
#include "init/apps.h"

#include "kernel/types.h"

const struct app_entry app_table[] = {{NULL, NULL}};
