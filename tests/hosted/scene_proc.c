/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes files below /proc with the system calls of a host's kernel (scene.h).  No
 * virtual time passes meanwhile.
 */
#include "tests/hosted/scene.h"

#include <stdio.h>

#define TEXT_MAX (1 << 20)

static const char *const counted[] = {"/proc/net/snmp", "/proc/net/netstat", "/proc/net/drops"};
#define NR_COUNTED (sizeof(counted) / sizeof(counted[0]))
/* Texts of the counter files at the last scene_mark(), by host and file. */
static char *snapshots[2][NR_COUNTED];

const char *scene_proc(struct host *h, const char *path)
{
	static char text[TEXT_MAX];
	size_t len = 0;
	int64_t got;
	int fd = scene_call(h, SYS_open, PTR(path), O_RDONLY, 0);

	if (fd < 0)
		fail_msg("open(%s) of host %s: %d", path, scene_host_name(h), fd);
	while ((got = scene_call(h, SYS_read, fd, PTR(text + len), TEXT_MAX - 1 - len)) > 0)
		len += got;
	assert_int_equal(got, 0);
	assert_int_equal(scene_close(h, fd), 0);
	text[len] = '\0';
	return text;
}

int64_t scene_proc_write(struct host *h, const char *path, const char *text)
{
	int fd = scene_call(h, SYS_open, PTR(path), O_WRONLY, 0);
	int64_t done;

	if (fd < 0)
		return fd;
	done = scene_call(h, SYS_write, fd, PTR(text), strlen(text));
	assert_int_equal(scene_close(h, fd), 0);
	return done;
}

static const char *sysctl_path(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	return path;
}

void scene_sysctl(struct host *h, const char *name, const char *value)
{
	int64_t done = scene_proc_write(h, sysctl_path(name), value);

	if (done != (int64_t)strlen(value))
		fail_msg("%s = %s of host %s: %lld", name, value, scene_host_name(h),
			 (long long)done);
}

const char *scene_sysctl_get(struct host *h, const char *name)
{
	return scene_proc(h, sysctl_path(name));
}

/* ---- /proc/net/tcp ------------------------------------------------------------------------------ */

bool scene_connection(struct host *h, uint16_t port, uint16_t peer_port, struct connection *c)
{
	const char *line = strchr(scene_proc(h, "/proc/net/tcp"), '\n');

	while (line && *++line) {
		unsigned int slot, ip, local, peer_ip, remote, when;

		if (sscanf(line, " %u: %8X:%4X %8X:%4X %2X %8X:%8X %2X:%8X %8X", &slot, &ip, &local,
			   &peer_ip, &remote, &c->state, &c->tx_queue, &c->rx_queue, &c->timer,
			   &when, &c->retransmits) != 11)
			fail_msg("not a line of /proc/net/tcp: %.150s", line);
		if (local == port && remote == peer_port)
			return true;
		line = strchr(line, '\n');
	}
	return false;
}

unsigned int scene_state(struct host *h, uint16_t port, uint16_t peer_port)
{
	struct connection c;

	return scene_connection(h, port, peer_port, &c) ? c.state : 0;
}

static const char *state_name(unsigned int state)
{
	static const char *const names[] = {"none",        "ESTABLISHED", "SYN_SENT",  "SYN_RECV",
					    "FIN_WAIT1",   "FIN_WAIT2",   "TIME_WAIT", "CLOSE",
					    "CLOSE_WAIT",  "LAST_ACK",    "LISTEN",    "CLOSING",
					    "NEW_SYN_RECV"};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

void assert_state_at(struct host *h, uint16_t port, uint16_t peer, unsigned int state,
		     const char *file, int line)
{
	unsigned int is = scene_state(h, port, peer);

	if (is != state) {
		print_error("host %s, port %u to %u: %s, should be %s\n%s", scene_host_name(h),
			    port, peer, state_name(is), state_name(state),
			    scene_proc(h, "/proc/net/tcp"));
		_fail(file, line);
	}
}

void assert_queues_at(struct host *h, uint16_t port, uint16_t peer, uint32_t tx, uint32_t rx,
		      const char *file, int line)
{
	struct connection c;

	if (!scene_connection(h, port, peer, &c) || c.tx_queue != tx || c.rx_queue != rx) {
		print_error("host %s, port %u to %u: its queues should be %u out, %u in\n%s",
			    scene_host_name(h), port, peer, tx, rx, scene_proc(h, "/proc/net/tcp"));
		_fail(file, line);
	}
}

/* ---- counters ------------------------------------------------------------------------------------- */

void scene_proc_mark(void)
{
	for (unsigned int i = 0; i < 2 * NR_COUNTED; i++) {
		char **snapshot = &snapshots[i / NR_COUNTED][i % NR_COUNTED];

		free(*snapshot);
		*snapshot = strdup(scene_proc(i < NR_COUNTED ? A : B, counted[i % NR_COUNTED]));
		assert_non_null(*snapshot);
	}
}

void scene_proc_end(void)
{
	for (unsigned int i = 0; i < 2 * NR_COUNTED; i++) {
		free(snapshots[i / NR_COUNTED][i % NR_COUNTED]);
		snapshots[i / NR_COUNTED][i % NR_COUNTED] = NULL;
	}
}

/*
 * Returns the next word of the line at *@at, with its length, and moves *@at behind it; NULL at the
 * end of the line.
 */
static const char *next_word(const char **at, size_t *len)
{
	const char *word = *at + strspn(*at, " ");

	*len = strcspn(word, " \n");
	*at = word + *len;
	return *len ? word : NULL;
}

/*
 * Finds the counter @name.  A group has a line of names and a line of values; both begin with the
 * group's name.
 */
static bool find_counter(const char *text, const char *group, const char *name, uint64_t *value)
{
	const char *names = text, *values, *word, *number;
	size_t len, number_len, group_len = strlen(group);

	while (strncmp(names, group, group_len) || names[group_len] != ':') {
		names = strchr(names, '\n');
		if (!names || !*++names)
			return false;
	}
	values = strchr(names, '\n');
	if (!values)
		return false;
	values++;
	do {
		word = next_word(&names, &len);
		number = next_word(&values, &number_len);
		if (!word || !number)
			return false;
	} while (len != strlen(name) || memcmp(word, name, len));
	*value = strtoull(number, NULL, 10);
	return true;
}

uint64_t scene_counter(struct host *h, const char *group_dot_name)
{
	char group[32];
	const char *dot = strchr(group_dot_name, '.');
	unsigned int file;
	uint64_t now, then;

	assert_non_null(dot);
	snprintf(group, sizeof(group), "%.*s", (int)(dot - group_dot_name), group_dot_name);
	file = !strcmp(group, "TcpExt") || !strcmp(group, "IpExt");
	if (!find_counter(scene_proc(h, counted[file]), group, dot + 1, &now) ||
	    !find_counter(snapshots[h == B][file], group, dot + 1, &then))
		fail_msg("no counter %s", group_dot_name);
	return now - then;
}

static bool find_drops(const char *text, const char *reason, uint64_t *value)
{
	size_t len = strlen(reason);

	while (strncmp(text, reason, len) || text[len] != ' ') {
		text = strchr(text, '\n');
		if (!text || !*++text)
			return false;
	}
	*value = strtoull(text + len, NULL, 10);
	return true;
}

uint64_t scene_drops(struct host *h, const char *reason)
{
	uint64_t now, then;

	if (!find_drops(scene_proc(h, counted[2]), reason, &now) ||
	    !find_drops(snapshots[h == B][2], reason, &then))
		fail_msg("no drop reason %s", reason);
	return now - then;
}
