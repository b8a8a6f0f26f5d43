using System.Text;

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
        Span<char> text = stackalloc char[line.Length];
        int length;
        _ = next < 0
            ? text.TryWrite($"{{\"since\":\"a\",\"id\":\"b\",\"ranges\":[\n", out length)
            : next == rangeCount
            ? text.TryWrite($"]}}\n", out length)
            : text.TryWrite(
                $"{(next > 0 ? "," : "")}{{\"offset\":{offsetOf(next)},\"length\":4096}}\n", out length);
        lineLength = Encoding.ASCII.GetBytes(text[..length], line);
        lineAt = 0;
        next++;
        return true;
    }
}
