/* SPDX-License-Identifier: MIT */
/* The kernel log, the console, command-line options, warnings and panics. */
#include "tests/unit/unit_hal.h"

#include "include/uapi/errno.h"
#include "kernel/cmdline.h"
#include "kernel/console.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/limits.h"
#include "kernel/printk.h"

static char log_copy[2 * LOG_RING_SIZE];

static const char *kmsg(size_t size)
{
	log_copy[kmsg_copy(log_copy, size)] = '\0';
	return log_copy;
}

static void test_a_line_has_its_time(void **state)
{
	unit_console_clear();
	unit_set_clock(12345678901ULL);
	pr_warn("hello %d", 7);
	assert_string_equal(unit_console(), "[   12.345678] hello 7\n");
	unit_console_clear();
	pr_warn("ends itself\n");
	assert_string_equal(unit_console(), "[   12.345678] ends itself\n");
	unit_console_clear();
	pr_info("not for the console");
	assert_string_equal(unit_console(), "");
	assert_non_null(strstr(kmsg(LOG_RING_SIZE), "hello 7\n[   12.345678] ends itself\n"));
	assert_non_null(strstr(log_copy, "not for the console\n"));
}

/* LIMIT(LOG_LINE_MAX) */
static void test_a_long_line_is_cut(void **state)
{
	char text[2 * LOG_LINE_MAX];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	unit_console_clear();
	pr_err("%s", text);
	assert_in_range(strlen(unit_console()), LOG_LINE_MAX - 2, LOG_LINE_MAX);
	assert_string_equal(unit_console() + strlen(unit_console()) - 2, "x\n");
}

/* A full log ring drops its oldest lines; a copy has only whole lines, and the newest one.  LIMIT(LOG_RING_SIZE) */
static void test_the_ring_wraps_at_lines(void **state)
{
	for (unsigned int i = 0; i < 5000; i++) {
		char want[32];
		const char *s;

		pr_info("line %u %.*s", i, (int)(unit_random() % 60),
			"............................................................");
		if (i % 50)
			continue;
		for (size_t size = 200; size <= LOG_RING_SIZE; size += 4000) {
			s = kmsg(size);
			assert_true(strlen(s) <= size);
			assert_int_equal(s[0], '[');
			snprintf(want, sizeof(want), "line %u ", i);
			assert_non_null(strstr(s, want));
			assert_int_equal(s[strlen(s) - 1], '\n');
		}
	}
	assert_true(strlen(kmsg(LOG_RING_SIZE)) > LOG_RING_SIZE - LOG_LINE_MAX);
}

/* ---- a console without a reader -------------------------------------------------------------- */

#define LOST(n) "\n[console: " #n " bytes were not taken in time: lost]\n"

static void clear_at(u64 seconds)
{
	unit_console_clear();
	unit_set_clock(seconds * 1000000000ULL);
}

/*
 * The console has no room: the kernel waits in vain for room for one byte, and drops all later
 * bytes without waiting. When there is room again, a line says how many bytes were lost.
 */
static void test_a_full_console_costs_one_wait(void **state)
{
	struct console_stats before = console_stats(), after;
	unsigned int waits = unit_console_waits();

	clear_at(1);
	unit_console_room(20); /* "[    1.000000] first\n" is 21 bytes */
	pr_err("first");
	assert_string_equal(unit_console(), "[    1.000000] first");
	for (int i = 0; i < 100; i++)
		pr_err("second"); /* each line has 22 bytes */
	assert_int_equal(unit_console_waits(), waits + 1);
	after = console_stats();
	assert_int_equal(after.waits, before.waits + 1);
	assert_int_equal(after.lost, before.lost + 1 + 100 * 22);

	unit_console_clear();
	unit_console_room(SIZE_MAX);
	pr_err("third");
	assert_string_equal(unit_console(), LOST(2201) "[    1.000000] third\n");
	unit_console_clear();
	pr_err("fourth");
	assert_string_equal(unit_console(), "[    1.000000] fourth\n");
	assert_int_equal(console_stats().lost, after.lost);
	/* The log ring has the lines that the console lost. */
	assert_non_null(strstr(kmsg(LOG_RING_SIZE), "second\n[    1.000000] third\n"));
	assert_int_equal(unit_console_waits(), waits + 1);
}

/* There is room for only a part of the line about lost bytes: that line is repeated in full later. */
static void test_a_full_console_that_takes_a_little(void **state)
{
	clear_at(2);
	unit_console_room(0);
	pr_err("lost"); /* 20 bytes */
	assert_string_equal(unit_console(), "");
	unit_console_room(10);
	pr_err("this too"); /* 24 bytes */
	assert_string_equal(unit_console(), "\n[console:");
	unit_console_clear();
	unit_console_room(80);
	pr_err("cut"); /* 19 bytes; the line LOST(44), which has 50 bytes, comes first */
	unit_console_room(SIZE_MAX);
	assert_string_equal(unit_console(), LOST(44) "[    2.000000] cut\n");
	/* Text that an application writes is cut and counted in the same way. */
	unit_console_room(3);
	console_write("abcdef", 6);
	console_write("ghi", 3);
	unit_console_clear();
	unit_console_room(SIZE_MAX);
	console_write("jkl", 3);
	assert_string_equal(unit_console(), LOST(6) "jkl");
}

/* During a panic the kernel waits for room for each byte, even after a byte was lost. */
static void test_a_panic_waits_for_each_byte(void **state)
{
	unsigned int waits = unit_console_waits();

	clear_at(3);
	unit_console_room(0);
	pr_err("stuck");
	console_patient();
	console_write("0123456789", 10);
	assert_int_equal(unit_console_waits(), waits + 11);
	unit_console_room(SIZE_MAX);
	console_write("seen", 4);
	assert_string_equal(unit_console(), "seen");
}

/* For the whole text of a panic, the kernel waits for CONSOLE_PANIC_POLLS_MAX polls at most.  After that, it writes a
 * byte if there is room, and otherwise drops it without waiting.  LIMIT(CONSOLE_PANIC_POLLS_MAX) */
static void test_a_panic_ends(void **state)
{
	u64 polls = unit_console_polls(), lost;

	(void)state;
	clear_at(4);
	console_patient();
	unit_console_room(0);
	lost = console_stats().lost;
	for (unsigned int i = 0; i < 10000; i++)
		console_write("x", 1);
	assert_int_equal(console_stats().lost, lost + 10000);
	assert_in_range(unit_console_polls() - polls, CONSOLE_POLLS_MAX, CONSOLE_PANIC_POLLS_MAX);
	unit_console_room(4);
	console_write("seen again", 10);
	assert_string_equal(unit_console(), "seen");
	unit_console_room(SIZE_MAX);
	console_write("all", 3);
	assert_string_equal(unit_console(), "seenall");
}

static char seen[256];

static int parse_ip(const char *value)
{
	scnprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "ip<%s>", value);
	return strcmp(value, "bad") ? 0 : -EINVAL;
}

static int parse_slot(const char *value)
{
	scnprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "slot<%s>", value);
	return 0;
}

static void parse(const char *line)
{
	seen[0] = '\0';
	unit_console_clear();
	cmdline_parse(line, NULL);
}

/* The command line is split into words as by Linux's next_arg().  Variables and the words behind
 * "--" are kept for the program. */
static void test_command_line_of_the_program(void **state)
{
	static struct cmdline_rest rest;
	static const char *const args[] = {"--save",           "",  "a b", "x=1 2",
					   "c\"d -- ip=1 \"e", "f", "--",  "open end"};
	static const char *const env[] = {"HOME=/", "TERM=vt100", "A=b c=d", "E="};
	char line[BOOT_CMDLINE_MAX];
	size_t n;

	rest.env[rest.nr_env++] = "HOME=/";
	rest.env[rest.nr_env++] = "TERM=linux";
	seen[0] = '\0';
	unit_console_clear();
	cmdline_parse("ip=\"one two\" A=\"b c=d\" \"ip=three four\" E= TERM=vt100 a.b=1 =x word "
		      "-- --save \"\" \"a b\" x=\"1 2\" c\"d -- ip=1 \"e f -- \"open end",
		      &rest);
	assert_string_equal(seen, "ip<one two>ip<three four>");
	assert_non_null(strstr(unit_console(), "unknown option \"a.b=1\""));
	assert_non_null(strstr(unit_console(), "unknown option \"=x\""));
	assert_non_null(strstr(unit_console(), "unknown option \"word\""));
	assert_int_equal(rest.nr_env, ARRAY_SIZE(env));
	for (unsigned int i = 0; i < ARRAY_SIZE(env); i++)
		assert_string_equal(rest.env[i], env[i]);
	assert_int_equal(rest.nr_args, ARRAY_SIZE(args));
	for (unsigned int i = 0; i < ARRAY_SIZE(args); i++)
		assert_string_equal(rest.args[i], args[i]);
	/* If the kernel runs no program, it reports variables as unknown options. */
	unit_console_clear();
	cmdline_report_env(&rest, 2);
	assert_non_null(strstr(unit_console(), "unknown option \"A=b c=d\""));
	/* The parser keeps one word more than the limit of a program's arguments, so that exec() refuses
	 * the program. */
	for (n = 0; n + 4 < sizeof(line); n += 2)
		memcpy(line + n, "a ", 3);
	memcpy(line, "-- ", 3);
	memset(&rest, 0, sizeof(rest));
	cmdline_parse(line, &rest);
	assert_int_equal(rest.nr_args, EXEC_ARGS_MAX + 1);
	for (n = 0; n + 5 < sizeof(line); n += 5)
		scnprintf(line + n, sizeof(line) - n, "%c%c%c= ", 'a' + (int)(n / 500),
			  'a' + (int)(n / 20) % 25, 'a' + (int)(n / 5) % 4);
	cmdline_parse(line, &rest);
	assert_int_equal(rest.nr_env, EXEC_ENV_MAX + 1);
}

/* LIMIT(CMDLINE_WORD_MAX) */
static void test_command_line(void **state)
{
	static const struct cmdline_param params[] = {
		{.name = "ip", .usage = "ip=A.B.C.D/LEN", .parse = parse_ip},
		{.name = "slot.", .usage = "slot.NAME", .parse = parse_slot, .prefix = true},
	};
	char longest[600];

	console_loglevel = LOG_NOTICE;
	printk_init();
	panic_init();
	cmdline_register(params, ARRAY_SIZE(params));
	assert_panics(cmdline_register(params, 1));

	parse("  ip=1.2.3.4/24\tslot.device=x@y:5  ip ip= ");
	assert_string_equal(seen, "ip<1.2.3.4/24>slot<device=x@y:5>ip<>ip<>");
	assert_string_equal(unit_console(), "");
	parse("");
	parse("   ");
	assert_string_equal(unit_console(), "");

	parse("ip=bad ipx=1 i=2 ip=good");
	assert_string_equal(seen, "ip<bad>ip<good>");
	assert_non_null(strstr(unit_console(), "\"ip=bad\": expected ip=A.B.C.D/LEN"));
	assert_non_null(strstr(unit_console(), "unknown option \"ipx=1\""));
	assert_non_null(strstr(unit_console(), "unknown option \"i=2\""));
	assert_non_null(strstr(unit_console(), "panic=halt|reboot|poweroff"));

	parse("loglevel=debug panic=poweroff");
	assert_int_equal(console_loglevel, LOG_DEBUG);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memcpy(longest + 590, " ip=ok", 7);
	parse(longest);
	assert_string_equal(seen, "ip<ok>");
	assert_non_null(strstr(unit_console(), "590 bytes"));
	/* An option of the greatest permitted length is parsed; longer ones are skipped. */
	memset(longest, ' ', 590);
	memset(longest, 'a', CMDLINE_WORD_MAX - 1);
	parse(longest);
	assert_string_equal(seen, "ip<ok>");
	assert_non_null(strstr(unit_console(), "unknown option \"aaa"));
}

/*
 * Runs after test_command_line(), which registered the option.  The names of the levels are syslog(3)'s.  A number
 * means what it means on Linux (admin-guide/kernel-parameters.txt): "All Kernel Messages with a loglevel smaller
 * than the console loglevel will be printed".
 */
static void test_loglevel(void **state)
{
	static const struct {
		const char *word;
		int least_severe;
	} right[] = {
		{"emerg", 0}, {"alert", 1},  {"crit", 2}, {"err", 3},   {"warning", 4},
		{"warn", 4},  {"notice", 5}, {"info", 6}, {"debug", 7}, {"1", 0},
		{"4", 3},     {"7", 6},      {"8", 7},    {"0", -1},
	};
	static const char *const wrong[] = {"", "warm", "-1", "16", "7x", "WARN", "err,warn"};
	char word[32];

	for (unsigned int i = 0; i < ARRAY_SIZE(right); i++) {
		snprintf(word, sizeof(word), "loglevel=%s", right[i].word);
		parse(word);
		assert_int_equal(console_loglevel, right[i].least_severe);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		console_loglevel = LOG_NOTICE;
		snprintf(word, sizeof(word), "loglevel=%s", wrong[i]);
		parse(word);
		assert_int_equal(console_loglevel, LOG_NOTICE);
		assert_non_null(strstr(unit_console(), "expected loglevel=emerg|alert|crit|err|"
						       "warning|notice|info|debug, or 0..15"));
	}
	/* loglevel=5 shows warnings (4) and hides notices (5), as on Linux. */
	parse("loglevel=5");
	unit_console_clear();
	pr_notice("a notice");
	pr_warn("a warning");
	assert_null(strstr(unit_console(), "a notice"));
	assert_non_null(strstr(unit_console(), "a warning"));
	console_loglevel = LOG_NOTICE;
}

static DEFINE_LOG_SOURCE(unit_log, "unit");

/* Must run before the first panic: after a panic the levels of log sources are ignored. */
static void test_sources_have_levels(void **state)
{
	int evaluated = 0;

	/* The console shows debug lines, but pr_debug() is off: it logs nothing and evaluates no argument. */
	console_loglevel = LOG_DEBUG;
	unit_console_clear();
	pr_debug("packet %d", ++evaluated);
	assert_string_equal(unit_console(), "");
	assert_null(strstr(kmsg(LOG_RING_SIZE), "packet"));
	assert_int_equal(evaluated, 0);
	printk(LOG_DEBUG, "rare");
	assert_non_null(strstr(unit_console(), "] rare\n"));

	console_loglevel = LOG_NOTICE;
	kernel_log.level = LOG_DEBUG;
	pr_debug("packet %d", ++evaluated);
	kernel_log.level = LOG_AS_CONSOLE;
	assert_non_null(strstr(unit_console(), "] kernel: packet 1\n"));
	assert_non_null(strstr(kmsg(LOG_RING_SIZE), "] kernel: packet 1\n"));

	/* Lines of another source follow the console's level, or the source's own level once that is set. */
	unit_console_clear();
	printk_from(&unit_log, LOG_INFO, "unseen");
	unit_log.level = LOG_CRIT;
	printk_from(&unit_log, LOG_ERR, "silent");
	pr_err("spoken");
	assert_null(strstr(unit_console(), "unseen"));
	assert_null(strstr(unit_console(), "silent"));
	assert_non_null(strstr(unit_console(), "spoken"));
	assert_non_null(strstr(kmsg(LOG_RING_SIZE), "silent"));
}

/* Two log sources may not have the same name. */
static void test_sources_have_names(void **state)
{
	static DEFINE_LOG_SOURCE(namesake, "unit");

	log_register(&unit_log);
	log_register(&unit_log);
	parse("loglevel.unit=info");
	assert_int_equal(unit_log.level, LOG_INFO);
	assert_panics(log_register(&namesake));
	unit_console_clear();
	parse("loglevel.unit=warm");
	assert_int_equal(unit_log.level, LOG_INFO);
	assert_non_null(strstr(unit_console(), "|unit=emerg|"));
}

/* Fills the table of options permanently, so the tests that register options run before.  LIMIT(CMDLINE_PARAMS_MAX) */
static void test_words_have_a_limit(void **state)
{
	static struct cmdline_param params[CMDLINE_PARAMS_MAX];
	static char names[CMDLINE_PARAMS_MAX][16];
	unsigned int fit;

	for (unsigned int i = 0; i < CMDLINE_PARAMS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "word%u", i);
		params[i] = (struct cmdline_param){names[i], "word", parse_ip, false};
	}
	assert_panics(cmdline_register(params, CMDLINE_PARAMS_MAX));
	unit_console_clear();
	for (fit = 0; fit < CMDLINE_PARAMS_MAX; fit++) {
		parse(names[fit]);
		if (unit_console()[0])
			break;
	}
	/* Five options were registered before, in test_command_line(). */
	assert_int_equal(fit, CMDLINE_PARAMS_MAX - 5);
}

static void test_warning_counts_and_goes_on(void **state)
{
	unsigned int before = warn_count;

	unit_console_clear();
	for (int i = 0; i < 3; i++)
		assert_true(WARN_ON(i >= 0));
	assert_int_equal(warn_count, before + 1);
	assert_non_null(strstr(unit_console(), "i >= 0"));
	assert_non_null(strstr(unit_console(), "process context"));
}

/* Must be the first panic of the program: a later one prints only "panic within panic". */
static void test_panic_names_thread_and_place(void **state)
{
	unit_console_clear();
	console_loglevel = 0;
	kernel_log.level = -1;
	assert_panics(panic("%d is too many", 3));
	assert_non_null(strstr(unit_console(), "Kernel panic: 3 is too many"));
	assert_non_null(strstr(unit_console(), "in thread unit (pid 0), process context"));
	unit_console_clear();
	assert_panics(panic("again"));
	assert_string_equal(unit_console(), "panic within panic\n");
}

static int setup(void **state)
{
	unit_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_has_its_time),
		cmocka_unit_test(test_a_long_line_is_cut),
		cmocka_unit_test(test_the_ring_wraps_at_lines),
		cmocka_unit_test(test_a_full_console_costs_one_wait),
		cmocka_unit_test(test_a_full_console_that_takes_a_little),
		cmocka_unit_test(test_sources_have_levels),
		cmocka_unit_test(test_warning_counts_and_goes_on),
		cmocka_unit_test(test_a_panic_waits_for_each_byte),
		cmocka_unit_test(test_panic_names_thread_and_place),
		cmocka_unit_test(test_command_line),
		cmocka_unit_test(test_command_line_of_the_program),
		cmocka_unit_test(test_loglevel),
		cmocka_unit_test(test_sources_have_names),
		cmocka_unit_test(test_words_have_a_limit),
		cmocka_unit_test(test_a_panic_ends),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
