/* SPDX-License-Identifier: MIT */
/*
 * The command-line options `ip=` and `gw=`: accepted forms and their meaning, and refused forms and their
 * messages. With three cards: the address that each card gets, the resulting routes and the ARP replies.
 */
#include "tests/unit/unit_net.h"

#include "include/uapi/errno.h"
#include "kernel/cmdline.h"
#include "kernel/limits.h"
#include "kernel/printk.h"
#include "net/ipv4/ipconfig.h"

/* ---- the text --------------------------------------------------------------------------------- */

/* The short form, and Linux's form as in Documentation/admin-guide/nfs/nfsroot.rst. */
static void test_accepted(void **state)
{
	static const struct {
		const char *text;
		u8 addr[4], gateway[4];
		u8 prefix_len;
		const char *device;
	} cases[] = {
		{"10.0.2.15/24", {10, 0, 2, 15}, {0}, 24, ""},
		{"10.0.2.15/24:eth1", {10, 0, 2, 15}, {0}, 24, "eth1"},
		{"10.0.2.15/24:abcdefghijklmno", {10, 0, 2, 15}, {0}, 24, "abcdefghijklmno"},
		{"10.0.2.255/32", {10, 0, 2, 255}, {0}, 32, ""},
		{"10.0.2.0/31", {10, 0, 2, 0}, {0}, 31, ""}, /* RFC 3021 */
		{"223.255.255.254/1", {223, 255, 255, 254}, {0}, 1, ""},
		{"1.0.0.1/8", {1, 0, 0, 1}, {0}, 8, ""},
		{"10.1.2.3::10.1.2.1:255.255.255.0:host:eth1:none",
		 {10, 1, 2, 3},
		 {10, 1, 2, 1},
		 24,
		 "eth1"},
		{"10.1.2.3:10.1.2.9:10.1.2.1:255.255.0.0::eth0:off:8.8.8.8:8.8.4.4:10.1.2.9",
		 {10, 1, 2, 3},
		 {10, 1, 2, 1},
		 16,
		 "eth0"},
		{"10.1.2.3:::255.255.255.255:::static", {10, 1, 2, 3}, {0}, 32, ""},
		{"10.1.2.3:any:any:any", {10, 1, 2, 3}, {0}, 8, ""},
		{"10.1.2.3::10.1.2.1:255.255.255.0::::", {10, 1, 2, 3}, {10, 1, 2, 1}, 24, ""},
		/* Without a netmask, the address class determines it, as on Linux. */
		{"10.1.2.3", {10, 1, 2, 3}, {0}, 8, ""},
		{"172.16.2.3::172.16.0.1", {172, 16, 2, 3}, {172, 16, 0, 1}, 16, ""},
		{"192.168.2.3:::::eth2", {192, 168, 2, 3}, {0}, 24, "eth2"},
		/* If an address is given, the autoconfiguration method ("dhcp") is ignored, as on Linux. */
		{"10.1.2.3:::255.0.0.0:::dhcp", {10, 1, 2, 3}, {0}, 8, ""},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip_config config;
		__be32 addr, gateway;

		memcpy(&addr, cases[i].addr, 4);
		memcpy(&gateway, cases[i].gateway, 4);
		assert_int_equal(ip_config_parse(cases[i].text, &config), 0);
		assert_int_equal(config.addr, addr);
		assert_int_equal(config.gateway, gateway);
		assert_int_equal(config.prefix_len, cases[i].prefix_len);
		assert_string_equal(config.device, cases[i].device);
		assert_false(config.dhcp);
		assert_null(config.dev);
	}
}

/* Each text yields -EINVAL and a message that names the fault and, for addresses, the expected form. */
static void test_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"10.0.2.255/24",
		 "the broadcast address of its network; expected 10.0.2.1 to 10.0.2.254"},
		{"10.0.3.255/23",
		 "the broadcast address of its network; expected 10.0.2.1 to 10.0.3.254"},
		{"10.0.2.0/24", "the number of its network; expected 10.0.2.1 to 10.0.2.254"},
		{"10.0.2.7/30",
		 "the broadcast address of its network; expected 10.0.2.5 to 10.0.2.6"},
		{"10.255.255.255", "the broadcast address of its network; expected 10.0.0.1 to"},
		{"10.1.2.255:::255.255.255.0",
		 "the broadcast address of its network; expected 10.1.2.1 to"},
		{"224.0.0.5/24", "a multicast address; expected a unicast address"},
		{"239.255.255.255/32", "a multicast address"},
		{"240.0.0.1/24", "240.0.0.0/4, which is reserved"},
		{"255.255.255.255/32", "240.0.0.0/4, which is reserved"},
		{"0.0.0.0/24", ""},
		{"0.1.2.3/24", "0.0.0.0/8, which means this network"},
		{"127.0.0.1/8", "127.0.0.0/8, which never leaves a host"},
		{"127.9.9.9:::255.255.255.0", "127.0.0.0/8"},
		{"bootp", "\"bootp\" is not supported; expected dhcp"},
		{"rarp", "\"rarp\" is not supported; expected dhcp"},
		{":::::eth0:rarp", "\"rarp\" is not supported; expected dhcp"},
		{"::::host:eth0:none", "no address is given, and the method is not dhcp"},
		{"::::host:eth0:off", "no address is given"},
		{"any/24:eth0", "no address is given before the prefix length /24"},
		{"/24:eth0", "no address is given before the prefix length /24"},
		{"eth0",
		 "\"eth0\" is not a method to get an address; expected dhcp, off, none or static"},
		{"10.1.2.3:::255.0.0.0:::always", "\"always\" is not a method to get an address"},
		{"10.0.2.15/33", "the prefix length \"33\" is not a number from 1 to 32"},
		{"10.0.2.15/0", "the prefix length \"0\""},
		{"10.0.2.15/", "the prefix length \"\""},
		{"10.0.2.15/24x", "the prefix length \"24x\""},
		{"10.0.2.15/255.255.255.0", "the prefix length \"255.255.255.0\""},
		{"10.0.2.15/24:", "only the name of a card may follow"},
		{"10.0.2.15/24:eth0:x", "only the name of a card may follow"},
		{"10.0.2/24", "the address \"10.0.2\" is not an address; expected A.B.C.D"},
		{"10.0.2.015/24", "the address \"10.0.2.015\" is not an address"},
		{"10.0.2.256", "the address \"10.0.2.256\" is not an address"},
		{"10.1.2.3:server", "the server \"server\" is not an address"},
		{"10.1.2.3::10.1.2", "the gateway \"10.1.2\" is not an address"},
		{"10.1.2.3:::24", "the netmask \"24\" is not an address"},
		{"10.1.2.3:::255.0.255.0", "the netmask 255.0.255.0 is not contiguous"},
		{"10.1.2.3:::0.0.0.0", "the netmask 0.0.0.0 is not contiguous"},
		{"10.1.2.3:::::abcdefghijklmnop", "too long for the name of a card (15 bytes)"},
		{"10.1.2.3/24:abcdefghijklmnop", "too long for the name of a card (15 bytes)"},
		{"10.1.2.3:::::::ns", "the name server \"ns\" is not an address"},
		{"10.1.2.3:::::::::ntp", "the time server \"ntp\" is not an address"},
		{"10.1.2.3::::::::::more", "more than 10 fields: \"more\""},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip_config config;

		unit_console_clear();
		assert_int_equal(ip_config_parse(cases[i].text, &config), -EINVAL);
		if (!strstr(unit_console(), cases[i].words))
			fail_msg("ip=%s: \"%s\" is not in \"%s\"", cases[i].text, cases[i].words,
				 unit_console());
	}
}

/* As nfsroot.rst spells it. "any" and an empty field stand for each value, so for the address, too. */
static void test_dhcp(void **state)
{
	static const struct {
		const char *text, *device, *host;
		u8 gateway[4];
	} cases[] = {
		{"dhcp", "", "", {0}},
		{"on", "", "", {0}},
		{"any", "", "", {0}},
		{"both", "", "", {0}},
		{":::::eth1:dhcp", "eth1", "", {0}},
		{"::::host:eth0:on", "eth0", "host", {0}},
		{"any:10.0.0.1:10.0.0.2", "", "", {10, 0, 0, 2}},
		{":::::eth0", "eth0", "", {0}},
		{":", "", "", {0}},
	};

	unit_console_clear();
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip_config config;

		assert_int_equal(ip_config_parse(cases[i].text, &config), 0);
		assert_true(config.dhcp);
		assert_int_equal(config.addr, 0);
		assert_memory_equal(&config.gateway, cases[i].gateway, 4);
		assert_string_equal(config.device, cases[i].device);
		assert_string_equal(config.host, cases[i].host);
	}
	assert_string_equal(unit_console(), "");
}

static void test_no_address_is_wanted(void **state)
{
	static const char *const texts[] = {"", "off", "none", "static"};
	struct ip_config config;

	unit_console_clear();
	for (unsigned int i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(ip_config_parse(texts[i], &config), -ENODEV);
	assert_string_equal(unit_console(), "");
}

/* Puts a text that fills the longest command-line option into each field. */
static void test_long_fields(void **state)
{
	char text[CMDLINE_WORD_MAX + 8], longest[CMDLINE_WORD_MAX + 8];
	struct ip_config config;

	memset(longest, 'x', sizeof(longest));
	for (int field = 0; field < 12; field++) {
		int n = scnprintf(text, sizeof(text), "10.1.2.3%.*s", field, "::::::::::::");

		memcpy(text + n, longest, CMDLINE_WORD_MAX - n);
		text[CMDLINE_WORD_MAX - 1] = '\0';
		/* A host name (field 4) that is too long is not used; in all other fields the text is invalid. */
		assert_int_equal(ip_config_parse(text, &config), field == 4 ? 0 : -EINVAL);
		text[CMDLINE_WORD_MAX - 1] = 'x';
		text[CMDLINE_WORD_MAX] = '\0';
		assert_int_equal(ip_config_parse(text, &config), -EINVAL);
	}
}

/* The host name, the boot server and the name servers are kept for uname() and /proc/net/pnp. */
static void test_names_and_servers(void **state)
{
	struct ip_config config;
	char text[128];

	assert_int_equal(
		ip_config_parse("10.1.2.3:10.1.2.9:::www.example.org::off:10.1.2.4:10.1.2.5",
				&config),
		0);
	assert_string_equal(config.host, "www.example.org");
	assert_int_equal(config.server, htonl(0x0a010209));
	assert_int_equal(config.nameservers[0], htonl(0x0a010204));
	assert_int_equal(config.nameservers[1], htonl(0x0a010205));
	assert_int_equal(ip_config_parse("10.1.2.3:::::::any:10.1.2.5", &config), 0);
	assert_string_equal(config.host, "");
	assert_int_equal(config.nameservers[0], 0);
	assert_int_equal(config.nameservers[1], htonl(0x0a010205));

	unit_console_clear();
	scnprintf(text, sizeof(text), "10.1.2.3:::255.0.0.0:%065d", 0);
	assert_int_equal(ip_config_parse(text, &config), 0);
	assert_string_equal(config.host, "");
	assert_non_null(
		strstr(unit_console(), "too long for the host name (64 bytes): it is not used"));
}

/* A netmask guessed from the address class is logged, as Linux does ("IP-Config: Guessing netmask 255.0.0.0"). */
static void test_a_guessed_netmask_is_said(void **state)
{
	struct ip_config config;

	unit_console_clear();
	assert_int_equal(ip_config_parse("10.1.2.3", &config), 0);
	assert_non_null(strstr(unit_console(), "guessing 10.1.2.3/8 by the class of the address"));
	unit_console_clear();
	assert_int_equal(ip_config_parse("172.16.2.3::172.16.0.1", &config), 0);
	assert_non_null(strstr(unit_console(), "guessing 172.16.2.3/16"));
	unit_console_clear();
	assert_int_equal(ip_config_parse("10.1.2.3/8", &config), 0);
	assert_int_equal(ip_config_parse("10.1.2.3:::255.0.0.0", &config), 0);
	assert_string_equal(unit_console(), "");
}

/* ---- three cards ------------------------------------------------------------------------------ */

static struct net_device *cards[3];

static bool said(const char *words)
{
	return strstr(unit_console(), words);
}

static struct rtable *route(__be32 daddr, __be32 saddr)
{
	struct flowi4 fl = {.daddr = daddr, .saddr = saddr};

	return ip_route_output_key(&fl);
}

static void assert_route(__be32 daddr, const struct net_device *dev, __be32 gateway, __be32 src)
{
	struct rtable *rt = route(daddr, 0);

	assert_false(IS_ERR(rt));
	assert_ptr_equal(rt->dst.dev, dev);
	assert_int_equal(rt->rt_gateway, gateway);
	assert_int_equal(rt->rt_src, src);
	rt_put(rt);
}

#define FIRST  ip4(192, 0, 2, 5)    /* address for the first card that has a link */
#define ROUTER ip4(198, 51, 100, 1) /* the gateway, outside of the networks of all cards */
#define SECOND ip4(10, 2, 0, 9)     /* address of eth2 */

/* Parses valid and invalid options.  The later tests use the resulting configuration. */
static void test_words(void **state)
{
	unit_console_clear();
	cmdline_parse("ip=10.0.0.255/24", NULL);
	assert_true(said("ip=: invalid; a DHCP server is asked, as without ip="));
	unit_console_clear();
	cmdline_parse("ip=10.2.0.8/16:eth2 ip=10.3.0.9/16:eth9 ip=192.0.2.5/32 gw=198.51.100.1",
		      NULL);
	assert_string_equal(unit_console(), "");
	cmdline_parse("ip=10.2.0.9/16:eth2", NULL); /* the later option replaces the earlier one */
	assert_true(said("10.2.0.9/16 replaces 10.2.0.8/16"));
	cmdline_parse("gw=240.0.0.1 ip=10.0.0.255/24", NULL);
	assert_true(said("gw=240.0.0.1: an address of 240.0.0.0/4"));
	assert_true(said("expected gw=A.B.C.D"));
	assert_true(
		said("expected ip=A.B.C.D/LEN[:DEVICE], ip=dhcp, ip=off, or Linux's ip=CLIENT:"));
}

/* LIMIT(NETDEV_MAX): there may be one `ip=` entry for each possible card; the test adds one more. */
static void test_more_words_than_cards(void **state)
{
	char word[64];

	unit_console_clear();
	for (unsigned int i = 3; i < NETDEV_MAX; i++) {
		scnprintf(word, sizeof(word), "ip=10.9.%u.1/24:more%u", i, i);
		cmdline_parse(word, NULL);
	}
	assert_string_equal(unit_console(), "");
	cmdline_parse("ip=10.9.99.1/24:onemore", NULL);
	assert_true(said("more cards than the kernel takes (8)"));
}

static void test_no_link_yet(void **state)
{
	unit_console_clear();
	for (unsigned int i = 0; i < 3; i++) {
		cards[i] = net_card(i);
		assert_int_equal(dev_open(cards[i]), 0);
	}
	eth0 = cards[0];
	/* The entry that names eth2 is applied at once; the entry without a name waits for the first link. */
	assert_true(said("eth2: 10.2.0.9/16, "));
	assert_false(said("192.0.2.5"));
	ip_auto_config();
	assert_true(said("there is no card \"eth9\"; there is eth0 eth1 eth2"));
	assert_true(said("no card has a link: 192.0.2.5/32 goes to the first that gets one"));
	assert_int_equal(PTR_ERR(route(ip4(8, 8, 8, 8), 0)), -ENETUNREACH);
}

static void test_first_link(void **state)
{
	unit_console_clear();
	netif_carrier_on(cards[2]); /* eth2 already has its own address */
	assert_string_equal(unit_console(), "");
	netif_carrier_on(cards[1]);
	assert_true(said("eth1: 192.0.2.5/32, "));
	assert_true(inet_addr_is_ours(cards[1], FIRST));
	/* The address stays on that card when links change later. */
	unit_console_clear();
	netif_carrier_on(cards[0]);
	netif_carrier_off(cards[1]);
	netif_carrier_on(cards[1]);
	assert_string_equal(unit_console(), "");
	assert_false(inet_addr_is_ours(cards[0], FIRST));
}

/* Each destination is routed through its card, with that card's address as the source. */
static void test_routes(void **state)
{
	assert_route(ROUTER, cards[1], ROUTER, FIRST);
	assert_route(ip4(8, 8, 8, 8), cards[1], ROUTER, FIRST);
	assert_route(ip4(192, 0, 2, 6), cards[1], ROUTER, FIRST); /* outside of FIRST's /32 */
	assert_route(ip4(10, 2, 99, 1), cards[2], ip4(10, 2, 99, 1), SECOND);
	assert_route(SECOND, loopback_dev(), SECOND, SECOND);
	assert_true(ip_route_onlink(cards[1], ROUTER));
	assert_false(ip_route_onlink(cards[2], ROUTER));
	assert_false(ip_route_onlink(cards[1], ip4(192, 0, 2, 6)));
	assert_true(ip_route_onlink(cards[2], ip4(10, 2, 0, 1)));
}

/*
 * An ARP request from the router creates a neighbour entry for the router, although the router's address is
 * outside of the networks of all cards (RFC 826).
 */
static void test_arp_of_the_router(void **state)
{
	struct neighbour *neigh;

	net_wait(5000); /* until the ARP announcements are sent */
	net_out_count = 0;
	eth0 = cards[1];
	net_arp_in(ARPOP_REQUEST, NULL, ROUTER, net_peer_mac, FIRST);
	assert_int_equal(net_out_count, 1);
	assert_int_equal(net_out_type(0), ETH_P_ARP);
	assert_memory_equal(net_out_arp(0)->ar_sha, cards[1]->dev_addr, 6);
	neigh = neigh_lookup(&arp_tbl, ROUTER, cards[1]);
	assert_non_null(neigh);
	neigh_release(neigh);
	/* A card answers requests for its own address only. */
	net_arp_in(ARPOP_REQUEST, NULL, ROUTER, net_peer_mac, SECOND);
	assert_int_equal(net_out_count, 1);
	eth0 = cards[2];
	net_arp_in(ARPOP_REQUEST, NULL, ip4(10, 2, 0, 1), net_peer_mac, SECOND);
	assert_int_equal(net_out_count, 2);
	assert_memory_equal(net_out_arp(1)->ar_sha, cards[2]->dev_addr, 6);
}

static int boot(void **state)
{
	console_loglevel = LOG_NOTICE;
	net_boot_floors();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		net_test(test_accepted),
		net_test(test_refused),
		net_test(test_dhcp),
		net_test(test_no_address_is_wanted),
		net_test(test_long_fields),
		net_test(test_names_and_servers),
		net_test(test_a_guessed_netmask_is_said),
		net_test(test_words),
		net_test(test_more_words_than_cards),
		net_test(test_no_link_yet),
		net_test(test_first_link),
		net_test(test_routes),
		net_test(test_arp_of_the_router),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
