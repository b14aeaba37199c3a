/* SPDX-License-Identifier: MIT */
/*
 * The DHCP client: its states, its timer, and the messages that it receives.
 *
 *   ipconfig.c: an `ip=dhcp` that a card takes -> dhcp_start            process or softirq
 *   the timer -> dhcp_timer -> sends again, probes, renews, ends a lease  softirq
 *   udp_rcv: a datagram to port 68 -> dhcp_rcv -> on_offer, on_ack, on_nak softirq
 *   arp_rcv -> dhcp_arp -> decline                                      softirq
 *   a card goes up or down, or its link changes -> dhcp_event           process or softirq
 *   init thread -> dhcp_wait                                            process
 *
 * The client is below the sockets. A socket would need an address of the card before it could send,
 * a thread that reads it, and port 68, which a program may want for a client of its own on another card.
 * It is above IP's and UDP's input, so that headers, checksums and fragments are checked there; a datagram
 * for a link address that no client has goes on to the sockets. (Linux's ipconfig.c takes the packets
 * below IP, and stops at the first ACK.)
 *
 * dhcp_lock protects all clients. It is taken before rt_lock and tx_lock. An answer counts only if it
 * has the xid, which is random, and the link address of the client, and, where RFC 2131 says so, the
 * chosen server's identifier. Each attempt that ends badly makes the next one wait longer, so that no
 * server can keep the client busy. RFC 2131 4.4; RFC 5227 2.1 for the probes. Compare Linux's
 * net/ipv4/ipconfig.c.
 */
#include "net/ipv4/dhcp.h"

#include "kernel/lib/bug.h"
#include "kernel/lib/byteorder.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"
#include "kernel/time/time.h"
#include "net/core/limits.h"
#include "net/core/skbuff.h"
#include "net/core/snmp.h"
#include "net/ipv4/arp.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/ip.h"
#include "net/wire/udp.h"

DEFINE_SPINLOCK(dhcp_lock);
static struct dhcp_client clients[NETDEV_MAX];
static wait_queue_head_t dhcp_waiters; /* dhcp_wait() */

static struct dhcp_client *find_client(const struct net_device *dev)
{
	lockdep_assert_held(&dhcp_lock);
	for (struct dhcp_client *c = clients; c < clients + NETDEV_MAX; c++) {
		if (c->dev == dev)
			return c;
	}
	return NULL;
}

/* ---- asking ------------------------------------------------------------------------------------ */

/*
 * RFC 2131 4.1: "the delay before the first retransmission SHOULD be 4 seconds randomized by the
 * value of a uniform random number chosen from the range -1 to +1"; then 8, 16, 32 and 64 seconds.
 */
static unsigned long backoff(unsigned int tries)
{
	unsigned long delay = DHCP_BACKOFF_MIN;

	while (tries-- && delay < DHCP_BACKOFF_MAX)
		delay *= 2;
	return delay * HZ - HZ + prandom_u32_max(2 * HZ + 1);
}

/* Sends a DHCPREQUEST, from which a lease counts: a server may answer only the last of several. */
static void request(struct dhcp_client *c)
{
	c->requested = jiffies;
	dhcp_send(c, DHCPREQUEST);
}

/* Sends the message of the state, and arms the timer for the next one. */
static void ask(struct dhcp_client *c)
{
	if (c->state == DHCP_SELECTING)
		dhcp_send(c, DHCPDISCOVER);
	else
		request(c);
	mod_timer(&c->timer, jiffies + backoff(c->tries++));
}

/* Begins an exchange of messages in @state. Answers to earlier messages no longer count. */
static void begin(struct dhcp_client *c, enum dhcp_state state)
{
	c->state = state;
	c->xid = get_random_u32();
	c->tries = 0;
	c->began = jiffies;
}

static void discover(struct dhcp_client *c)
{
	begin(c, DHCP_SELECTING);
	ask(c);
}

/*
 * An attempt ended without a lease: begins again after @least jiffies at the earliest. Each failure
 * in a row lengthens the pause, as each retransmission does.
 */
static void restart(struct dhcp_client *c, unsigned long least)
{
	unsigned long delay = c->failures ? backoff(c->failures - 1) : 0;

	c->failures++;
	c->state = DHCP_INIT;
	mod_timer(&c->timer, jiffies + max(delay, least));
}

/* ---- the lease --------------------------------------------------------------------------------- */

/* Tells dhcp_wait() that the card has an address. */
static void settle(struct dhcp_client *c)
{
	c->settled = true;
	wake_up_all(&dhcp_waiters);
}

/* RFC 2131 4.4.1: the lease counts from the time at which the client sent the DHCPREQUEST. */
static void set_times(struct dhcp_client *c)
{
	c->forever = c->lease.lease == DHCP_FOREVER;
	c->renew = c->requested + (unsigned long)c->lease.t1 * HZ;
	c->rebind = c->requested + (unsigned long)c->lease.t2 * HZ;
	c->ends = c->requested + (unsigned long)c->lease.lease * HZ;
}

/* The lease is valid: waits until it is to be renewed. */
static void rest(struct dhcp_client *c)
{
	c->state = DHCP_BOUND;
	c->tries = 0;
	if (c->forever)
		del_timer(&c->timer);
	else
		mod_timer(&c->timer, c->renew);
}

/* No other host uses the address of the offer: it becomes the card's. */
static void bind(struct dhcp_client *c)
{
	c->lease = c->offer;
	set_times(c);
	c->failures = 0;
	c->leased = true;
	if (c->fell_back)
		c->preset.fallback(c->dev, false);
	c->fell_back = false;
	del_timer(&c->fallback_timer);
	dhcp_lease_apply(c);
	c->watched = jiffies + msecs_to_jiffies(DHCP_WATCH_MS);
	if (c->forever)
		pr_notice("%s: %pI4/%u, %pM, leased by %pI4 for ever\n", c->dev->name,
			  &c->lease.addr, c->lease.prefix_len, c->dev->dev_addr, &c->lease.server);
	else
		pr_notice("%s: %pI4/%u, %pM, leased by %pI4 for %u s\n", c->dev->name,
			  &c->lease.addr, c->lease.prefix_len, c->dev->dev_addr, &c->lease.server,
			  c->lease.lease);
	netdev_notify_peers(c->dev); /* RFC 5227 2.3: announces the address */
	rest(c);
	settle(c);
}

static bool same_network(const struct dhcp_info *a, const struct dhcp_info *b)
{
	bool same = a->prefix_len == b->prefix_len && a->nr_routes == b->nr_routes;

	/* Field by field: the bytes between the fields of a struct dhcp_route have no fixed value. */
	for (unsigned int i = 0; same && i < a->nr_routes; i++)
		same = a->routes[i].dst == b->routes[i].dst &&
		       a->routes[i].gateway == b->routes[i].gateway &&
		       a->routes[i].prefix_len == b->routes[i].prefix_len;
	return same;
}

/* A server extended the lease; its other parameters may have changed. */
static void extend(struct dhcp_client *c, const struct dhcp_info *info)
{
	bool same = same_network(&c->lease, info);

	if (!same)
		dhcp_lease_remove(c);
	c->lease = *info;
	set_times(c);
	c->failures = 0;
	if (!same)
		dhcp_lease_apply(c);
	rest(c);
}

static void lose(struct dhcp_client *c, const char *why)
{
	if (!c->leased)
		return;
	pr_warn("%s: the lease of %pI4 %s: the address is removed\n", c->dev->name, &c->lease.addr,
		why);
	dhcp_lease_remove(c);
	c->leased = false;
}

/*
 * RFC 2131 3.1.5: "If the client detects that the address is already in use (e.g., through the use
 * of ARP), the client MUST send a DHCPDECLINE message to the server and restarts the configuration
 * process. The client SHOULD wait a minimum of ten seconds before restarting".
 */
static void decline(struct dhcp_client *c, __be32 addr, const u8 *sha)
{
	pr_warn("%s: %pM uses the offered address %pI4: it is declined\n", c->dev->name, sha,
		&addr);
	dhcp_send(c, DHCPDECLINE);
	lose(c, "is declined");
	c->lease.addr = 0; /* the client does not ask for it again */
	restart(c, msecs_to_jiffies(DHCP_DECLINE_MS));
}

/* ---- the timer --------------------------------------------------------------------------------- */

/*
 * RFC 5227 2.1.1 sends three probes and waits for an answer for 4 to 7 seconds in all. A machine that
 * boots in a tenth of a second does not wait so long: it uses the address after DHCP_PROBES probes
 * and their short pauses, in which a host on the same link answers, and declines it if an answer
 * comes within DHCP_WATCH_MS.
 */
static void probe(struct dhcp_client *c)
{
	if (c->tries++ == DHCP_PROBES) {
		bind(c);
		return;
	}
	arp_send(ARPOP_REQUEST, c->offer.addr, c->dev, 0, NULL, NULL);
	mod_timer(&c->timer, jiffies + msecs_to_jiffies(DHCP_PROBE_MS) +
				     prandom_u32_max(msecs_to_jiffies(DHCP_PROBE_MS)));
}

/*
 * RFC 2131 4.4.5: "the client SHOULD wait one-half of the remaining time until T2 (in RENEWING state)
 * and one-half of the remaining lease time (in REBINDING state), down to a minimum of 60 seconds,
 * before retransmitting". @until is T2 or the end of the lease.
 */
static void ask_again_until(struct dhcp_client *c, unsigned long until)
{
	unsigned long delay = max((until - jiffies) / 2, (unsigned long)DHCP_RENEW_MIN * HZ);

	request(c);
	mod_timer(&c->timer, time_after(jiffies + delay, until) ? until : jiffies + delay);
}

static void renew(struct dhcp_client *c)
{
	if (!time_before(jiffies, c->ends)) {
		lose(c, "is over");
		discover(c);
	} else if (!time_before(jiffies, c->rebind)) {
		/* The exchange of RENEWING goes on, now with all servers. */
		if (c->state == DHCP_BOUND)
			begin(c, DHCP_REBINDING);
		c->state = DHCP_REBINDING;
		ask_again_until(c, c->ends);
	} else {
		if (c->state != DHCP_RENEWING)
			begin(c, DHCP_RENEWING);
		ask_again_until(c, c->rebind);
	}
}

/*
 * RFC 2131 3.2: if no server answers, "the client MAY choose to use the previously allocated network
 * address and configuration parameters for the remainder of the unexpired lease".
 */
static void reboot_again(struct dhcp_client *c)
{
	if (c->tries < DHCP_REBOOTS_MAX)
		ask(c);
	else
		rest(c);
}

static void dhcp_timer(unsigned long data)
{
	struct dhcp_client *c = (struct dhcp_client *)data;

	spin_lock_bh(&dhcp_lock);
	switch (c->state) {
	case DHCP_OFF:
		break;
	case DHCP_INIT:
		discover(c);
		break;
	case DHCP_REQUESTING:
		/* The server of the offer does not answer: ask all servers again. */
		if (c->tries == DHCP_REQUESTS_MAX)
			discover(c);
		else
			ask(c);
		break;
	case DHCP_SELECTING:
		ask(c);
		break;
	case DHCP_PROBING:
		probe(c);
		break;
	case DHCP_BOUND:
	case DHCP_RENEWING:
	case DHCP_REBINDING:
		renew(c);
		break;
	case DHCP_REBOOTING:
		reboot_again(c);
		break;
	}
	spin_unlock_bh(&dhcp_lock);
}

static void dhcp_fallback_timer(unsigned long data)
{
	struct dhcp_client *c = (struct dhcp_client *)data;

	spin_lock_bh(&dhcp_lock);
	if (c->dev && !c->settled) {
		c->fell_back = true;
		c->preset.fallback(c->dev, true);
		settle(c);
	}
	spin_unlock_bh(&dhcp_lock);
}

/* ---- received messages ------------------------------------------------------------------------- */

/* The first acceptable offer is chosen; the message DHCPREQUEST tells the other servers. */
static bool on_offer(struct dhcp_client *c, const struct dhcp_info *info)
{
	if (c->state != DHCP_SELECTING)
		return false;
	c->offer = *info;
	c->state = DHCP_REQUESTING;
	c->tries = 0;
	ask(c);
	return true;
}

static bool on_ack(struct dhcp_client *c, const struct dhcp_info *info)
{
	switch (c->state) {
	case DHCP_REQUESTING:
		if (info->addr != c->offer.addr || info->server != c->offer.server)
			return false;
		c->offer = *info;
		c->state = DHCP_PROBING;
		c->tries = 0;
		probe(c);
		return true;
	case DHCP_RENEWING:
		if (info->server != c->lease.server)
			return false;
		fallthrough;
	case DHCP_REBINDING:
	case DHCP_REBOOTING:
		if (info->addr != c->lease.addr)
			return false;
		extend(c, info);
		return true;
	default:
		return false;
	}
}

static bool on_nak(struct dhcp_client *c, const struct dhcp_info *info)
{
	switch (c->state) {
	case DHCP_REQUESTING:
		if (info->server != c->offer.server)
			return false;
		break;
	case DHCP_RENEWING:
		if (info->server != c->lease.server)
			return false;
		break;
	case DHCP_REBINDING:
	case DHCP_REBOOTING:
		break;
	default:
		return false;
	}
	lose(c, "was refused by the server");
	c->lease.addr = 0;
	restart(c, 0);
	return true;
}

static bool on_message(struct dhcp_client *c, const struct dhcp_info *info)
{
	switch (info->type) {
	case DHCPOFFER:
		return on_offer(c, info);
	case DHCPACK:
		return on_ack(c, info);
	default:
		return on_nak(c, info);
	}
}

/* The message being received, and its meaning. dhcp_lock. */
static u8 message[DHCP_MESSAGE_MAX] __aligned(4);
static struct dhcp_info received;

/* Returns false if @skb, whose message has @len bytes, is not for the client of its card. */
static bool is_for_client(const struct sk_buff *skb, const struct dhcp_client *c, size_t len)
{
	const struct dhcphdr *msg = (const struct dhcphdr *)message;

	if (!c || len < sizeof(*msg) ||
	    skb_copy_bits(skb, sizeof(struct udphdr), message, sizeof(*msg)))
		return false;
	return msg->op == BOOTREPLY && msg->htype == BOOTP_ETHERNET && msg->hlen == ETH_ALEN &&
	       !memcmp(msg->chaddr, c->dev->dev_addr, ETH_ALEN);
}

bool dhcp_rcv(struct sk_buff *skb, enum skb_drop_reason *reason)
{
	const struct dhcphdr *msg = (const struct dhcphdr *)message;
	size_t len = skb->len - sizeof(struct udphdr);
	struct dhcp_client *c;
	bool ours;

	spin_lock_bh(&dhcp_lock);
	c = find_client(skb->dev);
	ours = is_for_client(skb, c, len);
	if (!ours)
		goto out;
	if (msg->xid != c->xid) {
		*reason = SKB_DROP_REASON_DHCP_IGNORED;
	} else if (len > sizeof(message) ||
		   skb_copy_bits(skb, sizeof(struct udphdr), message, len)) {
		*reason = SKB_DROP_REASON_DHCP_MALFORMED;
	} else {
		*reason = dhcp_parse(msg, len, &received);
		if (!*reason && !on_message(c, &received))
			*reason = SKB_DROP_REASON_DHCP_IGNORED;
	}
out:
	spin_unlock_bh(&dhcp_lock);
	if (ours && !*reason) {
		snmp_inc(SNMP_UdpInDatagrams);
		consume_skb(skb);
	}
	return ours;
}

/*
 * RFC 5227 2.1.1: while the host probes, a conflict is any ARP message whose sender address is the
 * probed address, and any probe of another host for it. Afterwards only the former is.
 */
bool dhcp_arp(struct net_device *dev, const u8 *sha, __be32 sip, __be32 tip)
{
	struct dhcp_client *c;
	bool conflict = false;
	__be32 addr = 0;

	spin_lock_bh(&dhcp_lock);
	c = find_client(dev);
	if (c && memcmp(sha, dev->dev_addr, ETH_ALEN)) {
		if (c->state == DHCP_PROBING) {
			addr = c->offer.addr;
			conflict = sip == addr || (!sip && tip == addr);
		} else if (c->leased && time_before(jiffies, c->watched)) {
			addr = c->lease.addr;
			conflict = sip == addr;
		}
	}
	if (conflict)
		decline(c, addr, sha);
	spin_unlock_bh(&dhcp_lock);
	return conflict;
}

/* ---- devices ----------------------------------------------------------------------------------- */

/*
 * The card got a link, perhaps to another network: asks whether the lease is valid there (RFC 2131
 * 3.2), or for a lease.
 */
static void link_up(struct dhcp_client *c)
{
	if (c->preset.fallback && !c->settled)
		mod_timer(&c->fallback_timer, jiffies + msecs_to_jiffies(DHCP_FALLBACK_MS));
	if (c->leased && !c->forever && !time_before(jiffies, c->ends))
		lose(c, "is over");
	if (!c->leased) {
		discover(c);
		return;
	}
	begin(c, DHCP_REBOOTING);
	ask(c);
}

static void dhcp_event(struct net_device *dev, enum netdev_event event)
{
	struct dhcp_client *c;

	if (event == NETDEV_CHANGEMTU || event == NETDEV_NOTIFY_PEERS)
		return; /* the client's own doing, while it holds the lock */
	spin_lock_bh(&dhcp_lock);
	c = find_client(dev);
	if (!c)
		goto out;
	switch (event) {
	case NETDEV_UP:
	case NETDEV_CHANGE:
		if (netif_carrier_ok(dev))
			link_up(c);
		break;
	case NETDEV_UNREGISTER: /* its address is gone already */
		c->dev = NULL;
		c->leased = false;
		fallthrough;
	default:
		c->state = DHCP_OFF;
		del_timer(&c->timer);
		del_timer(&c->fallback_timer);
	}
	wake_up_all(&dhcp_waiters); /* dhcp_wait() waits for no card that has no link or is gone */
out:
	spin_unlock_bh(&dhcp_lock);
}

void dhcp_start(struct net_device *dev, const struct dhcp_preset *preset)
{
	struct dhcp_client *c;

	spin_lock_bh(&dhcp_lock);
	c = find_client(NULL);
	if (!WARN_ON(!c || find_client(dev))) {
		*c = (struct dhcp_client){.dev = dev, .preset = *preset};
		setup_timer(&c->timer, dhcp_timer, (unsigned long)c);
		setup_timer(&c->fallback_timer, dhcp_fallback_timer, (unsigned long)c);
		if (netif_carrier_ok(dev))
			link_up(c);
	}
	spin_unlock_bh(&dhcp_lock);
}

/* ---- the init thread, and /proc ---------------------------------------------------------------- */

static bool all_settled(void)
{
	bool settled = true;

	spin_lock_bh(&dhcp_lock);
	for (const struct dhcp_client *c = clients; c < clients + NETDEV_MAX; c++)
		settled &= !c->dev || c->settled || !netif_carrier_ok(c->dev);
	spin_unlock_bh(&dhcp_lock);
	return settled;
}

bool dhcp_wait(unsigned int ms)
{
	long left = msecs_to_jiffies(ms);
	DEFINE_WAIT(wait);
	bool settled;

	for (;;) {
		prepare_to_wait(&dhcp_waiters, &wait, TASK_UNINTERRUPTIBLE);
		settled = all_settled();
		if (settled || !left)
			break;
		left = schedule_timeout(left);
	}
	finish_wait(&dhcp_waiters, &wait);
	return settled;
}

bool dhcp_lease_show(const struct net_device *dev,
		     void (*show)(void *arg, const struct dhcp_info *lease), void *arg)
{
	const struct dhcp_client *c;
	bool leased;

	spin_lock_bh(&dhcp_lock);
	c = find_client(dev);
	leased = c && c->leased;
	if (leased)
		show(arg, &c->lease);
	spin_unlock_bh(&dhcp_lock);
	return leased;
}

void dhcp_init(void)
{
	static struct netdev_notifier notifier = {.event = dhcp_event};

	init_waitqueue_head(&dhcp_waiters);
	register_netdevice_notifier(&notifier);
}
