/* SPDX-License-Identifier: MIT */
/*
 * The DHCP client: gives a card the address, the routes and the MTU that a server leases to it, and
 * keeps the lease. RFC 2131.
 *
 *   dhcp.c          the states of the client, its timer, and received messages
 *   dhcp_options.c  parses a received message
 *   dhcp_send.c     builds and sends a message
 *   dhcp_lease.c    puts a lease into effect, and removes it
 */
#ifndef NET_IPV4_DHCP_H
#define NET_IPV4_DHCP_H

#include "kernel/sched/spinlock.h"
#include "kernel/time/timer.h"
#include "kernel/types.h"
#include "net/core/netdevice.h"
#include "net/ipv4/dhcp_options.h"

struct sk_buff;

/* The values that the command line has for a card whose address comes from a server. */
struct dhcp_preset {
	const char *host; /* the host name to tell the server; "": none. Stays valid */
	/* gateway of the default route, instead of the server's gateway; 0: not given */
	__be32 gateway;
	/*
	 * Not NULL: if no server answers within DHCP_FALLBACK_MS, this function is called with
	 * @use true, to give the card another address; and with @use false, to remove that address,
	 * before a lease is put into effect. Softirq, dhcp_lock held.
	 */
	void (*fallback)(struct net_device *dev, bool use);
};

/* Starts a client on @dev, which is up. Process or softirq. At most one on each card. */
void dhcp_start(struct net_device *dev, const struct dhcp_preset *preset);
/*
 * Waits until each client on a card with a link has an address, by a lease or by the fallback, but
 * for at most @ms milliseconds. Returns true if all have one. Process context.
 */
bool dhcp_wait(unsigned int ms);
/*
 * A datagram to DHCP_CLIENT_PORT; skb->data is at the UDP header, whose length and checksum are
 * checked. Returns false if it is not for a client of this kernel; else *@reason is the result that
 * the handler of the packet returns. Softirq.
 */
bool dhcp_rcv(struct sk_buff *skb, enum skb_drop_reason *reason);
/*
 * An ARP message came from the host @sha with the addresses @sip and @tip. Returns true if that host
 * uses or wants the address that a client of @dev was offered: the client then declines it.
 * Softirq.
 */
bool dhcp_arp(struct net_device *dev, const u8 *sha, __be32 sip, __be32 tip);
/*
 * Calls @show for @dev's lease with dhcp_lock held. Returns false if @dev has none. Process or
 * softirq.
 */
bool dhcp_lease_show(const struct net_device *dev,
		     void (*show)(void *arg, const struct dhcp_info *lease), void *arg);
void dhcp_init(void); /* registers the notifier for devices; call before ip_config_init() */

/* ---- between the files of the client ----------------------------------------------------------- */

/* RFC 2131 4.4, figure 5, and the states in which the client waits for something else. */
enum dhcp_state {
	DHCP_OFF,        /* the card is down or has no link */
	DHCP_INIT,       /* waits before it asks again */
	DHCP_SELECTING,  /* sent DHCPDISCOVER */
	DHCP_REQUESTING, /* chose an offer, and sent DHCPREQUEST */
	DHCP_PROBING,    /* asks the link whether another host uses the address (RFC 5227) */
	DHCP_BOUND,
	DHCP_RENEWING,  /* asks the server of the lease to extend it */
	DHCP_REBINDING, /* asks all servers to extend the lease */
	DHCP_REBOOTING, /* the link is new: asks whether the lease is valid on this link */
};

/* The client of one card. Protected by dhcp_lock. */
struct dhcp_client {
	struct net_device *dev; /* NULL: this entry is free */
	struct dhcp_preset preset;
	enum dhcp_state state;
	u32 xid;
	unsigned int tries; /* messages, or probes, sent in this state */
	unsigned int
		failures; /* attempts that a server or another host ended, since the last lease */
	unsigned long began;     /* jiffies: when the client began to ask */
	unsigned long requested; /* jiffies: when it first sent the DHCPREQUEST of the lease */
	unsigned long renew, rebind, ends; /* jiffies: T1, T2 and the end of the lease */
	unsigned long watched; /* jiffies: until then, an ARP conflict declines the address */
	bool leased;           /* `lease` is in effect */
	bool forever;          /* the lease has no end */
	bool fell_back;        /* preset.fallback gave the card an address */
	bool settled;          /* the card has had an address */
	struct timer_list timer, fallback_timer;
	struct dhcp_info offer; /* in REQUESTING and PROBING */
	struct dhcp_info lease; /* addr is 0 if there was none */
};

extern spinlock_t dhcp_lock;

/*
 * Sends a message of @type (DHCPDISCOVER, DHCPREQUEST, DHCPDECLINE) for the state of @c. If there is
 * no memory, it is lost, as on the wire. dhcp_lock held.
 */
void dhcp_send(const struct dhcp_client *c, u8 type);
/* Gives the card the address, the routes and the MTU of c->lease. dhcp_lock held. */
void dhcp_lease_apply(const struct dhcp_client *c);
/* Removes the address of c->lease, and the routes that came with it. dhcp_lock held. */
void dhcp_lease_remove(const struct dhcp_client *c);

#endif
