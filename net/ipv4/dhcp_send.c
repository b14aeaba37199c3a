/* SPDX-License-Identifier: MIT */
/*
 * Builds and sends the messages of the DHCP client.
 *
 *   dhcp.c -> dhcp_send -> ip_send_skb (softirq or process, dhcp_lock held)
 *
 * Without an address the client cannot have a route: it broadcasts through the route that the card
 * uses for received broadcasts, with the source 0.0.0.0. RFC 2131 4.1, 4.4.1 and table 5; RFC 2132.
 */
#include "net/ipv4/dhcp.h"

#include "kernel/lib/bug.h"
#include "kernel/lib/byteorder.h"
#include "kernel/lib/string.h"
#include "kernel/time/time.h"
#include "net/core/checksum.h"
#include "net/core/skbuff.h"
#include "net/core/snmp.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/route.h"
#include "net/wire/udp.h"

/* bytes of all options of the longest message: 66 of them are the host name */
#define OPTIONS_ROOM 128
#define DHCP_TTL     64

static u8 *put_option(u8 *at, u8 code, u8 len, const void *data)
{
	*at++ = code;
	*at++ = len;
	memcpy(at, data, len);
	return at + len;
}

/*
 * RFC 2132 9.14: "it SHOULD be unique"; the link address is, and servers expect it (type 1 is
 * Ethernet).
 */
static u8 *put_client_id(u8 *at, const struct net_device *dev)
{
	u8 id[1 + ETH_ALEN] = {BOOTP_ETHERNET};

	memcpy(id + 1, dev->dev_addr, ETH_ALEN);
	return put_option(at, DHCP_OPT_CLIENT_ID, sizeof(id), id);
}

/* The options of a message that asks for parameters: DHCPDISCOVER and DHCPREQUEST. */
static u8 *put_wishes(u8 *at, const struct dhcp_client *c)
{
	/* RFC 3442: the classless routes MUST stand before the routers. */
	static const u8 wanted[] = {DHCP_OPT_MASK,     DHCP_OPT_ROUTES, DHCP_OPT_ROUTERS,
				    DHCP_OPT_DNS,      DHCP_OPT_DOMAIN, DHCP_OPT_SEARCH,
				    DHCP_OPT_HOSTNAME, DHCP_OPT_MTU,    DHCP_OPT_NTP,
				    DHCP_OPT_LEASE,    DHCP_OPT_T1,     DHCP_OPT_T2};
	__be16 size = HTONS_CONST(DHCP_MESSAGE_MAX);
	size_t len = strlen(c->preset.host);

	at = put_option(at, DHCP_OPT_MESSAGE_SIZE, sizeof(size), &size);
	at = put_option(at, DHCP_OPT_PARAMETERS, sizeof(wanted), wanted);
	return len ? put_option(at, DHCP_OPT_HOSTNAME, len, c->preset.host) : at;
}

/* Returns the address to ask for or to decline (option 50); 0: the message has no such option. */
static __be32 wanted_address(const struct dhcp_client *c, u8 type)
{
	switch (c->state) {
	case DHCP_SELECTING: /* the previous address, which the server may have kept */
	case DHCP_REBOOTING:
		return c->lease.addr;
	case DHCP_REQUESTING:
	case DHCP_PROBING:
		return c->offer.addr;
	default: /* RFC 2131 4.3.2: in RENEWING and REBINDING the option MUST NOT be there */
		return type == DHCPDECLINE ? c->lease.addr : 0;
	}
}

/* Returns the server that the message is for (option 54); 0: all servers. */
static __be32 wanted_server(const struct dhcp_client *c, u8 type)
{
	if (c->state == DHCP_REQUESTING || c->state == DHCP_PROBING)
		return c->offer.server;
	return type == DHCPDECLINE ? c->lease.server : 0;
}

/* Writes the message at @msg, which is zeroed. Returns the end of its options. */
static u8 *fill(struct dhcphdr *msg, const struct dhcp_client *c, u8 type, __be32 ciaddr)
{
	__be32 addr = wanted_address(c, type), server = wanted_server(c, type);
	unsigned long secs = (jiffies - c->began) / HZ;
	u8 *at = (u8 *)(msg + 1);

	msg->op = BOOTREQUEST;
	msg->htype = BOOTP_ETHERNET;
	msg->hlen = ETH_ALEN;
	msg->xid = c->xid;
	msg->cookie = htonl(DHCP_COOKIE);
	msg->ciaddr = ciaddr;
	memcpy(msg->chaddr, c->dev->dev_addr, ETH_ALEN);
	if (type != DHCPDECLINE) {
		msg->secs = htons(min(secs, 0xfffful));
		msg->flags = ciaddr ? 0 : HTONS_CONST(DHCP_BROADCAST);
	}
	at = put_option(at, DHCP_OPT_TYPE, 1, &type);
	at = put_client_id(at, c->dev);
	if (addr)
		at = put_option(at, DHCP_OPT_ADDRESS, sizeof(addr), &addr);
	if (server)
		at = put_option(at, DHCP_OPT_SERVER, sizeof(server), &server);
	if (type != DHCPDECLINE)
		at = put_wishes(at, c);
	*at++ = DHCP_OPT_END;
	return at;
}

/* Returns the message with its UDP header, or NULL if there is no memory. */
static struct sk_buff *build(const struct dhcp_client *c, u8 type, __be32 saddr, __be32 daddr)
{
	const unsigned int room = sizeof(struct udphdr) + sizeof(struct dhcphdr) + OPTIONS_ROOM;
	struct sk_buff *skb = alloc_skb(MAX_TCP_HEADER + room, GFP_ATOMIC);
	struct udphdr *uh;
	unsigned int len;
	u8 *end;

	if (!skb) {
		skb_drop_inc(SKB_DROP_REASON_NOMEM);
		return NULL;
	}
	skb_reserve(skb, MAX_TCP_HEADER);
	uh = skb_put(skb, room);
	memset(uh, 0, room);
	end = fill((struct dhcphdr *)(uh + 1), c, type, saddr);
	len = max_t(unsigned int, end - (u8 *)(uh + 1), BOOTP_MIN_LEN) + sizeof(*uh);
	BUG_ON(len > room);
	WARN_ON(pskb_trim(skb, len));
	skb_reset_transport_header(skb);
	uh->source = HTONS_CONST(DHCP_CLIENT_PORT);
	uh->dest = HTONS_CONST(DHCP_SERVER_PORT);
	uh->len = htons(len);
	uh->check = csum_tcpudp_magic(saddr, daddr, len, IPPROTO_UDP, csum_partial(uh, len, 0));
	if (!uh->check)
		uh->check = 0xffff;
	return skb;
}

/* RENEWING: to the server of the lease alone. */
static void send_to_server(const struct dhcp_client *c, u8 type)
{
	struct flowi4 fl = {.daddr = c->lease.server,
			    .saddr = c->lease.addr,
			    .oif = c->dev->ifindex,
			    .proto = IPPROTO_UDP};
	struct rtable *rt = ip_route_output_key(&fl);
	struct sk_buff *skb;

	if (IS_ERR(rt)) {
		snmp_inc(SNMP_IpOutNoRoutes);
		skb_drop_inc(SKB_DROP_REASON_IP_OUTNOROUTES);
		return;
	}
	skb = build(c, type, fl.saddr, fl.daddr);
	if (skb)
		ip_send_skb(skb, rt, fl.saddr, fl.daddr, IPPROTO_UDP, 0, DHCP_TTL, NULL);
	rt_put(rt);
}

void dhcp_send(const struct dhcp_client *c, u8 type)
{
	const struct in_device *in_dev = in_dev_get(c->dev);
	bool ours = c->state == DHCP_REBINDING && type == DHCPREQUEST;
	__be32 saddr = ours ? c->lease.addr : 0;
	struct sk_buff *skb;

	lockdep_assert_held(&dhcp_lock);
	if (!in_dev)
		return;
	if (c->state == DHCP_RENEWING && type == DHCPREQUEST) {
		send_to_server(c, type);
	} else {
		skb = build(c, type, saddr, INADDR_BROADCAST);
		if (skb)
			ip_send_skb(skb, in_dev->broadcast_rt, saddr, INADDR_BROADCAST, IPPROTO_UDP,
				    0, DHCP_TTL, NULL);
	}
	snmp_inc(SNMP_UdpOutDatagrams);
}
