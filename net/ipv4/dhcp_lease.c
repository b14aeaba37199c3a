/* SPDX-License-Identifier: MIT */
/*
 * Puts a DHCP lease into effect: the address, the routes and the MTU of the card.
 *
 * Callers: dhcp.c, when a lease begins, changes or ends. Softirq, or process for a card that comes
 * up; dhcp_lock held. The routes of a lease have its address as their source, so they leave the
 * table together with the address. Servers' addresses and names are not copied anywhere:
 * /proc/net/pnp reads them from the lease. RFC 2132 5.1, RFC 3442. Compare Linux's
 * net/ipv4/ipconfig.c (ic_setup_if, ic_setup_routes).
 */
#include "include/uapi/errno.h"
#include "kernel/printk.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/dhcp.h"
#include "net/ipv4/route.h"

/*
 * A router may be outside of the address's network, as in clouds that lease a network of one
 * address (/32). It is on the card's link all the same: add a route to it first.
 */
static void add_route(const struct dhcp_client *c, const struct dhcp_route *r)
{
	struct net_device *dev = c->dev;
	__be32 addr = c->lease.addr;
	int err = 0;

	if (r->gateway == addr)
		err = -EINVAL;
	else if (r->gateway && !ip_route_onlink(dev, r->gateway))
		err = ip_route_add(r->gateway, 32, 0, dev, addr, RTN_UNICAST);
	if (!err)
		err = ip_route_add(r->dst, r->prefix_len, r->gateway, dev, addr, RTN_UNICAST);
	if (err && err != -EEXIST)
		pr_warn("%s: DHCP: no route to %pI4/%u by %pI4 (%d)\n", dev->name, &r->dst,
			r->prefix_len, &r->gateway, err);
}

void dhcp_lease_apply(const struct dhcp_client *c)
{
	const struct dhcp_info *lease = &c->lease;
	int err;

	lockdep_assert_held(&dhcp_lock);
	if (lease->mtu && dev_set_mtu(c->dev, lease->mtu))
		pr_warn("%s: DHCP: the card cannot have the MTU %u\n", c->dev->name, lease->mtu);
	err = inet_addr_add(c->dev, lease->addr, lease->prefix_len);
	if (err && err != -EEXIST) {
		pr_err("%s: address %pI4/%u: error %d\n", c->dev->name, &lease->addr,
		       lease->prefix_len, err);
		return;
	}
	if (c->preset.gateway) {
		const struct dhcp_route r = {.gateway = c->preset.gateway};

		add_route(c, &r);
	}
	for (unsigned int i = 0; i < lease->nr_routes; i++) {
		/* A `gw=` of the command line takes the place of the server's default route. */
		if (lease->routes[i].prefix_len || !c->preset.gateway)
			add_route(c, &lease->routes[i]);
	}
}

void dhcp_lease_remove(const struct dhcp_client *c)
{
	lockdep_assert_held(&dhcp_lock);
	inet_addr_del(c->dev, c->lease.addr);
}
