using HyperVBackup.Disks;

namespace HyperVBackup.Qemu;

/// <summary>
/// The other end of a connection, which may answer late, in part, or never. From <see cref="Expect"/> to
/// <see cref="Done"/> an answer is due; when it takes longer than the patience, the connection is closed, which ends
/// every read. Once anything failed the connection is of no use any more. Not thread-safe.
/// </summary>
internal sealed class Peer : IDisposable
{
    private readonly Stream stream;
    private readonly string name;
    private readonly TimeSpan patience;
    private readonly ITimer timer;
    private volatile bool isGivenUp;

    /// <param name="name">For messages: what is at the other end.</param>
    public Peer(Stream stream, string name, TimeProvider clock, TimeSpan patience)
    {
        (this.stream, this.name, this.patience) = (stream, name, patience);
        timer = clock.CreateTimer(_ => GiveUp(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>True once the connection failed or what came over it made no sense.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>From now on an answer is due.</summary>
    public void Expect() => timer.Change(patience, Timeout.InfiniteTimeSpan);

    /// <summary>The answer is there, whole.</summary>
    public void Done() => timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <param name="what">For messages: what is being read.</param>
    /// <exception cref="DiskImageException">The connection ends before, or in time nothing came.</exception>
    public void ReadExactly(Span<byte> buffer, string what)
    {
        while (!buffer.IsEmpty)
        {
            buffer = buffer[Read(buffer, what)..];
        }
    }

    /// <summary>Reads what is there, at least one byte.</summary>
    /// <exception cref="DiskImageException">The connection ends before, or in time nothing came.</exception>
    public int Read(Span<byte> buffer, string what)
    {
        int count;
        try
        {
            count = IsBroken ? 0 : stream.Read(buffer);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            throw Failed(what, failure);
        }

        return count > 0 ? count : throw Failed(what, null);
    }

    /// <exception cref="DiskImageException">The connection has ended.</exception>
    public void Write(ReadOnlySpan<byte> bytes, string what)
    {
        try
        {
            ObjectDisposedException.ThrowIf(IsBroken, this);
            stream.Write(bytes);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            throw Failed(what, failure);
        }
    }

    /// <summary>What came makes no sense; nothing that follows can be trusted.</summary>
    public DiskImageException Malformed(string what)
    {
        IsBroken = true;
        return new DiskImageException($"{name} sent what cannot be: {what}.");
    }

    public void Dispose()
    {
        IsBroken = true;
        timer.Dispose();
        stream.Dispose();
    }

    private DiskImageException Failed(string what, Exception? cause)
    {
        IsBroken = true;
        string message = isGivenUp
            ? $"{name} did not answer within {patience.TotalSeconds:0} s ({what})."
            : $"{name} ended the connection in the middle ({what}).";
        return cause is null ? new DiskImageException(message) : new DiskImageException(message, cause);
    }

    private void GiveUp()
    {
        isGivenUp = true;
        stream.Dispose();
    }
}
