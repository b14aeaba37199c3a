/* SPDX-License-Identifier: MIT */
/*
 * The interfaces of this computer, as the C library finds them: ioctl() requests and NETLINK_ROUTE.
 * The cards of two computers differ, so the checks are about lo, and whether both ways agree.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static struct sockaddr_in *ipv4(struct sockaddr *address)
{
	return address && address->sa_family == AF_INET ? (struct sockaddr_in *)address : NULL;
}

/* Returns lo's IPv4 entry in the list. */
static struct ifaddrs *find_lo(struct ifaddrs *list)
{
	for (; list; list = list->ifa_next)
		if (!strcmp(list->ifa_name, "lo") && ipv4(list->ifa_addr))
			return list;
	return NULL;
}

static void check_getifaddrs(void)
{
	struct ifaddrs *list = NULL, *lo;

	IS(getifaddrs(&list), 0);
	lo = find_lo(list);
	TRUE(lo);
	if (lo) {
		IS(ipv4(lo->ifa_addr)->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
		IS(ipv4(lo->ifa_netmask)->sin_addr.s_addr, htonl(0xff000000));
		IS(lo->ifa_flags &
			   (IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_BROADCAST | IFF_NOARP),
		   IFF_UP | IFF_LOOPBACK | IFF_RUNNING);
	}
	freeifaddrs(list);
}

static void check_names(void)
{
	struct if_nameindex *names = if_nameindex();
	char name[IF_NAMESIZE] = "";

	TRUE(names);
	if (names) {
		IS(names[0].if_index, 1);
		IS(strcmp(names[0].if_name, "lo"), 0);
		if_freenameindex(names);
	}
	IS(if_nametoindex("lo"), 1);
	TRUE(if_indextoname(1, name));
	IS(strcmp(name, "lo"), 0);
	TRUE(!if_nametoindex("nothere") && errno == ENODEV);
	TRUE(!if_indextoname(12345, name) && errno == ENXIO);
}

/* The addresses of SIOCGIFCONF are those of getifaddrs(), in the same order. */
static void check_both_agree(void)
{
	struct ifreq all[32];
	struct ifconf conf = {.ifc_len = sizeof(all), .ifc_req = all};
	int fd = socket(AF_INET, SOCK_STREAM, 0), n = 0, same = 0;
	struct ifaddrs *list = NULL;

	IS(ioctl(fd, SIOCGIFCONF, &conf), 0);
	IS(getifaddrs(&list), 0);
	for (struct ifaddrs *i = list; i; i = i->ifa_next) {
		if (!ipv4(i->ifa_addr) || n >= (int)(conf.ifc_len / sizeof(all[0])))
			continue;
		same += !strcmp(i->ifa_name, all[n].ifr_name) &&
			ipv4(i->ifa_addr)->sin_addr.s_addr ==
				ipv4(&all[n].ifr_addr)->sin_addr.s_addr;
		n++;
	}
	TRUE(n >= 1);
	IS(same - n, 0);
	IS(conf.ifc_len - n * (int)sizeof(all[0]), 0);
	freeifaddrs(list);
	IS(close(fd), 0);
}

void check_interfaces(void)
{
	check_getifaddrs();
	check_names();
	check_both_agree();
}
