/* SPDX-License-Identifier: MIT */
/* The kinds of entries of a program's auxiliary vector. */
#ifndef UAPI_AUXVEC_H
#define UAPI_AUXVEC_H

#define AT_NULL         0
#define AT_PHDR         3  /* address of the program headers */
#define AT_PHENT        4  /* bytes of one program header */
#define AT_PHNUM        5  /* number of program headers */
#define AT_PAGESZ       6  /* bytes of a page */
#define AT_BASE         7  /* where the interpreter lies; 0: there is none */
#define AT_FLAGS        8  /* always 0 */
#define AT_ENTRY        9  /* the program's first instruction, also if the interpreter runs first */
#define AT_UID          11 /* 0, as are AT_EUID, AT_GID and AT_EGID */
#define AT_EUID         12
#define AT_GID          13
#define AT_EGID         14
#define AT_PLATFORM     15 /* address of a string: the kind of CPU */
#define AT_HWCAP        16 /* EDX of CPUID leaf 1 */
#define AT_CLKTCK       17 /* ticks per second in the results of times() */
#define AT_SECURE       23 /* 0: the program is not set-user-ID */
#define AT_RANDOM       25 /* address of 16 random bytes */
#define AT_HWCAP2       26 /* always 0 */
#define AT_EXECFN       31 /* address of a string: the path of the program */
#define AT_SYSINFO_EHDR 33 /* address of the vDSO */
#define AT_MINSIGSTKSZ  51 /* most bytes of a signal frame */

#endif
