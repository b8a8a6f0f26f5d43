namespace HyperVBackup.Qemu.Nbd;

/// <summary>A stretch of an export whose status a server told.</summary>
internal readonly record struct NbdExtent(long StartBytes, long LengthBytes, uint Flags);
