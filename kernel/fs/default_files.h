/* SPDX-License-Identifier: MIT */
/* The directories and files that programs and C libraries expect. */
#ifndef KERNEL_FS_DEFAULT_FILES_H
#define KERNEL_FS_DEFAULT_FILES_H

/*
 * Creates the directories and files that the initrd does not have.  Called once, in process
 * context, before the program starts and after the host name is known.
 */
void default_files_create(void);

#endif
