/* SPDX-License-Identifier: MIT */
/*
 * Setup and teardown of a scene, and system calls in virtual time (scene.h).
 *
 * cmocka's asserts leave a function by longjmp().  That is safe here, because all this code runs on
 * the test's own stack.
 */
#include "tests/hosted/scene.h"

#include <arpa/inet.h>
#include <fnmatch.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIBRARY       "build/host-asan/libsoftnet.so"
#define PCAP_FOLDER   "build/hosted/pcap"
#define SETTLE_STEP   (60 * SEC)
#define SETTLE_STEPS  120 /* after these steps an orphan whose peer is gone has given up */
#define CALL_MAX      (7200 * SEC)
#define ADDRESSES_MAX 512
#define STREAMS_MAX   16

struct scene *scene;
static struct sockaddr_in addresses[ADDRESSES_MAX];
static unsigned int nr_addresses;

/* ---- creating and freeing the hosts of a scene ------------------------------------------------ */

static const char *from_environment(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value && *value ? value : fallback;
}

const char *scene_library(void)
{
	return from_environment("SCENE_LIBRARY", LIBRARY);
}

static uint64_t seed_from_environment(void)
{
	const char *text = from_environment("SEED", "1");
	char *end;
	uint64_t seed = strtoull(text, &end, 0);

	if (*end || *text == '-') {
		fprintf(stderr, "SEED=%s: a whole number from 0\n", text);
		exit(2);
	}
	return seed;
}

static const char *pcap_path(void)
{
	static char path[256];

	snprintf(path, sizeof(path), PCAP_FOLDER "/%s.%s.%llu.pcap", program_invocation_short_name,
		 scene->name, (unsigned long long)scene->seed);
	return path;
}

/*
 * Makes each host resolve the route to the other and to itself, then records the live objects as
 * the baseline of the leak check.
 */
static int warm_up(void)
{
	struct host *hosts[] = {A, B};

	for (unsigned int i = 0; i < 4; i++) {
		struct host *from = hosts[i & 1], *to = hosts[i >> 1];
		int fd = scene_socket(from);

		if (scene_connect(from, fd, to, 1) != -ECONNREFUSED) {
			fprintf(stderr, "scene: no answer on a good wire\n%s", from->console());
			return -1;
		}
		scene_close(from, fd);
	}
	/* Afterwards the timers of links and neighbours have expired, and only permanent timers are armed. */
	conductor_sleep(scene->conductor, SETTLE_STEP);
	host_set_baseline(A);
	host_set_baseline(B);
	return 0;
}

static struct host *enter(unsigned int index, const char *cmdline)
{
	struct host *h = host_new(scene->conductor);

	if (!h)
		return NULL;
	h->set("mac", 0x020000000001ULL + index);
	for (unsigned int i = 0; i < 4 && scene->options[i].name; i++)
		h->set(scene->options[i].name, scene->options[i].value);
	return host_start(h, cmdline) < 0 ? NULL : h;
}

int scene_setup(void **state)
{
	char cmdline[128];

	scene = *state;
	scene->over = false;
	nr_addresses = 0;
	scene->seed = seed_from_environment();
	scene->conductor = conductor_new(scene_library(), scene->seed);
	if (!scene->conductor)
		return -1;
	mkdir("build", 0777);
	mkdir("build/hosted", 0777);
	mkdir(PCAP_FOLDER, 0777);
	if (conductor_pcap(scene->conductor, pcap_path()) < 0)
		perror(pcap_path());
	snprintf(cmdline, sizeof(cmdline), "ip=10.0.0.1/24 app=none%s",
		 scene->words ? scene->words : "");
	scene->a = enter(0, cmdline);
	scene->b = enter(1, "ip=10.0.0.2/24 app=none");
	if (!A || !B)
		return -1;
	scene->wire = conductor_wire(scene->conductor, A, B, WIRE_DELAY);
	scene_wire_begin();
	if (warm_up() < 0)
		return -1;
	scene_mark();
	return 0;
}

void scene_perform(void **state)
{
	scene->play();
	scene->over = true;
}

static void say_what_is_known(void)
{
	print_error("%s: SEED=%llu, frames in %s\n", scene->name, (unsigned long long)scene->seed,
		    pcap_path());
	print_error("---- console of a ----\n%s---- console of b ----\n%s", A->console(),
		    B->console());
}

/*
 * Returns false if memory is still charged to sockets although no socket is left.  The line of a
 * host without sockets is "TCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0".
 */
static bool nothing_is_held(struct host *h)
{
	const char *text = scene_proc(h, "/proc/net/sockstat");

	if (!strstr(text, " alloc 0 ") || strstr(text, " mem 0\n"))
		return true;
	fprintf(stderr, "host %s: %s", scene_host_name(h), text);
	return false;
}

/*
 * Lets time pass until nothing is left of the scene; returns 0, or the number of complaints if
 * something is left in the end.
 */
static unsigned int let_it_end(void)
{
	FILE *nowhere = fopen("/dev/null", "w");
	unsigned int wrong = 1;

	scene_heal();
	assert_non_null(nowhere);
	for (unsigned int i = 0; wrong && i < SETTLE_STEPS; i++) {
		conductor_settle(scene->conductor, SETTLE_STEP);
		wrong = conductor_check(scene->conductor, nowhere);
		if (wrong)
			conductor_sleep(scene->conductor, SETTLE_STEP);
	}
	fclose(nowhere);
	if (wrong)
		return conductor_check(scene->conductor, stderr);
	return !nothing_is_held(A) + !nothing_is_held(B);
}

void scene_report_refused(const struct host *h)
{
	const char *path = from_environment("REFUSED_SITES", NULL);
	uint64_t address;
	FILE *file;

	if (!path || !h || h->refused(0, &address))
		return;
	file = fopen(path, "a");
	for (uint32_t n = 0; file && !h->refused(n, &address); n++)
		fprintf(file, "%lld\n", (long long)address);
	if (file)
		fclose(file);
}

int scene_teardown(void **state)
{
	unsigned int wrong;

	if (!scene->conductor)
		return 0; /* the scene's function has ended the scene */
	scene_report_refused(A);
	scene_report_refused(B);
	wrong = scene->over ? let_it_end() : 0;
	if (!scene->over || wrong)
		say_what_is_known();
	else
		unlink(pcap_path());
	scene_wire_end();
	scene_proc_end();
	conductor_free(scene->conductor);
	scene->conductor = NULL;
	return wrong ? -1 : 0;
}

void scene_select(int argc, char **argv, const struct CMUnitTest *tests, size_t n)
{
	static char pattern[128];
	bool found = false;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2)
		return;
	snprintf(pattern, sizeof(pattern), "*%s*", argv[1]);
	for (size_t i = 0; i < n; i++)
		found |= !fnmatch(pattern, tests[i].name, 0);
	if (!found) {
		fprintf(stderr, "%s: no scene has %s in its name; there are", argv[0], argv[1]);
		for (size_t i = 0; i < n; i++)
			fprintf(stderr, " %s", tests[i].name);
		fprintf(stderr, "\n");
		exit(2);
	}
	cmocka_set_test_filter(pattern);
}

uint64_t scene_now(void)
{
	return conductor_now(scene->conductor);
}

void scene_sleep(uint64_t ns)
{
	conductor_sleep(scene->conductor, ns);
}

const char *scene_host_name(const struct host *h)
{
	return h == A ? "a" : "b";
}

/* ---- system calls ----------------------------------------------------------------------------- */

int64_t scene_begin_args(struct host *h, long nr, const int64_t args[6])
{
	int64_t ticket = host_submit(h, nr, args[0], args[1], args[2], args[3], args[4], args[5]);

	if (ticket < 0)
		fail_msg("host %s takes no call %ld: %s", scene_host_name(h), nr,
			 h->panic_message());
	conductor_run(scene->conductor, scene_now(), NULL, NULL);
	return ticket;
}

int64_t scene_end(struct host *h, int64_t ticket)
{
	int64_t result;

	if (!host_wait(h, ticket, CALL_MAX, &result))
		fail_msg("a call of host %s hangs: %s", scene_host_name(h), h->panic_message());
	return result;
}

int64_t scene_call_args(struct host *h, long nr, const int64_t args[6])
{
	int64_t ticket = host_submit(h, nr, args[0], args[1], args[2], args[3], args[4], args[5]);

	if (ticket < 0)
		fail_msg("host %s takes no call %ld: %s", scene_host_name(h), nr,
			 h->panic_message());
	return scene_end(h, ticket);
}

bool scene_is_back(struct host *h, int64_t ticket, int64_t *result)
{
	int state;

	conductor_run(scene->conductor, scene_now(), NULL, NULL);
	state = h->poll(ticket, result);
	assert_int_not_equal(state, -1);
	return state == 1;
}

void scene_interrupt(struct host *h, int64_t ticket)
{
	assert_int_equal(host_interrupt(h, ticket), 0);
}

const struct sockaddr_in *scene_address(const struct host *h, uint16_t port)
{
	struct sockaddr_in *address = &addresses[nr_addresses++ % ADDRESSES_MAX];
	uint32_t ip = INADDR_ANY;

	if (h)
		ip = h == A ? 0x0a000001 : 0x0a000002;
	*address = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(ip)};
	return address;
}

int scene_socket(struct host *h)
{
	int fd = scene_call(h, SYS_socket, AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		fail_msg("socket() of host %s: %d", scene_host_name(h), fd);
	return fd;
}

int scene_bind(struct host *h, int fd, uint16_t port)
{
	return scene_call(h, SYS_bind, fd, PTR(scene_address(NULL, port)),
			  sizeof(struct sockaddr_in));
}

int scene_listen(struct host *h, uint16_t port, int backlog)
{
	int fd = scene_socket(h);

	scene_set(h, fd, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(scene_bind(h, fd, port), 0);
	assert_int_equal(scene_call(h, SYS_listen, fd, backlog), 0);
	return fd;
}

int scene_connect(struct host *h, int fd, const struct host *to, uint16_t port)
{
	return scene_call(h, SYS_connect, fd, PTR(scene_address(to, port)),
			  sizeof(struct sockaddr_in));
}

int64_t scene_begin_connect(struct host *h, int fd, const struct host *to, uint16_t port)
{
	return scene_begin(h, SYS_connect, fd, PTR(scene_address(to, port)),
			   sizeof(struct sockaddr_in));
}

int scene_accept(struct host *h, int fd)
{
	return scene_call(h, SYS_accept4, fd, 0, 0, 0);
}

int64_t scene_begin_accept(struct host *h, int fd)
{
	return scene_begin(h, SYS_accept4, fd, 0, 0, 0);
}

int64_t scene_send(struct host *h, int fd, const void *bytes, size_t n)
{
	return scene_call(h, SYS_sendto, fd, PTR(bytes), n, MSG_NOSIGNAL, 0, 0);
}

int64_t scene_recv(struct host *h, int fd, void *bytes, size_t n)
{
	return scene_call(h, SYS_recvfrom, fd, PTR(bytes), n, 0, 0, 0);
}

int64_t scene_recv_now(struct host *h, int fd, void *bytes, size_t n)
{
	return scene_call(h, SYS_recvfrom, fd, PTR(bytes), n, MSG_DONTWAIT, 0, 0);
}

int scene_close(struct host *h, int fd)
{
	return scene_call(h, SYS_close, fd);
}

int scene_shutdown(struct host *h, int fd, int how)
{
	return scene_call(h, SYS_shutdown, fd, how);
}

int scene_set(struct host *h, int fd, int level, int option, int value)
{
	return scene_call(h, SYS_setsockopt, fd, level, option, PTR(&value), sizeof(value));
}

int scene_get(struct host *h, int fd, int level, int option)
{
	socklen_t len = sizeof(int);
	int value = 0;

	assert_int_equal(scene_call(h, SYS_getsockopt, fd, level, option, PTR(&value), PTR(&len)),
			 0);
	return value;
}

int scene_nonblock(struct host *h, int fd)
{
	return scene_call(h, SYS_fcntl, fd, F_SETFL, O_RDWR | O_NONBLOCK);
}

void scene_timeout(struct host *h, int fd, int option, unsigned int ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	assert_int_equal(
		scene_call(h, SYS_setsockopt, fd, SOL_SOCKET, option, PTR(&tv), sizeof(tv)), 0);
}

void scene_linger(struct host *h, int fd, bool on, int seconds)
{
	struct linger linger = {.l_onoff = on, .l_linger = seconds};

	assert_int_equal(scene_call(h, SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, PTR(&linger),
				    sizeof(linger)),
			 0);
}

short scene_poll(struct host *h, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};

	assert_true(scene_call(h, SYS_poll, PTR(&p), 1, 0) >= 0);
	return p.revents;
}

uint16_t scene_port(struct host *h, int fd)
{
	struct sockaddr_in address = {0};
	socklen_t len = sizeof(address);

	assert_int_equal(scene_call(h, SYS_getsockname, fd, PTR(&address), PTR(&len)), 0);
	assert_int_equal(len, sizeof(address));
	return ntohs(address.sin_port);
}

/* ---- whole messages --------------------------------------------------------------------------- */

void scene_send_all(struct host *h, int fd, const void *bytes, size_t n)
{
	size_t done = 0;

	while (done < n) {
		int64_t sent = scene_send(h, fd, (const char *)bytes + done, n - done);

		if (sent <= 0)
			fail_msg("send() of host %s: %lld after %zu bytes", scene_host_name(h),
				 (long long)sent, done);
		done += sent;
	}
}

void scene_recv_all(struct host *h, int fd, void *bytes, size_t n)
{
	size_t done = 0;

	while (done < n) {
		int64_t got = scene_recv(h, fd, (char *)bytes + done, n - done);

		if (got <= 0)
			fail_msg("recv() of host %s: %lld after %zu of %zu bytes",
				 scene_host_name(h), (long long)got, done, n);
		done += got;
	}
}

void scene_expect_eof(struct host *h, int fd)
{
	char byte;

	assert_int_equal(scene_recv(h, fd, &byte, 1), 0);
}

void scene_fill(uint8_t *bytes, size_t n, uint32_t salt)
{
	uint64_t x = salt * 0x9e3779b97f4a7c15ULL + 1;

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		bytes[i] = x >> 24;
	}
}

static void begin_step(struct stream *s)
{
	size_t n = s->len - s->done < s->step ? s->len - s->done : s->step;

	s->ticket = host_submit(s->host, s->writes ? SYS_write : SYS_read, s->fd,
				PTR(s->bytes + s->done), n, 0, 0, 0);
	if (s->ticket < 0)
		fail_msg("host %s takes no call", scene_host_name(s->host));
}

struct streams {
	struct stream *s;
	unsigned int n;
	int64_t result;
	struct stream *back;
};

/*
 * Returns true if the call of a stream has returned.  The conductor calls this function between
 * instants, when no call may begin: the conductor then stops, and scene_streams() begins the
 * stream's next call.
 */
static bool one_is_back(void *arg)
{
	struct streams *all = arg;

	for (unsigned int i = 0; i < all->n; i++) {
		struct stream *s = &all->s[i];

		if (s->done < s->len && s->host->poll(s->ticket, &all->result) == 1) {
			all->back = s;
			return true;
		}
	}
	return false;
}

void scene_streams(struct stream *s, unsigned int n)
{
	struct streams all = {.s = s, .n = n};
	unsigned int left = n;

	for (unsigned int i = 0; i < n; i++)
		begin_step(&s[i]);
	while (left) {
		if (!conductor_run(scene->conductor, scene_now() + CALL_MAX, one_is_back, &all))
			fail_msg("%u streams of %u hang; the first is at %zu of %zu bytes", left, n,
				 s[0].done, s[0].len);
		if (all.result <= 0)
			fail_msg("%s of host %s: %lld after %zu of %zu bytes",
				 all.back->writes ? "write()" : "read()",
				 scene_host_name(all.back->host), (long long)all.result,
				 all.back->done, all.back->len);
		all.back->done += all.result;
		if (all.back->done < all.back->len)
			begin_step(all.back);
		else
			left--;
	}
}

void scene_carry(struct host *from, int from_fd, struct host *to, int to_fd, size_t n)
{
	uint8_t *sent = malloc(n), *got = calloc(1, n);
	struct stream both[] = {
		{.host = from,
		 .fd = from_fd,
		 .writes = true,
		 .bytes = sent,
		 .len = n,
		 .step = 65536},
		{.host = to, .fd = to_fd, .bytes = got, .len = n, .step = 65536},
	};

	scene_fill(sent, n, from_fd + 1000 * n);
	scene_streams(both, 2);
	assert_memory_equal(sent, got, n);
	free(sent);
	free(got);
}

/* ---- a connection ----------------------------------------------------------------------------- */

struct pair scene_pair(void)
{
	struct pair p = {.bport = 7};

	p.listener = scene_listen(B, p.bport, 8);
	p.a = scene_socket(A);
	assert_int_equal(scene_connect(A, p.a, B, p.bport), 0);
	p.b = scene_accept(B, p.listener);
	assert_true(p.b >= 0);
	p.aport = scene_port(A, p.a);
	return p;
}

static void close_if_open(struct host *h, int *fd)
{
	if (*fd >= 0)
		assert_int_equal(scene_close(h, *fd), 0);
	*fd = -1;
}

void scene_pair_close(struct pair *p)
{
	close_if_open(A, &p->a);
	close_if_open(B, &p->b);
	close_if_open(B, &p->listener);
}
