using System.Buffers;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Gathers what the records of one pack are and name. Used once.</summary>
internal sealed class FactsBuilder
{
    private readonly ArrayBufferWriter<byte> lines = new();
    private readonly ArrayBufferWriter<byte> names = new();
    private readonly ArrayBufferWriter<byte> rows = new();

    /// <summary>The hashed parts of nodes.</summary>
    public ReadOnlyMemory<byte> Rows => rows.WrittenMemory;

    /// <summary>Whether a record could not be read now: it may be another time, so this is not to be kept.</summary>
    public bool HasGaps { get; set; }

    public void Add(in PackEntry entry, ReadOnlySpan<byte> named)
    {
        int size = FactsEntry.LineSizeBytes;
        FactsEntry.WriteLine(
            lines.GetSpan(size), entry.Id, entry.OffsetBytes, entry.LengthBytes, entry.Type, named.Length);
        lines.Advance(size);
        (entry.Type == RecordType.Node ? rows : names).Write(named);
    }

    public byte[] ToEntry(PackName pack, long packLengthBytes) =>
        FactsEntry.Write(pack, packLengthBytes, lines.WrittenSpan, names.WrittenSpan, rows.WrittenCount);
}
