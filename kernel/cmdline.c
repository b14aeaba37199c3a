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

/*
 * Parses one option, @word.  Returns false if no subsystem registered it; an invalid value is
 * reported here.
 */
static bool parse_word(const char *word)
{
	const struct cmdline_param *param;
	const char *value;

	param = find(word, &value);
	if (!param) {
		pr_warn("command line: unknown option \"%s\"", word);
		return false;
	}
	if (param->parse(value))
		pr_warn("command line: invalid option \"%s\": expected %s", word, param->usage);
	return true;
}

void cmdline_parse(const char *line)
{
	char word[CMDLINE_WORD_MAX];
	bool all_known = true;

	for (;;) {
		size_t n = 0;

		while (*line == ' ' || *line == '\t' || *line == '\n')
			line++;
		if (!*line)
			break;
		while (line[n] && line[n] != ' ' && line[n] != '\t' && line[n] != '\n')
			n++;
		if (n < CMDLINE_WORD_MAX) {
			memcpy(word, line, n);
			word[n] = '\0';
			all_known &= parse_word(word);
		} else {
			pr_warn("command line: an option of %zu bytes is too long and ignored: "
				"\"%.32s...\"",
				n, line);
		}
		line += n;
	}
	if (all_known)
		return;
	for (unsigned int i = 0; i < nr_known; i++)
		pr_warn("command line: known: %s", known[i]->usage);
}
