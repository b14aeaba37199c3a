/* SPDX-License-Identifier: MIT */
/*
 * sk_buff: one packet, from the driver to the socket and back.
 *
 *   head          data            tail             end
 *    |  headroom   |  linear bytes  |   tailroom    | skb_shared_info (fragments, GSO)
 *
 * len counts all bytes, data_len those in page fragments.
 *
 * Interface.
 * Freeing: the holder of a reference (users) drops it once: consume_skb() for a packet that did its work,
 * kfree_skb_reason() for one that is dropped, which counts the reason.  dropreason.h says which function
 * takes over the packet it is called with.  Do not touch a packet that was given away, not even its
 * length. The last reference calls destructor(), which gives the memory back to the accounts of
 * skb->sk, and releases the route and the data. Shared data: a clone has its own struct sk_buff and
 * shares head and fragments (dataref).  Before writing headers: skb_cow_head() or skb_unclone(),
 * which may move head.  Bytes of a packet in a fragment are never written. Pointers: the functions
 * that may move head (pskb_may_pull, pskb_expand_head, pskb_trim, skb_linearize, skb_cow_head,
 * skb_unclone) invalidate every pointer into the packet: call tcp_hdr(), ip_hdr() and the like
 * again afterwards.  A header is read only after pskb_may_pull() brought it into the linear part.
 * cb belongs to the layer that holds the packet now; the next layer overwrites it. Locks: none
 * here.  One context at a time holds a packet; lists of packets are in skb_queue.h. Any context but
 * hard interrupt, unless said; GFP_ATOMIC where sleeping is not allowed.
 *
 * Names and roles of Linux's include/linux/skbuff.h.
 */
#ifndef NET_CORE_SKBUFF_H
#define NET_CORE_SKBUFF_H

#include "kernel/lib/atomic.h"
#include "kernel/lib/rbtree.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/types.h"
#include "net/core/checksum.h"
#include "net/core/dropreason.h"
#include "net/core/dst.h"
#include "net/core/limits.h"

struct net_device;
struct sock;

extern struct log_source net_log; /* dev.c: packets and devices, whatever the protocol */

/* skb->pkt_type: the kind of destination address (eth_type_trans). */
#define PACKET_HOST      0
#define PACKET_BROADCAST 1
#define PACKET_MULTICAST 2
#define PACKET_OTHERHOST 3
#define PACKET_LOOPBACK  5

#define SKB_GSO_TCPV4   0x01
#define SKB_GSO_DODGY   0x02 /* from outside: header not checked */
#define SKB_GSO_TCP_ECN 0x04

typedef struct skb_frag {
	struct page *page; /* holds a reference */
	u32 page_offset;   /* within the compound block that starts at @page */
	u32 size;
} skb_frag_t;

struct skb_shared_info {
	u8 nr_frags;
	u16 gso_size; /* bytes of payload a segment, 0 = one packet */
	u16 gso_segs;
	u16 gso_type;              /* SKB_GSO_* */
	struct sk_buff *frag_list; /* more buffers that belong to this packet (GRO, reassembly) */
	atomic_t dataref;          /* users of head and of the fragments here; SKB_DATAREF_SHIFT */
	skb_frag_t frags[MAX_SKB_FRAGS];
};

struct sk_buff {
	union {
		struct {
			struct sk_buff *next, *prev; /* first: as in sk_buff_head (skb_queue.h) */
			u64 tstamp; /* ns: when it came, or when TCP sent it last (skb_mstamp) */
		};
		struct rb_node rbnode; /* in tcp_rtx_queue and out_of_order_queue */
	};
	struct sock *sk;          /* the socket that is charged for it */
	struct net_device *dev;   /* received from, or to be sent through */
	char cb[48] __aligned(8); /* of the layer that holds it now: TCP_SKB_CB, IPCB, GRO */
	struct dst_entry *dst;    /* route; holds a reference (skb_dst_drop) */
	void (*destructor)(struct sk_buff *skb); /* sock_wfree, sock_rfree */
	u64 skb_mstamp;                          /* ns: when TCP sent it last */

	u32 len, data_len;
	u16 hdr_len;
	u8 cloned : 1; /* head may be shared */
	u8 nohdr : 1;
	u8 fclone : 2; /* SKB_FCLONE_* */
	u8 ip_summed : 2;
	u8 csum_valid : 1;
	u8 head_frag : 1; /* head came from page_frag_alloc() */
	u8 pkt_type : 3;
	u8 xmit_more : 1; /* another packet follows at once: the doorbell can wait */
	__be16 protocol;  /* EtherType */
	union {
		__wsum csum;
		struct {
			u16 csum_start;  /* from head */
			u16 csum_offset; /* from csum_start */
		};
	};
	u32 hash;                                         /* of the flow, 0 = not computed */
	u16 transport_header, network_header, mac_header; /* from head */
	u32 tail, end;                                    /* from head */
	u8 *head, *data;
	u32 truesize; /* bytes of all memory that it holds, for the sockets' accounts */
	refcount_t users;
};

#define SKB_FCLONE_UNAVAILABLE 0 /* from the ordinary cache */
#define SKB_FCLONE_ORIG        1 /* first of a pair */
#define SKB_FCLONE_CLONE       2 /* second of a pair */
#define SKB_FCLONE_SMALL       3 /* alloc_skb_small(): its head lies behind it */

/* ---- making and freeing (net/core/skbuff.c) --------------------------------------------------- */
void skb_init(void);
/* Linear room of @size bytes, all of it tailroom.  Any context.  NULL: no memory. */
struct sk_buff *alloc_skb(unsigned int size, gfp_t gfp);
/* A pair: the second half serves the first skb_clone() without an allocation (TCP). */
struct sk_buff *alloc_skb_fclone(unsigned int size, gfp_t gfp);
/* SKB_SMALL_ROOM bytes, for one allocation.  A clone of it is a copy. */
struct sk_buff *alloc_skb_small(gfp_t gfp);
/* Around a buffer from page_frag_alloc() of @frag_size bytes with room for skb_shared_info. */
struct sk_buff *build_skb(void *data, unsigned int frag_size);
static inline struct sk_buff *skb_get(struct sk_buff *skb)
{
	refcount_inc(&skb->users);
	return skb;
}
/* Drops a reference; the last one frees.  kfree_skb_reason() counts; consume_skb() does not. */
void kfree_skb_reason(struct sk_buff *skb, enum skb_drop_reason reason);
void consume_skb(struct sk_buff *skb);
/* The same for a list by ->next. */
void kfree_skb_list_reason(struct sk_buff *list, enum skb_drop_reason reason);
/* Another header on the same data.  NULL: no memory. */
struct sk_buff *skb_clone(struct sk_buff *skb, gfp_t gfp);
/* Private header (linear part), shared fragments. */
struct sk_buff *pskb_copy(struct sk_buff *skb, gfp_t gfp);
/* Private linear part with at least @nhead more headroom and @ntail more tailroom.  0 / -ENOMEM. */
int pskb_expand_head(struct sk_buff *skb, int nhead, int ntail, gfp_t gfp);
int skb_cow_head(struct sk_buff *skb, unsigned int headroom);
/* Copies the description of a packet, not its data: protocol, marks, cb, a route reference. */
void skb_copy_header(struct sk_buff *to, const struct sk_buff *from);

#define NET_SKB_PAD       64 /* headroom of received packets; a multiple of a cache line */
#define NET_IP_ALIGN      2
#define MAX_TCP_HEADER    192 /* headroom of sent segments: Ethernet, IP and TCP with options */
#define SKB_DATA_ALIGN(x) ALIGN_UP(x, 64)
#define SKB_OVERHEAD      (SKB_DATA_ALIGN(sizeof(struct skb_shared_info)))
#define SKB_SMALL_ROOM    192 /* a frame with 100 bytes of data, all headers and options */
#define SKB_TRUESIZE(x)   ((x) + SKB_DATA_ALIGN(sizeof(struct sk_buff)) + SKB_OVERHEAD)

static inline struct skb_shared_info *skb_shinfo(const struct sk_buff *skb)
{
	return (struct skb_shared_info *)(skb->head + skb->end);
}
static inline u8 *skb_tail_pointer(const struct sk_buff *skb)
{
	return skb->head + skb->tail;
}
static inline unsigned int skb_headlen(const struct sk_buff *skb)
{
	return skb->len - skb->data_len;
}
static inline bool skb_is_nonlinear(const struct sk_buff *skb)
{
	return skb->data_len;
}
static inline unsigned int skb_headroom(const struct sk_buff *skb)
{
	return skb->data - skb->head;
}
static inline unsigned int skb_tailroom(const struct sk_buff *skb)
{
	return skb_is_nonlinear(skb) ? 0 : skb->end - skb->tail;
}
static inline void skb_reserve(struct sk_buff *skb, unsigned int len)
{
	skb->data += len;
	skb->tail += len;
}
static inline void *__skb_push(struct sk_buff *skb, unsigned int len)
{
	skb->data -= len;
	skb->len += len;
	return skb->data;
}
/* Both assert that the room is there: our bug if it is not. */
void *skb_put(struct sk_buff *skb, unsigned int len);
static inline void *skb_push(struct sk_buff *skb, unsigned int len)
{
	BUG_ON(len > skb_headroom(skb));
	return __skb_push(skb, len);
}
static inline void *__skb_put(struct sk_buff *skb, unsigned int len)
{
	void *tail = skb_tail_pointer(skb);

	skb->tail += len;
	skb->len += len;
	return tail;
}
static inline void *__skb_pull(struct sk_buff *skb, unsigned int len)
{
	skb->len -= len;
	return skb->data += len;
}
/*
 * Moves bytes from the fragments until @len are in the linear part.  False: packet shorter, or no
 * memory.
 */
bool __pskb_pull_tail(struct sk_buff *skb, unsigned int delta);
static inline bool pskb_may_pull(struct sk_buff *skb, unsigned int len)
{
	if (likely(len <= skb_headlen(skb)))
		return true;
	if (unlikely(len > skb->len))
		return false;
	return __pskb_pull_tail(skb, len - skb_headlen(skb));
}
/* Cuts the packet to @len bytes.  0 or -ENOMEM (shared data had to be copied). */
int pskb_trim(struct sk_buff *skb, unsigned int len);
static inline int skb_linearize(struct sk_buff *skb)
{
	return !skb_is_nonlinear(skb) || __pskb_pull_tail(skb, skb->data_len) ? 0
									      : -12; /* ENOMEM */
}
/*
 * dataref: the low half counts all users, the high half those that promised to access only the
 * payload (skb_header_release: TCP's originals).  If there is only one other user, it may write the
 * headers.
 */
#define SKB_DATAREF_SHIFT 16
#define SKB_DATAREF_MASK  ((1 << SKB_DATAREF_SHIFT) - 1)

/* Is the linear part shared with a clone? */
static inline bool skb_cloned(const struct sk_buff *skb)
{
	return skb->cloned && (atomic_read(&skb_shinfo(skb)->dataref) & SKB_DATAREF_MASK) != 1;
}
/* Does another packet use the headers? */
static inline bool skb_header_cloned(const struct sk_buff *skb)
{
	int ref = atomic_read(&skb_shinfo(skb)->dataref);

	return skb->cloned && (ref & SKB_DATAREF_MASK) - (ref >> SKB_DATAREF_SHIFT) != 1;
}
/*
 * The owner promises not to touch the headers in front of data: its clones may write them in place.
 */
static inline void skb_header_release(struct sk_buff *skb)
{
	BUG_ON(skb->nohdr);
	skb->nohdr = 1;
	atomic_add(1 << SKB_DATAREF_SHIFT, &skb_shinfo(skb)->dataref);
}
/* May a clone write its first @len bytes? */
static inline bool skb_clone_writable(const struct sk_buff *skb, unsigned int len)
{
	return !skb_header_cloned(skb) && skb_headroom(skb) + len <= skb->hdr_len;
}
static inline bool skb_shared(const struct sk_buff *skb)
{
	return refcount_read(&skb->users) != 1;
}
/* Private linear part, where a clone shares it.  0 / -ENOMEM. */
static inline int skb_unclone(struct sk_buff *skb, gfp_t gfp)
{
	return skb_cloned(skb) ? pskb_expand_head(skb, 0, 0, gfp) : 0;
}
static inline bool skb_is_gso(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_size;
}

/* ---- headers ---------------------------------------------------------------------------------- */
static inline void skb_reset_mac_header(struct sk_buff *skb)
{
	skb->mac_header = skb->data - skb->head;
}
static inline void skb_reset_network_header(struct sk_buff *skb)
{
	skb->network_header = skb->data - skb->head;
}
static inline void skb_reset_transport_header(struct sk_buff *skb)
{
	skb->transport_header = skb->data - skb->head;
}
static inline u8 *skb_network_header(const struct sk_buff *skb)
{
	return skb->head + skb->network_header;
}
static inline u8 *skb_transport_header(const struct sk_buff *skb)
{
	return skb->head + skb->transport_header;
}
static inline int skb_network_offset(const struct sk_buff *skb)
{
	return skb_network_header(skb) - skb->data;
}
static inline int skb_transport_offset(const struct sk_buff *skb)
{
	return skb_transport_header(skb) - skb->data;
}

/* ---- bytes ------------------------------------------------------------------------------------ */
struct iov_iter;
/* Copies @len bytes from @offset; 0 or -EFAULT when the packet is shorter. */
int skb_copy_bits(const struct sk_buff *skb, unsigned int offset, void *to, unsigned int len);
/* Copies to an application: 0, or -EFAULT (the iterator then stands at the bad byte). */
int skb_copy_datagram_iter(const struct sk_buff *skb, unsigned int offset, struct iov_iter *to,
			   unsigned int len);
/* Sum over @len bytes from @offset, added to @csum. */
__wsum __skb_checksum(const struct sk_buff *skb, unsigned int offset, unsigned int len,
		      __wsum csum);
static inline __wsum skb_checksum(const struct sk_buff *skb, unsigned int offset, unsigned int len,
				  __wsum csum)
{
	unsigned int linear = skb_headlen(skb);

	if (likely(offset <= linear && len <= linear - offset))
		return csum_partial(skb->data + offset, len, csum);
	return __skb_checksum(skb, offset, len, csum);
}
/* Finishes a CHECKSUM_PARTIAL packet in software.  0 / -errno. */
int skb_checksum_help(struct sk_buff *skb);
/* Moves everything from byte @len on into @skb1 (empty, with linear room); fragments are shared. */
void skb_split(struct sk_buff *skb, struct sk_buff *skb1, u32 len);
/* Appends @from's data to @to when it fits (fragments move, small data is copied).  True: the caller
 * frees @from with kfree_skb_partial(); *@delta_truesize is what @to grew by. */
bool skb_try_coalesce(struct sk_buff *to, struct sk_buff *from, bool *fragstolen,
		      int *delta_truesize);
/* Frees the rest of a packet after skb_try_coalesce(). */
void kfree_skb_partial(struct sk_buff *skb, bool head_stolen);
/* Adds page bytes as fragment @i (takes over the caller's reference). */
void skb_fill_page_desc(struct sk_buff *skb, int i, struct page *page, u32 off, u32 size);
static inline void *skb_frag_address(const skb_frag_t *f)
{
	return (u8 *)page_address(f->page) + f->page_offset;
}
/* Splits a GSO packet into segments of gso_size; a list by ->next, or ERR_PTR.  @skb is kept. */
struct sk_buff *skb_segment(struct sk_buff *skb);

#define rb_to_skb(rb) rb_entry(rb, struct sk_buff, rbnode)

/* Ends the owner's charge: calls the destructor. */
static inline void skb_orphan(struct sk_buff *skb)
{
	if (skb->destructor) {
		skb->destructor(skb);
		skb->destructor = NULL;
	}
	skb->sk = NULL;
}
/* Takes over the caller's reference; @skb has no route yet. */
static inline void skb_dst_set(struct sk_buff *skb, struct dst_entry *dst)
{
	WARN_ON(skb->dst);
	skb->dst = dst;
}
static inline void skb_dst_drop(struct sk_buff *skb)
{
	dst_release(skb->dst);
	skb->dst = NULL;
}

#endif
