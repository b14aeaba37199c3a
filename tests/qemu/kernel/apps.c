/* SPDX-License-Identifier: MIT */
/*
 * The table of applications of softnet-test.elf: those of apps/, and of this folder.
 * softnet-test.elf is linked from the objects of softnet.elf, from init/ring0 and from these.
 * init/ring0/apps.c looks up the NAME of `app=NAME` in app_table.
 */
#include "init/apps.h"
#include <stddef.h>

int inetd_main(int argc, char **argv);
int chat_main(int argc, char **argv);
int hello_main(int argc, char **argv);
int spin_main(int argc, char **argv);
int crash_main(int argc, char **argv);
int fpu_main(int argc, char **argv);
int user_pages_main(int argc, char **argv);
int ring3_main(int argc, char **argv);
int bad_iret_main(int argc, char **argv);
int tree_main(int argc, char **argv);

/* A program of inside/programs.S. */
#define RING3(name)                                                                                \
	{                                                                                          \
		"r3-" #name, ring3_main                                                            \
	}

const struct app_entry app_table[] = {
	{"inetd", inetd_main},
	{"chat", chat_main},
	{"hello", hello_main},
	{"spin", spin_main},
	{"fpu", fpu_main},
	{"user-pages", user_pages_main},
	{"bad-iret", bad_iret_main},
	RING3(hello),
	RING3(registers),
	RING3(flags),
	RING3(pointers),
	RING3(stacks),
	RING3(numbers),
	RING3(calls_few),
	RING3(calls_many),
	RING3(bases),
	RING3(read_kernel),
	RING3(write_kernel),
	RING3(call_kernel),
	RING3(write_code),
	RING3(run_data),
	RING3(null),
	RING3(noncanonical),
	RING3(read_noncan),
	RING3(hlt),
	RING3(cli),
	RING3(in),
	RING3(out),
	RING3(wrmsr),
	RING3(cr3),
	RING3(swapgs),
	RING3(int80),
	RING3(int_timer),
	RING3(int_nmi),
	RING3(sysenter),
	RING3(wrgsbase),
	RING3(sgdt),
	RING3(far_32),
	RING3(far_kernel),
	RING3(int3),
	RING3(ud2),
	RING3(divide),
	RING3(step),
	RING3(step_syscall),
	RING3(x87),
	RING3(report),
	RING3(signal),
	RING3(signal_avx),
	RING3(sigsegv),
	RING3(sigaltstack),
	RING3(restart),
	RING3(interrupt),
	RING3(forge_flags),
	RING3(forge_rip),
	RING3(forge_rip2),
	RING3(forge_kernel),
	RING3(forge_stack),
	RING3(forge_xsave),
	RING3(forge_xbv),
	RING3(forge_fp),
	RING3(forge_mxcsr),
	RING3(forge_fxsave),
	RING3(forge_nofp),
	RING3(no_frame),
	RING3(no_restorer),
	RING3(no_stack),
	RING3(threads),
	{"tree", tree_main},
	{"crash", crash_main}, /* the name selects the mistake */
	{"crash-page0", crash_main},
	{"crash-stack", crash_main},
	{"crash-guard", crash_main},
	{"crash-nx", crash_main},
	{"crash-wtext", crash_main},
	{"crash-wconst", crash_main},
	{NULL, NULL},
};
