namespace HyperVBackup.Qemu.Tests.Kit;

/// <summary>A peer that says what a script holds, in pieces, whatever it is told, and then ends.</summary>
internal sealed class ScriptedStream(byte[] script, int pieceBytes = int.MaxValue) : Stream
{
    private int at;

    /// <summary>What it was told.</summary>
    public MemoryStream Told { get; } = new();

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        int count = Math.Min(Math.Min(buffer.Length, pieceBytes), script.Length - at);
        script.AsSpan(at, count).CopyTo(buffer);
        at += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer) => Told.Write(buffer);

    public override void Write(byte[] buffer, int offset, int count) => Told.Write(buffer, offset, count);

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
