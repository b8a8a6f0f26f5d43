namespace HyperVBackup.Disks.Changes;

/// <summary>A tracker's answer to one question, just as it came: nothing in it is checked yet.</summary>
/// <param name="ProcessedBytes">How much of what was asked about it covers, from the start on.</param>
/// <param name="OffsetsBytes">Where the changed ranges begin, from the start of the disk.</param>
/// <param name="LengthsBytes">How long they are; as many.</param>
public sealed record ChangePage(
    ulong ProcessedBytes, ReadOnlyMemory<ulong> OffsetsBytes, ReadOnlyMemory<ulong> LengthsBytes);
