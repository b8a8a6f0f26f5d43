using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>
/// What packs hold, as this host has read it before: a file of entries one after the other. A pack's name is never used
/// again and its content never changes, so an entry says what the pack says or, where its checksum fails, nothing.
/// While one collector has the file, others of the host work with one of their own that is gone after them. One thread
/// at a time.
/// </summary>
internal sealed class FactsFile : IDisposable
{
    private readonly SafeFileHandle file;
    private long endBytes;
    private long keptBytes = long.MaxValue;

    private FactsFile(SafeFileHandle file, bool isOfHost) => (this.file, IsOfHost) = (file, isOfHost);

    /// <summary>Whether this is the host's file, and all else that it keeps for collectors is this one's too.</summary>
    public bool IsOfHost { get; }

    /// <summary>Bytes of the entries that were not wanted in the last reading: of packs that are gone.</summary>
    public long DeadBytes { get; private set; }

    public long LengthBytes => endBytes;

    /// <summary>Opens the host's file, or one that nothing is in yet.</summary>
    /// <param name="path">Null for one that is gone after use.</param>
    public static FactsFile Open(string? path, ScratchFolder scratch)
    {
        try
        {
            if (path is not null)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                return new FactsFile(
                    File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None),
                    isOfHost: true);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Another collector of this host has it, or it cannot be had at all: see the summary.
        }

        return new FactsFile(scratch.Create(), isOfHost: false);
    }

    /// <summary>Reads the entries of packs that are wanted, and of map packs that are not, in the order of the file, up
    /// to the first that is damaged: what follows is forgotten.</summary>
    /// <param name="numberOf">The number of a pack; negative for one that is not wanted.</param>
    public IEnumerable<(PackFacts Facts, IEnumerable<StoredRecord> Records)> Read(
        Func<PackName, int> numberOf, CancellationToken token)
    {
        byte[] head = new byte[FactsEntry.HeadBytes];
        long lengthBytes = RandomAccess.GetLength(file);
        (long atBytes, DeadBytes) = (0, 0);
        while (lengthBytes - atBytes >= head.Length)
        {
            token.ThrowIfCancellationRequested();
            ScratchReads.ReadExactly(file, head, atBytes);
            (long checkedBytes, long allBytes) = FactsEntry.LengthsOf(head);
            if (FactsEntry.TryReadHead(head, atBytes) is not PackFacts facts
                || allBytes > lengthBytes - atBytes || checkedBytes > Array.MaxLength)
            {
                break;
            }

            int number = numberOf(facts.Pack);
            DeadBytes += number < 0 ? allBytes : 0;
            if (number >= 0 || facts.Pack.Kind == PackKind.Maps)
            {
                byte[] entry = new byte[checkedBytes];
                ScratchReads.ReadExactly(file, entry, atBytes);
                if (!FactsEntry.IsWhole(entry))
                {
                    break;
                }

                yield return (facts, FactsEntry.Read(entry, atBytes, number));
            }
            atBytes += allBytes;
        }

        endBytes = atBytes;
    }

    /// <summary>Appends what was learned of a pack, behind all that the last reading came by.</summary>
    /// <exception cref="IOException">There is no room.</exception>
    public (PackFacts Facts, IEnumerable<StoredRecord> Records) Append(
        PackName pack, long packLengthBytes, FactsBuilder built, int number)
    {
        byte[] entry = built.ToEntry(pack, packLengthBytes);
        long atBytes = endBytes;
        keptBytes = built.HasGaps ? Math.Min(keptBytes, atBytes) : keptBytes;
        RandomAccess.Write(file, built.Rows.Span, atBytes + entry.Length);
        RandomAccess.Write(file, entry, atBytes);
        endBytes = atBytes + entry.Length + built.Rows.Length;
        return (new PackFacts(pack, packLengthBytes, atBytes), FactsEntry.Read(entry, atBytes, number));
    }

    /// <summary>Ends the file behind the last entry: what lay there was not to be trusted.</summary>
    public void Cut() => RandomAccess.SetLength(file, endBytes);

    /// <summary>Moves entries of packs that are wanted over those of packs that are not. Broken off, it loses some.
    /// </summary>
    public void Compact(Func<PackName, bool> isWanted)
    {
        DropUnkept();
        byte[] head = new byte[FactsEntry.HeadBytes];
        (long fromBytes, long toBytes) = (0, 0);
        while (fromBytes < endBytes)
        {
            ScratchReads.ReadExactly(file, head, fromBytes);
            (_, long allBytes) = FactsEntry.LengthsOf(head);
            if (FactsEntry.TryReadHead(head, fromBytes) is PackFacts facts && isWanted(facts.Pack))
            {
                Move(fromBytes, toBytes, allBytes);
                toBytes += allBytes;
            }

            fromBytes += allBytes;
        }

        endBytes = toBytes;
        Cut();
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        endBytes = 0;
        Cut();
    }

    /// <exception cref="IOException">It cannot be read.</exception>
    public void Read(long atBytes, Span<byte> buffer) => ScratchReads.ReadExactly(file, buffer, atBytes);

    public void Dispose()
    {
        DropUnkept();
        file.Dispose();
    }

    /// <summary>What was learned since a pack had gaps serves this collector only.</summary>
    private void DropUnkept()
    {
        if (keptBytes < endBytes)
        {
            endBytes = keptBytes;
            Cut();
        }

        keptBytes = long.MaxValue;
    }

    private void Move(long fromBytes, long toBytes, long lengthBytes)
    {
        byte[] piece = new byte[Math.Min(lengthBytes, 1 << 20)];
        for (long done = 0; fromBytes != toBytes && done < lengthBytes; done += piece.Length)
        {
            Span<byte> bytes = piece.AsSpan(0, (int)Math.Min(piece.Length, lengthBytes - done));
            ScratchReads.ReadExactly(file, bytes, fromBytes + done);
            RandomAccess.Write(file, bytes, toBytes + done);
        }
    }
}
