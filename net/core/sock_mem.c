/* SPDX-License-Identifier: MIT */
/*
 * The memory that all socks of a protocol may hold together: each sock may be within its own
 * buffers while the sum is too much for the machine.
 *
 * sk_mem_charge() <- skb_set_owner_r(), sock_rfree(), sk_wmem_queued_add(): with each packet that
 * joins or leaves a queue; sk_mem_schedule() <- tcp_try_rmem_schedule(), tcp_rcv_established(),
 * tcp_copy_to_skb(), sk_add_backlog(), before it joins.  sk_mem_has_room() <-
 * tcp_stream_memory_free(): the same answer in advance.  Any context but hard interrupt; no lock: a
 * sum and a flag.
 *
 * Three marks (net.ipv4.tcp_mem).  Above the second, memory is short: windows do not grow, and
 * out-of-order data is freed.  The shortage ends below the first.  Above the third mark, only a
 * socket below its queue's least size or its fair share may allocate.
 *
 * Memory that the sums do not count (stacks, socks, the rest of blocks) may also run out.  When the
 * machine's pages are short, only a queue below its least size may grow; when they are scarce, no
 * received data is queued; when they are gone, nothing (kernel/mm/page.h): the rest is for packets
 * that end connections.
 *
 * Linux counts whole pages, of which a sock keeps some in reserve (sk_forward_alloc), since the sum is
 * shared by many CPUs; here each byte is counted at once.  Answers to Linux's net/core/sock.c.
 */
#include "kernel/mm/page.h"
#include "net/core/sock.h"

enum { MEM_LOW, MEM_PRESSURE, MEM_MOST };

static s64 mark(const struct proto *prot, unsigned int which)
{
	return (s64)READ_ONCE(prot->sysctl_mem[which]) * PAGE_SIZE;
}

void proto_enter_memory_pressure(struct proto *prot)
{
	if (__atomic_exchange_n(&prot->memory_pressure, true, __ATOMIC_RELAXED))
		return;
	if (prot->enter_memory_pressure)
		prot->enter_memory_pressure();
}

void sk_mem_charge(struct sock *sk, int bytes)
{
	struct proto *prot = sk->sk_prot;
	s64 now = __atomic_add_fetch(&prot->memory_allocated, bytes, __ATOMIC_RELAXED);

	if (!prot->sysctl_mem)
		return;
	if (now > mark(prot, MEM_PRESSURE))
		sk_enter_memory_pressure(sk);
	else if (unlikely(prot->memory_pressure) && now <= mark(prot, MEM_LOW) &&
		 !mm_pages_are_short())
		WRITE_ONCE(prot->memory_pressure, false);
}

bool sk_memory_is_spent(const struct sock *sk)
{
	return sk->sk_prot->sysctl_mem &&
	       (sk_memory_allocated(sk) > mark(sk->sk_prot, MEM_MOST) || mm_pages_are_short());
}

/* Room for all: neither the sums nor the pages are at their end. */
static bool plenty(const struct sock *sk, unsigned int bytes)
{
	return sk_memory_allocated(sk) + bytes <= mark(sk->sk_prot, MEM_MOST) &&
	       !mm_pages_are_short();
}

/* Not plenty(): for this socket all the same? */
static noinline bool within_share(const struct sock *sk, unsigned int bytes, enum sk_mem_kind kind,
				  int held, int least)
{
	const struct proto *prot = sk->sk_prot;
	s64 own;

	if (kind == SK_MEM_SEND ? mm_pages_are_gone() : mm_pages_are_scarce())
		return false;
	if (held < least)
		return true;
	/* Without free pages there is no fair share to give. */
	if (mm_pages_are_short())
		return false;
	own = (s64)atomic_read(&sk->sk_rmem_alloc) + sk->sk_wmem_queued + bytes;
	return own * READ_ONCE(prot->sockets_allocated) < mark(prot, MEM_MOST);
}

bool sk_mem_has_room(const struct sock *sk, unsigned int bytes, enum sk_mem_kind kind, int held,
		     int least)
{
	return !sk->sk_prot->sysctl_mem || likely(plenty(sk, bytes)) ||
	       within_share(sk, bytes, kind, held, least);
}

bool sk_mem_schedule(struct sock *sk, unsigned int bytes, enum sk_mem_kind kind, int held,
		     int least)
{
	if (!sk->sk_prot->sysctl_mem || likely(plenty(sk, bytes)))
		return true;
	sk_enter_memory_pressure(sk);
	return within_share(sk, bytes, kind, held, least);
}
