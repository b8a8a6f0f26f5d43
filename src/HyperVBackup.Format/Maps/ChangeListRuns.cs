using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Maps;

/// <summary>Goes over the runs of a <see cref="ChangeListSegment"/> as they are stored, without copying ids. Not
/// thread-safe.</summary>
public sealed class ChangeListRuns
{
    private const string What = "change list";
    private readonly ReadOnlyMemory<byte> plain;
    private int nextAt = ListHeader.SizeBytes;
    private int entriesLeft;
    private int idsAt;

    /// <param name="plain">The plain body of a list record; kept.</param>
    /// <exception cref="CorruptDataException">Not the body of a change list.</exception>
    public ChangeListRuns(ReadOnlyMemory<byte> plain)
    {
        this.plain = plain;
        BodyReader body = new(plain.Span, What);
        EntryCount = ListHeader.Read(ref body, ListKind.Changes, FormatLimits.ListSegmentEntryCountMax).EntryCount;
        entriesLeft = EntryCount;
        EndChunk = -1;
    }

    /// <summary>Chunks in all runs, 1 to 25,000.</summary>
    public int EntryCount { get; }

    /// <summary>The first chunk of the run that was read last.</summary>
    public long FirstChunk { get; private set; }

    /// <summary>Its length in chunks, at least 1.</summary>
    public int Count { get; private set; }

    /// <summary>One past its last chunk; -1 before the first run.</summary>
    public long EndChunk { get; private set; }

    /// <summary>The ids of its chunks, 32 bytes each.</summary>
    public ReadOnlySpan<byte> Ids => plain.Span.Slice(idsAt, Count * Digest.SizeBytes);

    /// <summary>Goes to the next run; false where there is none.</summary>
    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/lists.md.</exception>
    public bool MoveNext()
    {
        BodyReader body = new(plain.Span[nextAt..], What);
        if (entriesLeft == 0)
        {
            body.RequireEnd();
            return false;
        }

        long first = body.Count("chunk index", FormatLimits.ChunkCountMax - 1);
        body.Require(first > EndChunk, "runs overlap, touch or are out of order");
        uint count = body.UInt32("run length");
        body.Require(count > 0 && count <= entriesLeft, "run length");
        body.Require(first + count <= FormatLimits.ChunkCountMax, "chunk index");
        body.Bytes((int)count * Digest.SizeBytes, "chunk id");
        idsAt = nextAt + ChangeListSegment.RunIdsAt;
        (FirstChunk, Count, EndChunk) = (first, (int)count, first + count);
        entriesLeft -= Count;
        nextAt = idsAt + (Count * Digest.SizeBytes);
        return true;
    }
}
