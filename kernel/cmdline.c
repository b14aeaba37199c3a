/* SPDX-License-Identifier: MIT */
/*
 * Parses the kernel's command line.
 *
 * cmdline_register() <- each subsystem's init; cmdline_parse() <- kernel_main(), once, after all
 * registrations.  Boot only, one thread, no lock.
 *
 * An invalid option is reported on the console with the accepted values, and the boot continues: a
 * user who made a typing error looks at the console.
 */
#include "kernel/cmdline.h"

#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/printk.h"

static const struct cmdline_param *known[CMDLINE_PARAMS_MAX];
static unsigned int nr_known;

void cmdline_register(const struct cmdline_param *params, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int j = 0; j < nr_known; j++)
			BUG_ON(!strcmp(known[j]->name, params[i].name));
		BUG_ON(nr_known == CMDLINE_PARAMS_MAX);
		known[nr_known++] = &params[i];
	}
}

/*
 * Finds the registered option for @word, which has the form name or name=value. Stores the value in
 * *@value. Returns NULL if no subsystem registered such an option.
 */
static const struct cmdline_param *find(const char *word, const char **value)
{
	size_t name_len = strnlen(word, CMDLINE_WORD_MAX);
	const char *equals = strchr(word, '=');

	if (equals)
		name_len = equals - word;
	for (unsigned int i = 0; i < nr_known; i++) {
		size_t n = strlen(known[i]->name);

		if (known[i]->prefix) {
			if (!strncmp(word, known[i]->name, n)) {
				*value = word + n;
				return known[i];
			}
		} else if (n == name_len && !strncmp(word, known[i]->name, n)) {
			*value = equals ? equals + 1 : "";
			return known[i];
		}
	}
	return NULL;
}

static void show_known(void)
{
	for (unsigned int i = 0; i < nr_known; i++)
		pr_warn("command line: known: %s", known[i]->usage);
}

/* ---- words ---------------------------------------------------------------------------------- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/*
 * Returns the length of the word at @line. Spaces between double quotes belong to the word; a quote
 * that is not closed ends with the line.
 */
static size_t word_length(const char *line)
{
	bool quoted = false;
	size_t n;

	for (n = 0; line[n] && (quoted || !is_space(line[n])); n++)
		quoted ^= line[n] == '"';
	return n;
}

/*
 * Copies the word of @n bytes to @word, which has room for @n + 1.  As in Linux, quotes around the word
 * or around the value are removed, and other quotes are part of the word.
 */
static void copy_word(char *word, const char *line, size_t n)
{
	const char *equals = memchr(line, '=', n);
	size_t at = n; /* index of the opening quote */

	if (n && line[0] == '"')
		at = 0;
	else if (equals && equals + 1 < line + n && equals[1] == '"')
		at = equals + 1 - line;
	memcpy(word, line, at);
	if (at < n) {
		size_t rest = n - at - 1;

		memcpy(word + at, line + at + 1, rest);
		if (rest && line[n - 1] == '"')
			rest--;
		n = at + rest;
	}
	word[n] = '\0';
}

/* ---- words that are passed to the program --------------------------------------------------- */

static char *keep_word(struct cmdline_rest *rest, const char *line, size_t n)
{
	char *word = rest->text + rest->used;

	if (n >= sizeof(rest->text) - rest->used)
		return NULL;
	copy_word(word, line, n);
	rest->used += strlen(word) + 1;
	return word;
}

static void add_argument(struct cmdline_rest *rest, const char *line, size_t n)
{
	const char *word;

	if (rest->nr_args >= ARRAY_SIZE(rest->args) - 1)
		return; /* exec_load() reports that there are too many arguments */
	word = keep_word(rest, line, n);
	if (word)
		rest->args[rest->nr_args++] = word;
}

static void add_variable(struct cmdline_rest *rest, const char *line, size_t n)
{
	const char *word = keep_word(rest, line, n);
	unsigned int i;

	if (!word)
		return;
	for (i = 0; i < rest->nr_env; i++) {
		if (!strncmp(rest->env[i], word, strchr(word, '=') + 1 - word))
			break;
	}
	if (i == ARRAY_SIZE(rest->env) - 1)
		return;
	rest->env[i] = word;
	if (i == rest->nr_env)
		rest->nr_env++;
}

void cmdline_report_env(const struct cmdline_rest *rest, unsigned int first)
{
	for (unsigned int i = first; i < rest->nr_env; i++)
		pr_warn("command line: unknown option \"%s\"", rest->env[i]);
	if (rest->nr_env > first)
		show_known();
}

/* ---- options -------------------------------------------------------------------------------- */

/*
 * Parses one option, @word.  Returns false if no subsystem registered it; an invalid value is
 * reported here.
 */
static bool parse_word(const char *word)
{
	const struct cmdline_param *param;
	const char *value;

	param = find(word, &value);
	if (!param)
		return false;
	if (param->parse(value))
		pr_warn("command line: invalid option \"%s\": expected %s", word, param->usage);
	return true;
}

/*
 * Returns true if @word, which is no registered option, is a variable: NAME=value with no dot in
 * the name.
 */
static bool is_variable(const char *word)
{
	const char *equals = strchr(word, '=');

	return equals && equals > word && !memchr(word, '.', equals - word);
}

/*
 * Parses the option of @n bytes at @line.  Returns false if it is neither registered nor a
 * variable.
 */
static bool parse_option(const char *line, size_t n, struct cmdline_rest *rest)
{
	char word[CMDLINE_WORD_MAX];

	if (n >= CMDLINE_WORD_MAX) {
		pr_warn("command line: an option of %zu bytes is too long and ignored: "
			"\"%.32s...\"",
			n, line);
		return true;
	}
	copy_word(word, line, n);
	if (parse_word(word))
		return true;
	if (rest && is_variable(word)) {
		add_variable(rest, line, n);
		return true;
	}
	pr_warn("command line: unknown option \"%s\"", word);
	return false;
}

void cmdline_parse(const char *line, struct cmdline_rest *rest)
{
	bool all_known = true, options = true;
	size_t n;

	for (;; line += n) {
		while (is_space(*line))
			line++;
		n = word_length(line);
		if (!n)
			break;
		if (!options) {
			if (rest)
				add_argument(rest, line, n);
		} else if (n == 2 && !memcmp(line, "--", 2)) {
			options = false;
		} else {
			all_known &= parse_option(line, n, rest);
		}
	}
	if (!all_known)
		show_known();
}
