/* SPDX-License-Identifier: MIT */
/*
 * The console's serial port, a 16550, which is polled for output and for input.
 *
 * Callers in order: the entry code -> x86_console_init(); console_write() and the early boot ->
 * hal_console_write(); readers of /dev/console -> hal_console_getc().  Any context, no lock: the
 * callers ensure that only one runs at a time, and a panic must print even if locks are held.
 * Every wait is bounded, so a machine without the port works, without console output.  Compare
 * Linux's drivers/tty/serial/8250/8250_early.c.
 */
#include "kernel/hal.h"
#include "kernel/x86/io.h"
#include "kernel/x86/cpu.h"
#include "kernel/limits.h"
#include "kernel/x86/setup.h"

#define COM1           0x3f8
#define UART_DATA      (COM1 + 0) /* data; low byte of the divisor while LCR_DLAB is set */
#define UART_IER       (COM1 + 1) /* high byte of the divisor while LCR_DLAB is set */
#define UART_FCR       (COM1 + 2)
#define UART_LCR       (COM1 + 3)
#define UART_MCR       (COM1 + 4)
#define UART_LSR       (COM1 + 5)
#define UART_SCRATCH   (COM1 + 7)
#define LCR_8N1        0x03
#define LCR_DLAB       0x80
#define FCR_ENABLE     0x05 /* FIFOs on, the transmitter's cleared */
#define MCR_DTR_RTS    0x03
#define MCR_LOOP       0x10
#define LSR_DATA_READY 0x01
#define LSR_THR_EMPTY  0x20
#define UART_FIFO      16 /* bytes that fit when the transmitter is empty */
#define UART_DIVISOR   1  /* 115200 baud */

static bool uart_present;
static unsigned int uart_room; /* bytes known to be free in the FIFO */
static int early = -1;         /* byte received before x86_console_init(), or -1 */

void x86_console_init(void)
{
	outb(UART_SCRATCH, 0x5a);
	if (inb(UART_SCRATCH) != 0x5a)
		return;
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_DLAB);
	outb(UART_DATA, UART_DIVISOR);
	outb(UART_IER, 0);
	outb(UART_LCR, LCR_8N1);
	/*
	 * Enabling the FIFOs discards a received byte, so it is read before.  In loopback mode the
	 * read does not make QEMU put the next byte of its standard input in the same place.
	 */
	outb(UART_MCR, MCR_LOOP);
	if (inb(UART_LSR) & LSR_DATA_READY)
		early = inb(UART_DATA);
	outb(UART_FCR, FCR_ENABLE);
	outb(UART_MCR, MCR_DTR_RTS);
	/* QEMU passes on the bytes that it holds only at a read of the data register. */
	if (!(inb(UART_LSR) & LSR_DATA_READY))
		inb(UART_DATA);
	uart_present = true;
}

/*
 * Writes one byte, and waits for room as long as @polls and CONSOLE_POLLS_MAX allow.  The first
 * look at the port does not count as a wait.  Returns false if there was no room in time; the byte
 * is then not written.
 */
static bool uart_put(char c, unsigned int *polls)
{
	for (unsigned int i = 0; uart_room == 0; i++) {
		if (inb(UART_LSR) & LSR_THR_EMPTY) {
			uart_room = UART_FIFO;
			break;
		}
		if (i == CONSOLE_POLLS_MAX || (polls && !*polls))
			return false;
		if (polls)
			--*polls;
		cpu_relax();
	}
	outb(UART_DATA, (u8)c);
	uart_room--;
	return true;
}

size_t hal_console_write(const char *s, size_t n, unsigned int *polls)
{
	size_t i;

	/*
	 * Without a port no one could read the text: count it as written, so that the console
	 * reports no lost bytes.
	 */
	if (!uart_present)
		return n;
	for (i = 0; i < n; i++) {
		if ((s[i] == '\n' && !uart_put('\r', polls)) || !uart_put(s[i], polls))
			break;
	}
	return i;
}

int hal_console_getc(void)
{
	int c = early;

	if (c >= 0) {
		early = -1;
		return c;
	}
	if (!uart_present || !(inb(UART_LSR) & LSR_DATA_READY))
		return -1;
	return inb(UART_DATA);
}
