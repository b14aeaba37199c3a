/* SPDX-License-Identifier: MIT */
/*
 * Finds the command line under UEFI, in the first of three sources that has one.
 *
 *   1. load options: text from the boot manager's entry, a shell or QEMU's -append
 *   2. \EFI\BOOT\cmdline.txt or \cmdline.txt on the volume of this application
 *   3. the text of CMDLINE= at build time
 *
 * Caller: efi_main().  An empty file counts as a source: it means an empty command line.  A read
 * error is reported and does not stop the boot: a machine that serves with its defaults is easier
 * to diagnose than one that does not boot.
 */
#include "boot/efi_app.h"
#include "kernel/lib/string.h"

#define OPTIONS_MAX (64UL << 10) /* bytes; longer load options are ignored */

extern const u8 efi_cmdline_start[], efi_cmdline_end[];

struct text {
	char *to;
	UINTN room; /* bytes of @to, without the NUL */
	UINTN used;
	UINTN bad; /* number of characters that are not printable ASCII */
	bool cut;
};

/*
 * Appends one character.  Tab, line feed and carriage return become a space; any other character
 * that is not printable ASCII becomes '?', and the first such character is reported.
 */
static void text_add(struct text *t, unsigned int c, const char *from)
{
	if (c == '\t' || c == '\n' || c == '\r')
		c = ' ';
	if (c < ' ' || c > '~') {
		if (t->bad++ == 0)
			efi_say("%s: character %u is U+%04X, not ASCII: replaced by '?'", from,
				(unsigned int)t->used + 1, c);
		c = '?';
	}
	if (t->used < t->room)
		t->to[t->used++] = (char)c;
	else
		t->cut = true;
}

static void text_begin(struct text *t, struct boot_info *boot)
{
	*t = (struct text){.to = boot->cmdline, .room = BOOT_CMDLINE_MAX - 1};
}

static void text_end(struct text *t, struct boot_info *boot)
{
	t->to[t->used] = '\0';
	boot->cmdline_cut = t->cut;
}

/*
 * If the first word ends in ".efi", returns its length, else 0.  A UEFI shell passes the program's
 * name before its arguments; a boot entry and QEMU do not.
 */
static UINTN skip_own_name(const CHAR16 *s, UINTN n)
{
	static const char suffix[] = ".efi";
	UINTN end = 0, i;

	while (end < n && s[end] != ' ')
		end++;
	if (end < sizeof(suffix) - 1)
		return 0;
	for (i = 0; i < sizeof(suffix) - 1; i++)
		if ((s[end - (sizeof(suffix) - 1) + i] | 0x20) != (suffix[i] | 0x20))
			return 0;
	return end;
}

/*
 * Takes the command line from the load options; returns false if they have no text.  Some boot
 * managers put their own data there (a GUID, a device path): data that does not begin with a
 * printable character is ignored.
 */
static bool from_load_options(const EFI_LOADED_IMAGE *loaded, struct boot_info *boot)
{
	const CHAR16 *s = loaded->LoadOptions;
	UINTN n = 0, i;
	struct text t;

	if (!s || loaded->LoadOptionsSize > OPTIONS_MAX)
		return false;
	while (n < loaded->LoadOptionsSize / sizeof(*s) && s[n])
		n++;
	i = skip_own_name(s, n);
	while (i < n && s[i] == ' ')
		i++;
	if (i == n)
		return false;
	if (s[i] < ' ' || s[i] > '~') {
		efi_say("load options begin with U+%04X: not text, ignored", s[i]);
		return false;
	}
	text_begin(&t, boot);
	for (; i < n; i++)
		text_add(&t, s[i], "load options");
	text_end(&t, boot);
	return true;
}

/*
 * Takes the command line from the file @path; returns false if it does not exist or cannot be
 * opened.
 */
static bool from_file(EFI_FILE_HANDLE root, CHAR16 *path, const char *name, struct boot_info *boot)
{
	EFI_FILE_HANDLE file;
	EFI_STATUS status;
	struct text t;
	u8 chunk[256];
	UINTN n, i;

	status = root->Open(root, &file, path, EFI_FILE_MODE_READ, 0);
	if (status == EFI_NOT_FOUND)
		return false;
	if (EFI_ERROR(status)) {
		efi_failed(status, name);
		return false;
	}
	text_begin(&t, boot);
	do {
		n = sizeof(chunk);
		status = file->Read(file, &n, chunk);
		if (EFI_ERROR(status)) {
			efi_failed(status, name);
			break;
		}
		for (i = 0; i < n && !t.cut; i++)
			text_add(&t, chunk[i], name);
	} while (n > 0 && !t.cut);
	text_end(&t, boot);
	file->Close(file);
	return true;
}

static bool from_volume(EFI_FILE_HANDLE root, struct boot_info *boot)
{
	static CHAR16 beside_us[] = L"\\EFI\\BOOT\\cmdline.txt", at_root[] = L"\\cmdline.txt";

	return root && (from_file(root, beside_us, "\\EFI\\BOOT\\cmdline.txt", boot) ||
			from_file(root, at_root, "\\cmdline.txt", boot));
}

static void from_build(struct boot_info *boot)
{
	const u8 *p;
	struct text t;

	text_begin(&t, boot);
	for (p = efi_cmdline_start; p < efi_cmdline_end; p++)
		text_add(&t, *p, "CMDLINE= of the build");
	text_end(&t, boot);
}

void efi_find_cmdline(EFI_HANDLE image, EFI_FILE_HANDLE volume, struct boot_info *boot)
{
	static EFI_GUID loaded_guid = LOADED_IMAGE_PROTOCOL;
	EFI_LOADED_IMAGE *loaded;
	EFI_STATUS status;

	status = efi_boot->HandleProtocol(image, &loaded_guid, (void **)&loaded);
	if (EFI_ERROR(status)) {
		efi_failed(status, "the information about this application");
		from_build(boot);
		return;
	}
	if (!from_load_options(loaded, boot) && !from_volume(volume, boot))
		from_build(boot);
}
