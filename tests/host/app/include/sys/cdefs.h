/* SPDX-License-Identifier: MIT */
/*
 * Gives each function of this C library a linker name with the prefix app_.
 *
 * The hosted image is linked with the host's C library, whose write() other files of tests/host
 * call.  So our write() has the linker name app_write, and only a file that includes these headers
 * can call it as write().
 */
#ifndef SYS_CDEFS_H
#define SYS_CDEFS_H

#define __APP_NAME(name) __asm__("app_" #name)

#endif
