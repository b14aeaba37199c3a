/* SPDX-License-Identifier: MIT */
/*
 * Local ports: conflicts between sockets that use the same port, and the choice of a port when the
 * application names none.
 *
 * Callers: bind(), and later listen(), call inet_csk_get_port() (process, sock owned);
 * tcp_v4_connect() calls inet_hash_connect() (process, sock owned); tcp_v4_syn_recv_sock() calls
 * __inet_inherit_port() (softirq); tcp_v4_destroy_sock() and tcp_set_state() call inet_put_port()
 * (any context).
 *
 * A port in use has a bucket that lists all its owners, including TIME_WAIT objects. Fields of the
 * bucket summarise the owners (inet_hashtables.h). If connect() chose the port, other connections
 * may share the port as long as their four-tuples differ. Lock order: a bhash bucket's lock, with
 * BHs off, then an ehash bucket's. RFC 6056 3.3.4 (choice of the port). Compare Linux's
 * inet_hashtables.c, inet_connection_sock.c.
 */
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/mm/slab.h"
#include "net/core/snmp.h"
#include "net/inet/inet_hashtables.h"
#include "net/inet/inet_timewait_sock.h"
#include "net/inet/limits.h"

int sysctl_ip_local_port_range[2] = {LOCAL_PORT_MIN, LOCAL_PORT_MAX};

/* ---- ip_local_reserved_ports ----------------------------------------------------------------- */

#define NR_PORTS 65536

/* One bit for each port. bind() and connect() do not choose a reserved port by themselves. */
static unsigned long reserved_ports[NR_PORTS / (8 * sizeof(unsigned long))];

/* Reads a port at *@text into *@port and advances *@text. */
static bool parse_port(const char **text, u32 *port)
{
	const char *s = *text;

	for (*port = 0; *s >= '0' && *s <= '9' && *port < NR_PORTS; s++)
		*port = *port * 10 + *s - '0';
	if (s == *text || *port >= NR_PORTS)
		return false;
	*text = s;
	return true;
}

/* Parses ports and ranges of ports with blanks between them; sets their bits if @set. */
static int parse_reserved(const char *text, bool set)
{
	while (*text) {
		u32 first, last;

		if (!parse_port(&text, &first))
			return -EINVAL;
		last = first;
		if (*text == '-') {
			text++;
			if (!parse_port(&text, &last))
				return -EINVAL;
		}
		if (last < first || (*text && *text != ' '))
			return -EINVAL;
		text += *text == ' ';
		for (; set && first <= last; first++)
			set_bit(first, reserved_ports);
	}
	return 0;
}

int inet_set_reserved_ports(const char *text)
{
	int err = parse_reserved(text, false);

	if (err)
		return err;
	memset(reserved_ports, 0, sizeof(reserved_ports));
	return parse_reserved(text, true);
}

const char *inet_get_reserved_ports(void)
{
	static char text[SYSCTL_TEXT_MAX];
	size_t n = 0;

	text[0] = '\0';
	for (u32 port = 0; port < NR_PORTS; port++) {
		u32 first = port;

		if (!test_bit(port, reserved_ports))
			continue;
		while (port + 1 < NR_PORTS && test_bit(port + 1, reserved_ports))
			port++;
		n += scnprintf(text + n, sizeof(text) - n, "%s%u", n ? "," : "", first);
		if (port > first)
			n += scnprintf(text + n, sizeof(text) - n, "-%u", port);
	}
	return text;
}

/* ---- the range and the order of the search --------------------------------------------------- */

unsigned int inet_local_ports(u32 *n)
{
	int low = READ_ONCE(sysctl_ip_local_port_range[0]);
	int high = READ_ONCE(sysctl_ip_local_port_range[1]);

	/*
	 * The two values are not read atomically: during a change of the sysctl, high may be below
	 * low.
	 */
	*n = high < low ? 1 : high - low + 1;
	return low;
}

bool inet_port_is_reserved(u16 port)
{
	return test_bit(port, reserved_ports);
}

/*
 * Returns the offset of the @i-th of @n ports to try: first the even offsets, then the odd ones.
 * bind() adds the offset to an odd start. connect() adds it to an even start, as long as the
 * destination has an even port left. So bind() and connect() do not use up each other's ports.
 */
static u32 port_step(u32 i, u32 n)
{
	u32 first = (n + 1) / 2;

	return i < first ? 2 * i : 2 * (i - first) + 1;
}

static struct inet_bind_hashbucket *bind_head(struct inet_hashinfo *h, unsigned short port)
{
	return &h->bhash[port & (BHASH_BUCKETS - 1)];
}

/* ---- buckets: all with the bhash lock held --------------------------------------------------- */

struct inet_bind_bucket *inet_bind_bucket_create(struct inet_hashinfo *h,
						 struct inet_bind_hashbucket *head,
						 unsigned short port)
{
	struct inet_bind_bucket *tb = kmem_cache_zalloc(h->bind_bucket_cachep, GFP_ATOMIC);

	if (tb) {
		tb->port = port;
		hlist_add_head(&tb->node, &head->chain);
	}
	return tb;
}

void inet_bind_add(struct inet_bind_bucket *tb, struct sock_common *owner)
{
	hlist_add_head(&owner->skc_bind_node, &tb->owners);
	tb->bound += !owner->skc_connect_bind;
}

/*
 * Frees the bucket if it has no owners left. If connect() chose the port for all remaining owners,
 * other connections may share the port again, as in Linux since 6.18.
 */
void inet_bind_del(struct inet_hashinfo *h, struct inet_bind_bucket *tb, struct sock_common *owner)
{
	hlist_del_init(&owner->skc_bind_node);
	tb->bound -= !owner->skc_connect_bind;
	if (!tb->bound)
		tb->fastreuse = tb->fastreuseport = -1;
	if (hlist_empty(&tb->owners)) {
		hlist_del_init(&tb->node);
		kmem_cache_free(h->bind_bucket_cachep, tb);
	}
}

void inet_bind_hash(struct sock *sk, struct inet_bind_bucket *tb, unsigned short snum)
{
	sk->sk_num = snum;
	inet_bind_add(tb, &sk->__sk_common);
	inet_csk(sk)->icsk_bind_hash = tb;
}

static struct inet_bind_bucket *find_bucket(struct inet_bind_hashbucket *head, unsigned short port)
{
	struct inet_bind_bucket *tb;

	hlist_for_each_entry(tb, &head->chain, node) {
		if (tb->port == port)
			return tb;
	}
	return NULL;
}

/* ---- bind() ---------------------------------------------------------------------------------- */

/*
 * Returns true if @sk conflicts with another owner of the port. Two owners do not conflict if they
 * are bound to different devices or different addresses. With @relax, two owners also do not
 * conflict if both have SO_REUSEPORT, or if both have SO_REUSEADDR and the other does not listen.
 * Linux also compares the users of two owners with SO_REUSEPORT; here there is one user.
 */
static noinline bool bind_conflict(const struct sock *sk, const struct inet_bind_bucket *tb,
				   bool relax)
{
	const struct sock_common *other;

	hlist_for_each_entry(other, &tb->owners, skc_bind_node) {
		if (other == &sk->__sk_common)
			continue;
		if (sk->sk_bound_dev_if && other->skc_bound_dev_if &&
		    sk->sk_bound_dev_if != other->skc_bound_dev_if)
			continue;
		if (relax && sk->sk_reuse && other->skc_reuse && other->skc_state != TCP_LISTEN)
			continue;
		if (relax && sk->sk_reuseport && other->skc_reuseport)
			continue;
		if (!sk->sk_rcv_saddr || !other->skc_rcv_saddr ||
		    sk->sk_rcv_saddr == other->skc_rcv_saddr)
			return true;
	}
	return false;
}

bool inet_csk_bind_conflict(const struct sock *sk, const struct inet_bind_bucket *tb)
{
	return bind_conflict(sk, tb, true);
}

/*
 * Returns true if @sk has SO_REUSEPORT and the summary of @tb shows that @sk conflicts with no owner.
 * As in Linux, that is so even if an owner has switched SO_REUSEPORT off after bind().
 */
static bool sk_reuseport_match(const struct inet_bind_bucket *tb, const struct sock *sk)
{
	return sk->sk_reuseport && tb->fastreuseport > 0 &&
	       (!tb->fast_rcv_saddr || tb->fast_rcv_saddr == sk->sk_rcv_saddr);
}

/* Updates the summary of @tb for its new owner @sk, or for its owner @sk that begins to listen. */
static void inet_csk_update_fastreuse(struct inet_bind_bucket *tb, const struct sock *sk)
{
	if (!sk->sk_reuse || sk->sk_state == TCP_LISTEN)
		tb->fastreuse = 0;
	if (!sk->sk_reuseport) {
		tb->fastreuseport = 0;
	} else if (!sk_reuseport_match(tb, sk)) {
		tb->fastreuseport = FASTREUSEPORT_STRICT;
		tb->fast_rcv_saddr = sk->sk_rcv_saddr;
	}
}

/*
 * Searches for a port that is free on @sk's address, and returns the port's bhash slot, locked.
 * *@port is then the port, and *@tb its bucket (NULL: it has none yet). Returns NULL if no port is
 * free.
 */
static struct inet_bind_hashbucket *find_open_port(const struct sock *sk,
						   struct inet_bind_bucket **tb,
						   unsigned short *port)
{
	struct inet_hashinfo *h = sk->sk_prot->hashinfo;
	u32 nr_ports, low = inet_local_ports(&nr_ports);
	u32 offset = prandom_u32_max(nr_ports) | 1;

	for (u32 n = 0; n < nr_ports; n++) {
		unsigned short candidate = low + (offset + port_step(n, nr_ports)) % nr_ports;
		struct inet_bind_hashbucket *head = bind_head(h, candidate);

		if (test_bit(candidate, reserved_ports))
			continue;
		spin_lock_bh(&head->lock);
		*tb = find_bucket(head, candidate);
		if (!*tb || !bind_conflict(sk, *tb, false)) {
			*port = candidate;
			return head;
		}
		spin_unlock_bh(&head->lock);
		cond_resched();
	}
	return NULL;
}

/*
 * listen() calls this a second time, when the sock is already in TCP_LISTEN and in the bucket,
 * because two bound sockets may share a port that two listeners may not share.
 */
noinline int inet_csk_get_port(struct sock *sk, unsigned short snum)
{
	struct inet_hashinfo *h = sk->sk_prot->hashinfo;
	struct inet_bind_hashbucket *head;
	struct inet_bind_bucket *tb;
	int ret = 1;

	if (snum) {
		head = bind_head(h, snum);
		spin_lock_bh(&head->lock);
		tb = find_bucket(head, snum);
	} else {
		head = find_open_port(sk, &tb, &snum);
		if (!head)
			return ret;
	}

	if (!tb)
		tb = inet_bind_bucket_create(h, head, snum);
	if (!tb)
		goto out_unlock;
	if (!sk_reuseport_match(tb, sk) && inet_csk_bind_conflict(sk, tb))
		goto out_unlock;
	inet_csk_update_fastreuse(tb, sk);
	if (!inet_csk(sk)->icsk_bind_hash)
		inet_bind_hash(sk, tb, snum);
	WARN_ON(inet_csk(sk)->icsk_bind_hash != tb);
	ret = 0;
out_unlock:
	spin_unlock_bh(&head->lock);
	return ret;
}

/* ---- connect() ------------------------------------------------------------------------------- */

/*
 * RFC 6056 3.3.4, double-hash port selection: the search starts at a keyed hash of the destination
 * plus a counter that the destination shares with few others. So a port is not soon used again for
 * the same destination, and the destination learns little about connections to other destinations.
 *
 * If the first port is free, the counter also advances by a random number of up to COUNTER_NOISE
 * ports, as in Linux: then the destination does not know its next port, and a destination that
 * shares the counter cannot count the connections of the others.
 *
 * The counter is even. It becomes odd when all even ports are in use for this destination, and even
 * again when all odd ports are. The next search then starts among the ports that were free last.
 * Otherwise each search would visit all even ports again, for example if a client reconnects and
 * the even ports are in TIME_WAIT (Linux visits them).
 */
#define COUNTER_NOISE 8
#define PORT_COUNTERS 1024 /* the RFC's TABLE_LENGTH; a power of two */

static u32 port_counters[PORT_COUNTERS];
BUILD_BUG_ON(!IS_POWER_OF_2(PORT_COUNTERS));

/*
 * Returns the RFC's F(), the low half of the hash, as an even number. The RFC's G(), the high half, chooses
 * *@counter.
 */
static u32 port_offset(const struct sock *sk, u32 **counter)
{
	static siphash_key_t key;
	u64 hash;

	if (unlikely(!key.key[0] && !key.key[1])) {
		get_random_bytes(port_counters, sizeof(port_counters));
		get_random_bytes(&key, sizeof(key));
		for (u32 i = 0; i < PORT_COUNTERS; i++)
			port_counters[i] &= ~1u;
	}
	hash = siphash_2u64((u64)sk->sk_rcv_saddr << 32 | sk->sk_daddr, sk->sk_dport, &key);
	*counter = &port_counters[hash >> 32 & (PORT_COUNTERS - 1)];
	return (u32)hash & ~1u;
}

/*
 * Adds @sk to the ehash with local port @lport, if no connection has that four-tuple. Returns 0 or
 * -EADDRNOTAVAIL. *@twp: NULL, or a TIME_WAIT object that @sk replaced in the ehash, with a
 * reference; the caller must end that object after releasing its locks.
 */
static int check_established(struct sock *sk, u16 lport, struct inet_timewait_sock **twp)
{
	struct inet_hashinfo *h = sk->sk_prot->hashinfo;
	u32 hash = inet_ehashfn(sk->sk_rcv_saddr, lport, sk->sk_daddr, sk->sk_dport);
	spinlock_t *lock = inet_ehash_lockp(h, hash);
	struct inet_timewait_sock *tw = NULL;
	int err = -EADDRNOTAVAIL;
	struct sock *sk2;

	*twp = NULL;
	spin_lock_bh(lock);
	hlist_for_each_entry(sk2, &inet_ehash_bucket(h, hash)->chain, sk_node) {
		if (sk2->sk_hash != hash || sk2->sk_daddr != sk->sk_daddr ||
		    sk2->sk_dport != sk->sk_dport || sk2->sk_rcv_saddr != sk->sk_rcv_saddr ||
		    sk2->sk_num != lport)
			continue;
		if (sk2->sk_bound_dev_if && sk->sk_bound_dev_if &&
		    sk2->sk_bound_dev_if != sk->sk_bound_dev_if)
			continue;
		if (sk2->sk_state != TCP_TIME_WAIT || !sk->sk_prot->twsk_prot->twsk_unique(sk, sk2))
			goto out_unlock;
		tw = inet_twsk(sk2);
		break;
	}

	sk->sk_num = lport;
	inet_sk(sk)->inet_sport = htons(lport);
	sk->sk_hash = hash;
	hlist_add_head(&sk->sk_node, &inet_ehash_bucket(h, hash)->chain);
	sock_prot_inuse_add(sk->sk_prot, 1);
	if (tw) {
		hlist_del_init(&tw->tw_node);
		WARN_ON(refcount_dec_and_test(&tw->tw_refcnt)); /* the hash table's reference */
		snmp_inc(SNMP_TcpExtTWRecycled);
		*twp = tw;
	}
	err = 0;
out_unlock:
	spin_unlock_bh(lock);
	return err;
}

/* connect() of a socket whose port was chosen by bind(). */
static int connect_bound(struct sock *sk)
{
	struct inet_bind_hashbucket *head = bind_head(sk->sk_prot->hashinfo, sk->sk_num);
	const struct inet_bind_bucket *tb = inet_csk(sk)->icsk_bind_hash;
	struct inet_timewait_sock *tw = NULL;
	bool alone;
	int err = 0;

	spin_lock_bh(&head->lock);
	alone = tb->owners.first == &sk->sk_bind_node && !sk->sk_bind_node.next;
	if (alone)
		inet_ehash_insert(sk, NULL);
	spin_unlock_bh(&head->lock);
	if (!alone)
		err = check_established(sk, sk->sk_num, &tw);
	if (tw)
		inet_twsk_deschedule_put(tw);
	return err;
}

/*
 * Tries to use local port @port for @sk. Returns 0 if @sk now has the port and is hashed,
 * -EADDRNOTAVAIL if the caller may try another port, or -ENOMEM.
 */
static int connect_try_port(struct sock *sk, unsigned short port)
{
	struct inet_hashinfo *h = sk->sk_prot->hashinfo;
	struct inet_bind_hashbucket *head = bind_head(h, port);
	struct inet_timewait_sock *tw = NULL;
	struct inet_bind_bucket *tb;
	int err = 0;

	spin_lock_bh(&head->lock);
	tb = find_bucket(head, port);
	if (tb) {
		/* Unless both are -1, bind() chose the port, so connect() may not share it. */
		err = -EADDRNOTAVAIL;
		if (tb->fastreuse < 0 && tb->fastreuseport < 0)
			err = check_established(sk, port, &tw);
		if (err)
			goto out_unlock;
		sk->sk_connect_bind = 1;
		inet_bind_hash(sk, tb, port);
	} else {
		tb = inet_bind_bucket_create(h, head, port);
		if (!tb) {
			err = -ENOMEM;
			goto out_unlock;
		}
		tb->fastreuse = tb->fastreuseport = -1;
		sk->sk_connect_bind = 1;
		inet_bind_hash(sk, tb, port);
		inet_sk(sk)->inet_sport = htons(port);
		/* no other socket uses the port, so the four-tuple is unique */
		inet_ehash_insert(sk, NULL);
	}
out_unlock:
	spin_unlock_bh(&head->lock);
	if (tw)
		inet_twsk_deschedule_put(tw);
	return err;
}

noinline int inet_hash_connect(struct sock *sk)
{
	u32 offset, nr_ports, low, *counter;

	if (sk->sk_num)
		return connect_bound(sk);
	low = inet_local_ports(&nr_ports);
	offset = port_offset(sk, &counter);
	offset = (READ_ONCE(*counter) + offset) % nr_ports;
	for (u32 n = 0; n < nr_ports; n++) {
		u32 step = port_step(n, nr_ports);
		u32 port = low + (offset + step) % nr_ports;
		int err;

		if (test_bit(port, reserved_ports))
			continue;
		err = connect_try_port(sk, port);
		if (!err && !step)
			step = 2 * prandom_u32_max(COUNTER_NOISE);
		if (!err)
			__atomic_fetch_add(counter, step + 2, __ATOMIC_RELAXED);
		if (err != -EADDRNOTAVAIL)
			return err;
		cond_resched();
	}
	return -EADDRNOTAVAIL;
}

/* ---- inheriting and releasing a port --------------------------------------------------------- */

int __inet_inherit_port(const struct sock *sk, struct sock *child)
{
	struct inet_bind_hashbucket *head = bind_head(sk->sk_prot->hashinfo, child->sk_num);
	struct inet_bind_bucket *tb;
	int err = 0;

	spin_lock_bh(&head->lock);
	tb = inet_csk(sk)->icsk_bind_hash;
	if (tb && tb->port == child->sk_num)
		inet_bind_hash(child, tb, child->sk_num);
	else
		err = -ENOENT; /* the listener was closed meanwhile */
	spin_unlock_bh(&head->lock);
	return err;
}

void inet_put_port(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct inet_hashinfo *h = sk->sk_prot->hashinfo;
	struct inet_bind_hashbucket *head;
	struct inet_bind_bucket *tb;

	if (!icsk->icsk_bind_hash)
		return;
	head = bind_head(h, sk->sk_num);
	spin_lock_bh(&head->lock);
	tb = icsk->icsk_bind_hash;
	inet_bind_del(h, tb, &sk->__sk_common);
	icsk->icsk_bind_hash = NULL;
	sk->sk_num = 0;
	sk->sk_connect_bind = 0;
	spin_unlock_bh(&head->lock);
}
