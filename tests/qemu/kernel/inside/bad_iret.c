/* SPDX-License-Identifier: MIT */
/*
 * app=bad-iret: returns to ring 3 with a code segment that does not exist, so IRET faults in ring 0 while GS
 * has the program's base already.  No system call can make such registers.  But on other CPUs IRET also faults
 * for a RIP that is not canonical, which QEMU's IRET accepts: this program tests the handling of that fault.
 */
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/process/process.h"
#include "kernel/x86/user.h"

int bad_iret_main(int argc, char **argv);

static int start(void *arg)
{
	struct pt_regs *regs = user_regs(current);

	(void)arg;
	hal_irq_disable();
	fpu_reset(current);
	hal_user_switch(current);
	*regs = (struct pt_regs){.bx = 0x1234,
				 .ip = 0x400000,
				 .cs = GDT_USER_CODE32 | 3,
				 .flags = 0x202,
				 .sp = 0x7000,
				 .ss = USER_SS};
	user_begin(regs);
}

int bad_iret_main(int argc, char **argv)
{
	(void)argc;
	BUG_ON(IS_ERR(process_run(start, NULL, argv[0])));
	for (;;)
		schedule_timeout_interruptible(MAX_SCHEDULE_TIMEOUT);
}
