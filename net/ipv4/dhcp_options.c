/* SPDX-License-Identifier: MIT */
/*
 * Parses the options of a DHCP message from a server.
 *
 *   dhcp_rcv -> dhcp_parse (softirq, dhcp_lock held)
 *
 * Options are in the options field, and, if option 52 says so, in the fields `file` and `sname` too.
 * All options are walked once to check their lengths. Then each option that the client uses is
 * gathered into one buffer, because a long option may be split into several (RFC 3396), and decoded
 * from there. A message with an impossible length or number is dropped as a whole: the client asks
 * again, perhaps another server. Text that cannot be a name is only left out. RFC 2131, RFC 2132,
 * RFC 3396, RFC 3397, RFC 3442. Compare Linux's net/ipv4/ipconfig.c (ic_do_bootp_ext).
 */
#include "net/ipv4/dhcp_options.h"

#include "include/uapi/errno.h"
#include "kernel/lib/byteorder.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/ip.h"

/* ---- walking over the options ------------------------------------------------------------------ */

struct dhcp_area {
	const u8 *at, *end;
};

/* The areas of one message that have options, in the order in which RFC 3396 5 joins them. */
struct dhcp_areas {
	struct dhcp_area area[3];
	unsigned int nr;
};

struct dhcp_option {
	u8 code, len;
	const u8 *data;
};

/*
 * Takes the next option from @area, and passes over padding. Returns 1, 0 at the end, or -EINVAL if
 * the option is longer than the rest of the area. A missing end option is tolerated, as on Linux.
 */
static int next_option(struct dhcp_area *area, struct dhcp_option *opt)
{
	while (area->at < area->end && *area->at == DHCP_OPT_PAD)
		area->at++;
	if (area->at == area->end || *area->at == DHCP_OPT_END)
		return 0;
	opt->code = *area->at++;
	if (area->at == area->end)
		return -EINVAL;
	opt->len = *area->at++;
	if (opt->len > area->end - area->at)
		return -EINVAL;
	opt->data = area->at;
	area->at += opt->len;
	return 1;
}

/* Checks the lengths of all options of @area; stores the value of option 52 in *@overload. */
static int check_area(struct dhcp_area area, u8 *overload)
{
	struct dhcp_option opt;
	int more;

	while ((more = next_option(&area, &opt)) > 0) {
		if (opt.code != DHCP_OPT_OVERLOAD)
			continue;
		if (!overload || opt.len != 1 || !*opt.data ||
		    *opt.data > (DHCP_OVERLOAD_FILE | DHCP_OVERLOAD_SNAME))
			return -EINVAL;
		*overload = *opt.data;
	}
	return more;
}

static int add_area(struct dhcp_areas *areas, const u8 *at, size_t len, u8 *overload)
{
	struct dhcp_area area = {at, at + len};

	areas->area[areas->nr++] = area;
	return check_area(area, overload);
}

static int find_areas(const struct dhcphdr *msg, size_t len, struct dhcp_areas *areas)
{
	u8 overload = 0;

	areas->nr = 0;
	if (add_area(areas, (const u8 *)(msg + 1), len - sizeof(*msg), &overload))
		return -EINVAL;
	if (overload & DHCP_OVERLOAD_FILE && add_area(areas, msg->file, sizeof(msg->file), NULL))
		return -EINVAL;
	if (overload & DHCP_OVERLOAD_SNAME && add_area(areas, msg->sname, sizeof(msg->sname), NULL))
		return -EINVAL;
	return 0;
}

/* ---- one option -------------------------------------------------------------------------------- */

static u8 gathered[DHCP_OPTION_MAX]; /* dhcp_lock */

/*
 * Copies the data of all options @code to `gathered`. Returns their length, -ENOENT if there is no
 * such option, or -EINVAL if they are longer than DHCP_OPTION_MAX.
 */
static int gather(const struct dhcp_areas *areas, u8 code)
{
	struct dhcp_option opt;
	bool found = false;
	int len = 0;

	for (unsigned int i = 0; i < areas->nr; i++) {
		struct dhcp_area area = areas->area[i];

		while (next_option(&area, &opt) > 0) {
			if (opt.code != code)
				continue;
			if (len + opt.len > (int)sizeof(gathered))
				return -EINVAL;
			memcpy(gathered + len, opt.data, opt.len);
			len += opt.len;
			found = true;
		}
	}
	return found ? len : -ENOENT;
}

static u32 get_be32(const u8 *p)
{
	return (u32)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* Stores a number of @size bytes (1, 2 or 4). Returns 0, -ENOENT (*@value is unchanged) or -EINVAL. */
static int get_number(const struct dhcp_areas *areas, u8 code, int size, u32 *value)
{
	int len = gather(areas, code);

	if (len < 0)
		return len;
	if (len != size)
		return -EINVAL;
	*value = size == 4   ? get_be32(gathered)
		 : size == 2 ? gathered[0] << 8 | gathered[1]
			     : gathered[0];
	return 0;
}

/*
 * Stores the first addresses of a list, at most @max; the rest is left out. Returns their number, 0
 * if there is no such option, or -EINVAL.
 */
static int get_addresses(const struct dhcp_areas *areas, u8 code, __be32 *addrs, unsigned int max)
{
	int len = gather(areas, code);
	unsigned int n = 0;

	if (len == -ENOENT)
		return 0;
	if (len < 4 || len % 4)
		return -EINVAL;
	for (int i = 0; i < len && n < max; i += 4) {
		__be32 addr = htonl(get_be32(gathered + i));

		if (!inet_addr_fault(addr, 32))
			addrs[n++] = addr;
	}
	return n;
}

/* ---- names ------------------------------------------------------------------------------------- */

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

/*
 * Returns true if the @len bytes at @text are labels with dots between them. Anything else, above
 * all a line feed, must not reach resolv.conf.
 */
static bool is_name(const char *text, size_t len)
{
	bool in_label = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.' ? !in_label : !is_name_char(text[i]))
			return false;
		in_label = text[i] != '.';
	}
	return len;
}

/* Stores a name; "" if it is absent, longer than @size - 1 bytes, or not a name. */
static void get_name(const struct dhcp_areas *areas, u8 code, char *name, size_t size)
{
	int len = gather(areas, code);

	*name = '\0';
	/* RFC 2132 2: "the NUL octet may be appended" by a server. */
	while (len > 0 && !gathered[len - 1])
		len--;
	if (len <= 0 || len >= (int)size || !is_name((const char *)gathered, len))
		return;
	memcpy(name, gathered, len);
	name[len] = '\0';
}

/*
 * Decodes the domain name at *@at of option 119's @len bytes and appends it to @name, of which *@n
 * bytes are used. Advances *@at behind it. A name may end with a pointer to an earlier one (RFC 1035
 * 4.1.4). Each pointer must point before the part that has it, so the loop ends.
 */
static int decode_name(int *at, int len, char *name, size_t *n)
{
	int from = *at, first = *at;
	bool jumped = false;

	for (;;) {
		u8 label;

		if (from >= len)
			return -EINVAL;
		label = gathered[from++];
		if ((label & 0xc0) == 0xc0) {
			int to;

			if (from >= len)
				return -EINVAL;
			to = (label & 0x3f) << 8 | gathered[from++];
			if (!jumped)
				*at = from;
			if (to >= first)
				return -EINVAL;
			jumped = true;
			from = first = to;
			continue;
		}
		if (label & 0xc0 || label > len - from)
			return -EINVAL;
		if (!label)
			break;
		if (*n + label + 2 > DHCP_NAME_MAX)
			return -ENOSPC;
		memcpy(name + *n, gathered + from, label);
		*n += label;
		name[(*n)++] = '.';
		from += label;
	}
	if (!jumped)
		*at = from;
	return 0;
}

/*
 * RFC 3397: stores the domains to search, with blanks between them. The names that do not fit, or
 * that are no names, are left out. Returns 0 or -EINVAL.
 */
static int get_search(const struct dhcp_areas *areas, struct dhcp_info *info)
{
	int len = gather(areas, DHCP_OPT_SEARCH), at = 0, err;
	size_t n = 0;

	info->search[0] = '\0';
	if (len == -ENOENT)
		return 0;
	if (len < 0)
		return len;
	while (at < len) {
		size_t start = n;

		err = decode_name(&at, len, info->search, &n);
		if (err == -ENOSPC) {
			n = start;
			break;
		}
		if (err)
			return err;
		/* The last dot becomes the blank before the next name. */
		if (n > start && is_name(info->search + start, n - start - 1))
			info->search[n - 1] = ' ';
		else
			n = start;
	}
	info->search[n ? n - 1 : 0] = '\0';
	return 0;
}

/* ---- addresses and routes ---------------------------------------------------------------------- */

/* Option 1; without it, the mask of the address's class. Returns 0 or -EINVAL. */
static int get_prefix(const struct dhcp_areas *areas, struct dhcp_info *info)
{
	u32 top = ntohl(info->addr) >> 24, mask;
	int err = get_number(areas, DHCP_OPT_MASK, 4, &mask);

	info->prefix_len = top < 128 ? 8 : top < 192 ? 16 : 24;
	if (err == -ENOENT)
		return 0;
	if (err || !mask || (~mask & (~mask + 1)))
		return -EINVAL;
	info->prefix_len = __builtin_popcount(mask);
	return 0;
}

/* Appends a route, if there is room for it: DHCP_ROUTES_MAX. */
static void add_route(struct dhcp_info *info, __be32 dst, u8 prefix_len, __be32 gateway)
{
	if (info->nr_routes < DHCP_ROUTES_MAX)
		info->routes[info->nr_routes++] =
			(struct dhcp_route){.dst = dst & inet_make_mask(prefix_len),
					    .gateway = gateway,
					    .prefix_len = prefix_len};
}

/*
 * RFC 3442: "If the DHCP server returns both a Classless Static Routes option and a Router option,
 * the DHCP client MUST ignore the Router option." Of several routers the first is used, because
 * the table has one default route. Returns 0 or -EINVAL.
 */
static int get_routes(const struct dhcp_areas *areas, struct dhcp_info *info)
{
	int len, at = 0, n;
	__be32 router;

	info->nr_routes = 0;
	n = get_addresses(areas, DHCP_OPT_ROUTERS, &router, 1);
	if (n < 0)
		return n;
	len = gather(areas, DHCP_OPT_ROUTES);
	if (len == -ENOENT) {
		if (n)
			add_route(info, 0, 0, router);
		return 0;
	}
	if (len < 5)
		return -EINVAL;
	while (at < len) {
		u8 prefix_len = gathered[at++], octets = (prefix_len + 7) / 8, dst[4] = {0};
		__be32 gateway;

		if (prefix_len > 32 || octets + 4 > len - at)
			return -EINVAL;
		memcpy(dst, gathered + at, octets);
		gateway = htonl(get_be32(gathered + at + octets));
		at += octets + 4;
		if (gateway && inet_addr_fault(gateway, 32))
			return -EINVAL;
		add_route(info, htonl(get_be32(dst)), prefix_len, gateway);
	}
	return 0;
}

/*
 * The lease and the times to renew it. RFC 2131 4.4.5: "T1 defaults to (0.5 * duration_of_lease). T2
 * defaults to (0.875 * duration_of_lease). Times T1 and T2 SHOULD be chosen with some random "fuzz"
 * around a fixed value, to avoid synchronization of client reacquisition."
 */
static int get_times(const struct dhcp_areas *areas, struct dhcp_info *info)
{
	u32 t1 = 0, t2 = 0;
	int err;

	if (get_number(areas, DHCP_OPT_LEASE, 4, &info->lease) || info->lease < DHCP_LEASE_MIN)
		return -EINVAL;
	err = get_number(areas, DHCP_OPT_T1, 4, &t1);
	if (err && err != -ENOENT)
		return err;
	err = get_number(areas, DHCP_OPT_T2, 4, &t2);
	if (err && err != -ENOENT)
		return err;
	if (info->lease == DHCP_FOREVER) {
		info->t1 = info->t2 = DHCP_FOREVER;
		return 0;
	}
	/*
	 * Times in another order are replaced by the defaults: with a T1 of 0 the client would
	 * renew the lease all the time.
	 */
	if (t1 < DHCP_LEASE_MIN / 2 || t1 >= t2 || t2 >= info->lease) {
		u32 fuzz = prandom_u32_max(info->lease / 32 + 1);

		t1 = info->lease / 2 - fuzz;
		t2 = info->lease / 8 * 7 + info->lease % 8 * 7 / 8 - fuzz;
	}
	info->t1 = t1;
	info->t2 = t2;
	return 0;
}

/* ---- a message --------------------------------------------------------------------------------- */

/* Parses what an offer and an ACK have. Returns 0 or -EINVAL. */
static int get_lease(const struct dhcphdr *msg, const struct dhcp_areas *areas,
		     struct dhcp_info *info)
{
	u32 mtu = 0;
	int n;

	info->addr = msg->yiaddr;
	if (get_prefix(areas, info) || inet_addr_fault(info->addr, info->prefix_len))
		return -EINVAL;
	if (get_times(areas, info) || get_routes(areas, info) || get_search(areas, info))
		return -EINVAL;
	n = get_addresses(areas, DHCP_OPT_DNS, info->dns, DHCP_SERVERS_MAX);
	if (n < 0)
		return n;
	info->nr_dns = n;
	n = get_addresses(areas, DHCP_OPT_NTP, info->ntp, DHCP_SERVERS_MAX);
	if (n < 0)
		return n;
	info->nr_ntp = n;
	n = get_number(areas, DHCP_OPT_MTU, 2, &mtu);
	if (n && n != -ENOENT)
		return n;
	info->mtu = mtu < DHCP_MTU_MIN ? 0 : mtu;
	info->bootserver = inet_addr_fault(msg->siaddr, 32) ? 0 : msg->siaddr;
	get_name(areas, DHCP_OPT_HOSTNAME, info->host, sizeof(info->host));
	get_name(areas, DHCP_OPT_DOMAIN, info->domain, sizeof(info->domain));
	return 0;
}

enum skb_drop_reason dhcp_parse(const struct dhcphdr *msg, size_t len, struct dhcp_info *info)
{
	struct dhcp_areas areas;
	u32 type, server;

	if (len < sizeof(*msg) || msg->cookie != htonl(DHCP_COOKIE) ||
	    find_areas(msg, len, &areas) || get_number(&areas, DHCP_OPT_TYPE, 1, &type))
		return SKB_DROP_REASON_DHCP_MALFORMED;
	memset(info, 0, sizeof(*info));
	info->type = type;
	/* RFC 2131 table 3: each message of a server to the client has the server's identifier. */
	if (get_number(&areas, DHCP_OPT_SERVER, 4, &server) || inet_addr_fault(htonl(server), 32))
		return SKB_DROP_REASON_DHCP_MALFORMED;
	info->server = htonl(server);
	if (type == DHCPNAK)
		return SKB_NOT_DROPPED_YET;
	if ((type != DHCPOFFER && type != DHCPACK) || get_lease(msg, &areas, info))
		return SKB_DROP_REASON_DHCP_MALFORMED;
	return SKB_NOT_DROPPED_YET;
}
