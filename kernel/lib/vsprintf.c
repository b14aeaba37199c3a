/* SPDX-License-Identifier: MIT */
/*
 * Formatted output: vsnprintf(), snprintf() and scnprintf().
 *
 * Called by printk(), seq_printf() and other code that formats text.  Any context; no allocation,
 * no lock.  C99's conversions without floats and without %n (which writes to memory through an
 * argument, and so helps attackers), plus two for addresses: %pI4 and %pM.
 */
#include "kernel/lib/byteorder.h"
#include "kernel/lib/string.h"

#define INT_MAX 0x7fffffff

/*
 * The output buffer. pos also counts the bytes that no longer fit, so at the end it is the length
 * of the complete text.
 */
struct out {
	char *buf;
	size_t size;
	size_t pos;
};

/* A conversion specification of the format, in parsed form. */
struct spec {
	bool left, plus, space, alt, zero, upper;
	int width;
	int precision; /* -1: none given */
	/* 'H' for hh, 'h' for h, 'l' for each of l, ll, j, z and t (all 64 bits wide), 0 for none (an int) */
	char length;
};

static void put(struct out *o, char c)
{
	if (o->pos < o->size)
		o->buf[o->pos] = c;
	o->pos++;
}

static void put_bytes(struct out *o, const char *s, size_t n)
{
	if (o->pos < o->size)
		memcpy(o->buf + o->pos, s, n < o->size - o->pos ? n : o->size - o->pos);
	o->pos += n;
}

static void put_fill(struct out *o, char c, long n)
{
	if (n <= 0)
		return;
	if (o->pos < o->size)
		memset(o->buf + o->pos, c,
		       (size_t)n < o->size - o->pos ? (size_t)n : o->size - o->pos);
	o->pos += n;
}

static void put_text(struct out *o, const struct spec *sp, const char *s, size_t n)
{
	if (!sp->left)
		put_fill(o, ' ', sp->width - (long)n);
	put_bytes(o, s, n);
	if (sp->left)
		put_fill(o, ' ', sp->width - (long)n);
}

/*
 * Writes the digits of @v so that they end at @end.  Returns their number: none for zero, because
 * put_number() adds a 0 to reach the precision.
 */
static unsigned int digits_of(u64 v, unsigned int base, bool upper, char *end)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char *p = end;

	if (base == 10) {
		/* Write the divisor as a constant: the compiler then multiplies instead. */
		for (; v; v /= 10)
			*--p = '0' + v % 10;
	} else {
		unsigned int shift = base == 16 ? 4 : 3;

		for (; v; v >>= shift)
			*--p = digits[v & (base - 1)];
	}
	return end - p;
}

/* @sign: the character to print in front of the digits: '-', '+' or ' '; 0: none. */
static void put_number(struct out *o, const struct spec *sp, u64 v, unsigned int base, char sign)
{
	char buf[24], prefix[3];
	unsigned int nprefix = 0;
	unsigned int n = digits_of(v, base, sp->upper, buf + sizeof(buf));
	long zeros, blanks;

	if (sign)
		prefix[nprefix++] = sign;
	if (sp->alt && base == 16 && v) {
		prefix[nprefix++] = '0';
		prefix[nprefix++] = sp->upper ? 'X' : 'x';
	}
	zeros = (sp->precision < 0 ? 1 : (long)sp->precision) - (long)n;
	if (zeros < 0)
		zeros = 0;
	if (sp->alt && base == 8 && !zeros)
		zeros = 1; /* %#o requires a leading 0, unless the precision gave one */
	blanks = sp->width - (long)(nprefix + zeros + n);
	if (blanks > 0 && sp->zero && !sp->left && sp->precision < 0) {
		zeros += blanks;
		blanks = 0;
	}
	if (!sp->left)
		put_fill(o, ' ', blanks);
	put_bytes(o, prefix, nprefix);
	put_fill(o, '0', zeros);
	put_bytes(o, buf + sizeof(buf) - n, n);
	if (sp->left)
		put_fill(o, ' ', blanks);
}

static void put_ipv4(struct out *o, const struct spec *sp, const u8 *a)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);

	put_text(o, sp, text, n);
}

static void put_mac(struct out *o, const struct spec *sp, const u8 *a)
{
	char text[18];
	int n = snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2],
			 a[3], a[4], a[5]);

	put_text(o, sp, text, n);
}

/*
 * Formats the argument of %p, %pI4 or %pM.  @fmt points behind the 'p'.  Returns where the format
 * continues.
 */
static const char *put_pointer(struct out *o, struct spec *sp, const char *fmt, const void *p)
{
	if (fmt[0] == 'I' && fmt[1] == '4') {
		put_ipv4(o, sp, p);
		return fmt + 2;
	}
	if (fmt[0] == 'M') {
		put_mac(o, sp, p);
		return fmt + 1;
	}
	if (!p) {
		put_text(o, sp, "(nil)", 5);
		return fmt;
	}
	sp->alt = true;
	put_number(o, sp, (uintptr_t)p, 16, 0);
	return fmt;
}

static u64 cut_unsigned(u64 v, char length)
{
	switch (length) {
	case 'H':
		return (u8)v;
	case 'h':
		return (u16)v;
	default:
		return v;
	}
}

static s64 cut_signed(s64 v, char length)
{
	switch (length) {
	case 'H':
		return (s8)v;
	case 'h':
		return (s16)v;
	default:
		return v;
	}
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads a decimal number of the format.  A number too large for an int is cut to a smaller one. */
static const char *parse_int(const char *fmt, int *res)
{
	int v = 0;

	for (; is_digit(*fmt); fmt++)
		if (v < INT_MAX / 16)
			v = v * 10 + (*fmt - '0');
	*res = v;
	return fmt;
}

static const char *parse_flags(const char *fmt, struct spec *sp)
{
	for (;; fmt++) {
		switch (*fmt) {
		case '-':
			sp->left = true;
			break;
		case '+':
			sp->plus = true;
			break;
		case ' ':
			sp->space = true;
			break;
		case '#':
			sp->alt = true;
			break;
		case '0':
			sp->zero = true;
			break;
		default:
			return fmt;
		}
	}
}

static const char *parse_length(const char *fmt, struct spec *sp)
{
	switch (*fmt) {
	case 'h':
		sp->length = fmt[1] == 'h' ? 'H' : 'h';
		return fmt + (fmt[1] == 'h' ? 2 : 1);
	case 'l':
		sp->length = 'l';
		return fmt + (fmt[1] == 'l' ? 2 : 1);
	case 'j':
	case 'z':
	case 't':
		sp->length = 'l'; /* all 64 bits wide here */
		return fmt + 1;
	default:
		return fmt;
	}
}

/* Formats the argument @raw of an integer conversion. */
static void put_integer(struct out *o, struct spec *sp, char conv, u64 raw)
{
	char sign = 0;
	s64 v;

	switch (conv) {
	case 'd':
	case 'i':
		v = cut_signed((s64)raw, sp->length);
		if (v < 0)
			sign = '-';
		else if (sp->plus)
			sign = '+';
		else if (sp->space)
			sign = ' ';
		put_number(o, sp, v < 0 ? 0 - (u64)v : (u64)v, 10, sign);
		break;
	case 'u':
		put_number(o, sp, cut_unsigned(raw, sp->length), 10, 0);
		break;
	case 'o':
		put_number(o, sp, cut_unsigned(raw, sp->length), 8, 0);
		break;
	default: /* x, X */
		sp->upper = conv == 'X';
		put_number(o, sp, cut_unsigned(raw, sp->length), 16, 0);
		break;
	}
}

static void put_string(struct out *o, const struct spec *sp, const char *s)
{
	if (!s)
		s = "(null)";
	put_text(o, sp, s, sp->precision < 0 ? strlen(s) : strnlen(s, sp->precision));
}

/*
 * Parses a specification from behind the '%' up to the letter of the conversion, whose address it
 * returns.
 */
static const char *parse_spec(const char *fmt, struct spec *sp, va_list *ap)
{
	fmt = parse_flags(fmt, sp);
	if (*fmt == '*') {
		sp->width = va_arg(*ap, int);
		if (sp->width < 0) {
			sp->left = true;
			sp->width = sp->width == -INT_MAX - 1 ? INT_MAX : -sp->width;
		}
		fmt++;
	} else {
		fmt = parse_int(fmt, &sp->width);
	}
	if (*fmt == '.' && fmt[1] == '*') {
		sp->precision = va_arg(*ap, int);
		if (sp->precision < 0)
			sp->precision = -1;
		fmt += 2;
	} else if (*fmt == '.') {
		fmt = parse_int(fmt + 1, &sp->precision);
	}
	return parse_length(fmt, sp);
}

/*
 * Formats one conversion; @fmt points to its letter.  Returns where the format continues, or NULL
 * for an unknown letter.
 */
static const char *put_conversion(struct out *o, struct spec *sp, const char *fmt, va_list *ap)
{
	char c;

	switch (*fmt) {
	case 'd':
	case 'i':
		put_integer(o, sp, *fmt,
			    sp->length == 'l' ? (u64)va_arg(*ap, long) : (u64)va_arg(*ap, int));
		return fmt + 1;
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		put_integer(o, sp, *fmt,
			    sp->length == 'l' ? va_arg(*ap, unsigned long)
					      : va_arg(*ap, unsigned int));
		return fmt + 1;
	case 'c':
		c = (char)va_arg(*ap, int);
		put_text(o, sp, &c, 1);
		return fmt + 1;
	case 's':
		put_string(o, sp, va_arg(*ap, const char *));
		return fmt + 1;
	case 'p':
		return put_pointer(o, sp, fmt + 1, va_arg(*ap, const void *));
	case '%':
		put(o, '%');
		return fmt + 1;
	default:
		return NULL;
	}
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = {.buf = buf, .size = size};
	va_list args;

	va_copy(args, ap);
	while (*fmt) {
		struct spec sp = {.precision = -1};
		const char *start = fmt, *next;

		if (*fmt != '%') {
			while (*fmt && *fmt != '%')
				fmt++;
			put_bytes(&o, start, fmt - start);
			continue;
		}
		fmt = parse_spec(fmt + 1, &sp, &args);
		next = put_conversion(&o, &sp, fmt, &args);
		if (next)
			fmt = next;
		else /* An unknown conversion: print it unchanged, and use no argument. */
			put_bytes(&o, start, fmt - start);
	}
	va_end(args);
	if (size)
		buf[o.pos < size ? o.pos : size - 1] = '\0';
	return o.pos > INT_MAX ? INT_MAX : (int)o.pos;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!size)
		return 0;
	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return (size_t)n < size ? n : (int)(size - 1);
}
