/* SPDX-License-Identifier: MIT */
/*
 * The name that a function of this C library has for the linker.
 *
 * In the hosted image it is linked beside the host's own library, whose write() must stay what the
 * code below the seams means; so ours are called app_write and so on, and only who includes these
 * headers gets them under POSIX's names.
 */
#ifndef SYS_CDEFS_H
#define SYS_CDEFS_H

#define __APP_NAME(name) __asm__("app_" #name)

#endif
