/* Prints where virtdisk.h has what the adapter relies on. */
#define _WIN32_WINNT 0x0A00
#include <stddef.h>
#include <stdio.h>
#include <windows.h>
#include <virtdisk.h>

/* Newer headers have more versions of these than the one here: who is passed a smaller one may read past its end. */
typedef struct {
    OPEN_VIRTUAL_DISK_VERSION Version;
    union {
        struct { ULONG RWDepth; } Version1;
        struct { BOOL GetInfoOnly; BOOL ReadOnly; GUID ResiliencyGuid; } Version2;
        struct { BOOL GetInfoOnly; BOOL ReadOnly; GUID ResiliencyGuid; GUID SnapshotId; } Version3;
    };
} OPEN_PARAMETERS;
typedef struct {
    ATTACH_VIRTUAL_DISK_VERSION Version;
    union {
        struct { ULONG Reserved; } Version1;
        struct { ULONGLONG RestrictedOffset; ULONGLONG RestrictedLength; } Version2;
    };
} ATTACH_PARAMETERS;
_Static_assert(sizeof(OPEN_PARAMETERS) >= sizeof(OPEN_VIRTUAL_DISK_PARAMETERS), "larger than its newest version");
_Static_assert(sizeof(ATTACH_PARAMETERS) >= sizeof(ATTACH_VIRTUAL_DISK_PARAMETERS), "larger than its newest version");

#define AT(name, type, member) printf("%s %u\n", name, (unsigned)offsetof(type, member))
#define SIZE(name, type) printf("%s %u\n", name, (unsigned)sizeof(type))

int main(void)
{
    SIZE("StorageType", VIRTUAL_STORAGE_TYPE);
    AT("StorageType.DeviceId", VIRTUAL_STORAGE_TYPE, DeviceId);
    AT("StorageType.VendorId", VIRTUAL_STORAGE_TYPE, VendorId);
    SIZE("OpenParameters", OPEN_PARAMETERS);
    AT("OpenParameters.Version", OPEN_VIRTUAL_DISK_PARAMETERS, Version);
    AT("OpenParameters.IsOnlyAsked", OPEN_VIRTUAL_DISK_PARAMETERS, Version2.GetInfoOnly);
    AT("OpenParameters.IsReadOnly", OPEN_VIRTUAL_DISK_PARAMETERS, Version2.ReadOnly);
    AT("OpenParameters.ResiliencyId", OPEN_VIRTUAL_DISK_PARAMETERS, Version2.ResiliencyGuid);
    AT("OpenParameters.SnapshotId", OPEN_PARAMETERS, Version3.SnapshotId);
    SIZE("AttachParameters", ATTACH_PARAMETERS);
    AT("AttachParameters.Version", ATTACH_VIRTUAL_DISK_PARAMETERS, Version);
    AT("AttachParameters.Reserved", ATTACH_VIRTUAL_DISK_PARAMETERS, Version1.Reserved);
    AT("AttachParameters.RestrictedOffset", ATTACH_PARAMETERS, Version2.RestrictedOffset);
    AT("AttachParameters.RestrictedLength", ATTACH_PARAMETERS, Version2.RestrictedLength);
    SIZE("ChangeRange", QUERY_CHANGES_VIRTUAL_DISK_RANGE);
    AT("ChangeRange.OffsetBytes", QUERY_CHANGES_VIRTUAL_DISK_RANGE, ByteOffset);
    AT("ChangeRange.LengthBytes", QUERY_CHANGES_VIRTUAL_DISK_RANGE, ByteLength);
    AT("ChangeRange.Reserved", QUERY_CHANGES_VIRTUAL_DISK_RANGE, Reserved);
    SIZE("Overlap", OVERLAPPED);
    AT("Overlap.Internal", OVERLAPPED, Internal);
    AT("Overlap.InternalHigh", OVERLAPPED, InternalHigh);
    AT("Overlap.OffsetBytes", OVERLAPPED, Offset);
    AT("Overlap.Event", OVERLAPPED, hEvent);
    SIZE("DiskAnswer", GET_VIRTUAL_DISK_INFO);
    AT("VersionAt", GET_VIRTUAL_DISK_INFO, Version);
    AT("VirtualSizeAt", GET_VIRTUAL_DISK_INFO, Size.VirtualSize);
    AT("BlockSizeAt", GET_VIRTUAL_DISK_INFO, Size.BlockSize);
    AT("SectorSizeAt", GET_VIRTUAL_DISK_INFO, Size.SectorSize);
    AT("ImageIdAt", GET_VIRTUAL_DISK_INFO, Identifier);
    AT("DeviceAt", GET_VIRTUAL_DISK_INFO, VirtualStorageType.DeviceId);
    AT("IsResolvedAt", GET_VIRTUAL_DISK_INFO, ParentLocation.ParentResolved);
    AT("ParentAt", GET_VIRTUAL_DISK_INFO, ParentLocation.ParentLocationBuffer);
    AT("SubtypeAt", GET_VIRTUAL_DISK_INFO, ProviderSubtype);
    AT("PhysicalSectorSizeAt", GET_VIRTUAL_DISK_INFO, VhdPhysicalSectorSize);
    AT("DiskIdAt", GET_VIRTUAL_DISK_INFO, VirtualDiskId);
    AT("IsTrackedAt", GET_VIRTUAL_DISK_INFO, ChangeTrackingState.Enabled);
    AT("MostRecentIdAt", GET_VIRTUAL_DISK_INFO, ChangeTrackingState.MostRecentId);
    printf("Size %d\n", GET_VIRTUAL_DISK_INFO_SIZE);
    printf("ImageId %d\n", GET_VIRTUAL_DISK_INFO_IDENTIFIER);
    printf("ParentLocation %d\n", GET_VIRTUAL_DISK_INFO_PARENT_LOCATION);
    printf("StorageType %d\n", GET_VIRTUAL_DISK_INFO_VIRTUAL_STORAGE_TYPE);
    printf("Subtype %d\n", GET_VIRTUAL_DISK_INFO_PROVIDER_SUBTYPE);
    printf("PhysicalSectorSize %d\n", GET_VIRTUAL_DISK_INFO_VHD_PHYSICAL_SECTOR_SIZE);
    printf("DiskId %d\n", GET_VIRTUAL_DISK_INFO_VIRTUAL_DISK_ID);
    printf("ChangeTracking %d\n", GET_VIRTUAL_DISK_INFO_CHANGE_TRACKING_STATE);
    return 0;
}
