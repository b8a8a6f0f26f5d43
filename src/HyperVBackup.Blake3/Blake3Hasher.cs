namespace HyperVBackup.Blake3;

/// <summary>
/// The hash of bytes that come piece by piece: the same as <see cref="Blake3Mode.Hash"/> of them all together, however
/// they are cut. Holds a buffer of 64 KiB; pieces larger than that are not copied. Not thread-safe.
/// </summary>
public sealed class Blake3Hasher
{
    private readonly Blake3Mode mode;
    private readonly byte[] buffer = new byte[Tree.BatchSizeBytes];
    private readonly byte[] stack = new byte[Tree.StackSizeBytes];
    private int bufferedBytes;
    private ulong batchCount;
    private bool isFinished;

    /// <exception cref="ArgumentNullException"><paramref name="mode"/> is null.</exception>
    public Blake3Hasher(Blake3Mode mode)
    {
        ArgumentNullException.ThrowIfNull(mode);
        this.mode = mode;
    }

    /// <summary>Adds bytes behind those appended before.</summary>
    /// <exception cref="InvalidOperationException">
    /// <see cref="Finish"/> was called and <see cref="Reset"/> was not.
    /// </exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        ThrowIfFinished();
        // A full batch waits until a byte follows it: the last one is hashed by Finish, since it may hold the root.
        while (bufferedBytes + (long)bytes.Length > Tree.BatchSizeBytes)
        {
            if (bufferedBytes == 0)
            {
                Tree.Push(mode, stack, batchCount, bytes[..Tree.BatchSizeBytes]);
                bytes = bytes[Tree.BatchSizeBytes..];
            }
            else
            {
                int missingBytes = Tree.BatchSizeBytes - bufferedBytes;
                bytes[..missingBytes].CopyTo(buffer.AsSpan(bufferedBytes));
                bytes = bytes[missingBytes..];
                Tree.Push(mode, stack, batchCount, buffer);
                bufferedBytes = 0;
            }
            batchCount++;
        }
        bytes.CopyTo(buffer.AsSpan(bufferedBytes));
        bufferedBytes += bytes.Length;
    }

    /// <summary>Writes the hash of all that was appended. May be called once until <see cref="Reset"/>.</summary>
    /// <exception cref="ArgumentException"><paramref name="output"/> is not 32 bytes long.</exception>
    /// <exception cref="InvalidOperationException">It was called before, and <see cref="Reset"/> was not.</exception>
    public void Finish(Span<byte> output)
    {
        ThrowIfFinished();
        if (output.Length != Blake3Mode.DigestSizeBytes)
        {
            throw new ArgumentException(
                $"a hash is {Blake3Mode.DigestSizeBytes} bytes, not {output.Length}", nameof(output));
        }
        Tree.Finish(mode, stack, batchCount, buffer.AsSpan(0, bufferedBytes), output);
        isFinished = true;
    }

    /// <summary>Forgets everything appended, ready for another input.</summary>
    public void Reset() => (bufferedBytes, batchCount, isFinished) = (0, 0, false);

    private void ThrowIfFinished()
    {
        if (isFinished)
        {
            throw new InvalidOperationException("the hash is finished: reset it before the next input");
        }
    }
}
