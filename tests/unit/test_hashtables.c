/* SPDX-License-Identifier: MIT */
/*
 * Local ports, the hash tables of connections and listeners, TIME_WAIT, and the accept queue.  The
 * protocol is a stub with the callbacks that this code needs.
 */
#include "tests/unit/unit_hal.h"

#include "kernel/lib/random.h"
#include "kernel/mm/slab.h"
#include "kernel/time/softirq.h"
#include "kernel/time/timer.h"
#include "net/inet/inet_hashtables.h"
#include "net/inet/inet_timewait_sock.h"
#include "net/inet/limits.h"

#define LOCAL  htonl(0x0a000001)
#define LOCAL2 htonl(0x0a000002)
#define PEER   htonl(0x0a000063)
#define PORT   7007

static bool tw_may_be_reused;

static bool test_twsk_unique(struct sock *sk, struct sock *sktw)
{
	if (tw_may_be_reused)
		sock_hold(sktw);
	return tw_may_be_reused;
}

static unsigned int synacks_again;

static int test_rtx_syn_ack(const struct sock *sk, struct request_sock *req)
{
	synacks_again++;
	return 0;
}

static int test_disconnect(struct sock *sk, int flags)
{
	inet_unhash(sk);
	sk->sk_state = TCP_CLOSE;
	return 0;
}

static void test_destroy(struct sock *sk)
{
}

static struct request_sock_ops test_rsk_ops = {
	.family = AF_INET,
	.obj_size = sizeof(struct inet_request_sock),
	.slab_name = "test_request",
	.rtx_syn_ack = test_rtx_syn_ack,
};
static struct timewait_sock_ops test_tw_ops = {
	.slab_name = "test_timewait",
	.obj_size = sizeof(struct inet_timewait_sock),
	.twsk_unique = test_twsk_unique,
};
static struct proto test_prot;
static struct inet_hashinfo hashes;

/* Runs once per program, because a softirq's action cannot be registered twice. */
static int boot(void **state)
{
	(void)state;
	unit_memory(65536, true);
	timers_init();
	random_init();
	test_prot = (struct proto){
		.name = "TEST",
		.obj_size = sizeof(struct inet_connection_sock),
		.disconnect = test_disconnect,
		.destroy = test_destroy,
		.hash = inet_hash,
		.unhash = inet_unhash,
		.get_port = inet_csk_get_port,
		.hashinfo = &hashes,
		.rsk_prot = &test_rsk_ops,
		.twsk_prot = &test_tw_ops,
	};
	inet_hashinfo_init(&hashes);
	return proto_register(&test_prot);
}

static int setup(void **state)
{
	(void)state;
	tw_may_be_reused = false;
	return 0;
}

/* Checks that no socket, request or TIME_WAIT object is alive. */
static int teardown(void **state)
{
	(void)state;
	assert_int_equal(test_prot.slab->live, 0);
	assert_int_equal(test_rsk_ops.slab->live, 0);
	assert_int_equal(test_tw_ops.slab->live, 0);
	assert_int_equal(hashes.bind_bucket_cachep->live, 0);
	assert_int_equal(timers_armed(), 0);
	assert_int_equal(test_prot.sockets_allocated, 0);
	assert_int_equal(test_prot.orphan_count, 0);
	assert_int_equal(atomic_read(&inet_tw_count), 0);
	assert_int_equal(warn_count, 0);
	return 0;
}

static struct sock *new_sock(__be32 addr, bool reuse)
{
	struct sock *sk = sk_alloc(AF_INET, GFP_KERNEL, &test_prot);

	assert_non_null(sk);
	sock_init_data(NULL, sk);
	sk->sk_rcv_saddr = addr;
	sk->sk_reuse = reuse;
	return sk;
}

static void end_sock(struct sock *sk)
{
	inet_unhash(sk);
	sk->sk_state = TCP_CLOSE;
	sock_orphan(sk);
	sk_orphan_count_inc(sk);
	inet_csk_destroy_sock(sk);
}

static int bind_port(struct sock *sk, unsigned short port)
{
	return inet_csk_get_port(sk, port);
}

static struct sock *new_listener(__be32 addr, unsigned short port)
{
	struct sock *sk = new_sock(addr, true);

	assert_int_equal(bind_port(sk, port), 0);
	assert_int_equal(inet_csk_listen_start(sk, 10), 0);
	return sk;
}

static struct sock *new_peer(__be16 dport, struct sock **skp)
{
	struct sock *sk = *skp = new_sock(LOCAL, false);

	sk->sk_daddr = PEER;
	sk->sk_dport = dport;
	sk->sk_state = TCP_SYN_SENT;
	return sk;
}

/* ---- bind() ------------------------------------------------------------------------------------- */

static void test_bind_conflicts(void **state)
{
	static const struct {
		__be32 a;
		bool reuse_a, listens_a;
		__be32 b;
		bool reuse_b;
		int expected;
	} cases[] = {
		{0, false, false, 0, false, 1}, {0, true, false, 0, false, 1},
		{0, false, false, 0, true, 1},  {0, true, false, 0, true, 0},
		{0, true, true, 0, true, 1},    {1, false, false, 2, false, 0},
		{1, false, false, 1, false, 1}, {1, false, false, 0, false, 1},
		{0, false, false, 1, false, 1}, {1, true, true, 2, true, 0},
		{1, true, true, 0, true, 1},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sock *a = new_sock(cases[i].a, cases[i].reuse_a);
		struct sock *b = new_sock(cases[i].b, cases[i].reuse_b);

		assert_int_equal(bind_port(a, PORT), 0);
		if (cases[i].listens_a)
			assert_int_equal(inet_csk_listen_start(a, 1), 0);
		assert_int_equal(bind_port(b, PORT), cases[i].expected);
		end_sock(b);
		end_sock(a);
	}
}

/*
 * If both sockets have SO_REUSEPORT, they may bind to any two addresses, also if the first socket listens. Each
 * expected result is that of Linux 6.18 for the same calls.
 */
static void test_bind_conflicts_of_reuseport(void **state)
{
	static const struct {
		__be32 a;
		bool reuseport_a, listens_a, withdraws_a;
		__be32 b;
		bool reuseport_b;
		int expected;
	} cases[] = {
		{0, true, false, false, 0, true, 0},
		{0, true, true, false, 0, true, 0},
		{0, false, false, false, 0, true, 1},
		{0, true, false, false, 0, false, 1},
		{1, true, true, false, 0, true, 0},
		{0, true, true, false, 1, true, 0},
		{1, true, true, false, 0, false, 1},
		{1, true, true, false, 2, false, 0},
		/* The first socket switches the option off after bind(). */
		{0, true, false, true, 0, true, 0},
		{0, true, false, true, 1, true, 0},
		{1, true, false, true, 1, true, 0},
		{1, true, false, true, 0, true, 1},
		{1, true, false, true, 1, false, 1},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sock *a = new_sock(cases[i].a, false);
		struct sock *b = new_sock(cases[i].b, false);

		a->sk_reuseport = cases[i].reuseport_a;
		b->sk_reuseport = cases[i].reuseport_b;
		assert_int_equal(bind_port(a, PORT), 0);
		if (cases[i].listens_a)
			assert_int_equal(inet_csk_listen_start(a, 1), 0);
		if (cases[i].withdraws_a)
			a->sk_reuseport = false;
		assert_int_equal(bind_port(b, PORT), cases[i].expected);
		end_sock(b);
		end_sock(a);
	}
}

/* Two sockets may bind to one port; the second listen() fails and leaves its socket unchanged. */
static void test_second_listener_is_refused(void **state)
{
	struct sock *a = new_sock(0, true), *b = new_sock(0, true);

	(void)state;
	assert_int_equal(bind_port(a, PORT), 0);
	assert_int_equal(bind_port(b, PORT), 0);
	assert_int_equal(inet_csk_listen_start(a, 1), 0);
	assert_int_equal(inet_csk_listen_start(b, 1), -EADDRINUSE);
	assert_int_equal(b->sk_state, TCP_CLOSE);
	end_sock(a);
	assert_int_equal(inet_csk_listen_start(b, 1), 0);
	end_sock(b);
}

static void test_bind_zero_prefers_odd_ports(void **state)
{
	struct sock *sk[100];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sk); i++) {
		sk[i] = new_sock(0, false);
		assert_int_equal(bind_port(sk[i], 0), 0);
		assert_in_range(sk[i]->sk_num, LOCAL_PORT_MIN, LOCAL_PORT_MAX);
		assert_true(sk[i]->sk_num & 1);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(sk); i++)
		end_sock(sk[i]);
}

/* ---- lookups -------------------------------------------------------------------------------------- */

static void test_exact_listener_beats_wildcard(void **state)
{
	struct sock *any = new_sock(0, true), *exact = new_sock(LOCAL, true), *found;

	(void)state;
	/* A listener on the wildcard address conflicts with a bind to one address, so bind both before they listen. */
	assert_int_equal(bind_port(exact, PORT), 0);
	assert_int_equal(bind_port(any, PORT), 0);
	exact->sk_state = any->sk_state = TCP_LISTEN;
	inet_hash(exact);
	inet_hash(any);

	found = __inet_lookup_listener(&hashes, PEER, htons(5000), LOCAL, PORT, 1);
	assert_ptr_equal(found, exact);
	assert_int_equal(refcount_read(&exact->sk_refcnt), 2);
	sock_put(found);
	found = __inet_lookup_listener(&hashes, PEER, htons(5000), LOCAL2, PORT, 1);
	assert_ptr_equal(found, any);
	sock_put(found);
	assert_null(
		__inet_lookup_listener(&hashes, PEER, htons(5000), LOCAL, PORT + LHASH_BUCKETS, 1));

	any->sk_bound_dev_if = 3;
	assert_null(__inet_lookup_listener(&hashes, PEER, htons(5000), LOCAL2, PORT, 1));
	end_sock(any);
	end_sock(exact);
	assert_null(__inet_lookup_listener(&hashes, PEER, htons(5000), LOCAL, PORT, 1));
}

/*
 * Ports that fall into the same bucket of the bind table and of the listener table are still told apart.
 *
 * LIMIT(BHASH_BUCKETS) LIMIT(LHASH_BUCKETS)
 */
static void test_ports_that_share_a_bucket(void **state)
{
	struct sock *sk[3], *again = new_sock(0, false), *found;

	(void)state;
	BUILD_BUG_ON(BHASH_BUCKETS % LHASH_BUCKETS);
	for (unsigned int i = 0; i < ARRAY_SIZE(sk); i++) {
		sk[i] = new_sock(0, false);
		assert_int_equal(bind_port(sk[i], PORT + i * BHASH_BUCKETS), 0);
		assert_int_equal(inet_csk_listen_start(sk[i], 1), 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(sk); i++) {
		assert_int_equal(bind_port(again, PORT + i * BHASH_BUCKETS), 1);
		found = __inet_lookup_listener(&hashes, PEER, htons(5000), LOCAL,
					       PORT + i * BHASH_BUCKETS, 1);
		assert_ptr_equal(found, sk[i]);
		sock_put(found);
	}
	end_sock(again);
	for (unsigned int i = 0; i < ARRAY_SIZE(sk); i++)
		end_sock(sk[i]);
}

/* ---- connect() ------------------------------------------------------------------------------------ */

#define LOCAL_PORTS (LOCAL_PORT_MAX - LOCAL_PORT_MIN + 1)

/*
 * bind() takes all odd ports, connect() to one peer takes all even ones.  Further connect() calls
 * to that peer fail, but calls to another peer succeed.
 */
static void test_connections_share_a_port_only_to_different_peers(void **state)
{
	static struct sock *sk[LOCAL_PORTS];
	struct sock *one_more, *other, *found;

	(void)state;
	for (unsigned int i = 1; i < ARRAY_SIZE(sk); i += 2) {
		sk[i] = new_sock(0, false);
		assert_int_equal(bind_port(sk[i], LOCAL_PORT_MIN + i), 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(sk); i += 2) {
		assert_int_equal(inet_hash_connect(new_peer(htons(80), &sk[i])), 0);
		assert_false(sk[i]->sk_num & 1);
	}
	assert_int_equal(inet_hash_connect(new_peer(htons(80), &one_more)), -EADDRNOTAVAIL);
	assert_int_equal(inet_hash_connect(new_peer(htons(81), &other)), 0);
	end_sock(one_more);
	end_sock(other);
	for (unsigned int i = 0; i < ARRAY_SIZE(sk); i++) {
		if (!(i & 1)) {
			found = __inet_lookup_established(&hashes, PEER, htons(80), LOCAL,
							  sk[i]->sk_num, 1);
			assert_ptr_equal(found, sk[i]);
			sock_put(found);
		}
		end_sock(sk[i]);
	}
}

/*
 * Local ports are chosen as in RFC 6056 3.3.4, by a table of 1,024 counters, indexed by a hash of the
 * destination: a connection to another destination does not advance this destination's port, unless both
 * destinations share a counter. A connection advances its counter by 16 at most; the test permits that one
 * of the twenty other destinations shares the counter of the first one. With a single counter for all, the
 * twenty connections would advance the port by at least 40.
 */
static void test_ports_of_a_destination_follow_each_other(void **state)
{
	struct sock *first, *second, *others[20];

	(void)state;
	assert_int_equal(inet_hash_connect(new_peer(htons(80), &first)), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(inet_hash_connect(new_peer(htons(400 + i), &others[i])), 0);
	assert_int_equal(inet_hash_connect(new_peer(htons(80), &second)), 0);
	assert_in_range((second->sk_num - first->sk_num + LOCAL_PORTS) % LOCAL_PORTS, 2, 32);
	/*
	 * Each destination starts at another port, so no two consecutive connections get
	 * neighbouring ports.
	 */
	for (unsigned int i = 1; i < ARRAY_SIZE(others); i++)
		assert_int_not_equal(others[i]->sk_num, others[i - 1]->sk_num + 2);
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++)
		end_sock(others[i]);
	end_sock(first);
	end_sock(second);
}

/* ---- TIME_WAIT ------------------------------------------------------------------------------------ */

static struct inet_timewait_sock *to_timewait(struct sock *sk)
{
	struct inet_timewait_sock *tw = inet_twsk_alloc(sk, TCP_TIME_WAIT);

	assert_non_null(tw);
	__inet_twsk_hashdance(tw, sk, &hashes);
	inet_twsk_schedule(tw, HZ);
	inet_twsk_put(tw);
	end_sock(sk);
	return tw;
}

static void test_timewait_replaces_its_socket_in_the_tables(void **state)
{
	struct inet_timewait_sock *tw;
	struct sock *sk, *found;
	unsigned short port;

	(void)state;
	assert_int_equal(inet_hash_connect(new_peer(htons(80), &sk)), 0);
	port = sk->sk_num;
	tw = to_timewait(sk);
	found = __inet_lookup_established(&hashes, PEER, htons(80), LOCAL, port, 1);
	assert_ptr_equal(found, (struct sock *)tw);
	assert_int_equal(refcount_read(&tw->tw_refcnt), 4);
	inet_twsk_reschedule(tw, HZ);
	assert_int_equal(refcount_read(&tw->tw_refcnt), 4);
	/* The TIME_WAIT keeps the port bound. */
	sk = new_sock(0, false);
	assert_int_equal(bind_port(sk, port), 1);
	inet_twsk_put(inet_twsk(found));
	inet_twsk_schedule(tw, HZ);
	sock_hold((struct sock *)tw);
	inet_twsk_deschedule_put(tw);
	assert_int_equal(bind_port(sk, port), 0);
	end_sock(sk);
}

static void test_connect_reuses_a_timewait(void **state)
{
	struct sock *sk;

	(void)state;
	sk = new_sock(LOCAL, true);
	assert_int_equal(bind_port(sk, PORT), 0);
	sk->sk_daddr = PEER;
	sk->sk_dport = htons(80);
	sk->sk_state = TCP_SYN_SENT;
	assert_int_equal(inet_hash_connect(sk), 0);
	to_timewait(sk);

	sk = new_sock(LOCAL, true);
	assert_int_equal(bind_port(sk, PORT), 0);
	sk->sk_daddr = PEER;
	sk->sk_dport = htons(80);
	sk->sk_state = TCP_SYN_SENT;
	assert_int_equal(inet_hash_connect(sk), -EADDRNOTAVAIL);
	tw_may_be_reused = true;
	assert_int_equal(inet_hash_connect(sk), 0);
	assert_int_equal(test_tw_ops.slab->live, 0);
	end_sock(sk);
}

static void test_timewaits_are_bounded(void **state)
{
	static struct inet_timewait_sock *tw[TIMEWAIT_MAX];
	struct sock *sk = new_sock(LOCAL, false);

	(void)state;
	for (unsigned int i = 0; i < TIMEWAIT_MAX; i++) {
		tw[i] = inet_twsk_alloc(sk, TCP_TIME_WAIT);
		assert_non_null(tw[i]);
	}
	assert_null(inet_twsk_alloc(sk, TCP_TIME_WAIT));
	for (unsigned int i = 0; i < TIMEWAIT_MAX; i++)
		inet_twsk_put(tw[i]);
	end_sock(sk);
}

/* ---- a listener's requests and children ------------------------------------------------------------ */

static struct request_sock *new_request(struct sock *listener, __be16 sport)
{
	struct request_sock *req = inet_reqsk_alloc(&test_rsk_ops, listener);

	assert_non_null(req);
	inet_rsk(req)->ir_loc_addr = LOCAL;
	inet_rsk(req)->ir_num = PORT;
	inet_rsk(req)->ir_rmt_addr = PEER;
	inet_rsk(req)->ir_rmt_port = sport;
	inet_csk_reqsk_queue_hash_add(listener, req, HZ);
	reqsk_put(req);
	return req;
}

/*
 * Does the work of tcp_check_req() for the ACK that completes the handshake; returns the child, or
 * NULL. @second_ack: simulates another CPU that processes a copy of that ACK and also creates a
 * child; only the first child may stay.
 */
static struct sock *finish(struct sock *listener, __be16 sport, bool second_ack)
{
	struct sock *found = __inet_lookup_established(&hashes, PEER, sport, LOCAL, PORT, 1);
	struct request_sock *req = inet_reqsk(found);
	struct sock *child, *twin = NULL;
	bool own_req;

	assert_non_null(found);
	assert_int_equal(found->sk_state, TCP_NEW_SYN_RECV);
	local_bh_disable();
	if (second_ack) {
		twin = inet_csk_clone_lock(listener, req, GFP_ATOMIC);
		twin->sk_rcv_saddr = LOCAL;
		twin->sk_daddr = PEER;
		assert_int_equal(__inet_inherit_port(listener, twin), 0);
	}
	child = inet_csk_clone_lock(listener, req, GFP_ATOMIC);
	assert_non_null(child);
	assert_int_equal(child->sk_state, TCP_SYN_RECV);
	child->sk_rcv_saddr = LOCAL;
	child->sk_daddr = PEER;
	assert_int_equal(__inet_inherit_port(listener, child), 0);
	own_req = inet_ehash_nolisten(child, req_to_sk(req));
	assert_true(own_req);
	if (second_ack) {
		own_req = inet_ehash_nolisten(twin, req_to_sk(req));
		assert_false(own_req);
		assert_null(inet_csk_complete_hashdance(listener, twin, req, own_req));
	}
	child = inet_csk_complete_hashdance(listener, child, req, true);
	if (child) {
		bh_unlock_sock(child);
		sock_put(child);
	} else {
		reqsk_put(req);
	}
	local_bh_enable();
	return child;
}

/* Creates a child as for the ACK of a SYN cookie: its request @req is in no table. */
static struct sock *child_of_cookie(struct sock *listener, const struct request_sock *req)
{
	struct sock *child = inet_csk_clone_lock(listener, req, GFP_ATOMIC);

	assert_non_null(child);
	child->sk_rcv_saddr = LOCAL;
	child->sk_daddr = PEER;
	assert_int_equal(__inet_inherit_port(listener, child), 0);
	return child;
}

static void end_listener(struct sock *sk)
{
	inet_unhash(sk);
	sk->sk_state = TCP_CLOSE;
	inet_csk_listen_stop(sk);
	end_sock(sk);
}

static void test_children_are_accepted_in_order(void **state)
{
	struct sock *listener = new_listener(0, PORT), *first, *second, *sk;
	const struct request_sock_queue *queue = &inet_csk(listener)->icsk_accept_queue;
	int err;

	(void)state;
	new_request(listener, htons(1000));
	new_request(listener, htons(1001));
	assert_int_equal(reqsk_queue_len(queue), 2);
	assert_int_equal(reqsk_queue_len_young(queue), 2);
	first = finish(listener, htons(1000), false);
	second = finish(listener, htons(1001), true);
	assert_int_equal(reqsk_queue_len(queue), 0);
	assert_int_equal(listener->sk_ack_backlog, 2);

	assert_ptr_equal(inet_csk_accept(listener, O_NONBLOCK, &err), first);
	assert_int_equal(err, 0);
	assert_ptr_equal(inet_csk_accept(listener, O_NONBLOCK, &err), second);
	assert_null(inet_csk_accept(listener, O_NONBLOCK, &err));
	assert_int_equal(err, -EAGAIN);
	sk = __inet_lookup_established(&hashes, PEER, htons(1000), LOCAL, PORT, 1);
	assert_ptr_equal(sk, first);
	sock_put(sk);

	end_listener(listener);
	/* The listener is closed; its children still keep the port bound. */
	sk = new_sock(0, false);
	assert_int_equal(bind_port(sk, PORT), 1);
	end_sock(first);
	end_sock(second);
	assert_int_equal(bind_port(sk, PORT), 0);
	assert_null(inet_csk_accept(sk, O_NONBLOCK, &err));
	assert_int_equal(err, -EINVAL);
	end_sock(sk);
}

/*
 * Two CPUs process two ACKs with the same SYN cookie.  On both, the lookup found only the listener, and both create
 * a child: the first child stays, the second is destroyed.
 */
static void test_two_acks_of_one_cookie(void **state)
{
	struct sock *listener = new_listener(0, PORT), *first, *second, *found;
	struct request_sock *req = inet_reqsk_alloc(&test_rsk_ops, listener);

	(void)state;
	inet_rsk(req)->ir_num = PORT;
	inet_rsk(req)->ir_rmt_port = htons(1000);
	local_bh_disable();
	first = child_of_cookie(listener, req);
	second = child_of_cookie(listener, req);
	assert_true(inet_ehash_nolisten(first, NULL));
	assert_false(inet_ehash_nolisten(second, NULL));
	bh_unlock_sock(second);
	sock_put(second);
	bh_unlock_sock(first);
	local_bh_enable();
	assert_int_equal(test_prot.slab->live, 2);
	found = __inet_lookup_established(&hashes, PEER, htons(1000), LOCAL, PORT, 1);
	assert_ptr_equal(found, first);
	sock_put(found);
	sock_put(first); /* the reference of the softirq that made the child */
	end_sock(first);
	__reqsk_free(req);
	end_listener(listener);
	assert_int_equal(test_prot.slab->live, 0);
}

static void test_close_of_a_listener_ends_waiting_connections(void **state)
{
	struct sock *listener = new_listener(0, PORT), *found;
	const struct request_sock_queue *queue = &inet_csk(listener)->icsk_accept_queue;

	(void)state;
	new_request(listener, htons(1000));
	for (unsigned int i = 0; i < 1000; i++)
		new_request(listener, htons(2000 + i));
	/* A softirq has looked up this request for its ACK, and holds a reference, when the listener is closed. */
	new_request(listener, htons(1002));
	found = __inet_lookup_established(&hashes, PEER, htons(1002), LOCAL, PORT, 1);
	finish(listener, htons(1000), false);
	sock_hold(listener); /* the reference of that softirq */
	inet_unhash(listener);
	listener->sk_state = TCP_CLOSE;
	inet_csk_listen_stop(listener);
	assert_int_equal(test_prot.slab->live, 1);
	/* The requests ended with the listener: none is in a table, and no timer is pending. */
	assert_int_equal(reqsk_queue_len(queue), 0);
	assert_int_equal(reqsk_queue_len_young(queue), 0);
	assert_int_equal(test_rsk_ops.slab->live, 1);
	assert_false(timer_pending(&inet_reqsk(found)->rsk_timer));
	assert_null(__inet_lookup_established(&hashes, PEER, htons(1002), LOCAL, PORT, 1));
	end_sock(listener);
	sock_put(listener);
	/* The request that was looked up still holds a reference to the listener. */
	assert_int_equal(test_prot.slab->live, 1);
	reqsk_put(inet_reqsk(found));
	assert_int_equal(test_prot.slab->live, 0);
}

/* Advances the virtual clock by @n seconds, one at a time, and runs the timers after each. */
static void pass_seconds(unsigned int n)
{
	static u64 now;

	while (n--) {
		now += NSEC_PER_SEC;
		unit_set_clock(now);
		raise_softirq(TIMER_SOFTIRQ);
		local_bh_disable();
		local_bh_enable();
	}
}

/* LIMIT(TCP_SYNACK_RETRIES) */
static void test_unanswered_request_is_given_up(void **state)
{
	struct sock *listener = new_listener(0, PORT);
	const struct request_sock_queue *queue = &inet_csk(listener)->icsk_accept_queue;

	(void)state;
	synacks_again = 0;
	new_request(listener, htons(1000));
	pass_seconds(2);
	assert_int_equal(synacks_again, 1);
	assert_int_equal(reqsk_queue_len_young(queue), 0);
	/*
	 * The SYN-ACK is retransmitted after 1, 2, 4, 8 and 16 s, each counted from the one before; 32 s
	 * later the request ends.  The timer wheel may be late.
	 */
	pass_seconds(56);
	assert_int_equal(synacks_again, TCP_SYNACK_RETRIES);
	assert_int_equal(reqsk_queue_len(queue), 1);
	pass_seconds(16);
	assert_int_equal(synacks_again, TCP_SYNACK_RETRIES);
	assert_int_equal(reqsk_queue_len(queue), 0);
	assert_int_equal(test_rsk_ops.slab->live, 0);
	end_listener(listener);
}

/* Closing the listener also stops the timers of its requests. */
static void test_request_ends_with_its_listener(void **state)
{
	struct sock *listener = new_listener(0, PORT);

	(void)state;
	synacks_again = 0;
	new_request(listener, htons(1000));
	end_listener(listener);
	assert_int_equal(test_rsk_ops.slab->live, 0);
	assert_int_equal(test_prot.slab->live, 0);
	pass_seconds(2);
	assert_int_equal(synacks_again, 0);
}

/* Simulates another CPU that closes this listener while a SYN is being processed. */
static struct sock *closing;

static void close_beside(void)
{
	struct request_sock_queue *queue = &inet_csk(closing)->icsk_accept_queue;
	struct request_sock *req;

	while ((req = reqsk_queue_take_half_open(queue)))
		inet_csk_reqsk_queue_drop_and_put(closing, req);
}

/*
 * Under one lock, a new request is counted, listed and hashed, and its timer is armed. The softirq
 * that drops the listener's requests runs as soon as no lock is held: it must find the request
 * completely added.
 */
static void test_request_is_added_in_one_step(void **state)
{
	struct sock *listener = new_listener(0, PORT);
	const struct request_sock_queue *queue = &inet_csk(listener)->icsk_accept_queue;
	struct request_sock *req = inet_reqsk_alloc(&test_rsk_ops, listener);

	(void)state;
	inet_rsk(req)->ir_loc_addr = LOCAL;
	inet_rsk(req)->ir_num = PORT;
	inet_rsk(req)->ir_rmt_addr = PEER;
	inet_rsk(req)->ir_rmt_port = htons(1000);
	closing = listener;
	open_softirq(NET_TX_SOFTIRQ, close_beside);
	raise_softirq(NET_TX_SOFTIRQ);
	inet_csk_reqsk_queue_hash_add(listener, req, HZ);
	assert_false(local_softirq_pending());
	assert_int_equal(reqsk_queue_len(queue), 0);
	assert_int_equal(reqsk_queue_len_young(queue), 0);
	assert_true(hlist_unhashed(&req_to_sk(req)->sk_node));
	reqsk_put(req);
	assert_int_equal(test_rsk_ops.slab->live, 0);
	end_listener(listener);
}

static void test_timewait_ends_with_its_time(void **state)
{
	struct sock *sk;

	(void)state;
	assert_int_equal(inet_hash_connect(new_peer(htons(80), &sk)), 0);
	to_timewait(sk);
	assert_int_equal(test_tw_ops.slab->live, 1);
	pass_seconds(2);
	assert_int_equal(test_tw_ops.slab->live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_bind_conflicts),
		T(test_bind_conflicts_of_reuseport),
		T(test_second_listener_is_refused),
		T(test_bind_zero_prefers_odd_ports),
		T(test_ports_that_share_a_bucket),
		T(test_exact_listener_beats_wildcard),
		T(test_connections_share_a_port_only_to_different_peers),
		T(test_ports_of_a_destination_follow_each_other),
		T(test_timewait_replaces_its_socket_in_the_tables),
		T(test_connect_reuses_a_timewait),
		T(test_timewaits_are_bounded),
		T(test_children_are_accepted_in_order),
		T(test_two_acks_of_one_cookie),
		T(test_close_of_a_listener_ends_waiting_connections),
		T(test_unanswered_request_is_given_up),
		T(test_request_ends_with_its_listener),
		T(test_request_is_added_in_one_step),
		T(test_timewait_ends_with_its_time),
#undef T
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
