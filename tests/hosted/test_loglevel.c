/* SPDX-License-Identifier: MIT */
/*
 * Debug lines by subsystem: `loglevel.NAME=` at boot and /proc/loglevel at run time.  When they are
 * off, even the log's ring buffer does not contain them; when they are on, the console has the
 * lines of that subsystem only, and they agree with the wire.
 */
#include "tests/hosted/scene_forge.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define LOGLEVEL "/proc/loglevel"

static const char *const names[] = {"kernel", "mm",  "sched", "fs",   "net",
				    "virtio", "arp", "ip",    "icmp", "tcp"};

/* The scene that called mark() last, and the length of A's console at that time. */
static const char *marked_in;
static size_t console_mark;
static void mark(void)
{
	marked_in = scene->name;
	console_mark = strlen(A->console());
}

static const char *console(void)
{
	return A->console() + (marked_in == scene->name ? console_mark : 0);
}

/* Checks that A's console has debug lines of @name and of no other subsystem.  NULL: of no subsystem at all. */
static void assert_lines_of(const char *name)
{
	char prefix[32];

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bool there;

		snprintf(prefix, sizeof(prefix), "] %s: ", names[i]);
		there = strstr(console(), prefix);
		if (there != (name && !strcmp(name, names[i])))
			fail_msg("lines of %s: %s; console:\n%s", names[i], there ? "some" : "none",
				 console());
	}
}

static void connect_and_close(void)
{
	struct pair p = scene_pair();

	scene_carry(A, p.a, B, p.b, 10);
	scene_pair_close(&p);
	scene_sleep(1 * SEC);
}

static void none_by_default(void)
{
	connect_and_close();
	assert_lines_of(NULL);
	assert_null(strstr(scene_proc(A, "/proc/kmsg"), "tcp: "));
	/* A console level of debug shows more of the boot, but no packets. */
	assert_int_equal(scene_proc_write(A, LOGLEVEL, "console=debug"), 13);
	connect_and_close();
	assert_lines_of(NULL);
}

/* RFC 9293 3.5: the segments of the handshake, and the states of the active opener in figure 5. */
static void tcp_tells_segments_and_states(void)
{
	static const char *const lines[] = {"CLOSE > SYN_SENT\n",
					    "tcp: out 10.0.0.1:%u > 10.0.0.2:7 S seq %u ack 0 win ",
					    "tcp: in  10.0.0.2:7 > 10.0.0.1:%u S. seq %u ack ",
					    "SYN_SENT > ESTABLISHED\n",
					    " len 10\n",
					    "ESTABLISHED > FIN_WAIT1\n"};
	const char *at;
	char line[100];
	const struct seg *syn, *synack;
	uint16_t port;

	scene_mark();
	connect_and_close();
	assert_lines_of("tcp");
	syn = scene_nth(A, SYN, 1);
	synack = scene_nth(B, SYNACK, 1);
	port = syn->sport;
	at = console();
	for (unsigned int i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(line, sizeof(line), lines[i], port, i == 1 ? syn->seq : synack->seq);
		at = strstr(at, line);
		if (!at)
			fail_msg("no \"%s\" in its place:\n%s", line, console());
	}
	assert_non_null(strstr(scene_proc(A, "/proc/kmsg"), "ESTABLISHED > FIN_WAIT1\n"));
}

static void a_retransmission_timeout(void)
{
	int listener = scene_listen(B, 7, 1), fd = scene_socket(A);

	scene_drop(A, SYN, 1);
	assert_int_equal(scene_connect(A, fd, B, 7), 0);
	assert_non_null(strstr(console(), "tcp: 10.0.0.2:7 retransmission timeout, 1 in a row; the "
					  "next in 2000 ms\n"));
	scene_close(A, fd);
	scene_close(B, listener);
}

/* Each subsystem's lines can be turned on and off while the kernel runs. */
static void each_at_run_time(void)
{
	static const struct {
		const char *name, *line;
	} some[] = {{"ip", "ip: out 10.0.0.1 > 10.0.0.2, protocol 6, "},
		    {"ip", "ip: in  10.0.0.2 > 10.0.0.1, protocol 6, "},
		    {"tcp", "tcp: out 10.0.0.1:"},
		    {"fs", "fs: open /proc/uptime: descriptor "},
		    {"fs", "fs: open /proc/none: error -2\n"}};
	char text[32];

	for (unsigned int i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		size_t n = snprintf(text, sizeof(text), "%s=debug\n", some[i].name);

		assert_int_equal(scene_proc_write(A, LOGLEVEL, text), n);
		mark();
		connect_and_close();
		scene_proc(A, "/proc/uptime");
		assert_int_equal(scene_call(A, SYS_open, PTR("/proc/none"), O_RDONLY), -ENOENT);
		if (!strstr(console(), some[i].line))
			fail_msg("no \"%s\" on the console:\n%s", some[i].line, console());
		assert_lines_of(some[i].name);
		assert_non_null(strstr(scene_proc(A, LOGLEVEL), text));
		snprintf(text, sizeof(text), "%s=default", some[i].name);
		assert_int_equal(scene_proc_write(A, LOGLEVEL, text), strlen(text));
		mark();
		connect_and_close();
		assert_lines_of(NULL);
	}
}

/*
 * The lines name requests and replies as RFC 826 does.  B sends no request, because A's request
 * contains A's address.
 */
static void arp_lines_name_the_asker(void)
{
	connect_and_close();
	assert_lines_of("arp");
	assert_non_null(strstr(console(), "asks for 10.0.0.2\n"));
	assert_non_null(strstr(console(), "arp: in  eth0: 10.0.0.2 is at "));
	assert_non_null(strstr(console(), ", tells 10.0.0.1\n"));
}

static void icmp_tells_type_and_code(void)
{
	struct pair p = scene_pair();

	scene_carry(A, p.a, B, p.b, 10);
	forge_unreachable(scene_last(A, DATA));
	scene_sleep(1 * SEC);
	assert_lines_of("icmp");
	assert_non_null(strstr(console(), ": type 3, code 1, "));
	scene_pair_close(&p);
}

static void net_tells_why_a_packet_was_dropped(void)
{
	struct forged f = {.to = A, .daddr = 0x7f000001, .sport = 1, .dport = 2, .flags = ACK_FLAG};

	scene_mark();
	forge(&f);
	assert_int_equal(scene_drops(A, "IP_INADDRERRORS"), 1);
	assert_lines_of("net");
	assert_non_null(
		strstr(console(), "bytes dropped: IP_INADDRERRORS, source or destination "));
}

static void sched_tells_of_threads(void)
{
	assert_lines_of("sched");
	assert_non_null(strstr(console(), " begins: init\n"));
}

static void (*cable_of(struct host *h))(bool up)
{
	void (*set_link)(bool up);

	*(void **)&set_link = dlsym(h->dl, "virtio_model_set_link");
	assert_non_null(set_link);
	return set_link;
}

/* If a subsystem's level is below the console's, the console lacks that subsystem's lines only. */
static void a_subsystem_that_is_silent(void)
{
	assert_non_null(strstr(A->console(), "softnet "));
	assert_non_null(strstr(scene_proc(A, LOGLEVEL), "\nvirtio=err\n"));
	A->awake = true;
	cable_of(A)(false);
	scene_sleep(1 * SEC);
	assert_null(strstr(A->console(), "link down"));
	assert_non_null(strstr(scene_proc(A, "/proc/kmsg"), "link down"));
}

static void an_unknown_name(void)
{
	static const char *const wrong[] = {
		"tpc=debug",           "tcp=loud",   "tcp",         "", "=", "tcp=", "=debug",
		"tcp=debug\nip=debug", "tcp= debug", "console=loud"};

	assert_non_null(strstr(console(),
			       "invalid option \"loglevel.tpc=debug\": expected loglevel.kernel|"));
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		mark();
		assert_int_equal(scene_proc_write(A, LOGLEVEL, wrong[i]), -EINVAL);
		assert_non_null(strstr(console(), "expected console or one of loglevel.kernel|"));
		for (unsigned int n = 0; n < sizeof(names) / sizeof(names[0]); n++)
			assert_non_null(strstr(console(), names[n]));
		assert_non_null(strstr(console(), "|debug|default\n"));
	}
	assert_null(strstr(scene_proc(A, LOGLEVEL), "debug"));
}

/* Virtio 1.1, 6: bit 32 is VIRTIO_F_VERSION_1, which the driver of a modern device must accept. */
static void virtio_tells_the_features(void)
{
	unsigned long long agreed, offered;
	const char *line = strstr(console(), "virtio: ");

	assert_lines_of("virtio");
	line = strstr(line, ": features ");
	assert_non_null(line);
	assert_int_equal(sscanf(line, ": features %llx of the offered %llx", &agreed, &offered), 2);
	assert_int_equal(agreed >> 32 & 1, 1);
	assert_int_equal(agreed & ~offered, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(none_by_default),
		SCENE_WORDS(tcp_tells_segments_and_states, " loglevel.tcp=debug"),
		SCENE_WORDS(a_retransmission_timeout, " loglevel.tcp=8"),
		SCENE(each_at_run_time),
		SCENE_WORDS(arp_lines_name_the_asker, " loglevel.arp=debug"),
		SCENE_WORDS(icmp_tells_type_and_code, " loglevel.icmp=debug"),
		SCENE_WORDS(net_tells_why_a_packet_was_dropped, " loglevel.net=debug"),
		SCENE_WORDS(sched_tells_of_threads, " loglevel.sched=debug"),
		SCENE_WORDS(virtio_tells_the_features, " loglevel.virtio=debug"),
		SCENE_WORDS(a_subsystem_that_is_silent, " loglevel.virtio=err"),
		SCENE_WORDS(an_unknown_name, " loglevel.tpc=debug"),
	};

	return scene_play(tests);
}
