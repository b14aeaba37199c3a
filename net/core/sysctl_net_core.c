/* SPDX-License-Identifier: MIT */
/*
 * The sysctls of net/core: their values, and the table with their names.
 *
 * netdev_init() calls sysctl_core_init() at boot. napi.c, dev_rx.c, sock_options.c and listen()
 * read the values, in any context, without a lock (kernel/sysctl.h). Names and meanings are those
 * of Linux's net/core/sysctl_net_core.c. rmem_default and wmem_default are for datagrams: the buffers
 * of a TCP socket start with tcp_rmem and tcp_wmem, and the buffer of an AF_UNIX socket has a fixed
 * size.
 */
#include "kernel/sysctl.h"
#include "net/core/limits.h"
#include "net/core/netdevice.h"
#include "net/core/sock.h"

int netdev_budget = NETDEV_BUDGET;
int netdev_max_backlog = NETDEV_MAX_BACKLOG;
int sysctl_somaxconn = SOMAXCONN_DEFAULT;
int sysctl_rmem_default = SOCK_BUFFER_DEFAULT;
int sysctl_wmem_default = SOCK_BUFFER_DEFAULT;
int sysctl_rmem_max = SOCK_RMEM_MAX / 2;
int sysctl_wmem_max = SOCK_WMEM_MAX / 2;

static const struct ctl_table table[] = {
	{
		.procname = "net/core/netdev_budget",
		.value = &netdev_budget,
		.unit = "packets",
		SYSCTL_RANGE(NETDEV_BUDGET_RANGE),
		.what = "taken from all devices in one softirq; then others get the CPU (Linux)",
	},
	{
		.procname = "net/core/netdev_max_backlog",
		.value = &netdev_max_backlog,
		.unit = "packets",
		SYSCTL_RANGE(NETDEV_MAX_BACKLOG_RANGE),
		.what = "waiting on loopback's queue; more are dropped (Linux)",
	},
	{
		.procname = "net/core/rmem_default",
		.value = &sysctl_rmem_default,
		.unit = "bytes",
		SYSCTL_RANGE(SOCK_ASK_RANGE),
		.what = "first receive buffer of a datagram socket (Linux)",
	},
	{
		.procname = "net/core/rmem_max",
		.value = &sysctl_rmem_max,
		.unit = "bytes",
		SYSCTL_RANGE(SOCK_ASK_RANGE),
		.what = "most that SO_RCVBUF may ask for; the buffer is twice that (Linux: 212992)",
	},
	{
		.procname = "net/core/somaxconn",
		.value = &sysctl_somaxconn,
		.unit = "connections",
		SYSCTL_RANGE(SOMAXCONN_RANGE),
		.what = "listen()'s backlog is cut to it (Linux 4.11: 128)",
	},
	{
		.procname = "net/core/wmem_default",
		.value = &sysctl_wmem_default,
		.unit = "bytes",
		SYSCTL_RANGE(SOCK_ASK_RANGE),
		.what = "first send buffer of a datagram socket (Linux)",
	},
	{
		.procname = "net/core/wmem_max",
		.value = &sysctl_wmem_max,
		.unit = "bytes",
		SYSCTL_RANGE(SOCK_ASK_RANGE),
		.what = "most that SO_SNDBUF may ask for; the buffer is twice that (Linux: 212992)",
	},
};

void sysctl_core_init(void)
{
	sysctl_register(table, ARRAY_SIZE(table));
}
