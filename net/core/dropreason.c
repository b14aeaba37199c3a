/* SPDX-License-Identifier: MIT */
/*
 * The counter and the text of each drop reason.
 *
 * Callers: kfree_skb_reason(), skb_drop_inc(), /proc/net/drops. Any context; the counters are
 * incremented with relaxed atomic adds.
 */
#include "kernel/lib/bug.h"
#include "net/core/dropreason.h"

u64 skb_drop_count[SKB_DROP_REASON_MAX];

static const struct {
	const char *name, *text;
} reasons[SKB_DROP_REASON_MAX] = {[SKB_CONSUMED] = {"CONSUMED", "not a drop"},
#define SKB_DROP_TEXT(reason, what) [SKB_DROP_REASON_##reason] = {#reason, what},
				  SKB_DROP_REASONS(SKB_DROP_TEXT)
#undef SKB_DROP_TEXT
};

const char *skb_drop_name(enum skb_drop_reason reason)
{
	BUG_ON(reason >= SKB_DROP_REASON_MAX);
	return reasons[reason].name;
}

const char *skb_drop_text(enum skb_drop_reason reason)
{
	BUG_ON(reason >= SKB_DROP_REASON_MAX);
	return reasons[reason].text;
}
