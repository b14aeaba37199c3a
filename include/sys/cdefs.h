/* SPDX-License-Identifier: MIT */
/*
 * The linker's name of a function of this C library.
 *
 * In the hosted image it is linked together with the host's own library, whose write() the code
 * below the seams still needs.  So the functions here are called app_write and so on, and only a
 * file that includes these headers gets them under POSIX's names.
 */
#ifndef SYS_CDEFS_H
#define SYS_CDEFS_H

#define __APP_NAME(name) __asm__("app_" #name)

#endif
