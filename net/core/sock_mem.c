/* SPDX-License-Identifier: MIT */
/*
 * What all socks of a protocol may hold together, so that each within its own buffers is not too much of
 * the machine's memory for all.
 *
 * sk_mem_charge() <- skb_set_owner_r(), sock_rfree(), sk_wmem_queued_add(): with each packet that comes
 * into a queue or leaves it; sk_mem_schedule() <- tcp_try_rmem_schedule(), tcp_rcv_established(),
 * tcp_copy_to_skb(), before it comes.  Any context but hard interrupt; no lock: a sum and a flag.
 *
 * Three marks (net.ipv4.tcp_mem).  Above the second, memory is short: windows do not grow, and what is out
 * of order goes.  That ends below the first.  Above the third nothing is taken but from who holds little:
 * less than the least of his queue, or than his share.
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

static void enter_pressure(struct sock *sk)
{
	struct proto *prot = sk->sk_prot;

	if (__atomic_exchange_n(&prot->memory_pressure, true, __ATOMIC_RELAXED))
		return;
	if (prot->enter_memory_pressure)
		prot->enter_memory_pressure(sk);
}

void sk_mem_charge(struct sock *sk, int bytes)
{
	struct proto *prot = sk->sk_prot;
	s64 now = __atomic_add_fetch(&prot->memory_allocated, bytes, __ATOMIC_RELAXED);

	if (!prot->sysctl_mem)
		return;
	if (now > mark(prot, MEM_PRESSURE))
		enter_pressure(sk);
	else if (unlikely(prot->memory_pressure) && now <= mark(prot, MEM_LOW))
		WRITE_ONCE(prot->memory_pressure, false);
}

bool sk_memory_is_spent(const struct sock *sk)
{
	return sk->sk_prot->sysctl_mem && sk_memory_allocated(sk) > mark(sk->sk_prot, MEM_MOST);
}

bool sk_mem_schedule(struct sock *sk, unsigned int bytes, int held, int least)
{
	struct proto *prot = sk->sk_prot;
	s64 most, own;

	if (!prot->sysctl_mem)
		return true;
	most = mark(prot, MEM_MOST);
	if (likely(sk_memory_allocated(sk) + bytes <= most))
		return true;
	enter_pressure(sk);
	if (held < least)
		return true;
	own = (s64)atomic_read(&sk->sk_rmem_alloc) + sk->sk_wmem_queued + bytes;
	return own * READ_ONCE(prot->sockets_allocated) < most;
}
