/* SPDX-License-Identifier: MIT */
/*
 * Loading the program: from a path, arguments and environment to the state in which the first
 * instruction runs.  There is one program and it is loaded once, so nothing here replaces an earlier
 * one.  Process context.
 */
#ifndef KERNEL_PROCESS_EXEC_H
#define KERNEL_PROCESS_EXEC_H

#include "include/uapi/elf.h"
#include "kernel/mm/vma.h"
#include "kernel/types.h"

/*
 * Bytes at the start of a file that are read to find its kind.  A line "#! INTERPRETER ARGUMENT"
 * must fit.
 */
#define EXEC_HEAD 256

struct exec {
	struct mm_struct *mm;
	/* The path as it was given, for AT_EXECFN. */
	const char *path;
	const char *const *argv, *const *envp; /* each ends with NULL */
	/* The results. */
	u64 entry; /* the first instruction */
	u64 sp;    /* points to argc; a multiple of 16 */
};

/* Registers the option `norandmaps`.  Boot. */
void exec_init(void);

/*
 * Loads the program into the empty address space e->mm. Returns 0 or -errno. The log says which
 * file is wrong, and why. After an error the address space is empty again.
 */
int exec_load(struct exec *e);

/* ---- proc_mm.c ------------------------------------------------------------------------------ */

/* Registers the files of /proc/self about memory and about the start of the program.  Boot. */
void proc_mm_init(void);
/* Prints the program's mappings on the console, for the report of a fatal signal. */
void mm_show_maps(void);

/* ---- binfmt_elf.c, for exec.c --------------------------------------------------------------- */

/* Facts about the files that the auxiliary vector and the stack need. */
struct elf_image {
	u64 phdr, phnum; /* the program's headers in memory */
	u64 entry;       /* the program's first instruction */
	u64 interp_base; /* 0: no interpreter */
	u64 start;       /* the first instruction to run */
	bool exec_stack; /* the file asks for an executable stack */
};
/*
 * Maps the ELF file @file, whose first EXEC_HEAD bytes are at @head (zeroes after the end of the file),
 * and its interpreter. Sets exe_file and the heap and code addresses of @mm. Returns 0 or -errno;
 * an error of the file is logged.
 */
int load_elf(struct mm_struct *mm, struct file *file, const char *path, const void *head,
	     struct elf_image *image);
/* Opens the program, the interpreter of a script, or ld.so.  Logs the error if it fails. */
struct file *open_exec(const char *path);
/*
 * Fills @buf from the start of the file; zeroes follow the end of the file. Returns 0 or -errno,
 * which it logs.
 */
int read_head(struct file *file, const char *path, void *buf, size_t n);

/* Returns a random multiple of PAGE_SIZE below @pages pages; 0 with the option norandmaps. */
u64 exec_random_offset(u64 pages);

#endif
