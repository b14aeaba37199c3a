/* SPDX-License-Identifier: MIT */
/*
 * The SACK blocks that we send: they tell the peer which data beyond rcv_nxt we hold (RFC 2018), and
 * which data it sent twice (DSACK, RFC 2883).
 *
 * tcp_sack_new_ofo_skb() <- tcp_data_queue_ofo: a segment is in the out-of-order queue
 * tcp_sack_remove() <- tcp_data_queue: rcv_nxt has moved
 * tcp_sack_prune() <- tcp_prune_ofo_queue, tcp_data_queue_ofo: the end of that queue was dropped
 * tcp_dsack_set(), tcp_dsack_extend() <- tcp_send_dupack, tcp_data_queue, tcp_data_queue_ofo, tcp_ofo_queue
 * tcp_sack_option_size() <- tcp_established_options, tcp_current_mss
 * tcp_sack_write() <- tcp_options_write
 *
 * selective_acks[] holds at most TCP_NUM_SACKS blocks, in the order in which they are sent.  RFC 2018 4:
 * "The first SACK block [...] MUST specify the contiguous block of data containing the segment which
 * triggered this ACK"; after it come "the most recently reported SACK blocks".  When the array is full, a new
 * block replaces the one that was reported longest ago.  If later data touches data whose block was replaced,
 * only the later data is reported, as in Linux: to find the rest, the queue would have to be walked.
 *
 * A block lies above rcv_nxt, all of its data is in the out-of-order queue, and no two blocks touch.
 * RFC 2018 8 permits the receiver to drop data that it reported; then the block is cut at once.
 *
 * duplicate_sack[] is sent once, with the next segment of any kind: RFC 2883 4 (1), "A D-SACK block
 * is only used to report a duplicate contiguous sequence of data received by the receiver in the most
 * recent packet."
 *
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.  Each function
 * takes constant time.  Compare Linux's tcp_input.c and tcp_output.c.
 */
#include "net/tcp/limits.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- blocks ------------------------------------------------------------------------------------- */

/* Extends @block by [seq, end_seq) and returns true if the two overlap or touch; else returns false. */
static bool tcp_sack_extend(struct tcp_sack_block *block, u32 seq, u32 end_seq)
{
	if (after(seq, block->end_seq) || after(block->start_seq, end_seq))
		return false;
	if (before(seq, block->start_seq))
		block->start_seq = seq;
	if (after(end_seq, block->end_seq))
		block->end_seq = end_seq;
	return true;
}

void tcp_sack_new_ofo_skb(struct tcp_sock *tp, u32 seq, u32 end_seq)
{
	struct tcp_sack_block *blocks = tp->selective_acks, moved = {seq, end_seq};
	unsigned int known = tp->rx_opt.num_sacks, kept = 0;

	if (!tp->rx_opt.sack_ok)
		return;
	/*
	 * No two of the old blocks touch, so a block that does not touch the new data is not merged
	 * with any other.
	 */
	for (unsigned int i = 0; i < known; i++) {
		if (tcp_sack_extend(&moved, blocks[i].start_seq, blocks[i].end_seq))
			continue;
		blocks[kept++] = blocks[i];
	}
	kept = min_t(unsigned int, kept, TCP_NUM_SACKS - 1);
	for (unsigned int i = kept; i > 0; i--)
		blocks[i] = blocks[i - 1];
	blocks[0] = moved;
	tp->rx_opt.num_sacks = kept + 1;
}

void tcp_sack_remove(struct tcp_sock *tp)
{
	struct tcp_sack_block *blocks = tp->selective_acks;
	unsigned int kept = 0;

	for (unsigned int i = 0; i < tp->rx_opt.num_sacks; i++) {
		if (before(tp->rcv_nxt, blocks[i].start_seq))
			blocks[kept++] = blocks[i];
		else
			WARN_ON(before(tp->rcv_nxt, blocks[i].end_seq));
	}
	tp->rx_opt.num_sacks = kept;
}

/*
 * The segments with the highest numbers were dropped from the out-of-order queue: cuts their data off the blocks.
 * (Linux then removes all blocks, although it drops only some segments.)
 */
void tcp_sack_prune(struct tcp_sock *tp)
{
	struct tcp_sack_block *blocks = tp->selective_acks;
	unsigned int kept = 0;
	u32 end = tp->ooo_last_skb ? TCP_SKB_CB(tp->ooo_last_skb)->end_seq : tp->rcv_nxt;

	for (unsigned int i = 0; i < tp->rx_opt.num_sacks; i++) {
		if (!before(blocks[i].start_seq, end))
			continue;
		blocks[kept] = blocks[i];
		if (after(blocks[kept].end_seq, end))
			blocks[kept].end_seq = end;
		kept++;
	}
	tp->rx_opt.num_sacks = kept;
}

/* ---- duplicates --------------------------------------------------------------------------------------- */

void tcp_dsack_set(struct tcp_sock *tp, u32 seq, u32 end_seq)
{
	if (!tp->rx_opt.sack_ok || !sysctl_tcp_dsack)
		return;
	snmp_inc(before(seq, tp->rcv_nxt) ? SNMP_TcpExtTCPDSACKOldSent
					  : SNMP_TcpExtTCPDSACKOfoSent);
	tp->rx_opt.dsack = 1;
	tp->duplicate_sack[0] = (struct tcp_sack_block){seq, end_seq};
}

void tcp_dsack_extend(struct tcp_sock *tp, u32 seq, u32 end_seq)
{
	/* RFC 2883 4.2.3: of several separate duplicates in one segment, only the first is reported. */
	if (tp->rx_opt.dsack)
		tcp_sack_extend(tp->duplicate_sack, seq, end_seq);
	else
		tcp_dsack_set(tp, seq, end_seq);
}

/* ---- the option ------------------------------------------------------------------------------------------- */

#define DATA_BESIDE_SACK                                                                           \
	(TCP_MIN_SND_MSS - MAX_TCP_OPTION_SPACE) /* bytes of data, at least, beside SACK blocks */

/*
 * Returns how many blocks the next segment carries: those that fit beside a timestamp and, on a link whose
 * packets are tiny, beside a little data.
 */
static unsigned int tcp_eff_sacks(const struct tcp_sock *tp)
{
	int space = MAX_TCP_OPTION_SPACE - (tp->rx_opt.tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0);
	int blocks;

	space = min_t(int, space, tp->mss_cache - DATA_BESIDE_SACK);
	blocks = (space - TCPOLEN_SACK_BASE_ALIGNED) / TCPOLEN_SACK_PERBLOCK;
	return clamp_t(int, tp->rx_opt.num_sacks + tp->rx_opt.dsack, 0, max(blocks, 0));
}

noinline unsigned int __tcp_sack_option_size(const struct tcp_sock *tp)
{
	unsigned int blocks = tcp_eff_sacks(tp);

	return blocks ? TCPOLEN_SACK_BASE_ALIGNED + blocks * TCPOLEN_SACK_PERBLOCK : 0;
}

static u32 *tcp_write_block(u32 *ptr, const struct tcp_sack_block *block)
{
	*ptr++ = htonl(block->start_seq);
	*ptr++ = htonl(block->end_seq);
	return ptr;
}

noinline void tcp_sack_write(u32 *ptr, struct tcp_sock *tp)
{
	unsigned int blocks = tcp_eff_sacks(tp), others = blocks - tp->rx_opt.dsack;

	*ptr++ = htonl(TCPOPT_NOP << 24 | TCPOPT_NOP << 16 | TCPOPT_SACK << 8 |
		       (TCPOLEN_SACK_BASE + blocks * TCPOLEN_SACK_PERBLOCK));
	if (tp->rx_opt.dsack)
		ptr = tcp_write_block(ptr, tp->duplicate_sack);
	for (unsigned int i = 0; i < others; i++)
		ptr = tcp_write_block(ptr, &tp->selective_acks[i]);
	tp->rx_opt.dsack = 0;
}
