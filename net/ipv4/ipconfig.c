/* SPDX-License-Identifier: MIT */
/*
 * The address and gateway of each network card, from the command-line options `ip=` and `gw=`, or by
 * DHCP.
 *
 *   cmdline_parse -> parse_ip, parse_gw         boot, one thread
 *   a device comes up, or its link changes -> ipconfig_event -> ip_config_apply
 *                                     -> add_address, or dhcp_start
 *   init thread, all cards are open -> ip_auto_config -> dhcp_wait
 *
 * An `ip=` that names a card is applied to that card, with or without a link. An `ip=` without a
 * name is applied to the first card that has a link, and stays there when that link goes down, as
 * on Linux. If the machine has only one card, that card gets the address even without a link.
 * Context: process, or softirq for a link change. config_lock protects the assignment of entries to
 * cards; the rest of an entry does not change after the command line was parsed. Compare Linux's
 * net/ipv4/ipconfig.c (ip_auto_config_setup, ip_auto_config).
 */
#include "net/ipv4/ipconfig.h"

#include "include/uapi/errno.h"
#include "kernel/cmdline.h"
#include "kernel/fs/proc.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/byteorder.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/printk.h"
#include "kernel/process/sys.h"
#include "net/core/limits.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/dhcp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/route.h"

/*
 * One entry for each `ip=`. If there is no `ip=`, the only entry is DHCP's, which falls back to the
 * addresses of QEMU's user network.
 */
static struct ip_config configs[NETDEV_MAX];
static unsigned int nr_configs;
static __be32 gw_word; /* address from `gw=`; 0: not given */
static DEFINE_SPINLOCK(config_lock);

/* ---- parsing one `ip=` ------------------------------------------------------------------------ */

/*
 * Returns the field that starts at *@text and ends at a colon or at the end of the text, as a
 * string, and advances *@text behind it. Returns NULL if no field is left.
 */
static char *next_field(char **text)
{
	char *field = *text, *colon;

	if (!field)
		return NULL;
	colon = strchr(field, ':');
	if (colon)
		*colon = '\0';
	*text = colon ? colon + 1 : NULL;
	return field;
}

/* Parses an address; an empty field and "any" give 0, as on Linux. */
static int parse_address(const char *field, const char *what, __be32 *addr)
{
	*addr = 0;
	if (!*field || !strcmp(field, "any"))
		return 0;
	if (!in4_pton(field, addr))
		return 0;
	pr_warn("ip=: the %s \"%s\" is not an address; expected A.B.C.D\n", what, field);
	return -EINVAL;
}

static int parse_client(const char *field, struct ip_config *config)
{
	return parse_address(field, "address", &config->addr);
}

static int parse_gateway(const char *field, struct ip_config *config)
{
	return parse_address(field, "gateway", &config->gateway);
}

/*
 * Parses the address of the boot server. The kernel does not use it; programs read it in
 * /proc/net/pnp.
 */
static int parse_server(const char *field, struct ip_config *config)
{
	return parse_address(field, "server", &config->server);
}

static int parse_dns0(const char *field, struct ip_config *config)
{
	return parse_address(field, "name server", &config->nameservers[0]);
}

static int parse_dns1(const char *field, struct ip_config *config)
{
	return parse_address(field, "name server", &config->nameservers[1]);
}

/* Programs read the address of the time server in /proc/net/ipconfig/ntp_servers. */
static int parse_ntp(const char *field, struct ip_config *config)
{
	return parse_address(field, "time server", &config->ntp);
}

static int parse_mask(const char *field, struct ip_config *config)
{
	__be32 mask;

	if (parse_address(field, "netmask", &mask))
		return -EINVAL;
	if (!*field || !strcmp(field, "any"))
		return 0;
	for (unsigned int len = 1; len <= 32; len++) {
		if (mask == inet_make_mask(len)) {
			config->prefix_len = len;
			return 0;
		}
	}
	pr_warn("ip=: the netmask %s is not contiguous; expected one like 255.255.255.0\n", field);
	return -EINVAL;
}

/*
 * Parses the name that uname() returns. The part after the first dot is the domain name, as on
 * Linux.
 */
static int parse_hostname(const char *field, struct ip_config *config)
{
	if (strscpy(config->host, field, sizeof(config->host)) >= 0)
		return 0;
	pr_warn("ip=: \"%.32s...\" is too long for the host name (%zu bytes): it is not used\n",
		field, sizeof(config->host) - 1);
	config->host[0] = '\0';
	return 0;
}

static int parse_device(const char *field, struct ip_config *config)
{
	if (strscpy(config->device, field, sizeof(config->device)) >= 0)
		return 0;
	pr_warn("ip=: \"%.32s...\" is too long for the name of a card (%zu bytes)\n", field,
		sizeof(config->device) - 1);
	return -EINVAL;
}

static bool is_one_of(const char *text, const char *const *texts, unsigned int n)
{
	while (n && strcmp(text, texts[n - 1]))
		n--;
	return n;
}

/*
 * Parses the method of autoconfiguration. It matters only if no address is given, as on Linux. DHCP
 * is the only protocol that the kernel has, so each text that permits several protocols means DHCP.
 */
static int parse_autoconf(const char *field, struct ip_config *config)
{
	static const char *const manual[] = {"off", "none", "static"};
	static const char *const dhcp[] = {"", "dhcp", "on", "any", "both"};
	static const char *const unsupported[] = {"bootp", "rarp"};

	config->dhcp = is_one_of(field, dhcp, ARRAY_SIZE(dhcp));
	if (config->dhcp || is_one_of(field, manual, ARRAY_SIZE(manual)))
		return 0;
	if (is_one_of(field, unsupported, ARRAY_SIZE(unsupported))) {
		pr_warn("ip=: \"%s\" is not supported%s\n", field,
			config->addr ? ": the address that is given is used" : "; expected dhcp");
		return config->addr ? 0 : -EINVAL;
	}
	pr_warn("ip=: \"%s\" is not a method to get an address; expected dhcp, off, none or "
		"static\n",
		field);
	return -EINVAL;
}

/*
 * An address without a mask gets the mask of its class (RFC 791), as on Linux; a message says so.
 */
static void guess_prefix(struct ip_config *config)
{
	u32 top = ntohl(config->addr) >> 24;

	config->prefix_len = top < 128 ? 8 : top < 192 ? 16 : 24;
	pr_notice("ip=: no netmask is given: guessing %pI4/%u by the class of the address; "
		  "ip=%pI4/24 names one\n",
		  &config->addr, config->prefix_len, &config->addr);
}

/*
 * Parses CLIENT:SERVER:GATEWAY:MASK:HOST:DEVICE:AUTOCONF:DNS0:DNS1:NTP0; fields may be empty or
 * missing.
 */
static int parse_linux_form(char *text, struct ip_config *config)
{
	static int (*const fields[])(const char *field, struct ip_config *config) = {
		parse_client, parse_server,   parse_gateway, parse_mask, parse_hostname,
		parse_device, parse_autoconf, parse_dns0,    parse_dns1, parse_ntp,
	};
	char *field;

	config->dhcp = true; /* the default; the field of the method may change it */
	for (unsigned int i = 0; (field = next_field(&text)); i++) {
		if (i == ARRAY_SIZE(fields)) {
			pr_warn("ip=: more than %zu fields: \"%.32s\"\n", ARRAY_SIZE(fields),
				field);
			return -EINVAL;
		}
		if (fields[i](field, config))
			return -EINVAL;
	}
	if (!config->addr) {
		if (!config->dhcp)
			pr_warn("ip=: no address is given, and the method is not dhcp\n");
		return config->dhcp ? 0 : -EINVAL;
	}
	config->dhcp = false;
	if (!config->prefix_len)
		guess_prefix(config);
	return 0;
}

/* Parses A.B.C.D/LEN[:DEVICE]. @slash points to the slash in @text. */
static int parse_short_form(char *text, char *slash, struct ip_config *config)
{
	char *rest = slash + 1, *len = next_field(&rest);
	unsigned long prefix_len;

	*slash = '\0';
	if (parse_client(text, config))
		return -EINVAL;
	if (!config->addr) {
		pr_warn("ip=: no address is given before the prefix length /%s\n", len);
		return -EINVAL;
	}
	if (kstrtoul(len, 10, &prefix_len) || !prefix_len || prefix_len > 32) {
		pr_warn("ip=: the prefix length \"%s\" is not a number from 1 to 32\n", len);
		return -EINVAL;
	}
	config->prefix_len = prefix_len;
	if (!rest)
		return 0;
	if (strchr(rest, ':') || !*rest) {
		pr_warn("ip=: after %s/%s: only the name of a card may follow\n", text, len);
		return -EINVAL;
	}
	return parse_device(rest, config);
}

/* Returns false, and logs the reason, if @addr cannot be a host's address. */
static bool address_is_possible(__be32 addr, unsigned int prefix_len)
{
	const char *fault = inet_addr_fault(addr, prefix_len);
	__be32 mask = inet_make_mask(prefix_len), first, last;

	if (!fault)
		return true;
	if (inet_addr_fault(addr, 32)) {
		pr_warn("ip=%pI4/%u: %s; expected a unicast address, such as 10.0.2.15\n", &addr,
			prefix_len, fault);
		return false;
	}
	first = htonl(ntohl(addr & mask) + 1);
	last = htonl(ntohl(addr | ~mask) - 1);
	pr_warn("ip=%pI4/%u: %s; expected %pI4 to %pI4\n", &addr, prefix_len, fault, &first, &last);
	return false;
}

int ip_config_parse(const char *value, struct ip_config *config)
{
	char text[CMDLINE_WORD_MAX], *slash, *colon;
	int err;

	*config = (struct ip_config){};
	if (!*value || !strcmp(value, "off") || !strcmp(value, "none"))
		return -ENODEV;
	if (strscpy(text, value, sizeof(text)) < 0)
		return -EINVAL;
	if (!strchr(text, ':') && !strchr(text, '.')) {
		err = parse_autoconf(text, config);
		return err || config->dhcp ? err : -ENODEV;
	}
	slash = strchr(text, '/');
	colon = strchr(text, ':');
	if (slash && (!colon || slash < colon))
		err = parse_short_form(text, slash, config);
	else
		err = parse_linux_form(text, config);
	if (err || config->dhcp)
		return err;
	return address_is_possible(config->addr, config->prefix_len) ? 0 : -EINVAL;
}

/* ---- applying an entry to a card --------------------------------------------------------------- */

#define CONFIG_TEXT sizeof("255.255.255.255/32")

/* Returns the text for messages about @config, "dhcp" or its address. */
static const char *config_text(const struct ip_config *config, char text[CONFIG_TEXT])
{
	if (config->dhcp)
		return "dhcp";
	scnprintf(text, CONFIG_TEXT, "%pI4/%u", &config->addr, config->prefix_len);
	return text;
}

static bool in_network(const struct ip_config *config, __be32 addr)
{
	return !((config->addr ^ addr) & inet_make_mask(config->prefix_len));
}

/*
 * Returns the entry to which `gw=` applies: the entry whose network contains the gateway. If there
 * is none, returns the first entry without a network (/32). If there is none of these either,
 * returns the first entry.
 */
static const struct ip_config *gw_word_config(void)
{
	for (unsigned int i = 0; i < nr_configs; i++) {
		if (configs[i].addr && configs[i].prefix_len < 32 &&
		    in_network(&configs[i], gw_word))
			return &configs[i];
	}
	for (unsigned int i = 0; i < nr_configs; i++) {
		if (configs[i].prefix_len == 32)
			return &configs[i];
	}
	return configs;
}

static void add_gateway(const struct ip_config *config, struct net_device *dev, __be32 gateway)
{
	const char *fault =
		inet_addr_fault(gateway, in_network(config, gateway) ? config->prefix_len : 32);
	int err;

	if (gateway == config->addr)
		fault = "is this host's own address";
	if (fault) {
		pr_err("gw=%pI4: %s: no default route\n", &gateway, fault);
		return;
	}
	if (!in_network(config, gateway)) {
		/*
		 * In a network of one address (/32), as some clouds assign it, the router is
		 * outside the network but on the same link: add a route to it.
		 */
		if (config->prefix_len < 32) {
			pr_err("gw=%pI4: not in the network of %pI4/%u: no default route; "
			       "with ip=%pI4/32 it may be outside\n",
			       &gateway, &config->addr, config->prefix_len, &config->addr);
			return;
		}
		err = ip_route_add(gateway, 32, 0, dev, config->addr, RTN_UNICAST);
		if (err && err != -EEXIST)
			pr_err("gw=%pI4: no route to it through %s (%d)\n", &gateway, dev->name,
			       err);
	}
	err = ip_route_add(0, 0, gateway, dev, config->addr, RTN_UNICAST);
	if (err)
		pr_err("gw=%pI4: no default route through %s (%d)\n", &gateway, dev->name, err);
}

/* Adds @config's address and gateway to @dev, to which take_config() has assigned @config. */
static void add_address(const struct ip_config *config, struct net_device *dev)
{
	__be32 gateway = config->gateway;
	int err = inet_addr_add(dev, config->addr, config->prefix_len);

	if (err) {
		pr_err("%s: address %pI4/%u: error %d\n", dev->name, &config->addr,
		       config->prefix_len, err);
		return;
	}
	pr_notice("%s: %pI4/%u, %pM\n", dev->name, &config->addr, config->prefix_len,
		  dev->dev_addr);
	if (gw_word && gw_word_config() == config)
		gateway = gw_word;
	if (gateway)
		add_gateway(config, dev, gateway);
}

/*
 * Called by the DHCP client of @dev, whose entry has an address for the case that no server answers:
 * @use true: adds this address; false: removes it.
 */
static void use_fallback(struct net_device *dev, bool use)
{
	const struct ip_config *config = configs;

	while (config->dev != dev)
		config++;
	if (!use) {
		inet_addr_del(dev, config->addr);
		return;
	}
	pr_warn("%s: no DHCP server has answered: using %pI4/%u until one does\n", dev->name,
		&config->addr, config->prefix_len);
	add_address(config, dev);
}

static void ip_config_apply(const struct ip_config *config, struct net_device *dev)
{
	struct dhcp_preset preset = {.host = config->host};

	if (!config->dhcp) {
		add_address(config, dev);
		return;
	}
	if (config->addr)
		preset.fallback = use_fallback;
	else
		preset.gateway = config->gateway;
	if (gw_word && gw_word_config() == config)
		preset.gateway = gw_word;
	dhcp_start(dev, &preset);
}

/*
 * Returns an entry for @dev that no card has taken yet: the entry with @dev's name, or, if there is
 * none and @any is true, an entry without a name. Returns NULL if there is none, or if @dev has
 * taken an entry already. config_lock is held.
 */
static struct ip_config *free_config(const struct net_device *dev, bool any)
{
	struct ip_config *found = NULL;

	lockdep_assert_held(&config_lock);
	for (struct ip_config *c = configs; c < configs + nr_configs; c++) {
		if (c->dev == dev)
			return NULL;
		if (c->dev)
			continue;
		if (!strcmp(c->device, dev->name))
			found = c;
		else if (!*c->device && any && !found)
			found = c;
	}
	return found;
}

static struct ip_config *take_config(const struct net_device *dev, bool any)
{
	struct ip_config *config;

	spin_lock_bh(&config_lock);
	config = free_config(dev, any);
	if (config)
		config->dev = dev;
	spin_unlock_bh(&config_lock);
	return config;
}

static bool is_card(const struct net_device *dev)
{
	return (dev->flags & IFF_UP) && (dev->flags & IFF_BROADCAST) && dev->ip_ptr;
}

static void offer(struct net_device *dev, bool any)
{
	const struct ip_config *config = is_card(dev) ? take_config(dev, any) : NULL;

	if (config)
		ip_config_apply(config, dev);
}

static void ipconfig_event(struct net_device *dev, enum netdev_event event)
{
	if (event == NETDEV_UP || event == NETDEV_CHANGE)
		offer(dev, netif_carrier_ok(dev));
}

/* ---- after all cards were opened --------------------------------------------------------------- */

/* Returns the number of cards without an entry; *@last becomes the last of them. */
static unsigned int idle_cards(struct net_device **last)
{
	struct net_device *dev;
	unsigned int n = 0;

	for_each_netdev(dev) {
		bool taken = false;

		for (unsigned int i = 0; i < nr_configs; i++)
			taken |= configs[i].dev == dev;
		if (taken || !is_card(dev))
			continue;
		n++;
		*last = dev;
	}
	return n;
}

static void say_unknown_device(const struct ip_config *config)
{
	char names[NETDEV_MAX * IFNAMSIZ], text[CONFIG_TEXT];
	struct net_device *dev;
	size_t n = 0;

	names[0] = '\0';
	for_each_netdev(dev) {
		if (is_card(dev))
			n += scnprintf(names + n, sizeof(names) - n, " %s", dev->name);
	}
	pr_err("ip=%s: there is no card \"%s\"; there %s%s\n", config_text(config, text),
	       config->device, n ? "is" : "is none", names);
}

static void take_hostname(void *arg, const struct dhcp_info *lease)
{
	if (*lease->host)
		strscpy(nodename, lease->host, sizeof(nodename));
}

/*
 * A program that connects or binds an address at its start needs the address. So the boot waits for
 * it, as Linux's does. A host name from a server is used if `ip=` has none.
 */
static void wait_for_leases(void)
{
	bool named = false;

	if (!dhcp_wait(DHCP_BOOT_WAIT_MS))
		pr_warn("no DHCP server has answered for %u s: the program starts without an "
			"address\n",
			DHCP_BOOT_WAIT_MS / 1000);
	for (unsigned int i = 0; i < nr_configs; i++)
		named |= *configs[i].host;
	for (unsigned int i = 0; i < nr_configs && !named; i++)
		named = configs[i].dev && dhcp_lease_show(configs[i].dev, take_hostname, NULL);
}

void ip_auto_config(void)
{
	char text[CONFIG_TEXT];

	for (unsigned int i = 0; i < nr_configs; i++) {
		const struct ip_config *config = &configs[i];
		struct net_device *dev;
		unsigned int n;

		if (config->dev)
			continue;
		if (*config->device) {
			say_unknown_device(config);
			continue;
		}
		n = idle_cards(&dev);
		if (n == 1)
			offer(dev, true);
		else if (n)
			pr_warn("no card has a link: %s goes to the first that gets one\n",
				config_text(config, text));
		else if (nr_configs > 1)
			pr_err("ip=%s: no card is left for it\n", config_text(config, text));
	}
	wait_for_leases();
}

/* ---- the command line ------------------------------------------------------------------------- */

/* Sets the machine's host name to the host name in an `ip=`. */
static void set_hostname(const struct ip_config *config)
{
	const char *dot = strchr(config->host, '.');

	if (!*config->host)
		return;
	strscpy(nodename, config->host, sizeof(nodename));
	if (!dot)
		return;
	nodename[dot - config->host] = '\0';
	strscpy(domainname, dot + 1, sizeof(domainname));
}

/* ---- /proc ------------------------------------------------------------------------------------ */

static void show_domain(void *m, const struct dhcp_info *lease)
{
	if (*lease->domain)
		seq_printf(m, "domain %s\n", lease->domain);
	if (*lease->search)
		seq_printf(m, "search %s\n", lease->search);
}

static void show_name_servers(void *m, const struct dhcp_info *lease)
{
	for (unsigned int i = 0; i < lease->nr_dns; i++)
		seq_printf(m, "nameserver %pI4\n", &lease->dns[i]);
}

static void show_boot_server(void *m, const struct dhcp_info *lease)
{
	if (lease->bootserver)
		seq_printf(m, "bootserver %pI4\n", &lease->bootserver);
}

static void show_time_servers(void *m, const struct dhcp_info *lease)
{
	for (unsigned int i = 0; i < lease->nr_ntp; i++)
		seq_printf(m, "%pI4\n", &lease->ntp[i]);
}

static void show_nothing(void *m, const struct dhcp_info *lease)
{
}

/* Calls @show for the leases of all cards. Returns their number. */
static unsigned int show_leases(struct seq_file *m,
				void (*show)(void *m, const struct dhcp_info *lease))
{
	unsigned int n = 0;

	for (const struct ip_config *c = configs; c < configs + nr_configs; c++)
		n += c->dev && dhcp_lease_show(c->dev, show, m);
	return n;
}

/*
 * /proc/net/pnp: has the format of resolv.conf, so that /etc/resolv.conf can be a link to it. The
 * servers of `ip=` come first, as on Linux; those of an entry with a fallback are not used while a
 * server has leased an address.
 */
static int show_pnp(struct seq_file *m)
{
	bool leased = show_leases(m, show_nothing);

	seq_puts(m, leased ? "#PROTO: DHCP\n" : "#MANUAL\n");
	show_leases(m, show_domain);
	for (const struct ip_config *c = configs; c < configs + nr_configs; c++)
		for (unsigned int i = 0; i < ARRAY_SIZE(c->nameservers); i++)
			if (c->nameservers[i] && !(leased && c->dhcp && c->addr))
				seq_printf(m, "nameserver %pI4\n", &c->nameservers[i]);
	show_leases(m, show_name_servers);
	for (const struct ip_config *c = configs; c < configs + nr_configs; c++)
		if (c->server)
			seq_printf(m, "bootserver %pI4\n", &c->server);
	show_leases(m, show_boot_server);
	return 0;
}

/* /proc/net/ipconfig/ntp_servers, as on Linux since 4.18: an address on each line. */
static int show_ntp(struct seq_file *m)
{
	for (const struct ip_config *c = configs; c < configs + nr_configs; c++)
		if (c->ntp)
			seq_printf(m, "%pI4\n", &c->ntp);
	show_leases(m, show_time_servers);
	return 0;
}

/* ---- the command line, after it was parsed ---------------------------------------------------- */

static bool ip_given; /* an `ip=` of the command line has replaced the default entry */

static int parse_ip(const char *value)
{
	char new[CONFIG_TEXT], old[CONFIG_TEXT];
	struct ip_config config, *slot = configs;
	int err = ip_config_parse(value, &config);

	if (err && err != -ENODEV) {
		if (!ip_given)
			pr_warn("ip=: invalid; a DHCP server is asked, as without ip=\n");
		return err;
	}
	if (!ip_given || err)
		nr_configs = 0;
	ip_given = true;
	if (err)
		return 0;
	/* A later `ip=` for the same card replaces an earlier one. */
	while (slot < configs + nr_configs && strcmp(slot->device, config.device))
		slot++;
	if (slot == configs + NETDEV_MAX) {
		pr_warn("ip=: more cards than the kernel takes (%u)\n", NETDEV_MAX);
		return -ENOSPC;
	}
	if (slot == configs + nr_configs)
		nr_configs++;
	else
		pr_warn("ip=: %s replaces %s; for two cards name them, as in "
			"ip=A.B.C.D/LEN:eth1\n",
			config_text(&config, new), config_text(slot, old));
	*slot = config;
	set_hostname(&config);
	return 0;
}

static int parse_gw(const char *value)
{
	const char *fault;
	__be32 addr;

	if (in4_pton(value, &addr))
		return -EINVAL;
	fault = inet_addr_fault(addr, 32);
	if (fault) {
		pr_warn("gw=%pI4: %s\n", &addr, fault);
		return -EINVAL;
	}
	gw_word = addr;
	return 0;
}

void ip_config_init(void)
{
	static const struct cmdline_param params[] = {
		{.name = "ip",
		 .usage = "ip=A.B.C.D/LEN[:DEVICE], ip=dhcp, ip=off, or Linux's "
			  "ip=CLIENT:SERVER:GATEWAY:MASK:HOST:DEVICE:METHOD:DNS:DNS",
		 .parse = parse_ip},
		{.name = "gw", .usage = "gw=A.B.C.D", .parse = parse_gw},
	};
	static const struct proc_entry entries[] = {
		{"net/pnp", show_pnp},
		{"net/ipconfig/ntp_servers", show_ntp},
	};
	static struct netdev_notifier notifier = {.event = ipconfig_event};

	configs[0] = (struct ip_config){
		.dhcp = true,                 /* the values below are for a link without a server */
		.addr = htonl(0x0a00020f),    /* 10.0.2.15 */
		.gateway = htonl(0x0a000202), /* 10.0.2.2 */
		.prefix_len = 24,
		.nameservers = {htonl(0x0a000203)}, /* 10.0.2.3 */
	};
	nr_configs = 1;
	cmdline_register(params, ARRAY_SIZE(params));
	proc_register(entries, ARRAY_SIZE(entries));
	register_netdevice_notifier(&notifier);
}
