/* SPDX-License-Identifier: MIT */
/*
 * Options of the IPv4 header (ip_options.h has the contract).
 *
 *   ip_rcv_finish -> ip_rcv_options -> ip_options_check, ip_options_record        (softirq)
 *   icmp_rcv -> icmp_reply -> ip_options_echo                                     (softirq)
 *   ip_push_header -> ip_options_record; ip_do_fragment -> ip_options_uncopied    (any context)
 *   setsockopt(IP_OPTIONS) -> ip_options_setsockopt -> ip_options_get             (process)
 *
 * The options of a socket (inet_sock.inet_opt) are replaced as a whole, under the socket lock. RFC 791
 * 3.1, RFC 781, RFC 1122 3.2.1.8 and 3.2.2.6, RFC 7126. Compare Linux's net/ipv4/ip_options.c.
 */
#include "net/ipv4/ip_options.h"

#include "include/uapi/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/time/wallclock.h"
#include "net/inet/inet_sock.h"
#include "net/ipv4/ip.h"

#define IPOPT_COPIED  0x80 /* bit of the type: each fragment has the option */
#define IPOPT_END     0
#define IPOPT_NOOP    1
#define IPOPT_RR      7
#define IPOPT_TS      68
#define IPOPT_LSRR    131
#define IPOPT_SSRR    137
#define IPOPT_RR_HEAD 3 /* bytes of record route before the first address */
#define IPOPT_TS_HEAD 4 /* bytes of the timestamp option before the first entry */

/* Values of the flag in the timestamp option: what an entry has. */
#define IPOPT_TS_TSONLY    0 /* a time */
#define IPOPT_TS_TSANDADDR 1 /* an address and a time */
#define IPOPT_TS_PRESPEC                                                                           \
	3 /* the same; the sender wrote the address of the host that adds the time */

#define MS_A_DAY 86400000u

/* ---- checking -------------------------------------------------------------------------------- */

/*
 * Checks a record route option of @len bytes. The pointer counts from 1: it is 4 for the first address,
 * and larger than the length if the option is full. Returns the offset of the bad byte plus 1, or 0.
 */
static unsigned int bad_record_route(const u8 *opt, unsigned int len)
{
	if (len < IPOPT_RR_HEAD)
		return 2;
	if (opt[2] < IPOPT_RR_HEAD + 1 || (opt[2] <= len && opt[2] + 3 > len))
		return 3;
	return 0;
}

/*
 * Checks a timestamp option of @len bytes. If the option is full, the overflow field counts the hosts
 * that found no room; a host that finds it full too must report an error (RFC 781). Returns the offset
 * of the bad byte plus 1, or 0. An option with an unknown flag is left as it is, as on Linux.
 */
static unsigned int bad_timestamp(const u8 *opt, unsigned int len)
{
	unsigned int flag;

	if (len < IPOPT_TS_HEAD)
		return 2;
	flag = opt[3] & 0xf;
	if (opt[2] < IPOPT_TS_HEAD + 1)
		return 3;
	if (opt[2] > len)
		return flag != IPOPT_TS_PRESPEC && opt[3] >> 4 == 15 ? 4 : 0;
	if (opt[2] + 3 > len ||
	    ((flag == IPOPT_TS_TSANDADDR || flag == IPOPT_TS_PRESPEC) && opt[2] + 7 > len))
		return 3;
	return 0;
}

/* As bad_timestamp(), for any option but END and NOOP. *@seen has the types that may occur only once. */
static unsigned int bad_option(const u8 *opt, unsigned int len, unsigned int *seen)
{
	unsigned int bit = opt[0] == IPOPT_RR ? 1 : opt[0] == IPOPT_TS ? 2 : 0;

	if (opt[0] == IPOPT_LSRR || opt[0] == IPOPT_SSRR || (*seen & bit))
		return 1;
	*seen |= bit;
	if (opt[0] == IPOPT_RR)
		return bad_record_route(opt, len);
	return opt[0] == IPOPT_TS ? bad_timestamp(opt, len) : 0;
}

unsigned int ip_options_check(const u8 *opt, unsigned int optlen)
{
	unsigned int at = 0, seen = 0;

	while (at < optlen) {
		unsigned int len, bad;

		if (opt[at] == IPOPT_END)
			return 0;
		if (opt[at] == IPOPT_NOOP) {
			at++;
			continue;
		}
		/* The option needs a length byte, and must end within the header. */
		if (optlen - at < 2)
			return sizeof(struct iphdr) + at;
		len = opt[at + 1];
		if (len < 2 || len > optlen - at)
			return sizeof(struct iphdr) + at + 1;
		bad = bad_option(opt + at, len, &seen);
		if (bad)
			return sizeof(struct iphdr) + at + bad - 1;
		at += len;
	}
	return 0;
}

/*
 * Returns the option behind @opt, or the first one if @opt is NULL; NULL if no whole option is left before
 * @end. END and NOOP are passed over. The lengths may be wrong: a program writes its own IP header with
 * IP_HDRINCL.
 */
static u8 *next_option(u8 *first, u8 *opt, const u8 *end)
{
	opt = opt ? opt + opt[1] : first;
	while (opt < end && *opt == IPOPT_NOOP)
		opt++;
	if (end - opt < 2 || *opt == IPOPT_END || opt[1] < 2 || opt[1] > end - opt)
		return NULL;
	return opt;
}

/* ---- filling in ------------------------------------------------------------------------------ */

__be32 inet_current_timestamp(void)
{
	return htonl(ktime_get_real_ns() / 1000000 % MS_A_DAY);
}

static void record_time(u8 *opt, __be32 addr, bool received)
{
	const unsigned int flag = opt[3] & 0xf;
	u8 *entry = opt + opt[2] - 1;
	__be32 now;

	if (opt[2] > opt[1]) {
		if (received && flag != IPOPT_TS_PRESPEC)
			opt[3] += 0x10; /* the overflow field; bad_timestamp() has checked it */
		return;
	}
	/* The option has been checked for one entry on receipt, and an answer gets a second one. */
	if (opt[2] - 1 + (flag == IPOPT_TS_TSONLY ? 4 : 8) > opt[1])
		return;
	if (flag == IPOPT_TS_PRESPEC) {
		__be32 whose;

		memcpy(&whose, entry, sizeof(whose));
		if (!inet_is_local_addr(whose))
			return;
	} else if (flag == IPOPT_TS_TSANDADDR) {
		memcpy(entry, &addr, sizeof(addr));
	} else if (flag != IPOPT_TS_TSONLY) {
		return;
	}
	if (flag != IPOPT_TS_TSONLY)
		entry += sizeof(addr);
	now = inet_current_timestamp();
	memcpy(entry, &now, sizeof(now));
	opt[2] = entry + sizeof(now) - opt + 1;
}

void ip_options_record(u8 *opt, unsigned int optlen, __be32 addr, bool received)
{
	for (u8 *o = next_option(opt, NULL, opt + optlen); o;
	     o = next_option(opt, o, opt + optlen)) {
		if (*o == IPOPT_RR && o[2] + 3 <= o[1]) {
			memcpy(o + o[2] - 1, &addr, sizeof(addr));
			o[2] += sizeof(addr);
		} else if (*o == IPOPT_TS) {
			record_time(o, addr, received);
		}
	}
}

void ip_options_uncopied(u8 *opt, unsigned int optlen)
{
	u8 *next;

	for (u8 *o = next_option(opt, NULL, opt + optlen); o; o = next) {
		next = next_option(opt, o, opt + optlen);
		if (!(*o & IPOPT_COPIED))
			memset(o, IPOPT_NOOP, o[1]);
	}
}

/*
 * RFC 1122 3.2.2.6: "If a Record Route and/or Time Stamp option is received in an ICMP Echo Request, this
 * option (these options) SHOULD be updated to include the current host and included in the IP header of
 * the Echo Reply message, without 'truncation'."
 */
void ip_options_echo(struct ip_options *answer, const struct sk_buff *skb)
{
	u8 *opt = (u8 *)(ip_hdr(skb) + 1);
	const u8 *end = skb_network_header(skb) + ip_hdrlen(skb);

	answer->len = 0;
	for (u8 *o = next_option(opt, NULL, end); o; o = next_option(opt, o, end)) {
		if (*o != IPOPT_RR && *o != IPOPT_TS)
			continue;
		memcpy(answer->data + answer->len, o, o[1]);
		answer->len += o[1];
	}
	while (answer->len % 4)
		answer->data[answer->len++] = IPOPT_END;
}

/* ---- options of a socket --------------------------------------------------------------------- */

int ip_options_get(struct ip_options *options, const u8 *from, unsigned int len)
{
	unsigned int at = 0;

	if (len > IP_OPTIONS_MAX)
		return -EINVAL;
	memcpy(options->data, from, len);
	while (len % 4)
		options->data[len++] = IPOPT_END;
	options->len = len;
	if (ip_options_check(options->data, len))
		return -EINVAL;
	/* Nothing but END may follow an END. */
	while (at < len && options->data[at] != IPOPT_END)
		at += options->data[at] == IPOPT_NOOP ? 1 : options->data[at + 1];
	memset(options->data + at, IPOPT_END, len - at);
	return 0;
}

int ip_options_setsockopt(struct sock *sk, const void __user *optval, unsigned int optlen)
{
	struct ip_options *new = NULL, *old;
	u8 bytes[IP_OPTIONS_MAX];
	int err;

	if (optlen > sizeof(bytes))
		return -EINVAL;
	if (copy_from_user(bytes, optval, optlen))
		return -EFAULT;
	if (optlen) {
		new = kmalloc(sizeof(*new), GFP_KERNEL);
		if (!new)
			return -ENOMEM;
		err = ip_options_get(new, bytes, optlen);
		if (err) {
			kfree(new);
			return err;
		}
	}
	lock_sock(sk);
	old = inet_sk(sk)->inet_opt;
	inet_sk(sk)->inet_opt = new;
	if (sk->sk_prot->options_changed)
		sk->sk_prot->options_changed(sk);
	release_sock(sk);
	kfree(old);
	return 0;
}

int ip_options_getsockopt(struct sock *sk, void __user *optval, int __user *optlen)
{
	struct ip_options options = {0};
	int len;

	if (copy_from_user(&len, optlen, sizeof(len)))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	lock_sock(sk);
	if (inet_sk(sk)->inet_opt)
		options = *inet_sk(sk)->inet_opt;
	release_sock(sk);
	len = min_t(int, len, options.len);
	if (copy_to_user(optlen, &len, sizeof(len)) || copy_to_user(optval, options.data, len))
		return -EFAULT;
	return 0;
}
