namespace HyperVBackup.Hosts.VirtualDisks;

/// <summary>What the numbers mean that virtual disks fail with (those of facility 0x3A).</summary>
public static class VirtualDiskError
{
    public const uint InvalidChangeTrackingId = 0xC03A0029;
    public const uint ChangeTrackingDisabled = 0xC03A002A;
    public const uint MissingChangeTrackingInformation = 0xC03A0030;

    private static readonly Dictionary<uint, string> Meanings = new()
    {
        [0xC03A000F] = "the child is older or newer than its parent",
        [0xC03A0010] = "its metadata cannot be read",
        [0xC03A0011] = "its metadata cannot be written",
        [0xC03A0012] = "its size is not valid",
        [0xC03A0013] = "its file's size is not valid",
        [0xC03A0014] = "nothing on the host knows its format",
        [0xC03A0015] = "it is no virtual disk",
        [0xC03A0016] = "its parent may not be opened",
        [0xC03A0017] = "its size is not its parent's",
        [0xC03A0018] = "its chain of parents goes round",
        [0xC03A0019] = "a parent of it is damaged",
        [0xC03A001A] = "it goes beyond a limit of the file system",
        [0xC03A001B] = "it is of a type that does not allow this",
        [0xC03A001C] = "it is in a state that does not allow this",
        [0xC03A001D] = "its sector size is not supported",
        [0xC03A001E] = "something else owns it already",
        [0xC03A001F] = "it is online and writable",
        [0xC03A0020] = "log tracking was never begun",
        [0xC03A0021] = "its log has grown beyond its limit",
        [0xC03A0022] = "it was compacted, expanded or patched while its machine was off",
        [0xC03A0023] = "tracking was ended, or is in that state already",
        [0xC03A0024] = "its tracking file contradicts itself",
        [0xC03A0025] = "resizing would cut it off",
        [0xC03A0028] = "its metadata is full",
        [InvalidChangeTrackingId] = "the host does not know the tracking id any more",
        [ChangeTrackingDisabled] = "change tracking is off for this disk",
        [MissingChangeTrackingInformation] = "the host has lost what it tracked of this disk",
    };

    /// <summary>Half a sentence with the number.</summary>
    public static string MeaningOf(uint code) =>
        $"{Meanings.GetValueOrDefault(code, "the host gives an error")} (0x{code:X8})";
}
