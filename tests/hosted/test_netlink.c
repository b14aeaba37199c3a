/* SPDX-License-Identifier: MIT */
/*
 * AF_NETLINK and the ioctl() requests about interfaces: sequences of calls that are also made on
 * Linux, with equal results (beside.h), and what the hosts of a scene report about their card.
 *
 * Linux and the hosted kernel have different cards, so only answers about lo (index 1 on both) are
 * compared.
 */
#include "tests/hosted/beside.h"

#include <dlfcn.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <sys/ioctl.h>

#define SEQ 77

static char answer[65536];

/* A request: its header, the header of its type, and one attribute. */
struct request {
	struct nlmsghdr nlh;
	union {
		struct rtgenmsg gen;
		struct ifinfomsg ifi;
		struct ifaddrmsg ifa;
		struct rtmsg rtm;
	};
	char attrs[64];
};

static int open_netlink(void)
{
	int fd = on(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	assert_true(fd >= 0);
	return fd;
}

static struct request ask_for(int type, int flags, size_t head)
{
	return (struct request){.nlh = {.nlmsg_len = NLMSG_LENGTH(head),
					.nlmsg_type = type,
					.nlmsg_flags = NLM_F_REQUEST | flags,
					.nlmsg_seq = SEQ}};
}

static void add_attr(struct request *r, int type, const void *data, size_t n)
{
	struct rtattr *rta = (void *)((char *)r + NLMSG_ALIGN(r->nlh.nlmsg_len));

	rta->rta_type = type;
	rta->rta_len = RTA_LENGTH(n);
	memcpy(RTA_DATA(rta), data, n);
	r->nlh.nlmsg_len = NLMSG_ALIGN(r->nlh.nlmsg_len) + RTA_ALIGN(rta->rta_len);
}

static int64_t send_request(int fd, const struct request *r)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	return on(SYS_sendto, fd, PTR(r), r->nlh.nlmsg_len, 0, PTR(&kernel), sizeof(kernel));
}

/* Reads one datagram of the answer. */
static int64_t read_answer(int fd)
{
	return on(SYS_recvfrom, fd, PTR(answer), sizeof(answer), MSG_DONTWAIT, 0, 0);
}

/* Sends a request and notes the errors or ACKs that answer it. */
static void try_errors(const char *what, int fd, const struct request *r)
{
	char name[160];
	int64_t n;

	note(what, send_request(fd, r) < 0 ? -1 : 0);
	while ((n = read_answer(fd)) > 0) {
		const struct nlmsghdr *nlh = (void *)answer;
		const struct nlmsgerr *e = NLMSG_DATA(nlh);

		snprintf(name, sizeof(name), "%s: type", what);
		note(name, nlh->nlmsg_type);
		if (nlh->nlmsg_type != NLMSG_ERROR)
			continue;
		snprintf(name, sizeof(name), "%s: error", what);
		note(name, e->error);
		snprintf(name, sizeof(name), "%s: length, flags, sequence", what);
		note(name, nlh->nlmsg_len);
		note(name, nlh->nlmsg_flags);
		note(name, nlh->nlmsg_seq);
		note(name, e->msg.nlmsg_type);
	}
	snprintf(name, sizeof(name), "%s: end", what);
	note(name, n);
}

/* Passes each message of a dump to @each. Notes how the dump ends. */
static void dump(int fd, const struct request *r, void (*each)(const struct nlmsghdr *nlh))
{
	bool done = false;

	assert_int_equal(send_request(fd, r), r->nlh.nlmsg_len);
	while (!done) {
		int64_t n = read_answer(fd);
		struct nlmsghdr *nlh = (void *)answer;

		assert_true(n > 0 && n <= 32768);
		for (; NLMSG_OK(nlh, n); nlh = NLMSG_NEXT(nlh, n)) {
			assert_int_equal(nlh->nlmsg_seq, SEQ);
			assert_true(nlh->nlmsg_flags & NLM_F_MULTI);
			done = nlh->nlmsg_type == NLMSG_DONE;
			if (done)
				note("result of the dump", *(int *)NLMSG_DATA(nlh));
			else
				each(nlh);
		}
		assert_int_equal(n, 0);
	}
	note("after the dump", read_answer(fd));
}

/* Notes the attributes of @types in the order of @types: length and first bytes. */
static void note_attrs(const char *what, struct rtattr *rta, int len, const int *types)
{
	for (; *types; types++) {
		struct rtattr *at = rta;
		int left = len;
		char name[160];

		while (RTA_OK(at, left) && at->rta_type != *types)
			at = RTA_NEXT(at, left);
		snprintf(name, sizeof(name), "%s: attribute %d", what, *types);
		note(name, RTA_OK(at, left) ? at->rta_len : -1);
		if (RTA_OK(at, left) && RTA_PAYLOAD(at) == 4)
			note(name, *(uint32_t *)RTA_DATA(at));
		else if (RTA_OK(at, left))
			note(name, *(uint8_t *)RTA_DATA(at));
	}
}

/* ---- sockets ------------------------------------------------------------------------------------ */

static void sockets(void)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK}, got;
	socklen_t len = sizeof(got);
	int fd, second, value = 1, pair[2];

	try(SYS_socket, AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE);
	try(SYS_socket, AF_NETLINK, SOCK_RAW, 77);
	try(SYS_socketpair, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, PTR(pair));
	fd = open_by(SYS_socket, AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK, NETLINK_ROUTE);
	try(SYS_getsockname, fd, PTR(&got), PTR(&len));
	note("port, before bind()", got.nl_pid);
	note("length of the name", len);
	try(SYS_bind, fd, PTR(&a), 4);
	a.nl_family = AF_INET;
	try(SYS_bind, fd, PTR(&a), sizeof(a));
	a.nl_family = AF_NETLINK;
	a.nl_pid = 4242;
	a.nl_groups = 1 << (RTNLGRP_LINK - 1);
	try(SYS_bind, fd, PTR(&a), sizeof(a));
	a.nl_pid = 0;
	try(SYS_bind, fd, PTR(&a), sizeof(a));
	try(SYS_getsockname, fd, PTR(&got), PTR(&len));
	note("port", got.nl_pid);
	note("groups", got.nl_groups);
	try(SYS_getpeername, fd, PTR(&got), PTR(&len));
	note("port of the peer", got.nl_pid);
	second = open_by(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
	a.nl_pid = 4242;
	try(SYS_bind, second, PTR(&a), sizeof(a));
	a = (struct sockaddr_nl){.nl_family = AF_NETLINK};
	try(SYS_bind, second, PTR(&a), sizeof(a));
	try(SYS_bind, second, PTR(&a), sizeof(a));
	on(SYS_close, second);
	second = open_by(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
	try(SYS_connect, second, PTR(&a), 1);
	try(SYS_connect, second, PTR(&a), sizeof(a));
	a.nl_pid = 99999;
	try(SYS_sendto, second, PTR(&a), 12, 0, PTR(&a), sizeof(a));
	try(SYS_sendto, second, PTR(&a), 12, 0, PTR(&a), 4);
	try(SYS_sendto, second, PTR(&a), 12, MSG_OOB, 0, 0);
	try(SYS_sendto, second, PTR(&a), 12, 0, 0, 0);
	try(SYS_sendto, second, 64, 32, 0, 0, 0);
	try(SYS_sendto, second, PTR(answer), 300000, 0, 0, 0);
	try(SYS_recvfrom, second, PTR(answer), 100, MSG_OOB, 0, 0);
	try(SYS_recvfrom, second, PTR(answer), 100, 0, 0, 0);
	try(SYS_listen, second, 1);
	try(SYS_accept, second, 0, 0);
	try(SYS_shutdown, second, SHUT_RD);
	try(SYS_ioctl, second, 0x5333, PTR(&value));
	on(SYS_close, second);
	try(SYS_setsockopt, fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, PTR(&value), 4);
	value = 0;
	try(SYS_setsockopt, fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, PTR(&value), 4);
	value = 1000;
	try(SYS_setsockopt, fd, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, PTR(&value), 4);
	value = RTNLGRP_IPV4_ROUTE;
	try(SYS_setsockopt, fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, PTR(&value), 4);
	try(SYS_getsockname, fd, PTR(&got), PTR(&len));
	note("groups", got.nl_groups);
	try(SYS_setsockopt, fd, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, PTR(&value), 4);
	try(SYS_getsockname, fd, PTR(&got), PTR(&len));
	note("groups", got.nl_groups);
	try(SYS_setsockopt, fd, SOL_NETLINK, NETLINK_CAP_ACK, 8, 4);
	try(SYS_setsockopt, fd, SOL_NETLINK, 9999, PTR(&value), 4);
	try(SYS_setsockopt, fd, IPPROTO_TCP, 1, PTR(&value), 4);
	for (int option = NETLINK_PKTINFO; option <= NETLINK_CAP_ACK; option++) {
		if (option != NETLINK_PKTINFO && option != NETLINK_NO_ENOBUFS &&
		    option != NETLINK_CAP_ACK)
			continue;
		value = 5;
		try(SYS_setsockopt, fd, SOL_NETLINK, option, PTR(&value), 4);
		len = 4;
		try(SYS_getsockopt, fd, SOL_NETLINK, option, PTR(&value), PTR(&len));
		note("option", value);
		len = 3;
		try(SYS_getsockopt, fd, SOL_NETLINK, option, PTR(&value), PTR(&len));
	}
	try(SYS_getsockopt, fd, SOL_NETLINK, 9999, PTR(&value), PTR(&len));
	try(SYS_getsockopt, fd, IPPROTO_TCP, 1, PTR(&value), PTR(&len));
	on(SYS_close, fd);
}
BESIDE_LINUX(sockets)

static uint32_t bound_port(int fd)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK};
	socklen_t len = sizeof(a);

	assert_int_equal(on(SYS_bind, fd, PTR(&a), sizeof(a)), 0);
	assert_int_equal(on(SYS_getsockname, fd, PTR(&a), PTR(&len)), 0);
	return a.nl_pid;
}

/*
 * A search for a free port goes on behind the port that the last search found: otherwise, with many
 * sockets, each bind() would try the ports of all of them, and compare each port with all sockets.
 */
static void chosen_ports(void)
{
	int first = open_netlink(), second = open_netlink(), third = open_netlink();
	uint32_t chosen;

	bound_port(first);
	chosen = bound_port(second);
	on(SYS_close, second);
	note("the port of a closed socket", bound_port(third) == chosen);
	on(SYS_close, third);
	on(SYS_close, first);
}
BESIDE_LINUX(chosen_ports)

static void errors(void)
{
	struct request r;
	int fd = open_netlink(), one = 1;

	r = ask_for(RTM_GETLINK, 0, 0);
	try_errors("no header", fd, &r);
	r = ask_for(RTM_GETLINK, NLM_F_ACK, 0);
	try_errors("no header, with an ACK", fd, &r);
	r = ask_for(NLMSG_NOOP, NLM_F_ACK, 4);
	try_errors("NLMSG_NOOP", fd, &r);
	r = ask_for(RTM_GETLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
	r.nlh.nlmsg_flags &= ~NLM_F_REQUEST;
	try_errors("no request", fd, &r);
	r = ask_for(RTM_MAX + 1, 0, sizeof(struct rtgenmsg));
	try_errors("unknown type", fd, &r);
	r = ask_for(RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	r.ifi.ifi_index = 12345;
	try_errors("unknown index", fd, &r);
	r = ask_for(RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	try_errors("neither index nor name", fd, &r);
	r = ask_for(RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	add_attr(&r, IFLA_IFNAME, "nothere", 8);
	try_errors("unknown name", fd, &r);
	r = ask_for(RTM_GETROUTE, 0, 4);
	try_errors("short rtmsg", fd, &r);
	r = ask_for(RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	r.nlh.nlmsg_len = 8;
	note("a length below the header's", send_request(fd, &r));
	note("its answer", read_answer(fd));
	on(SYS_setsockopt, fd, SOL_NETLINK, NETLINK_CAP_ACK, PTR(&one), 4);
	r = ask_for(RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	r.ifi.ifi_index = 12345;
	try_errors("unknown index, with NETLINK_CAP_ACK", fd, &r);
	on(SYS_close, fd);
}
BESIDE_LINUX(errors)

/* ---- links, addresses, routes ------------------------------------------------------------------- */

static void note_link(const struct nlmsghdr *nlh)
{
	static const int types[] = {IFLA_IFNAME,
				    IFLA_TXQLEN,
				    IFLA_OPERSTATE,
				    IFLA_LINKMODE,
				    IFLA_MTU,
				    IFLA_GROUP,
				    IFLA_PROMISCUITY,
				    IFLA_CARRIER,
				    IFLA_ADDRESS,
				    IFLA_BROADCAST,
				    0};
	const struct ifinfomsg *ifi = NLMSG_DATA(nlh);

	if (ifi->ifi_index != 1)
		return;
	note("lo: type of message", nlh->nlmsg_type);
	note("lo: family", ifi->ifi_family);
	note("lo: hardware", ifi->ifi_type);
	note("lo: flags", ifi->ifi_flags);
	note("lo: change", ifi->ifi_change);
	note_attrs("lo", IFLA_RTA(ifi), IFLA_PAYLOAD(nlh), types);
}

static void links(void)
{
	struct request r = ask_for(RTM_GETLINK, NLM_F_DUMP, sizeof(struct rtgenmsg));
	int fd = open_netlink();

	dump(fd, &r, note_link);
	r.gen.rtgen_family = AF_PACKET;
	dump(fd, &r, note_link);
	r = ask_for(RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	r.ifi.ifi_index = 1;
	send_request(fd, &r);
	note("answer", read_answer(fd) > 0);
	note("flags of the answer", ((struct nlmsghdr *)answer)->nlmsg_flags);
	note_link((void *)answer);
	note("after the answer", read_answer(fd));
	r = ask_for(RTM_GETLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
	add_attr(&r, IFLA_IFNAME, "lo", 3);
	send_request(fd, &r);
	note("answer by name", read_answer(fd) > 0);
	note_link((void *)answer);
	note("its ACK", read_answer(fd));
	note("type of the ACK", ((struct nlmsghdr *)answer)->nlmsg_type);
	on(SYS_close, fd);
}
BESIDE_LINUX(links)

static void note_address(const struct nlmsghdr *nlh)
{
	static const int types[] = {IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_LABEL, IFA_FLAGS, 0};
	const struct ifaddrmsg *ifa = NLMSG_DATA(nlh);

	if (ifa->ifa_index != 1 || ifa->ifa_family != AF_INET)
		return;
	note("lo: type of message", nlh->nlmsg_type);
	note("lo: prefix", ifa->ifa_prefixlen);
	note("lo: flags", ifa->ifa_flags);
	note("lo: scope", ifa->ifa_scope);
	note_attrs("lo", IFA_RTA(ifa), IFA_PAYLOAD(nlh), types);
}

static void addresses(void)
{
	struct request r = ask_for(RTM_GETADDR, NLM_F_DUMP, sizeof(struct rtgenmsg));
	int fd = open_netlink();
	char small[20];

	dump(fd, &r, note_address);
	r.gen.rtgen_family = AF_INET;
	dump(fd, &r, note_address);
	/* The buffer is too short for the answer: the call sets MSG_TRUNC, and the rest is lost. */
	send_request(fd, &r);
	note("whole length", on(SYS_recvfrom, fd, PTR(small), sizeof(small),
				MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT, 0, 0) > 20);
	note("cut", on(SYS_recvfrom, fd, PTR(small), sizeof(small), MSG_DONTWAIT, 0, 0));
	on(SYS_close, fd);
}
BESIDE_LINUX(addresses)

static void note_route(const struct nlmsghdr *nlh)
{
	static const int types[] = {RTA_TABLE, RTA_DST, RTA_PREFSRC, RTA_GATEWAY, RTA_OIF, 0};
	const struct rtmsg *rtm = NLMSG_DATA(nlh);
	struct rtattr *rta = RTM_RTA(rtm);
	int left = RTM_PAYLOAD(nlh);
	bool lo = false;

	for (; RTA_OK(rta, left); rta = RTA_NEXT(rta, left))
		lo |= rta->rta_type == RTA_OIF && *(int *)RTA_DATA(rta) == 1;
	if (!lo || rtm->rtm_family != AF_INET)
		return;
	note("lo: type of message", nlh->nlmsg_type);
	note("lo: prefix", rtm->rtm_dst_len);
	note("lo: table", rtm->rtm_table);
	note("lo: protocol", rtm->rtm_protocol);
	note("lo: scope", rtm->rtm_scope);
	note("lo: type", rtm->rtm_type);
	note("lo: flags", rtm->rtm_flags);
	note_attrs("lo", RTM_RTA(rtm), RTM_PAYLOAD(nlh), types);
}

/* Returns the 32 bits of an attribute of a message about a route, 0 if there is none. */
static uint32_t attr_u32(const struct nlmsghdr *nlh, int type)
{
	struct rtattr *rta = RTM_RTA(NLMSG_DATA(nlh));
	int left = RTM_PAYLOAD(nlh);

	for (; RTA_OK(rta, left); rta = RTA_NEXT(rta, left))
		if (rta->rta_type == type)
			return *(uint32_t *)RTA_DATA(rta);
	return 0;
}

static void routes(void)
{
	struct request r = ask_for(RTM_GETROUTE, NLM_F_DUMP, sizeof(struct rtmsg));
	/* A resolved the route to its own address before the test, so the cache does not grow. */
	uint32_t to = htonl(on_linux() ? 0x7f000001 : 0x0a000001);
	int fd = open_netlink();

	r.rtm.rtm_family = AF_INET;
	dump(fd, &r, note_route);
	r = ask_for(RTM_GETROUTE, 0, sizeof(struct rtmsg));
	r.rtm.rtm_family = AF_INET;
	r.rtm.rtm_dst_len = 32;
	add_attr(&r, RTA_DST, &to, 4);
	send_request(fd, &r);
	note("answer", read_answer(fd) > 0);
	const struct rtmsg *rtm = NLMSG_DATA((struct nlmsghdr *)answer);

	note("prefix", rtm->rtm_dst_len);
	note("table", rtm->rtm_table);
	note("type", rtm->rtm_type);
	note("flags", rtm->rtm_flags);
	assert_int_equal(attr_u32((void *)answer, RTA_DST), to);
	assert_int_equal(attr_u32((void *)answer, RTA_PREFSRC), to);
	note("device", attr_u32((void *)answer, RTA_OIF));
	note("gateway", attr_u32((void *)answer, RTA_GATEWAY));
	on(SYS_close, fd);
}
BESIDE_LINUX(routes)

/* ---- limits ------------------------------------------------------------------------------------- */

/*
 * LIMIT(NETLINK_RCVBUF) LIMIT(NETLINK_SNDBUF): Linux counts other sizes of packets, so the number
 * of answers that fit is not compared.
 */
static void unread_answers(void)
{
	static char zeros[212992];
	struct request r = ask_for(RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	int fd = open_netlink(), answers = 0;

	r.ifi.ifi_index = 12345;
	for (int i = 0; i < 2000; i++)
		send_request(fd, &r);
	note("the error", read_answer(fd));
	while (read_answer(fd) > 0)
		answers++;
	assert_in_range(answers, 100, 500);
	note("no answer is left", read_answer(fd));
	send_request(fd, &r);
	note("the next answer", read_answer(fd) > 0);
	/* All bytes are 0, also nlmsg_len, so the write contains no request. */
	note("longest write", on(SYS_sendto, fd, PTR(zeros), sizeof(zeros) - 32, 0, 0, 0));
	note("longer", on(SYS_sendto, fd, PTR(zeros), sizeof(zeros) - 31, 0, 0, 0));
	on(SYS_close, fd);
}
BESIDE_LINUX(unread_answers)

/* ---- notifications ------------------------------------------------------------------------------ */

/* The card's link goes down and up: the members of RTNLGRP_LINK get a message. */
static void a_link_goes_down(void)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK}, from;
	const struct nlmsghdr *nlh = (void *)answer;
	const struct ifinfomsg *ifi = NLMSG_DATA(nlh);
	socklen_t len = sizeof(from);
	void (*set_link)(bool up);
	int64_t ticket, n;
	int fd, other;

	*(void **)&set_link = dlsym(A->dl, "virtio_model_set_link");
	assert_non_null(set_link);
	fd = scene_call(A, SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	other = scene_call(A, SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
	assert_int_equal(scene_call(A, SYS_bind, fd, PTR(&a), sizeof(a)), 0);
	ticket = scene_begin(A, SYS_recvfrom, fd, PTR(answer), sizeof(answer), 0, PTR(&from),
			     PTR(&len));
	assert_false(scene_is_back(A, ticket, &n));
	set_link(false);
	assert_true(scene_end(A, ticket) > 0);
	assert_int_equal(nlh->nlmsg_type, RTM_NEWLINK);
	assert_int_equal(nlh->nlmsg_pid, 0);
	assert_int_equal(from.nl_pid, 0);
	assert_int_equal(from.nl_groups, RTMGRP_LINK);
	assert_int_equal(ifi->ifi_index, 2);
	assert_int_equal(ifi->ifi_flags & (IFF_UP | IFF_RUNNING | IFF_LOWER_UP), IFF_UP);
	set_link(true);
	assert_true(scene_call(A, SYS_recvfrom, fd, PTR(answer), sizeof(answer), 0, 0, 0) > 0);
	assert_int_equal(ifi->ifi_flags & (IFF_UP | IFF_RUNNING | IFF_LOWER_UP),
			 IFF_UP | IFF_RUNNING | IFF_LOWER_UP);
	assert_int_equal(scene_call(A, SYS_recvfrom, other, PTR(answer), 100, 0, 0, 0), -EAGAIN);
	/* A signal ends a wait. */
	ticket = scene_begin(A, SYS_recvfrom, fd, PTR(answer), sizeof(answer), 0, 0, 0);
	scene_interrupt(A, ticket);
	assert_int_equal(scene_end(A, ticket), -EINTR);
	scene_close(A, fd);
	scene_close(A, other);
}

/* ---- the card ------------------------------------------------------------------------------------ */

static int64_t about_card(int fd, unsigned int request, struct ifreq *ifr)
{
	memset(ifr, 0, sizeof(*ifr));
	strcpy(ifr->ifr_name, "eth0");
	return scene_call(A, SYS_ioctl, fd, request, PTR(ifr));
}

static uint32_t address_of_card(int fd, unsigned int request)
{
	struct ifreq ifr;

	assert_int_equal(about_card(fd, request, &ifr), 0);
	assert_int_equal(ifr.ifr_addr.sa_family, AF_INET);
	return ntohl(((struct sockaddr_in *)&ifr.ifr_addr)->sin_addr.s_addr);
}

static void card_of_a_host(void)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	int fd = scene_socket(A);
	struct ifreq ifr;

	assert_int_equal(address_of_card(fd, SIOCGIFADDR), 0x0a000001);
	assert_int_equal(address_of_card(fd, SIOCGIFBRDADDR), 0x0a0000ff);
	assert_int_equal(address_of_card(fd, SIOCGIFNETMASK), 0xffffff00);
	assert_int_equal(about_card(fd, SIOCGIFINDEX, &ifr), 0);
	assert_int_equal(ifr.ifr_ifindex, 2);
	assert_int_equal(about_card(fd, SIOCGIFMTU, &ifr), 0);
	assert_int_equal(ifr.ifr_mtu, 1500);
	assert_int_equal(about_card(fd, SIOCGIFHWADDR, &ifr), 0);
	assert_int_equal(ifr.ifr_hwaddr.sa_family, 1);
	assert_memory_equal(ifr.ifr_hwaddr.sa_data, mac, 6);
	assert_int_equal(about_card(fd, SIOCGIFFLAGS, &ifr), 0);
	assert_int_equal(ifr.ifr_flags & (IFF_UP | IFF_BROADCAST | IFF_RUNNING | IFF_LOOPBACK),
			 IFF_UP | IFF_BROADCAST | IFF_RUNNING);
	scene_close(A, fd);
}

/* ---- ioctl() ------------------------------------------------------------------------------------ */

static void ioctls_of(int fd)
{
	static const int requests[] = {SIOCGIFFLAGS,   SIOCGIFADDR,    SIOCGIFDSTADDR,
				       SIOCGIFBRDADDR, SIOCGIFNETMASK, SIOCGIFMETRIC,
				       SIOCGIFMTU,     SIOCGIFHWADDR,  SIOCGIFINDEX,
				       SIOCGIFTXQLEN,  SIOCGIFMAP};
	struct ifreq ifr;
	char name[80];

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		memset(&ifr, 0, sizeof(ifr));
		strcpy(ifr.ifr_name, "lo");
		snprintf(name, sizeof(name), "request %#x of lo", requests[i]);
		note(name, on(SYS_ioctl, fd, requests[i], PTR(&ifr)));
		note(name, ifr.ifr_ifindex);
		note(name, ((int *)&ifr.ifr_addr)[1]);
		strcpy(ifr.ifr_name, "nothere");
		note(name, on(SYS_ioctl, fd, requests[i], PTR(&ifr)));
		note(name, on(SYS_ioctl, fd, requests[i], 64));
	}
	strcpy(ifr.ifr_name, "lo:7");
	try(SYS_ioctl, fd, SIOCGIFINDEX, PTR(&ifr));
	note("the alias stays", !strcmp(ifr.ifr_name, "lo:7"));
	try(SYS_ioctl, fd, SIOCGIFADDR, PTR(&ifr));
	strcpy(ifr.ifr_name, "lo");
	ifr.ifr_addr.sa_family = AF_INET;
	((struct sockaddr_in *)&ifr.ifr_addr)->sin_addr.s_addr = htonl(0x7f000001);
	try(SYS_ioctl, fd, SIOCGIFNETMASK, PTR(&ifr));
	ifr.ifr_ifindex = 1;
	try(SYS_ioctl, fd, SIOCGIFNAME, PTR(&ifr));
	note("name", !strcmp(ifr.ifr_name, "lo"));
	ifr.ifr_ifindex = 4321;
	try(SYS_ioctl, fd, SIOCGIFNAME, PTR(&ifr));
}

static void list_of(int fd)
{
	struct ifreq list[32];
	struct ifconf all = {.ifc_len = sizeof(list), .ifc_req = list}, none = {0}, one = all,
		      cut = all;

	one.ifc_len = sizeof(list[0]);
	cut.ifc_len = sizeof(list[0]) - 1;
	try(SYS_ioctl, fd, SIOCGIFCONF, 64);
	try(SYS_ioctl, fd, SIOCGIFCONF, PTR(&none));
	try(SYS_ioctl, fd, SIOCGIFCONF, PTR(&cut));
	note("too little room", cut.ifc_len);
	try(SYS_ioctl, fd, SIOCGIFCONF, PTR(&one));
	note("room for one", one.ifc_len);
	try(SYS_ioctl, fd, SIOCGIFCONF, PTR(&all));
	note("both lengths are equal", all.ifc_len == none.ifc_len);
	note("the first is lo", !strcmp(list[0].ifr_name, "lo"));
	note("its address", ((struct sockaddr_in *)&list[0].ifr_addr)->sin_addr.s_addr);
	one.ifc_req = (void *)64;
	one.ifc_len = sizeof(list[0]);
	try(SYS_ioctl, fd, SIOCGIFCONF, PTR(&one));
}

static void ioctls(void)
{
	int pair[2], fd;

	fd = on(SYS_socket, AF_INET, SOCK_STREAM, 0);
	ioctls_of(fd);
	list_of(fd);
	on(SYS_close, fd);
	fd = open_netlink();
	list_of(fd);
	on(SYS_close, fd);
	/* A socket of another family knows only the requests that do not concern addresses. */
	on(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, PTR(pair));
	ioctls_of(pair[0]);
	list_of(pair[0]);
	on(SYS_close, pair[0]);
	on(SYS_close, pair[1]);
}
BESIDE_LINUX(ioctls)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(sockets_as_linux),        SCENE(errors_as_linux),  SCENE(links_as_linux),
		SCENE(addresses_as_linux),      SCENE(routes_as_linux),  SCENE(ioctls_as_linux),
		SCENE(unread_answers_as_linux), SCENE(a_link_goes_down), SCENE(card_of_a_host),
		SCENE(chosen_ports_as_linux),
	};

	return scene_play(tests);
}
