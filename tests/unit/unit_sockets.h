/* SPDX-License-Identifier: MIT */
/*
 * Sockets over loopback in the hosted kernel, for tests that have their own kernel_main().  The network has no
 * other device, and the kernel has one more system call, which the test provides.  The test makes system calls
 * and advances the clock. Include this header once per program: it defines the functions of the device model,
 * which is not linked.
 */
#ifndef TESTS_UNIT_UNIT_SOCKETS_H
#define TESTS_UNIT_UNIT_SOCKETS_H

#include "include/uapi/unistd.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "net/af_inet.h"
#include "net/core/netdevice.h"
#include "net/core/skbuff.h"
#include "net/core/snmp.h"
#include "net/socket.h"
#include "tests/host/host.h"
#include "tests/host/softnet_host.h"
#include "tests/unit/unit_lower.h"

#define MS        1000000ULL
#define TIMEWAITS 70000 /* ms; more than a TIME_WAIT lasts, even if the timer wheel is late */
#define OWN_CALL  (__NR_softnet_power + 1) /* number of the system call that a test adds */

/* ---- a kernel with loopback and no other device -------------------------------------------------- */

void virtio_model_probe(void)
{
}

bool virtio_model_rx(const void *frame, size_t len)
{
	return false;
}

size_t virtio_model_tx(void *buf, size_t max)
{
	return 0;
}

static inline int unit_sockets_init(void *own_call)
{
	register_syscalls(own_call, 1);
	skb_init();
	netdev_init();
	snmp_init();
	sock_init();
	inet_init();
	loopback_init();
	BUG_ON(dev_open(loopback_dev()));
	hal_probe_devices(); /* starts the threads that execute the submitted calls */
	return 0;
}

/* Does everything that a test's kernel_main() must do. @own_call is used until the program ends. */
static inline void __noreturn unit_sockets_main(const struct boot_info *boot,
						const struct syscall_def *own_call)
{
	unit_lower_half(boot);
	BUG_ON(IS_ERR(kthread_run(unit_sockets_init, (void *)own_call, "init")));
	cpu_idle();
}

/* ---- calls ---------------------------------------------------------------------------------------- */

#define submit(nr, a, b, c, d) sn_submit(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

static inline void step(void)
{
	if (sn_step() == SN_HALTED)
		fail_msg("%s", sn_console());
}

static inline void pass_ms(unsigned int ms)
{
	u64 end = sn_clock() + ms * MS;

	while (sn_clock() < end) {
		u64 next = sn_step();

		if (next == SN_HALTED)
			fail_msg("%s", sn_console());
		sn_set_clock(min(next, end));
	}
	step();
}

static inline bool is_back(s64 ticket, s64 *res)
{
	int back;

	assert_true(ticket > 0);
	step();
	back = sn_poll(ticket, res);
	assert_true(back >= 0);
	return back;
}

static inline s64 result(s64 ticket)
{
	s64 res = -1;

	assert_true(is_back(ticket, &res));
	return res;
}

#define call(nr, a, b, c, d) result(submit(nr, a, b, c, d))

#endif
