using HyperVBackup.Format;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>Writes a <see cref="MarkTable"/> from its first mark to its last. Used once.</summary>
/// <param name="file">Empty; goes over to the table.</param>
/// <param name="path">Of the file, which is deleted unless it is finished; null for one gone once closed.</param>
/// <param name="write">The system's own where it is not given.</param>
internal sealed class MarkTableWriter(
    SafeFileHandle file, Digest id, string? path = null, TableWrite? write = null) : IDisposable
{
    private const int BlocksAtOnce = 64;
    private readonly Mark[] marks = new Mark[MarkTable.MarksInBlock];
    private readonly byte[] blocks = new byte[BlocksAtOnce * MarkTable.BlockBytes];
    private int blockCount;
    private long count;
    private long writtenBytes;
    private bool isFinished;

    private int HeldCount => (int)(count % MarkTable.MarksInBlock);

    /// <param name="mark">Behind the last one.</param>
    /// <exception cref="IOException">There is no room.</exception>
    public void Add(in Mark mark)
    {
        Invariant.Check(HeldCount == 0 || marks[HeldCount - 1].CompareTo(mark) < 0);
        marks[HeldCount] = mark;
        count++;
        if (HeldCount == 0)
        {
            AddBlock(marks);
        }
    }

    /// <exception cref="IOException">There is no room.</exception>
    public MarkTable Finish()
    {
        if (HeldCount > 0)
        {
            AddBlock(marks.AsSpan(0, HeldCount));
        }

        Write();
        isFinished = true;
        return new MarkTable(file, id, count);
    }

    public void Dispose()
    {
        if (isFinished)
        {
            return;
        }

        file.Dispose();
        if (path is null)
        {
            return;
        }

        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return; // it is swept another time
        }
    }

    private void AddBlock(ReadOnlySpan<Mark> content)
    {
        Span<byte> block = blocks.AsSpan(blockCount * MarkTable.BlockBytes, MarkTable.BlockBytes);
        block.Clear();
        MarkTable.WriteBlock(block, id, (writtenBytes / MarkTable.BlockBytes) + blockCount, content);
        if (++blockCount == BlocksAtOnce)
        {
            Write();
        }
    }

    private void Write()
    {
        (write ?? RandomAccess.Write)(file, blocks.AsSpan(0, blockCount * MarkTable.BlockBytes), writtenBytes);
        writtenBytes += blockCount * MarkTable.BlockBytes;
        blockCount = 0;
    }
}
