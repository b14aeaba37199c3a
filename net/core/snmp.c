/* SPDX-License-Identifier: MIT */
/*
 * /proc/net/snmp and /proc/net/netstat: the counters of snmp.h in Linux's format. Each group has
 * two lines: the first has the names, the second the values.
 *
 * kernel_main() calls snmp_init(), which registers both files; open() calls the show functions.
 * Process context.
 */
#include "kernel/fs/proc.h"
#include "kernel/lib/string.h"
#include "kernel/types.h"
#include "net/core/snmp.h"

u64 snmp_counters[SNMP_MAX];

struct snmp_item {
	const char *name;
	enum snmp_counter counter;
};

#define SNMP_ITEM(group, name) {#name, SNMP_##group##name},
static const struct snmp_item ip_items[] = {SNMP_IP(SNMP_ITEM)};
static const struct snmp_item icmp_items[] = {SNMP_ICMP(SNMP_ITEM)};
static const struct snmp_item tcp_items[] = {SNMP_TCP(SNMP_ITEM)};
static const struct snmp_item udp_items[] = {SNMP_UDP(SNMP_ITEM)};
static const struct snmp_item tcpext_items[] = {SNMP_TCPEXT(SNMP_ITEM)};
static const struct snmp_item ipext_items[] = {SNMP_IPEXT(SNMP_ITEM)};
#undef SNMP_ITEM

const int *snmp_default_ttl;

/*
 * Values of the MIB that are not counters (RFC 4293, 4022). Forwarding 2: this host does not forward.
 * RtoMin and RtoMax in ms.
 */
#define IP_CONST_NAMES   " Forwarding DefaultTTL"
#define TCP_CONST_NAMES  " RtoAlgorithm RtoMin RtoMax MaxConn"
#define TCP_CONST_VALUES " 1 200 120000 -1"

static void snmp_show_group(struct seq_file *m, const char *group, const char *const_names,
			    const char *const_values, const struct snmp_item *items, unsigned int n)
{
	seq_printf(m, "%s:%s", group, const_names);
	for (unsigned int i = 0; i < n; i++)
		seq_printf(m, " %s", items[i].name);
	seq_printf(m, "\n%s:%s", group, const_values);
	for (unsigned int i = 0; i < n; i++)
		seq_printf(m, " %llu", (unsigned long long)snmp_counters[items[i].counter]);
	seq_putc(m, '\n');
}

static int snmp_show(struct seq_file *m)
{
	char ip_values[sizeof(" 2 255")];

	scnprintf(ip_values, sizeof(ip_values), " 2 %d", READ_ONCE(*snmp_default_ttl));
	snmp_show_group(m, "Ip", IP_CONST_NAMES, ip_values, ip_items, ARRAY_SIZE(ip_items));
	snmp_show_group(m, "Icmp", "", "", icmp_items, ARRAY_SIZE(icmp_items));
	snmp_show_group(m, "Tcp", TCP_CONST_NAMES, TCP_CONST_VALUES, tcp_items,
			ARRAY_SIZE(tcp_items));
	snmp_show_group(m, "Udp", "", "", udp_items, ARRAY_SIZE(udp_items));
	return 0;
}

static int netstat_show(struct seq_file *m)
{
	snmp_show_group(m, "TcpExt", "", "", tcpext_items, ARRAY_SIZE(tcpext_items));
	snmp_show_group(m, "IpExt", "", "", ipext_items, ARRAY_SIZE(ipext_items));
	return 0;
}

void snmp_init(void)
{
	static const struct proc_entry entries[] = {
		{"net/snmp", snmp_show},
		{"net/netstat", netstat_show},
	};

	proc_register(entries, ARRAY_SIZE(entries));
}
