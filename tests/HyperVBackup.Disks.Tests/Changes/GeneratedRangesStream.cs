using System.Buffers.Text;
using System.Diagnostics;

namespace HyperVBackup.Disks.Tests.Changes;

/// <summary>The text of a ranges file of any length, made while it is read, one range a line.</summary>
internal sealed class GeneratedRangesStream(int rangeCount, Func<int, long> offsetOf) : Stream
{
    private readonly byte[] line = new byte[128];
    private int lineLength;
    private int lineAt;
    private int next = -1;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int filled = 0;
        while (filled < buffer.Length && (lineAt < lineLength || MakeLine()))
        {
            int count = Math.Min(buffer.Length - filled, lineLength - lineAt);
            line.AsSpan(lineAt, count).CopyTo(buffer[filled..]);
            lineAt += count;
            filled += count;
        }
        return filled;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private bool MakeLine()
    {
        if (next > rangeCount)
        {
            return false;
        }
        lineLength = 0;
        if (next < 0)
        {
            Append("{\"since\":\"a\",\"id\":\"b\",\"ranges\":[\n"u8);
        }
        else if (next == rangeCount)
        {
            Append("]}\n"u8);
        }
        else
        {
            Append(next > 0 ? ",{\"offset\":"u8 : "{\"offset\":"u8);
            Append(offsetOf(next));
            Append(",\"length\":4096}\n"u8);
        }
        lineAt = 0;
        next++;
        return true;
    }

    private void Append(ReadOnlySpan<byte> text)
    {
        text.CopyTo(line.AsSpan(lineLength));
        lineLength += text.Length;
    }

    /// <summary>Allocates nothing, also in code not yet optimised: the test that reads this counts allocations.
    /// </summary>
    private void Append(long number)
    {
        bool fits = Utf8Formatter.TryFormat(number, line.AsSpan(lineLength), out int length);
        Debug.Assert(fits);
        lineLength += length;
    }
}
