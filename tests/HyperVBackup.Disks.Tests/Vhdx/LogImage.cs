using System.Buffers.Binary;
using HyperVBackup.Disks.Vhdx;

namespace HyperVBackup.Disks.Tests.Vhdx;

/// <summary>Gives an image a log that still has to be replayed, written from the format's description alone.</summary>
internal sealed class LogImage
{
    public const int LogAt = 1 << 20;
    public const int LogLength = 1 << 20;

    private readonly byte[] file;
    private readonly byte[] log = new byte[LogLength];
    private int head;

    public LogImage(byte[] file, int firstEntryAt)
    {
        this.file = file;
        head = firstEntryAt;
        Tail = firstEntryAt;
    }

    public Guid LogId { get; init; } = new("11111111-2222-4333-8444-555555555555");

    /// <summary>What the entries to come give as the oldest one that counts.</summary>
    public int Tail { get; set; }

    public ulong NextSequence { get; set; } = 7;

    public ulong FlushedLength { get; set; }

    public ulong LastLength { get; set; }

    /// <summary>Adds an entry; a page of data, or a length of zeros.</summary>
    /// <returns>Where in the log it starts.</returns>
    public int Add(params (long Offset, byte[]? Page, long ZeroLength)[] changes)
    {
        int descriptorBytes = (64 + (32 * changes.Length) + 4095) / 4096 * 4096;
        byte[] entry = new byte[descriptorBytes + (4096 * changes.Count(change => change.Page is not null))];
        WriteHeader(entry, changes.Length);
        int dataAt = descriptorBytes;
        for (int i = 0; i < changes.Length; i++)
        {
            Span<byte> descriptor = entry.AsSpan(64 + (32 * i), 32);
            BinaryPrimitives.WriteInt64LittleEndian(descriptor[16..], changes[i].Offset);
            BinaryPrimitives.WriteUInt64LittleEndian(descriptor[24..], NextSequence);
            if (changes[i].Page is not { } page)
            {
                "zero"u8.CopyTo(descriptor);
                BinaryPrimitives.WriteInt64LittleEndian(descriptor[8..], changes[i].ZeroLength);
                continue;
            }
            "desc"u8.CopyTo(descriptor);
            page.AsSpan(4092, 4).CopyTo(descriptor[4..]);
            page.AsSpan(0, 8).CopyTo(descriptor[8..]);
            WriteSector(entry.AsSpan(dataAt, 4096), page);
            dataAt += 4096;
        }
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(4), Crc32C.WithoutField(entry, 4));
        return Append(entry);
    }

    /// <summary>The file with the log in it and a header that says so.</summary>
    public byte[] Build()
    {
        byte[] built = [.. file];
        log.CopyTo(built, LogAt);
        VhdxHeader.TryRead(built.AsSpan((int)VhdxHeader.SecondAt, VhdxHeader.SizeBytes), out VhdxHeader header);
        (header with { SequenceNumber = 100, LogId = LogId }).WriteTo(built.AsSpan((int)VhdxHeader.FirstAt));
        return built;
    }

    /// <summary>Changes one byte of the log.</summary>
    public void Spoil(int at) => log[at % LogLength] ^= 1;

    private void WriteHeader(byte[] entry, int descriptorCount)
    {
        "loge"u8.CopyTo(entry);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(8), entry.Length);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(12), Tail);
        BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(16), NextSequence);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(24), descriptorCount);
        LogId.TryWriteBytes(entry.AsSpan(32));
        ulong length = (ulong)file.Length;
        BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(48), FlushedLength == 0 ? length : FlushedLength);
        BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(56), LastLength == 0 ? length : LastLength);
    }

    private void WriteSector(Span<byte> sector, byte[] page)
    {
        page.CopyTo(sector);
        "data"u8.CopyTo(sector);
        BinaryPrimitives.WriteUInt32LittleEndian(sector[4..], (uint)(NextSequence >> 32));
        BinaryPrimitives.WriteUInt32LittleEndian(sector[4092..], (uint)(NextSequence & uint.MaxValue));
    }

    private int Append(byte[] entry)
    {
        int start = head;
        foreach (byte value in entry)
        {
            log[head] = value;
            head = (head + 1) % LogLength;
        }
        NextSequence++;
        return start;
    }
}
