/* SPDX-License-Identifier: MIT */
/*
 * Accounting of the memory that all socks of a protocol hold together. The accounting is needed
 * because the sum may be too much for the machine although each sock is within its own buffer
 * limits.
 *
 * sk_mem_charge() runs for each packet that joins or leaves a queue or a backlog, or that grows in
 * its queue; its callers are skb_set_owner_r(), sock_rfree(), sk_wmem_queued_add(),
 * sk_add_backlog(), __release_sock() and tcp_try_coalesce(). sk_mem_schedule() runs before a packet
 * joins a queue; its callers are tcp_rmem_schedule(), tcp_copy_to_skb() and sk_add_backlog().
 * tcp_stream_memory_free() calls sk_mem_has_room() to get the same answer in advance. Any context
 * but hard interrupt; no lock, because the state is one sum and one flag.
 *
 * net.ipv4.tcp_mem has three limits of the sum. When the sum exceeds the second limit, or free
 * pages are short, memory pressure begins: windows do not grow, and out-of-order data is freed. The
 * pressure ends when the sum is not above the first limit and free pages are not short. Above the
 * third limit, a sock may allocate only for a queue below its guaranteed minimum (@least), or below
 * its fair share.
 *
 * Memory that the sum does not include (stacks, socks, the unused rest of blocks) may also run out.
 * When free pages are short, only a queue below its minimum may grow; when they are scarce, no
 * received data is queued; when they are gone, no data at all (kernel/mm/page.h). The pages that
 * remain are for packets that end connections and so free memory.
 *
 * Linux accounts whole pages, of which each sock keeps some in reserve (sk_forward_alloc), because
 * many CPUs share the sum; here each byte is accounted at once. Compare Linux's net/core/sock.c.
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

/*
 * Returns true if every sock of the protocol may allocate memory: with @bytes more, the sum of all
 * socks is not above its third limit, and free pages are not short.
 */
static bool plenty(const struct sock *sk, unsigned int bytes)
{
	return sk_memory_allocated(sk) + bytes <= mark(sk->sk_prot, MEM_MOST) &&
	       !mm_pages_are_short();
}

/* Called after plenty() returned false: returns true if this sock may allocate nevertheless. */
static noinline bool within_share(const struct sock *sk, unsigned int bytes, enum sk_mem_kind kind,
				  int held, int least)
{
	const struct proto *prot = sk->sk_prot;
	s64 own;

	if (kind == SK_MEM_SEND ? mm_pages_are_gone() : mm_pages_are_scarce())
		return false;
	if (held < least)
		return true;
	/* If free pages are short, only the minimum @least is guaranteed, not the fair share. */
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
