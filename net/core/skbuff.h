/* SPDX-License-Identifier: MIT */
/*
 * sk_buff: one packet, from the driver to the socket and back.
 *
 *   head          data            tail             end
 *    |  headroom   |  linear bytes  |   tailroom    | skb_shared_info (fragments, GSO)
 *
 * len counts all bytes, data_len only those in page fragments.
 *
 * Freeing: each holder of a reference (users) drops it once, with consume_skb() if the packet did
 * its work, or with kfree_skb_reason() if it is dropped, which counts the reason. dropreason.h says
 * which functions take over the packet that they are called with. After giving a packet away, do
 * not access it, not even its length. The last reference calls destructor(), which returns the
 * charged memory to skb->sk, and releases the route and the data.
 *
 * Sharing: a clone has its own struct sk_buff and shares head and fragments (dataref). Before
 * writing to headers, call skb_cow_head() or skb_unclone(), which may move head. Bytes in fragments
 * are never written.
 *
 * Pointers: functions that may move head (pskb_may_pull, pskb_expand_head, pskb_trim,
 * skb_linearize, skb_cow_head, skb_unclone) invalidate every pointer into the packet; call
 * tcp_hdr(), ip_hdr() and the like again afterwards. Read a header only after pskb_may_pull() has
 * moved it into the linear part.
 *
 * cb belongs to the layer that holds the packet now; the next layer overwrites it.
 *
 * Context: no lock, because only one context at a time holds a packet; for lists of packets see
 * skb_queue.h. All functions may be called in any context but hard interrupt, unless a comment says
 * otherwise; use GFP_ATOMIC where sleeping is not allowed.
 *
 * Names and roles are those of Linux's include/linux/skbuff.h.
 */
#ifndef NET_CORE_SKBUFF_H
#define NET_CORE_SKBUFF_H

#include "kernel/lib/atomic.h"
#include "kernel/lib/list.h"
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
struct ubuf_info;

/*
 * The log source for devices and packets, defined in dev.c. TCP, IP, ICMP and ARP have log sources of
 * their own.
 */
extern struct log_source net_log;

/* skb->pkt_type: the kind of the frame's destination address, set by eth_type_trans(). */
#define PACKET_HOST      0
#define PACKET_BROADCAST 1
#define PACKET_MULTICAST 2
#define PACKET_OTHERHOST 3
#define PACKET_LOOPBACK  5

#define SKB_GSO_TCPV4   0x01
#define SKB_GSO_DODGY   0x02 /* came from another host or a guest: headers are not checked yet */
#define SKB_GSO_TCP_ECN 0x04
#define SKB_GSO_UDP_L4  0x08 /* UDP datagrams of gso_size bytes (UDP_SEGMENT) */

typedef struct skb_frag {
	struct page *page; /* the fragment holds a reference to it */
	/* bytes from the start of the compound block that begins at @page */
	u32 page_offset;
	u32 size;
} skb_frag_t;

/* tx_flags of a sent packet: the events whose time is reported (SO_TIMESTAMPING). */
#define SKBTX_SW_TSTAMP    0x01 /* the driver gets the packet */
#define SKBTX_SCHED_TSTAMP 0x02 /* the device's queue gets the packet */

struct skb_shared_info {
	u8 nr_frags;
	u8 tx_flags;  /* SKBTX_* */
	u16 gso_size; /* bytes of payload in each segment; 0: the packet is one segment */
	u16 gso_segs;
	u16 gso_type; /* SKB_GSO_* */
	/* further buffers of this packet (GRO, reassembly), linked by ->next */
	struct sk_buff *frag_list;
	/* sk_buffs that share head and these fragments; see SKB_DATAREF_SHIFT */
	atomic_t dataref;
	u32 tskey; /* sequence number of the last byte of the write that tx_flags belongs to */
	/* TCP: reports the end of a MSG_ZEROCOPY write; used only by the segment in TCP's queue */
	struct ubuf_info *destructor_arg;
	skb_frag_t frags[MAX_SKB_FRAGS];
};

struct sk_buff {
	union {
		struct {
			/* must be first, as in sk_buff_head (skb_queue.h) */
			struct sk_buff *next, *prev;
			u64 tstamp; /* ns: when it was received; no driver sets it yet */
		};
		struct rb_node rbnode; /* node in tcp_rtx_queue or out_of_order_queue */
	};
	struct sock *sk;          /* the socket that is charged for the packet */
	struct net_device *dev;   /* the device that received it or will send it */
	char cb[48] __aligned(8); /* private data of the current layer: TCP_SKB_CB, IPCB, GRO */
	union {
		struct {
			struct dst_entry *dst; /* route; holds a reference (skb_dst_drop) */
			/* returns the charge to sk: sock_wfree, sock_rfree */
			void (*destructor)(struct sk_buff *skb);
		};
		/* while in tcp_rtx_queue: node of TCP's list of packets sorted by the time of sending */
		struct list_head tcp_tsorted_anchor;
	};
	/*
	 * ns: when TCP sent it last. Of a received packet: the time of day when it was received, if a
	 * socket asked for that (net_enable_timestamp), else 0.
	 */
	u64 skb_mstamp;

	u32 len, data_len;
	u16 hdr_len;
	u8 cloned : 1; /* head may be shared with a clone */
	u8 nohdr : 1;
	u8 fclone : 2; /* SKB_FCLONE_* */
	u8 ip_summed : 2;
	u8 csum_valid : 1;
	u8 head_frag : 1; /* head was allocated by page_frag_alloc() */
	u8 pkt_type : 3;
	u8 peeked : 1;    /* a MSG_PEEK with SO_PEEK_OFF has returned this datagram */
	u8 xmit_more : 1; /* another packet follows at once, so the doorbell may be postponed */
	__be16 protocol;  /* EtherType, network byte order */
	union {
		__wsum csum;
		struct {
			u16 csum_start;  /* offset from head of the first byte to sum */
			u16 csum_offset; /* offset from csum_start of the checksum field */
		};
	};
	u32 hash;                                         /* hash of the flow, 0: not computed */
	u16 transport_header, network_header, mac_header; /* offsets from head */
	u32 tail, end;                                    /* offsets from head */
	u8 *head, *data;
	u32 truesize; /* bytes of all memory that the packet occupies; charged to sk */
	refcount_t users;
};

#define SKB_FCLONE_UNAVAILABLE 0 /* allocated alone */
#define SKB_FCLONE_ORIG        1 /* first of a pair of alloc_skb_fclone() */
#define SKB_FCLONE_CLONE       2 /* second of a pair */
#define SKB_FCLONE_SMALL       3 /* alloc_skb_small(): head is in the same object */

/* ---- allocating and freeing (net/core/skbuff.c) ----------------------------------------------- */
void skb_init(void);
/*
 * Allocates an sk_buff with a linear part of @size bytes, all of it tailroom. Any context. Returns
 * NULL if there is no memory.
 */
struct sk_buff *alloc_skb(unsigned int size, gfp_t gfp);
/*
 * As alloc_skb(), but also allocates the sk_buff of a first clone, so that the first skb_clone()
 * needs no allocation (TCP).
 */
struct sk_buff *alloc_skb_fclone(unsigned int size, gfp_t gfp);
/*
 * Allocates an sk_buff with SKB_SMALL_ROOM bytes in a single object. Its linear part cannot be
 * shared, so skb_clone() copies it.
 */
struct sk_buff *alloc_skb_small(gfp_t gfp);
/*
 * Makes an sk_buff whose linear part is @data, a buffer of @frag_size bytes from page_frag_alloc().
 * The last SKB_OVERHEAD bytes of the buffer become the skb_shared_info. Returns NULL if there is no
 * memory; @data stays the caller's.
 */
struct sk_buff *build_skb(void *data, unsigned int frag_size);
static inline struct sk_buff *skb_get(struct sk_buff *skb)
{
	refcount_inc(&skb->users);
	return skb;
}
/*
 * kfree_skb_reason() and consume_skb() drop a reference; the packet is freed with the last one.
 * kfree_skb_reason() then also counts @reason.
 */
void kfree_skb_reason(struct sk_buff *skb, enum skb_drop_reason reason);
void consume_skb(struct sk_buff *skb);
/* Calls kfree_skb_reason() for each packet of a list linked by ->next. */
void kfree_skb_list_reason(struct sk_buff *list, enum skb_drop_reason reason);
/*
 * Makes a second struct sk_buff that shares the linear part and the fragments of @skb. Returns NULL
 * if there is no memory.
 */
struct sk_buff *skb_clone(struct sk_buff *skb, gfp_t gfp);
/*
 * Makes a copy with a linear part of its own that shares the fragments of @skb. Returns NULL if
 * there is no memory.
 */
struct sk_buff *pskb_copy(struct sk_buff *skb, gfp_t gfp);
/*
 * Moves @skb to a new, unshared linear part with at least @nhead bytes more headroom and @ntail
 * bytes more tailroom. Returns 0 or -ENOMEM.
 */
int pskb_expand_head(struct sk_buff *skb, int nhead, int ntail, gfp_t gfp);
int skb_cow_head(struct sk_buff *skb, unsigned int headroom);
/*
 * Copies the fields that describe a packet (times, device, protocol, checksum state, header
 * offsets, cb), not its data; takes a reference to the route.
 */
void skb_copy_header(struct sk_buff *to, const struct sk_buff *from);

#define NET_SKB_PAD  64 /* bytes of headroom in received packets; a multiple of a cache line */
#define NET_IP_ALIGN 2
/* bytes of headroom in sent segments: Ethernet, IP and TCP with all options */
#define MAX_TCP_HEADER    192
#define SKB_DATA_ALIGN(x) ALIGN_UP(x, 64)
#define SKB_OVERHEAD      (SKB_DATA_ALIGN(sizeof(struct skb_shared_info)))
/* bytes: a frame with all headers and options and 100 bytes of data */
#define SKB_SMALL_ROOM  192
#define SKB_TRUESIZE(x) ((x) + SKB_DATA_ALIGN(sizeof(struct sk_buff)) + SKB_OVERHEAD)

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
/*
 * skb_put() appends @len bytes to the linear part, skb_push() prepends them. The caller must know
 * that there is room: otherwise both BUG().
 */
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
 * __pskb_pull_tail() moves the first @delta bytes of the fragments to the end of the linear part.
 * pskb_may_pull() makes sure that the first @len bytes are linear. Both return false if the packet
 * is too short or there is no memory.
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
/*
 * Shortens the packet to @len bytes. Returns 0, or -ENOMEM if data shared with a clone had to be
 * copied.
 */
int pskb_trim(struct sk_buff *skb, unsigned int len);
static inline int skb_linearize(struct sk_buff *skb)
{
	return !skb_is_nonlinear(skb) || __pskb_pull_tail(skb, skb->data_len) ? 0
									      : -12; /* ENOMEM */
}
/*
 * dataref has two counts. The low half counts all sk_buffs that share the linear part. The high
 * half counts those of them that called skb_header_release() and so promised not to access the
 * headers (as TCP does for the packets that it keeps). If exactly one sk_buff has not made this
 * promise, that sk_buff may write to the headers.
 */
#define SKB_DATAREF_SHIFT 16
#define SKB_DATAREF_MASK  ((1 << SKB_DATAREF_SHIFT) - 1)

/*
 * @skb was allocated with the memory for one clone (alloc_skb_fclone). Returns true if that clone
 * is still being sent for @sk, for example if it waits in our own device's queue.
 */
bool skb_fclone_busy(const struct sock *sk, const struct sk_buff *skb);
/* Returns true if a clone shares the linear part. */
static inline bool skb_cloned(const struct sk_buff *skb)
{
	return skb->cloned && (atomic_read(&skb_shinfo(skb)->dataref) & SKB_DATAREF_MASK) != 1;
}
/* Returns true if another sk_buff that shares the linear part may access the headers. */
static inline bool skb_header_cloned(const struct sk_buff *skb)
{
	int ref = atomic_read(&skb_shinfo(skb)->dataref);

	return skb->cloned && (ref & SKB_DATAREF_MASK) - (ref >> SKB_DATAREF_SHIFT) != 1;
}
/*
 * The owner of @skb promises not to access the headers in front of skb->data any more, so that a
 * clone may write to them without a copy.
 */
static inline void skb_header_release(struct sk_buff *skb)
{
	BUG_ON(skb->nohdr);
	skb->nohdr = 1;
	atomic_add(1 << SKB_DATAREF_SHIFT, &skb_shinfo(skb)->dataref);
}
/* Returns true if @skb, a clone, may write to its first @len bytes. */
static inline bool skb_clone_writable(const struct sk_buff *skb, unsigned int len)
{
	return !skb_header_cloned(skb) && skb_headroom(skb) + len <= skb->hdr_len;
}
static inline bool skb_shared(const struct sk_buff *skb)
{
	return refcount_read(&skb->users) != 1;
}
/* Gives @skb an unshared linear part, by a copy if a clone shares it. Returns 0 or -ENOMEM. */
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
/* Copies @len bytes from @offset to @to. Returns 0, or -EFAULT if the packet is shorter. */
int skb_copy_bits(const struct sk_buff *skb, unsigned int offset, void *to, unsigned int len);
/*
 * Copies @len bytes from @offset to an application. Returns 0, or -EFAULT; the iterator has then
 * advanced to the first byte that could not be written.
 */
int skb_copy_datagram_iter(const struct sk_buff *skb, unsigned int offset, struct iov_iter *to,
			   unsigned int len);
/* Returns @csum plus the checksum of @len bytes from @offset. */
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
/*
 * Computes the checksum of a CHECKSUM_PARTIAL packet in software and stores it. Returns 0 or
 * -errno.
 */
int skb_checksum_help(struct sk_buff *skb);
/*
 * Splits @skb at byte @len: all bytes after it move to @skb1, which must be empty and have enough
 * tailroom for those of the bytes that are linear. If a fragment is cut, both packets share its
 * page.
 */
void skb_split(struct sk_buff *skb, struct sk_buff *skb1, u32 len);
/*
 * Appends @from's data to @to if possible: data that fits into @to's tailroom is copied, otherwise
 * fragments move. Returns true on success; the caller then frees @from with
 * kfree_skb_partial(@from, *@fragstolen). *@delta_truesize is the growth of @to's truesize.
 */
bool skb_try_coalesce(struct sk_buff *to, struct sk_buff *from, bool *fragstolen,
		      int *delta_truesize);
/*
 * Frees a packet after skb_try_coalesce(). @head_stolen: the linear part belongs to another packet
 * now.
 */
void kfree_skb_partial(struct sk_buff *skb, bool head_stolen);
/*
 * Adds @size bytes at offset @off of @page as fragment @i. Takes over the caller's reference to the
 * page.
 */
void skb_fill_page_desc(struct sk_buff *skb, int i, struct page *page, u32 off, u32 size);
static inline void *skb_frag_address(const skb_frag_t *f)
{
	return (u8 *)page_address(f->page) + f->page_offset;
}
/*
 * Cuts a GSO packet into segments with gso_size bytes of payload. Returns them as a list linked by
 * ->next, or an ERR_PTR. @skb still belongs to the caller.
 */
struct sk_buff *skb_segment(struct sk_buff *skb);

#define rb_to_skb(rb) rb_entry(rb, struct sk_buff, rbnode)

/*
 * Returns the packet's charge to its socket by calling the destructor, and detaches it from the
 * socket.
 */
static inline void skb_orphan(struct sk_buff *skb)
{
	if (skb->destructor) {
		skb->destructor(skb);
		skb->destructor = NULL;
	}
	skb->sk = NULL;
}
/* Sets @skb's route and takes over the caller's reference to @dst. @skb must have no route yet. */
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
