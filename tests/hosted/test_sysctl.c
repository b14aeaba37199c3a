/* SPDX-License-Identifier: MIT */
/*
 * The table of sysctls: three methods to set a value; refused values and their messages;
 * docs/sysctl.md must have the same table.  test_sysctl_net.c, test_sysctl_flow.c and
 * test_sysctl_tcp.c test the effect of each value.
 */
#include "tests/hosted/scene.h"

#include <stdio.h>

#define DOCUMENT   "docs/sysctl.md"
#define RIGHT_ROWS "build/hosted/sysctl.rows"

/* One line of /proc/sysctl. */
struct entry {
	char name[64], value[64], range[64];
	long least, most;
	unsigned int numbers; /* how many numbers the value has; 0: the value is a name, or names */
	bool read_only, list;
};

static bool parse_line(const char *line, struct entry *e)
{
	strcpy(e->value, " "); /* the list of ip_local_reserved_ports is empty */
	if (sscanf(line, "%63s | %63[^|] | %63[^|]", e->name, e->value, e->range) != 3 &&
	    sscanf(line, "%63s | | %63[^|]", e->name, e->range) != 2)
		return false;
	e->value[strlen(e->value) - 1] = e->range[strlen(e->range) - 1] = '\0';
	e->list = !strcmp(e->range, "a list");
	e->read_only = !strcmp(e->range, "(read only)");
	if (e->read_only || e->list || !strncmp(e->range, "one ", 4) ||
	    !strncmp(e->range, "some ", 5)) {
		e->numbers = 0;
	} else if (strstr(e->range, "numbers")) {
		assert_int_equal(sscanf(e->range, "%u numbers, not falling, of %ld..%ld",
					&e->numbers, &e->least, &e->most),
				 3);
	} else {
		e->numbers = 1;
		assert_int_equal(sscanf(e->range, "%ld..%ld", &e->least, &e->most), 2);
	}
	return true;
}

/* Calls @test for each sysctl; returns their number. */
static unsigned int for_each_entry(void (*test)(const struct entry *e, void *arg), void *arg)
{
	char *text = strdup(scene_proc(A, "/proc/sysctl")), *save = NULL;
	unsigned int n = 0;
	struct entry e;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		assert_true(parse_line(line, &e));
		test(&e, arg);
		n++;
	}
	free(text);
	return n;
}

static int64_t write_to(const struct entry *e, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/%s", e->name);
	return scene_proc_write(A, path, text);
}

/* Returns a text for @e that repeats @number once for each number of the sysctl. */
static const char *numbers(const struct entry *e, long number, const char *between)
{
	static char text[128];
	size_t n = 0;

	for (unsigned int i = 0; i < e->numbers; i++)
		n += snprintf(text + n, sizeof(text) - n, "%s%ld", i ? between : "", number);
	return text;
}

static void refuses(const struct entry *e, const char *text)
{
	char before[128];

	snprintf(before, sizeof(before), "%s", scene_sysctl_get(A, e->name));
	if (write_to(e, text) != -EINVAL)
		fail_msg("%s takes \"%s\"", e->name, text);
	assert_string_equal(scene_sysctl_get(A, e->name), before);
}

/* LIMIT(SYSCTL_TEXT_MAX) */
static void bounds(const struct entry *e, void *arg)
{
	char many[200], text[128], before[128];

	(void)arg;
	snprintf(before, sizeof(before), "%s", scene_sysctl_get(A, e->name));
	if (e->read_only) {
		assert_int_equal(write_to(e, before), -EACCES);
		assert_string_equal(scene_sysctl_get(A, e->name), before);
		return;
	}
	if (e->list) {
		assert_int_equal(write_to(e, "\n"), 1);
	} else {
		refuses(e, "");
		refuses(e, "\n");
	}
	if (e->numbers || e->list)
		refuses(e, "no-such-name");
	else
		assert_int_equal(write_to(e, "no-such-name"),
				 strstr(e->name, "_key") ? -EINVAL : -ENOENT);
	memset(many, ' ', sizeof(many) - 1);
	many[sizeof(many) - 2] = '1';
	many[sizeof(many) - 1] = '\0';
	refuses(e, many);
	if (!e->numbers && !e->list) {
		assert_int_equal(write_to(e, before), strlen(before));
		assert_string_equal(scene_sysctl_get(A, e->name), before);
		return;
	}
	if (e->list)
		return;
	refuses(e, numbers(e, e->least - 1, " "));
	refuses(e, numbers(e, e->most + 1, " "));
	refuses(e, numbers(e, 4294967296L * 4 + e->least, " ")); /* an int would wrap */
	snprintf(text, sizeof(text), "%sx", numbers(e, e->least, " "));
	refuses(e, text);
	snprintf(text, sizeof(text), "%s %ld", numbers(e, e->least, " "), e->least);
	refuses(e, text); /* one number too many */
	snprintf(text, sizeof(text), "%s\n1", numbers(e, e->least, " "));
	refuses(e, text);
	if (e->numbers > 1) {
		snprintf(text, sizeof(text), "%ld", e->least);
		refuses(e, text); /* too few numbers */
		snprintf(text, sizeof(text), "%s", numbers(e, e->most, " "));
		snprintf(strrchr(text, ' '), 32, " %ld", e->least);
		refuses(e, text); /* numbers in falling order */
	}
	/*
	 * Both ends of the range take effect, with blanks or tabs between the numbers; then the old
	 * value is restored.
	 */
	snprintf(text, sizeof(text), "%s\n", numbers(e, e->least, "\t"));
	assert_int_equal(write_to(e, numbers(e, e->least, " ")), strlen(text) - 1);
	assert_string_equal(scene_sysctl_get(A, e->name), text);
	snprintf(text, sizeof(text), "%s\n", numbers(e, e->most, "\t"));
	assert_int_equal(write_to(e, text), strlen(text));
	assert_string_equal(scene_sysctl_get(A, e->name), text);
	if (e->numbers == 1) {
		snprintf(text, sizeof(text), "0x%lx", e->most);
		assert_int_equal(write_to(e, text), strlen(text));
		snprintf(text, sizeof(text), "%ld\n", e->most);
		assert_string_equal(scene_sysctl_get(A, e->name), text);
	}
	assert_int_equal(write_to(e, before), strlen(before));
	assert_string_equal(scene_sysctl_get(A, e->name), before);
}

static void every_value_keeps_its_bounds(void)
{
	assert_in_range(for_each_entry(bounds, NULL), 30, 200);
}

/* ---- docs/sysctl.md ------------------------------------------------------------------------------- */

static bool has_line(FILE *doc, const char *row)
{
	char line[512];

	rewind(doc);
	while (fgets(line, sizeof(line), doc)) {
		if (!strcmp(line, row))
			return true;
	}
	return false;
}

/* Writes the right rows to RIGHT_ROWS, from which a wrong docs/sysctl.md can be corrected. */
static void document_is_the_table(void)
{
	char row[512], *text = strdup(scene_proc(A, "/proc/sysctl")), *save = NULL;
	FILE *doc = fopen(DOCUMENT, "r"), *right = fopen(RIGHT_ROWS, "w");
	unsigned int rows = 0, missing = 0, n = 0;

	assert_non_null(doc);
	assert_non_null(right);
	for (char *want = strtok_r(text, "\n", &save); want; want = strtok_r(NULL, "\n", &save)) {
		snprintf(row, sizeof(row), "| %s |\n", want);
		fputs(row, right);
		missing += !has_line(doc, row);
		n++;
	}
	fclose(right);
	rewind(doc);
	while (fgets(row, sizeof(row), doc))
		rows += !strncmp(row, "| net/", 6);
	fclose(doc);
	free(text);
	if (missing || rows != n)
		fail_msg("%s: %u rows of %u are missing or wrong; %s has the right rows", DOCUMENT,
			 missing, n, RIGHT_ROWS);
}

/* ---- the command line, /proc ----------------------------------------------------------------------- */

static const char *console_of(const char *words)
{
	char cmdline[512];
	struct host *h;

	snprintf(cmdline, sizeof(cmdline), "ip=10.0.0.3/24 app=none %s", words);
	h = conductor_host(scene->conductor, cmdline);
	assert_non_null(h);
	scene->b = h;
	return h->console();
}

static void words_of_the_command_line(void)
{
	const char *console =
		console_of("sysctl.net.ipv4.tcp_retries2=7 sysctl.net/ipv4/tcp_retries1=2 "
			   "sysctl.net.ipv4.tcp_rmem=4096,50000,60000");

	assert_null(strstr(console, "command line"));
	assert_string_equal(scene_sysctl_get(B, "net/ipv4/tcp_retries2"), "7\n");
	assert_string_equal(scene_sysctl_get(B, "net/ipv4/tcp_retries1"), "2\n");
	assert_string_equal(scene_sysctl_get(B, "net/ipv4/tcp_rmem"), "4096\t50000\t60000\n");
	assert_string_equal(scene_sysctl_get(A, "net/ipv4/tcp_retries2"), "15\n");
}

static void wrong_words_are_named(void)
{
	const char *console =
		console_of("sysctl.net.ipv4.tcp_retries2=256 sysctl.net.ipv4.tcp_retires1=2 "
			   "sysctl.net.ipv4.tcp_rmem=4096 sysctl.net.ipv4.tcp_fin_timeout "
			   "sysctl.net.ipv4.tcp_syn_retries=2 "
			   "sysctl.net.ipv4.tcp_congestion_control=vegas "
			   "sysctl.net.ipv4.tcp_allowed_congestion_control=vegas "
			   "sysctl.net.ipv4.tcp_fastopen_key=zz");

	assert_non_null(strstr(console,
			       "invalid option \"sysctl.net.ipv4.tcp_retries2=256\": expected "
			       "sysctl.net.ipv4.tcp_retries2=0..255 (retransmissions)\n"));
	assert_non_null(strstr(console,
			       "invalid option \"sysctl.net.ipv4.tcp_retires1=2\": expected "
			       "sysctl.NAME=VALUE"));
	assert_non_null(strstr(console,
			       "invalid option \"sysctl.net.ipv4.tcp_rmem=4096\": expected "
			       "sysctl.net.ipv4.tcp_rmem=3 numbers, not falling, of "));
	assert_non_null(strstr(console,
			       "invalid option \"sysctl.net.ipv4.tcp_fin_timeout\": expected "
			       "sysctl.NAME=VALUE"));
	assert_non_null(strstr(console, "tcp_congestion_control=vegas\": expected sysctl.net.ipv4."
					"tcp_congestion_control=one of reno cubic bbr dctcp\n"));
	assert_non_null(strstr(console, "sysctl.net.ipv4.tcp_allowed_congestion_control=some of "
					"reno cubic bbr dctcp\n"));
	assert_non_null(strstr(console, "sysctl.net.ipv4.tcp_fastopen_key=one or two keys of 4 "
					"hexadecimal numbers, as 1-2-3-4,5-6-7-8\n"));
	/* The boot continued, and the valid values took effect. */
	assert_string_equal(scene_sysctl_get(B, "net/ipv4/tcp_retries2"), "15\n");
	assert_string_equal(scene_sysctl_get(B, "net/ipv4/tcp_syn_retries"), "2\n");
}

static void the_files(void)
{
	const char *path = "/proc/sys/net/ipv4/tcp_retries2";
	char got[8] = {0};
	int fd;

	assert_int_equal(scene_proc_write(A, "/proc/sys/net/ipv4/tcp_nothing", "1"), -ENOENT);
	assert_int_equal(scene_proc_write(A, "/proc/sys/net.ipv4.tcp_retries2", "1"), -ENOENT);
	assert_int_equal(scene_proc_write(A, "/proc/sys/net/ipv4", "1"), -EISDIR);
	assert_int_equal(scene_proc_write(A, "/proc/sysctl", "1"), -EACCES);
	fd = scene_call(A, SYS_open, PTR(path), O_RDONLY, 0);
	assert_true(fd >= 0);
	assert_int_equal(scene_call(A, SYS_write, fd, PTR("9"), 1), -EBADF);
	/* The text can be read in parts, but only once. */
	assert_int_equal(scene_call(A, SYS_read, fd, PTR(got), 1), 1);
	assert_int_equal(scene_call(A, SYS_read, fd, PTR(got + 1), 7), 2);
	assert_string_equal(got, "15\n");
	assert_int_equal(scene_call(A, SYS_read, fd, PTR(got), 8), 0);
	scene_close(A, fd);
	/* Each write sets the value anew; a value with a NUL in it is refused. */
	fd = scene_call(A, SYS_open, PTR(path), O_RDWR, 0);
	assert_int_equal(scene_call(A, SYS_write, fd, PTR("9\n"), 2), 2);
	assert_int_equal(scene_call(A, SYS_write, fd, PTR("8"), 1), 1);
	assert_int_equal(scene_call(A, SYS_write, fd, PTR("7\0"), 2), -EINVAL);
	assert_int_equal(scene_call(A, SYS_write, fd, PTR(8), 2), -EFAULT);
	assert_string_equal(scene_sysctl_get(A, "net/ipv4/tcp_retries2"), "8\n");
	scene_close(A, fd);
}

/* ---- settings for tests, which are no sysctls ------------------------------------------------ */

static void sequence_numbers_begin_where_a_test_says(void)
{
	struct pair p;

	A->set("iss", 0xfffffff0);
	B->set("iss", 0xffffffff);
	p = scene_pair();
	assert_int_equal(scene_nth(A, SYN, 1)->seq, 0xfffffff0);
	assert_int_equal(scene_nth(B, SYNACK, 1)->seq, 0xffffffff);
	/* The sequence numbers of both sides wrap. */
	scene_carry(A, p.a, B, p.b, 5000);
	scene_carry(B, p.b, A, p.a, 5000);
	scene_pair_close(&p);
	A->set("iss", ~0ULL);
	scene_mark();
	p = scene_pair();
	assert_int_not_equal(scene_nth(A, SYN, 1)->seq, 0xfffffff0);
	scene_pair_close(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(every_value_keeps_its_bounds),
		SCENE(document_is_the_table),
		SCENE(words_of_the_command_line),
		SCENE(wrong_words_are_named),
		SCENE(the_files),
		SCENE(sequence_numbers_begin_where_a_test_says),
	};

	return scene_play(tests);
}
