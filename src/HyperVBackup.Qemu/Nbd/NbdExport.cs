using System.Collections.Concurrent;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Qemu.Nbd;

/// <summary>One export over several connections, opened as they are needed. Thread-safe.</summary>
/// <param name="connect">Opens a connection with a meta context, or without (null).</param>
internal sealed class NbdExport(Func<string?, NbdConnection> connect) : IDisposable
{
    private const string Allocation = "base:allocation";

    /// <summary>Connections that one long read is spread over.</summary>
    private const int PartCountMax = 4;
    private const int PartBytesMin = 256 << 10;
    private const long StatusStepBytes = 1L << 30;

    private readonly ConcurrentBag<NbdConnection> readers = [];
    private readonly ConcurrentBag<NbdConnection> mappers = [];

    /// <summary>Of the first connection; each other one must tell the same.</summary>
    public long SizeBytes { get; private set; } = -1;

    /// <summary>Opens the first connection, and so finds the size.</summary>
    public void Open() => readers.Add(Connect(null));

    /// <summary>Fills a buffer; the range lies inside the export.</summary>
    /// <exception cref="DiskImageException">The server failed.</exception>
    public void Read(long offsetBytes, Span<byte> buffer)
    {
        List<NbdConnection> used = [];
        try
        {
            for (int done = 0; done < buffer.Length;)
            {
                done += ReadOnce(used, offsetBytes + done, buffer[done..]);
            }
        }
        catch
        {
            used.ForEach(connection => connection.Dispose()); // some still wait for an answer
            throw;
        }

        used.ForEach(readers.Add);
    }

    /// <summary>The parts of a range that are not certain to be zeros, ascending. Asked twice: a server looks at one
    /// layer of images after the other, and what a guest writes between the two looks is told right the next time.
    /// </summary>
    public IEnumerable<ByteRange> NotZero(ByteRange range)
    {
        NbdConnection mapper = mappers.TryTake(out NbdConnection? spare) ? spare : Connect(Allocation);
        try
        {
            long at = range.StartBytes;
            while (at < range.EndBytes)
            {
                ChangedRangesBuilder data = new();
                long endBytes = Take(mapper, at, Math.Min(StatusStepBytes, range.EndBytes - at), data);
                while (at < endBytes)
                {
                    at = Take(mapper, at, endBytes - at, data);
                }

                ReadOnlyMemory<ByteRange> found = data.Build().Ranges;
                for (int position = 0; position < found.Length; position++)
                {
                    yield return found.Span[position];
                }
            }
        }
        finally
        {
            GiveBack(mappers, mapper);
        }
    }

    /// <summary>The stretches of the whole export that carry a flag in a meta context, in order.</summary>
    /// <exception cref="DiskImageException">The server failed, or tells another size.</exception>
    public IEnumerable<ByteRange> Flagged(string context, uint flag)
    {
        using NbdConnection connection = Connect(context);
        long at = 0;
        while (at < SizeBytes)
        {
            foreach (NbdExtent extent in StatusOf(connection, at, Math.Min(StatusStepBytes, SizeBytes - at)))
            {
                if ((extent.Flags & flag) != 0)
                {
                    yield return new ByteRange(extent.StartBytes, extent.LengthBytes);
                }

                at = extent.StartBytes + extent.LengthBytes;
            }
        }
    }

    public void Dispose()
    {
        foreach (NbdConnection connection in readers.Concat(mappers))
        {
            connection.Dispose();
        }
    }

    private static List<NbdExtent> StatusOf(NbdConnection connection, long offsetBytes, long lengthBytes)
    {
        connection.SendStatus(offsetBytes, lengthBytes);
        return connection.ReceiveStatus();
    }

    /// <summary>Adds what one answer calls anything but zeros.</summary>
    /// <returns>How far it reached.</returns>
    private static long Take(NbdConnection mapper, long startBytes, long lengthBytes, ChangedRangesBuilder data)
    {
        List<NbdExtent> extents = StatusOf(mapper, startBytes, lengthBytes);
        foreach (NbdExtent extent in extents.Where(extent => (extent.Flags & NbdWords.StateZero) == 0))
        {
            data.Add(extent.StartBytes, extent.LengthBytes);
        }

        return extents[^1].StartBytes + extents[^1].LengthBytes;
    }

    private static void GiveBack(ConcurrentBag<NbdConnection> spare, NbdConnection connection)
    {
        if (connection.IsBroken)
        {
            connection.Dispose();
        }
        else
        {
            spare.Add(connection);
        }
    }

    /// <summary>Asks on several connections at once and then takes the answers.</summary>
    /// <returns>How many bytes were read.</returns>
    private int ReadOnce(List<NbdConnection> used, long offsetBytes, Span<byte> buffer)
    {
        Rent(used, 0);
        int block = used[0].BlockBytesMin;
        if (offsetBytes % block != 0 || buffer.Length % block != 0)
        {
            return ReadUnaligned(used[0], block, offsetBytes, buffer);
        }

        int partBytes = Math.Max(PartBytesMin, (buffer.Length + PartCountMax - 1) / PartCountMax);
        partBytes = Math.Min((partBytes + block - 1) / block * block, used[0].ReadBytesMax);
        int asked = 0;
        int count = 0;
        for (; asked < buffer.Length && count < PartCountMax; count++)
        {
            Rent(used, count);
            int length = Math.Min(partBytes, buffer.Length - asked);
            used[count].SendRead(offsetBytes + asked, length);
            asked += length;
        }

        for (int part = 0; part < count; part++)
        {
            int start = part * partBytes;
            used[part].ReceiveRead(buffer[start..Math.Min(start + partBytes, asked)]);
        }

        return asked;
    }

    /// <summary>The end of a disk whose size is no multiple of what the server reads at once.</summary>
    private int ReadUnaligned(NbdConnection connection, int block, long offsetBytes, Span<byte> buffer)
    {
        long startBytes = offsetBytes / block * block;
        int skipBytes = (int)(offsetBytes - startBytes);
        int wantBytes = Math.Min(buffer.Length, PartBytesMin);
        int lengthBytes = (skipBytes + wantBytes + block - 1) / block * block;
        byte[] whole = new byte[(int)Math.Min(lengthBytes, SizeBytes - startBytes)];
        connection.SendRead(startBytes, whole.Length);
        connection.ReceiveRead(whole);
        whole.AsSpan(skipBytes, wantBytes).CopyTo(buffer);
        return wantBytes;
    }

    private void Rent(List<NbdConnection> used, int position)
    {
        if (used.Count == position)
        {
            used.Add(readers.TryTake(out NbdConnection? spare) ? spare : Connect(null));
        }
    }

    private NbdConnection Connect(string? context)
    {
        NbdConnection connection = connect(context);
        SizeBytes = SizeBytes < 0 ? connection.SizeBytes : SizeBytes;
        if (connection.SizeBytes == SizeBytes)
        {
            return connection;
        }

        connection.Dispose();
        throw new DiskImageException(
            $"The NBD server told two sizes of one export: {SizeBytes} and {connection.SizeBytes} bytes.");
    }
}
