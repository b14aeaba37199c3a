/* SPDX-License-Identifier: MIT */
/* Small system calls of the process, and the names of the machine. */
#ifndef KERNEL_PROCESS_SYS_H
#define KERNEL_PROCESS_SYS_H

#include "kernel/types.h"

/*
 * The release of Linux whose calls and behaviour this kernel offers: programs and libraries refuse
 * to run on a release that is too old (glibc: 3.2), and probe for newer calls.
 */
#define OS_RELEASE "4.11.0-softnet"
#define OS_VERSION "#1 softnet"

#define NODENAME_MAX 64 /* bytes, without NUL */
extern char nodename[NODENAME_MAX + 1], domainname[NODENAME_MAX + 1];

#define CAPABILITY_LAST 40 /* the last capability of Linux 6: CAP_CHECKPOINT_RESTORE */

void ids_init(void); /* ids.c */
void sys_init(void); /* sys.c */

#endif
