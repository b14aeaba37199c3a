/* SPDX-License-Identifier: MIT */
/*
 * Prints the UEFI application's messages, which are all errors.
 *
 * Callers: all files of the application.  Before ExitBootServices() only the firmware's console is
 * used: most firmware, including OVMF, copies the console to the serial port, so a direct write to
 * the port would print each line twice.  Afterwards only the serial port is used.
 */
#include "boot/efi_app.h"
#include "kernel/lib/string.h"
#include "kernel/x86/io.h"

#define LINE_MAX      160 /* characters of a message; a longer one is cut */
#define COM1          0x3f8
#define COM1_LSR      (COM1 + 5)
#define LSR_THR_EMPTY 0x20
/* limit of status reads for each byte; if the port is not ready by then, the byte is lost */
#define UART_PATIENCE 1000000
#define EFI_CODE(s)   ((unsigned int)((s)&0xffff))

static const struct {
	EFI_STATUS status;
	const char *text;
} reasons[] = {
	{EFI_LOAD_ERROR, "load error"},
	{EFI_INVALID_PARAMETER, "invalid parameter"},
	{EFI_UNSUPPORTED, "unsupported"},
	{EFI_BAD_BUFFER_SIZE, "bad buffer size"},
	{EFI_BUFFER_TOO_SMALL, "buffer too small"},
	{EFI_NOT_READY, "not ready"},
	{EFI_DEVICE_ERROR, "device error"},
	{EFI_OUT_OF_RESOURCES, "out of memory"},
	{EFI_VOLUME_CORRUPTED, "volume corrupted"},
	{EFI_NO_MEDIA, "no media"},
	{EFI_MEDIA_CHANGED, "media changed"},
	{EFI_NOT_FOUND, "not found"},
	{EFI_ACCESS_DENIED, "access denied"},
	{EFI_TIMEOUT, "timeout"},
	{EFI_ABORTED, "aborted"},
	{EFI_SECURITY_VIOLATION, "security violation"},
};

static void put(const char *text)
{
	CHAR16 wide[LINE_MAX + 3];
	UINTN n = 0;

	while (n < LINE_MAX && text[n]) {
		wide[n] = (CHAR16)(u8)text[n];
		n++;
	}
	wide[n++] = '\r';
	wide[n++] = '\n';
	wide[n] = 0;
	/* A machine without a console loses the message. */
	if (efi_system->ConOut)
		efi_system->ConOut->OutputString(efi_system->ConOut, wide);
}

void efi_say(const char *fmt, ...)
{
	static const char name[] = "softnet: ";
	char line[LINE_MAX] = "softnet: ";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + sizeof(name) - 1, sizeof(line) - (sizeof(name) - 1), fmt, ap);
	va_end(ap);
	put(line);
}

EFI_STATUS efi_failed(EFI_STATUS status, const char *what)
{
	const char *why = "an error without a name";
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].status == status)
			why = reasons[i].text;
	efi_say("%s: %s (EFI status %u)", what, why, EFI_CODE(status));
	return status;
}

void __noreturn efi_stop(const char *why)
{
	static const char *const parts[] = {"softnet: ", NULL, "\r\n"};
	const char *s;
	unsigned int i, polls;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		for (s = parts[i] ? parts[i] : why; *s; s++) {
			for (polls = 0; polls < UART_PATIENCE; polls++)
				if (inb(COM1_LSR) & LSR_THR_EMPTY)
					break;
			outb(COM1, (u8)*s);
		}
	}
	for (;;)
		__asm__ volatile("cli; hlt");
}
