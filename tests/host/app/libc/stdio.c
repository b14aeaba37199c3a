/* SPDX-License-Identifier: MIT */
/*
 * printf() and its variants: they format the text in a buffer on the stack and write it at once.
 *
 * Called by applications.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int write_all(int fd, const char *s, size_t n)
{
	while (n) {
		ssize_t done = write(fd, s, n);

		if (done < 0)
			return -1;
		s += done;
		n -= done;
	}
	return 0;
}

int vdprintf(int fd, const char *fmt, va_list ap)
{
	char text[PRINTF_MAX];
	int n = vsnprintf(text, sizeof(text), fmt, ap);

	if (n < 0 || (size_t)n >= sizeof(text)) {
		errno = EOVERFLOW;
		return -1;
	}
	return write_all(fd, text, n) ? -1 : n;
}

int dprintf(int fd, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vdprintf(fd, fmt, ap);
	va_end(ap);
	return n;
}

static FILE out = {STDOUT_FILENO}, err = {STDERR_FILENO};
FILE *const stdout = &out;
FILE *const stderr = &err;

int printf(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vdprintf(STDOUT_FILENO, fmt, ap);
	va_end(ap);
	return n;
}

int puts(const char *s)
{
	return write_all(STDOUT_FILENO, s, strlen(s)) || write_all(STDOUT_FILENO, "\n", 1) ? -1 : 0;
}

int fprintf(FILE *f, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vdprintf(f->fd, fmt, ap);
	va_end(ap);
	return n;
}

int fputs(const char *s, FILE *f)
{
	return write_all(f->fd, s, strlen(s)) ? EOF : 0;
}

int fflush(FILE *f)
{
	(void)f;
	return 0;
}

void perror(const char *what)
{
	dprintf(STDERR_FILENO, "%s: error %d\n", what, errno);
}
