/* SPDX-License-Identifier: MIT */
/*
 * Building and reading netlink messages.
 *
 * Callers: the functions that answer requests (rtnetlink.c, net/ipv4/rtnl_*.c; process) and the
 * notifications (any context but hard interrupt). A message is built in one sk_buff, which no other
 * context knows yet, so there is no lock. RFC 3549 2.3, netlink(7); compare Linux's lib/nlattr.c and
 * include/net/netlink.h.
 */
#include "kernel/lib/string.h"
#include "net/netlink/af_netlink.h"

#define NLA_HDRLEN NLMSG_ALIGN(sizeof(struct nlattr))

const void *nlmsg_find_attr(const struct nlmsghdr *nlh, int hdrlen, int type, int len)
{
	const u8 *at = (const u8 *)nlmsg_data(nlh) + NLMSG_ALIGN(hdrlen);
	int left = nlmsg_len(nlh) - (int)NLMSG_ALIGN(hdrlen);

	while (left >= (int)NLA_HDRLEN) {
		const struct nlattr *nla = (const struct nlattr *)at;
		int step = NLMSG_ALIGN(nla->nla_len);

		if (nla->nla_len < NLA_HDRLEN || nla->nla_len > left)
			return NULL;
		if (nla->nla_type == type && nla->nla_len >= (int)NLA_HDRLEN + len)
			return at + NLA_HDRLEN;
		at += step;
		left -= step;
	}
	return NULL;
}

struct sk_buff *nlmsg_new(size_t size, gfp_t gfp)
{
	return alloc_skb(NLMSG_ALIGN(size), gfp);
}

/* Appends @len zero bytes and the padding behind them; NULL if they do not fit. */
static void *append(struct sk_buff *skb, unsigned int len)
{
	const unsigned int padded = NLMSG_ALIGN(len);

	if (padded > skb_tailroom(skb))
		return NULL;
	return memset(__skb_put(skb, padded), 0, padded);
}

struct nlmsghdr *nlmsg_put(struct sk_buff *skb, u32 portid, u32 seq, int type, int payload,
			   int flags)
{
	struct nlmsghdr *nlh = append(skb, NLMSG_HDRLEN + payload);

	if (!nlh)
		return NULL;
	*nlh = (struct nlmsghdr){.nlmsg_len = NLMSG_HDRLEN + payload,
				 .nlmsg_type = type,
				 .nlmsg_flags = flags,
				 .nlmsg_seq = seq,
				 .nlmsg_pid = portid};
	return nlh;
}

int nla_put(struct sk_buff *skb, int type, int len, const void *data)
{
	struct nlattr *nla = append(skb, NLA_HDRLEN + len);

	if (!nla)
		return -EMSGSIZE;
	nla->nla_len = NLA_HDRLEN + len;
	nla->nla_type = type;
	memcpy(nla + 1, data, len);
	return 0;
}

int nla_put_string(struct sk_buff *skb, int type, const char *text)
{
	return nla_put(skb, type, strlen(text) + 1, text);
}
