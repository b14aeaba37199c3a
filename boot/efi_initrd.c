/* SPDX-License-Identifier: MIT */
/*
 * Reads the initrd: \EFI\BOOT\initrd.img or \initrd.img on the volume of the UEFI application.
 *
 * Caller: efi_main(), before ExitBootServices().  Without the file the kernel uses the archive that
 * is linked into it (boot/pack.S).  An error is reported and does not stop the boot: the kernel then says that it has
 * no program to start.
 */
#include "boot/efi_app.h"

#define CHUNK (1UL << 20) /* bytes of one read: some firmware fails with larger ones */

EFI_FILE_HANDLE efi_open_volume(EFI_HANDLE image)
{
	static EFI_GUID loaded_guid = LOADED_IMAGE_PROTOCOL, fs_guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
	EFI_FILE_IO_INTERFACE *volume;
	EFI_LOADED_IMAGE *loaded;
	EFI_FILE_HANDLE root;
	EFI_STATUS status;

	status = efi_boot->HandleProtocol(image, &loaded_guid, (void **)&loaded);
	if (EFI_ERROR(status) || !loaded->DeviceHandle)
		return NULL;
	status = efi_boot->HandleProtocol(loaded->DeviceHandle, &fs_guid, (void **)&volume);
	if (status == EFI_UNSUPPORTED)
		return NULL;
	if (!EFI_ERROR(status))
		status = volume->OpenVolume(volume, &root);
	if (!EFI_ERROR(status))
		return root;
	efi_failed(status, "the volume of this application");
	return NULL;
}

/* Stores the file's size in *@size.  Afterwards the file's position is 0. */
static EFI_STATUS measure(EFI_FILE_HANDLE file, UINT64 *size)
{
	EFI_STATUS status = file->SetPosition(file, ~0ULL); /* the end */

	if (!EFI_ERROR(status))
		status = file->GetPosition(file, size);
	return EFI_ERROR(status) ? status : file->SetPosition(file, 0);
}

static EFI_STATUS read_all(EFI_FILE_HANDLE file, char *to, UINT64 size)
{
	EFI_STATUS status;
	UINT64 done = 0;

	while (done < size) {
		UINTN n = size - done < CHUNK ? size - done : CHUNK;

		status = file->Read(file, &n, to + done);
		if (EFI_ERROR(status))
			return status;
		if (n == 0)
			return EFI_END_OF_FILE;
		done += n;
	}
	return EFI_SUCCESS;
}

static EFI_STATUS load(EFI_FILE_HANDLE file, struct boot_info *boot)
{
	EFI_PHYSICAL_ADDRESS address = 0;
	EFI_STATUS status;
	UINT64 size;

	status = measure(file, &size);
	if (EFI_ERROR(status) || size == 0)
		return status;
	status =
		efi_boot->AllocatePages(AllocateAnyPages, EfiLoaderData, EFI_PAGES(size), &address);
	if (EFI_ERROR(status))
		return status;
	status = read_all(file, (char *)address, size);
	if (EFI_ERROR(status)) {
		efi_free((void *)address, EFI_PAGES(size));
		return status;
	}
	boot->initrd = address;
	boot->initrd_size = size;
	return EFI_SUCCESS;
}

void efi_find_initrd(EFI_FILE_HANDLE volume, struct boot_info *boot)
{
	static CHAR16 beside_us[] = L"\\EFI\\BOOT\\initrd.img", at_root[] = L"\\initrd.img";
	EFI_FILE_HANDLE file;
	EFI_STATUS status;

	if (!volume)
		return;
	status = volume->Open(volume, &file, beside_us, EFI_FILE_MODE_READ, 0);
	if (status == EFI_NOT_FOUND)
		status = volume->Open(volume, &file, at_root, EFI_FILE_MODE_READ, 0);
	if (status == EFI_NOT_FOUND)
		return;
	if (!EFI_ERROR(status)) {
		status = load(file, boot);
		file->Close(file);
	}
	if (EFI_ERROR(status))
		efi_failed(status, "the initrd");
}
