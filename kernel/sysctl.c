/* SPDX-License-Identifier: MIT */
/*
 * The table of sysctls, and the conversion from text to value and back.
 *
 * sysctl_register() <- each subsystem's init, at boot; sysctl_set() <- the command line's `sysctl.`
 * (boot) and write() to /proc/sys (kernel/fs/proc_sys.c, process); sysctl_show() <- read() there,
 * /proc/sysctl.  No lock: the table grows only at boot, and each value is an int that any code
 * reads in one access.  Compare Linux's kernel/sysctl.c and
 * Documentation/networking/ip-sysctl.txt.  For a sysctl with several numbers, Linux accepts a text
 * with fewer numbers, and ignores surplus ones; here both are errors.
 */
#include "kernel/sysctl.h"

#include "include/uapi/errno.h"
#include "kernel/cmdline.h"
#include "kernel/fs/proc.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"

static const struct ctl_table *tables[SYSCTL_TABLES_MAX];
static unsigned int table_len[SYSCTL_TABLES_MAX], nr_tables;

static unsigned int nr_values(const struct ctl_table *t)
{
	return t->nr ? t->nr : 1;
}

static int scale(const struct ctl_table *t)
{
	return t->scale ? t->scale : 1;
}

/* ---- the table of sysctls -------------------------------------------------------------------- */

const struct ctl_table *sysctl_nth(unsigned int i)
{
	for (unsigned int t = 0; t < nr_tables; t++) {
		if (i < table_len[t])
			return &tables[t][i];
		i -= table_len[t];
	}
	return NULL;
}

/* Returns true if @name, of @len bytes, is the name @procname.  A dot in @name matches a slash. */
static bool same_name(const char *procname, const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (procname[i] != (name[i] == '.' ? '/' : name[i]))
			return false;
	}
	return !procname[len];
}

const struct ctl_table *sysctl_find(const char *name, size_t len)
{
	const struct ctl_table *t;

	for (unsigned int i = 0; (t = sysctl_nth(i)); i++) {
		if (same_name(t->procname, name, len))
			return t;
	}
	return NULL;
}

void sysctl_register(const struct ctl_table *table, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct ctl_table *t = &table[i];

		BUG_ON(sysctl_find(t->procname, strlen(t->procname)));
		BUG_ON(!t->value && !t->get);
		BUG_ON(t->set && !t->choices && !t->form);
		BUG_ON(strlen(t->procname) >= SYSCTL_NAME_MAX);
		for (unsigned int k = 0; t->value && k < nr_values(t); k++)
			BUG_ON(nr_values(t) > SYSCTL_VALUES_MAX ||
			       t->value[k] / scale(t) < t->min || t->value[k] / scale(t) > t->max);
	}
	BUG_ON(nr_tables == SYSCTL_TABLES_MAX);
	tables[nr_tables] = table;
	table_len[nr_tables++] = n;
}

/* ---- text to value, value to text ---------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

/*
 * Copies the next word of *@text to @word and advances *@text.  Returns the word's length, 0 at the
 * end of the text, or -EINVAL if the word does not fit or a newline is not the last byte.
 */
static int next_word(const char **text, char *word, size_t size)
{
	const char *s = *text;
	size_t n = 0;

	while (is_blank(*s))
		s++;
	if (s[0] == '\n' && !s[1])
		s++;
	while (s[n] && !is_blank(s[n]) && s[n] != '\n')
		n++;
	if (n >= size || (s[n] == '\n' && s[n + 1]))
		return -EINVAL;
	memcpy(word, s, n);
	word[n] = '\0';
	*text = s + n;
	return n;
}

static int parse_values(const struct ctl_table *t, const char *text, int *values)
{
	char word[SYSCTL_TEXT_MAX];
	unsigned int n = 0;
	long v;
	int len;

	while ((len = next_word(&text, word, sizeof(word))) > 0) {
		if (n == nr_values(t) || kstrtol(word, 0, &v) || v < t->min || v > t->max)
			return -EINVAL;
		values[n] = (int)v * scale(t);
		if (n && values[n] < values[n - 1])
			return -EINVAL;
		n++;
	}
	return len < 0 || n != nr_values(t) ? -EINVAL : 0;
}

static int set_word(const struct ctl_table *t, const char *text)
{
	char word[SYSCTL_TEXT_MAX], more[2];

	if (next_word(&text, word, sizeof(word)) <= 0 || next_word(&text, more, sizeof(more)))
		return -EINVAL;
	return t->set(word);
}

static int set_words(const struct ctl_table *t, const char *text)
{
	char words[SYSCTL_TEXT_MAX];
	size_t n = 0;
	int len;

	while ((len = next_word(&text, words + n, sizeof(words) - n)) > 0) {
		n += len;
		if (n + 1 == sizeof(words))
			return -EINVAL;
		words[n++] = ' ';
	}
	if (len < 0)
		return -EINVAL;
	words[n ? n - 1 : 0] = '\0';
	return t->set(words);
}

int sysctl_set(const struct ctl_table *t, const char *text)
{
	int values[SYSCTL_VALUES_MAX], err;

	if (!t->value) {
		if (!t->set)
			return -EACCES;
		return t->list ? set_words(t, text) : set_word(t, text);
	}
	err = parse_values(t, text, values);
	for (unsigned int i = 0; !err && i < nr_values(t); i++)
		WRITE_ONCE(t->value[i], values[i]);
	return err;
}

int sysctl_show(const struct ctl_table *t, char *buf, size_t size)
{
	size_t n = 0;

	if (!t->value)
		return scnprintf(buf, size, "%s", t->get());
	for (unsigned int i = 0; i < nr_values(t); i++)
		n += scnprintf(buf + n, size - n, "%s%d", i ? "\t" : "",
			       READ_ONCE(t->value[i]) / scale(t));
	return n;
}

static int show_range(const struct ctl_table *t, char *buf, size_t size)
{
	if (!t->value && !t->set)
		return scnprintf(buf, size, "(read only)");
	if (!t->value && t->choices)
		return scnprintf(buf, size, "%s of %s", t->list ? "some" : "one", t->choices());
	if (!t->value)
		return scnprintf(buf, size, "%s", t->form);
	if (nr_values(t) > 1)
		return scnprintf(buf, size, "%u numbers, not falling, of %d..%d", nr_values(t),
				 t->min, t->max);
	return scnprintf(buf, size, "%d..%d", t->min, t->max);
}

int sysctl_usage(const struct ctl_table *t, char *buf, size_t size)
{
	char name[SYSCTL_NAME_MAX], range[SYSCTL_TEXT_MAX];

	strscpy(name, t->procname, sizeof(name));
	for (char *c = name; *c; c++)
		*c = *c == '/' ? '.' : *c;
	show_range(t, range, sizeof(range));
	return scnprintf(buf, size, "%s=%s%s%s%s", name, range, *t->unit ? " (" : "", t->unit,
			 *t->unit ? ")" : "");
}

/* ---- the command line ------------------------------------------------------------------------------ */

#define ANY_USAGE "sysctl.NAME=VALUE[,VALUE...], a NAME of /proc/sysctl"
static char usage[SYSCTL_NAME_MAX + SYSCTL_TEXT_MAX];

/*
 * Sets a sysctl from the option `sysctl.`; @word is the text after "sysctl.".  If the name is known
 * but the value is invalid, the usage that the command line reports is that of this sysctl.
 */
static int parse_param(const char *word)
{
	const char *equals = strchr(word, '=');
	const struct ctl_table *t = equals ? sysctl_find(word, equals - word) : NULL;
	int err = t ? sysctl_set(t, equals + 1) : -ENOENT;

	strscpy(usage, ANY_USAGE, sizeof(usage));
	if (err && t) {
		strscpy(usage, "sysctl.", sizeof(usage));
		sysctl_usage(t, usage + strlen(usage), sizeof(usage) - strlen(usage));
	}
	return err;
}

static const struct cmdline_param params[] = {
	{.name = "sysctl.", .usage = usage, .parse = parse_param, .prefix = true},
};

/* ---- /proc/sysctl: all of them, as a table --------------------------------------------------------- */

static int table_show(struct seq_file *m)
{
	const struct ctl_table *t;

	for (unsigned int i = 0; (t = sysctl_nth(i)); i++) {
		char value[SYSCTL_TEXT_MAX], range[SYSCTL_TEXT_MAX];

		sysctl_show(t, value, sizeof(value));
		show_range(t, range, sizeof(range));
		for (char *c = value; *c; c++)
			*c = *c == '\t' ? ' ' : *c;
		seq_printf(m, "%s | %s | %s | %s | %s\n", t->procname, value, range, t->unit,
			   t->what);
	}
	return 0;
}

void sysctl_init(void)
{
	static const struct proc_entry entries[] = {{"sysctl", table_show}};

	strscpy(usage, ANY_USAGE, sizeof(usage));
	cmdline_register(params, ARRAY_SIZE(params));
	proc_register(entries, ARRAY_SIZE(entries));
}
