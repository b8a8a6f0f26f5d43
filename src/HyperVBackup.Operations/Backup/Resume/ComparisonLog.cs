using HyperVBackup.Format;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Operations.Backup.Resume;

/// <summary>
/// What was found while a whole disk was compared, in a file of the host's state folder, so that a backup that is
/// interrupted goes on there. Written piece by piece, each in one write; a reader believes the pieces up to the first
/// that is not whole. Nothing but time depends on it: where it cannot be written, nothing more is noted. Nothing is
/// flushed, as a power loss makes it void anyway (<see cref="Disks.DiskStamp"/>). One thread at a time, after
/// <see cref="Read"/> has come to its end; held by one process at a time.
/// </summary>
internal sealed class ComparisonLog : IDisposable
{
    private readonly SafeFileHandle file;
    private readonly string path;
    private readonly ComparisonSubject subject;
    private readonly byte[] checksum = new byte[ComparisonHeader.ChecksumBytes];
    private long endBytes;
    private bool isGivenUp;
    private bool isDeleted;

    private ComparisonLog(SafeFileHandle file, string path, ComparisonSubject subject) =>
        (this.file, this.path, this.subject) = (file, path, subject);

    /// <summary>How far the disk was compared before: the index after the last chunk.</summary>
    public long ResumedIndex { get; private set; }

    /// <summary>How far the disk is compared.</summary>
    public long EndIndex { get; private set; }

    /// <summary>Whether there is something to go on with.</summary>
    public bool IsNoted => EndIndex > 0 && !isDeleted;

    /// <summary>Opens the file of a subject, which is made where it is not there, and begun anew where it is of
    /// another one.</summary>
    /// <param name="refusal">Why what stood there is not gone on with; null where all of it is, or nothing was.</param>
    /// <returns>Null where it cannot be had: another process has it, or the system refuses.</returns>
    public static ComparisonLog? TryOpen(string path, ComparisonSubject subject, out string? refusal)
    {
        refusal = null;
        SafeFileHandle? file = null;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            ComparisonLog log = new(file, path, subject);
            refusal = log.Begin();
            return log;
        }
        catch (Exception error) when (IsFromSystem(error))
        {
            file?.Dispose();
            return null;
        }
    }

    /// <summary>All runs that were noted before, ascending, without gaps, from the start of the disk.</summary>
    /// <exception cref="ComparisonRefutedException">They are no longer what they were a moment ago.</exception>
    public IEnumerable<ComparedRun> Read()
    {
        long at = ComparisonHeader.SizeBytes;
        byte[] before = ComparisonHeader.Write(subject)[^ComparisonHeader.ChecksumBytes..];
        long index = 0;
        while (index < ResumedIndex)
        {
            List<ComparedRun> runs = ReadFrameOrNull(ref at, before, index)
                ?? throw new ComparisonRefutedException("what an interrupted backup noted cannot be read any more");
            foreach (ComparedRun run in runs)
            {
                index = run.EndIndex;
                yield return run;
            }
        }
    }

    /// <summary>Notes a piece.</summary>
    /// <param name="runs">As <see cref="ComparisonFrame.Write"/> writes them.</param>
    /// <param name="endIndex">The index after the last chunk of them.</param>
    public void Append(ReadOnlySpan<byte> runs, long endIndex)
    {
        if (isGivenUp)
        {
            return;
        }

        try
        {
            byte[] frame = ComparisonFrame.Seal(runs, checksum);
            RandomAccess.Write(file, frame, endBytes);
            endBytes += frame.Length;
            EndIndex = endIndex;
        }
        catch (Exception error) when (IsFromSystem(error))
        {
            isGivenUp = true; // a torn piece may stand there, and what comes after one is not believed
        }
    }

    /// <summary>The point is published, or nothing here is to be believed.</summary>
    public void Delete()
    {
        isDeleted = true;
        file.Dispose();
        TryDelete(path);
    }

    /// <summary>Deletes a file that may not be there.</summary>
    public static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (IsFromSystem(error))
        {
            return; // the next backup has a newer parent, and so no use for it
        }
    }

    public void Dispose() => file.Dispose();

    private string? Begin()
    {
        long lengthBytes = RandomAccess.GetLength(file);
        byte[] header = new byte[ComparisonHeader.SizeBytes];
        int count = RandomAccess.Read(file, header, 0);
        string? refusal = lengthBytes == 0 ? null : ComparisonHeader.Refusal(header.AsSpan(0, count), subject);
        if (lengthBytes == 0 || refusal is not null)
        {
            RandomAccess.SetLength(file, 0);
            header = ComparisonHeader.Write(subject);
            RandomAccess.Write(file, header, 0);
            lengthBytes = header.Length;
        }

        header.AsSpan(^ComparisonHeader.ChecksumBytes).CopyTo(checksum);
        endBytes = ComparisonHeader.SizeBytes;
        FindEnd();
        if (endBytes < lengthBytes)
        {
            refusal ??= "a part of what it noted is damaged";
            RandomAccess.SetLength(file, endBytes);
        }

        ResumedIndex = EndIndex;
        return refusal;
    }

    private void FindEnd()
    {
        byte[] before = [.. checksum];
        long at = endBytes;
        while (ReadFrameOrNull(ref at, before, EndIndex) is { } runs)
        {
            EndIndex = runs[^1].EndIndex;
            endBytes = at;
            before.CopyTo(checksum, 0);
        }
    }

    private List<ComparedRun>? ReadFrameOrNull(ref long at, byte[] before, long firstIndex)
    {
        Span<byte> header = stackalloc byte[ComparisonFrame.HeaderBytes];
        if (!TryReadExactly(header, at) || ComparisonFrame.RunsBytes(header) is not int lengthBytes)
        {
            return null;
        }

        byte[] runs = new byte[lengthBytes];
        if (!TryReadExactly(runs, at + header.Length))
        {
            return null;
        }

        at += header.Length + lengthBytes;
        return ComparisonFrame.TryRead(header, runs, before, firstIndex, subject.ChunkCount);
    }

    private bool TryReadExactly(Span<byte> bytes, long at)
    {
        try
        {
            while (!bytes.IsEmpty)
            {
                int count = RandomAccess.Read(file, bytes, at);
                if (count == 0)
                {
                    return false;
                }

                bytes = bytes[count..];
                at += count;
            }

            return true;
        }
        catch (Exception error) when (IsFromSystem(error))
        {
            return false; // as where it ends
        }
    }

    private static bool IsFromSystem(Exception error) => error is IOException or UnauthorizedAccessException;
}
