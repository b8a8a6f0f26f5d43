/* A virtdisk.dll that is none: it notes each call beside the image ("IMAGE.calls") and answers by the image's name, through
   the structures of virtdisk.h. The disk's bytes and size are those of "IMAGE.flat", its identity is in "IMAGE.id",
   the id of the image itself in "IMAGE.own". */
#define _WIN32_WINNT 0x0A00
#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>
#include <windows.h>
#include <virtdisk.h>
#pragma GCC diagnostic ignored "-Wattributes" /* what virtdisk.h says is elsewhere is made here */

#define DISKS_MAX 16
#define UNKNOWN_ID 0xC03A0029u
#define TRACKING_OFF 0xC03A002Au
#define OWNED 0xC03A001Eu
#define ONLINE 0xC03A001Fu

static struct { HANDLE handle; WCHAR path[1024]; } disks[DISKS_MAX];

static const WCHAR *path_of(HANDLE disk)
{
    for (int at = 0; at < DISKS_MAX; at++)
        if (disks[at].handle == disk)
            return disks[at].path;
    return L"?";
}

static void beside(WCHAR *name, const WCHAR *path, const WCHAR *extension)
{
    _snwprintf(name, 1100, L"%ls%ls", path, extension);
}

static void note(const WCHAR *path, const char *format, ...)
{
    WCHAR name[1100];
    beside(name, path, L".calls");
    FILE *file = _wfopen(name, L"ab");
    va_list values;
    va_start(values, format);
    vfprintf(file, format, values);
    va_end(values);
    fputc('\n', file);
    fclose(file);
}

/* A text with what is not ASCII as numbers. */
static const char *plain(const WCHAR *text)
{
    static char buffer[1024];
    char *at = buffer;
    for (; *text && at < buffer + sizeof buffer - 8; text++)
        at += sprintf(at, *text < 128 ? "%c" : "<%04x>", *text);
    return buffer;
}

static BOOL ends_in(const WCHAR *path, const WCHAR *end)
{
    size_t length = wcslen(path), end_length = wcslen(end);
    return length > end_length && wcscmp(path + length - end_length, end) == 0;
}

DWORD WINAPI OpenVirtualDisk(PVIRTUAL_STORAGE_TYPE type, PCWSTR path, VIRTUAL_DISK_ACCESS_MASK access,
    OPEN_VIRTUAL_DISK_FLAG flags, POPEN_VIRTUAL_DISK_PARAMETERS parameters, PHANDLE disk)
{
    static const GUID none;
    *disk = NULL;
    if (wcsstr(path, L"missing"))
        return ERROR_FILE_NOT_FOUND;
    note(path, "open type %lu %s access %x flags %x version %d asked %d read-only %d %s", type->DeviceId,
        IsEqualGUID(&type->VendorId, &none) ? "any" : "vendor", access, flags, parameters->Version,
        parameters->Version2.GetInfoOnly, parameters->Version2.ReadOnly,
        IsEqualGUID(&parameters->Version2.ResiliencyGuid, &none) ? "plain" : "resilient");
    if (wcsstr(path, L"owned"))
        return OWNED;

    WCHAR name[1100];
    beside(name, path, L".flat");
    HANDLE file = CreateFileW(name, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return GetLastError();
    int at = 0;
    while (at < DISKS_MAX - 1 && disks[at].handle && disks[at].handle != file)
        at++;
    disks[at].handle = file;
    wcsncpy(disks[at].path, path, 1023);
    *disk = file;
    return 0;
}

DWORD WINAPI AttachVirtualDisk(HANDLE disk, PSECURITY_DESCRIPTOR security, ATTACH_VIRTUAL_DISK_FLAG flags,
    ULONG provider, PATTACH_VIRTUAL_DISK_PARAMETERS parameters, LPOVERLAPPED overlapped)
{
    note(path_of(disk), "attach security %d flags %x provider %lx version %d reserved %lu overlapped %d", security != NULL,
        flags, provider, parameters->Version, parameters->Version1.Reserved, overlapped != NULL);
    return wcsstr(path_of(disk), L"online") ? ONLINE : 0;
}

static DWORD fill_id(const WCHAR *path, const WCHAR *extension, GUID *id)
{
    WCHAR name[1100];
    beside(name, path, extension);
    FILE *file = _wfopen(name, L"rb");
    if (!file)
        return ERROR_FILE_NOT_FOUND;
    size_t count = fread(id, sizeof *id, 1, file);
    fclose(file);
    return count == 1 ? 0 : ERROR_INVALID_DATA;
}

DWORD WINAPI GetVirtualDiskInformation(HANDLE disk, PULONG size, PGET_VIRTUAL_DISK_INFO answer, PULONG used)
{
    const WCHAR *path = path_of(disk);
    LARGE_INTEGER length;
    if (*size < sizeof *answer + 2048)
        return ERROR_INSUFFICIENT_BUFFER;
    note(path, "ask %d", answer->Version);
    *used = sizeof *answer;
    switch (answer->Version)
    {
    case GET_VIRTUAL_DISK_INFO_SIZE:
        GetFileSizeEx(disk, &length);
        answer->Size.VirtualSize = length.QuadPart;
        answer->Size.PhysicalSize = 77;
        answer->Size.BlockSize = 0x200000;
        answer->Size.SectorSize = 512;
        return 0;
    case GET_VIRTUAL_DISK_INFO_PROVIDER_SUBTYPE:
        answer->ProviderSubtype = ends_in(path, L".child") ? 4 : 3;
        return 0;
    case GET_VIRTUAL_DISK_INFO_PARENT_LOCATION:
        if (wcsstr(path, L"orphan"))
        {
            answer->ParentLocation.ParentResolved = FALSE;
            return 0;
        }
        answer->ParentLocation.ParentResolved = TRUE;
        wcscpy(answer->ParentLocation.ParentLocationBuffer, path);
        answer->ParentLocation.ParentLocationBuffer[wcslen(path) - wcslen(L".child")] = 0;
        return 0;
    case GET_VIRTUAL_DISK_INFO_VHD_PHYSICAL_SECTOR_SIZE:
        answer->VhdPhysicalSectorSize = 4096;
        return 0;
    case GET_VIRTUAL_DISK_INFO_VIRTUAL_DISK_ID:
        return fill_id(path, L".id", &answer->VirtualDiskId);
    case GET_VIRTUAL_DISK_INFO_IDENTIFIER:
        return fill_id(path, L".own", &answer->Identifier);
    case GET_VIRTUAL_DISK_INFO_VIRTUAL_STORAGE_TYPE:
        answer->VirtualStorageType.DeviceId =
            wcsstr(path, L".vhdx") ? VIRTUAL_STORAGE_TYPE_DEVICE_VHDX : VIRTUAL_STORAGE_TYPE_DEVICE_VHD;
        return 0;
    case GET_VIRTUAL_DISK_INFO_CHANGE_TRACKING_STATE:
        if (wcsstr(path, L"untracked"))
            return TRACKING_OFF;
        answer->ChangeTrackingState.Enabled = TRUE;
        answer->ChangeTrackingState.NewerChanges = FALSE;
        wcscpy(answer->ChangeTrackingState.MostRecentId, L"rctX:5bfde23b:ce75:4303:b54f:6c18394f105c:00000001");
        return 0;
    default:
        return ERROR_INVALID_PARAMETER;
    }
}

DWORD WINAPI QueryChangesVirtualDisk(HANDLE disk, PCWSTR id, ULONG64 offset, ULONG64 length,
    QUERY_CHANGES_VIRTUAL_DISK_FLAG flags, PQUERY_CHANGES_VIRTUAL_DISK_RANGE ranges, PULONG count, PULONG64 processed)
{
    note(path_of(disk), "changes %s %llu+%llu flags %x room %lu", plain(id), offset, length, flags, *count);
    if (wcscmp(id, L"unknown") == 0)
        return UNKNOWN_ID;
    if (wcscmp(id, L"too many") == 0)
    {
        *count += 1;
        return 0;
    }
    if (wcscmp(id, L"nothing") == 0)
    {
        *count = 0;
        *processed = length;
        return 0;
    }

    /* In parts: of each mebibyte its second and its last page. */
    *processed = length < 0x100000 ? length : 0x100000;
    ranges[0].ByteOffset = offset + 4096;
    ranges[0].ByteLength = 4096;
    ranges[1].ByteOffset = offset + 0xFF000;
    ranges[1].ByteLength = 4096;
    *count = 2;
    return 0;
}
