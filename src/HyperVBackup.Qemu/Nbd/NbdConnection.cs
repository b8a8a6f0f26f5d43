using System.Buffers.Binary;
using System.Text;
using HyperVBackup.Disks;

namespace HyperVBackup.Qemu.Nbd;

/// <summary>
/// One connection to one export, read-only: a request is sent, later its answer received, one at a time. An answer must
/// cover what was asked exactly and in order. After any failure the connection is of no use. Not thread-safe.
/// </summary>
internal sealed class NbdConnection : IDisposable
{
    private const string What = "NBD answer";
    private const int ChunkHeaderBytes = 20;
    private const int StatusBytesMax = 64 << 20;

    private readonly Peer peer;
    private readonly uint contextId;
    private ulong cookie;
    private long askedStartBytes;
    private long askedLengthBytes;

    /// <summary>Negotiates.</summary>
    /// <param name="context">The meta context that status is asked in, or null where none is.</param>
    /// <exception cref="DiskImageException">The server does not know what is asked for, or is none.</exception>
    public NbdConnection(Peer peer, string export, string? context)
    {
        this.peer = peer;
        NbdNegotiation negotiation = new(peer);
        negotiation.Run(export, context);
        SizeBytes = negotiation.SizeBytes;
        BlockBytesMin = negotiation.BlockBytesMin;
        ReadBytesMax = negotiation.ReadBytesMax;
        contextId = negotiation.ContextId;
    }

    public long SizeBytes { get; }

    /// <summary>What requests must be aligned to.</summary>
    public int BlockBytesMin { get; }

    /// <summary>The longest that may be read at once.</summary>
    public int ReadBytesMax { get; }

    public bool IsBroken => peer.IsBroken;

    public void SendRead(long offsetBytes, int lengthBytes) => Send(NbdWords.CommandRead, offsetBytes, lengthBytes);

    /// <summary>Receives what the read before asked for.</summary>
    /// <exception cref="DiskImageException">The server failed to read, or its answer is cut or malformed.</exception>
    public void ReceiveRead(Span<byte> buffer)
    {
        long doneBytes = 0;
        while (true)
        {
            (ushort flags, ushort type, uint length) = ReadChunkHeader();
            doneBytes += type switch
            {
                NbdWords.ChunkData => ReadData(buffer, doneBytes, length),
                NbdWords.ChunkHole => ReadHole(buffer, doneBytes, length),
                NbdWords.ChunkNone when length == 0 => 0,
                _ => throw Refused(type, length),
            };
            if ((flags & NbdWords.ChunkDone) == 0)
            {
                continue;
            }

            peer.Done();
            if (doneBytes != buffer.Length)
            {
                throw peer.Malformed($"{doneBytes} of {buffer.Length} bytes read");
            }

            return;
        }
    }

    /// <summary>Asks for the status of a stretch of at most 4 GiB - 64 KiB.</summary>
    public void SendStatus(long offsetBytes, long lengthBytes) =>
        Send(NbdWords.CommandBlockStatus, offsetBytes, lengthBytes);

    /// <summary>Receives the status of the start of what was asked, at least one extent, in order and cut to it.
    /// </summary>
    /// <exception cref="DiskImageException">The server failed, or its answer is cut or malformed.</exception>
    public List<NbdExtent> ReceiveStatus()
    {
        List<NbdExtent>? extents = null;
        while (true)
        {
            (ushort flags, ushort type, uint length) = ReadChunkHeader();
            if (type == NbdWords.ChunkBlockStatus && extents is null)
            {
                extents = ReadExtents(length);
            }
            else if (type != NbdWords.ChunkNone || length != 0)
            {
                throw Refused(type, length);
            }

            if ((flags & NbdWords.ChunkDone) != 0)
            {
                peer.Done();
                return extents ?? throw peer.Malformed("no status");
            }
        }
    }

    public void Dispose()
    {
        try
        {
            if (!peer.IsBroken)
            {
                Send(NbdWords.CommandDisconnect, 0, 0);
            }
        }
        catch (DiskImageException)
        {
            // It ends anyway.
        }
        finally
        {
            peer.Dispose();
        }
    }

    private void Send(ushort command, long offsetBytes, long lengthBytes)
    {
        (askedStartBytes, askedLengthBytes) = (offsetBytes, lengthBytes);
        Span<byte> request = stackalloc byte[28];
        BinaryPrimitives.WriteUInt32BigEndian(request, NbdWords.RequestMagic);
        BinaryPrimitives.WriteUInt16BigEndian(request[4..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(request[6..], command);
        BinaryPrimitives.WriteUInt64BigEndian(request[8..], ++cookie);
        BinaryPrimitives.WriteInt64BigEndian(request[16..], offsetBytes);
        BinaryPrimitives.WriteUInt32BigEndian(request[24..], (uint)lengthBytes);
        peer.Expect();
        peer.Write(request, What);
    }

    private (ushort Flags, ushort Type, uint Length) ReadChunkHeader()
    {
        Span<byte> header = stackalloc byte[ChunkHeaderBytes];
        peer.ReadExactly(header[..4], What);
        if (BinaryPrimitives.ReadUInt32BigEndian(header) == NbdWords.SimpleReplyMagic)
        {
            throw SimpleReply();
        }

        peer.ReadExactly(header[4..], What);
        if (BinaryPrimitives.ReadUInt32BigEndian(header) != NbdWords.StructuredReplyMagic)
        {
            throw peer.Malformed("no NBD reply");
        }

        return BinaryPrimitives.ReadUInt64BigEndian(header[8..]) == cookie
            ? (BinaryPrimitives.ReadUInt16BigEndian(header[4..]), BinaryPrimitives.ReadUInt16BigEndian(header[6..]),
                BinaryPrimitives.ReadUInt32BigEndian(header[16..]))
            : throw peer.Malformed("the answer to another request");
    }

    /// <summary>A simple reply can only be a refusal, once structured ones are agreed on.</summary>
    private DiskImageException SimpleReply()
    {
        Span<byte> rest = stackalloc byte[12];
        peer.ReadExactly(rest, What);
        return peer.Malformed($"a simple reply with error {BinaryPrimitives.ReadUInt32BigEndian(rest)}");
    }

    private int ReadData(Span<byte> buffer, long doneBytes, uint lengthBytes)
    {
        Span<byte> offset = stackalloc byte[8];
        if (lengthBytes <= 8)
        {
            throw peer.Malformed("data without data");
        }

        peer.ReadExactly(offset, What);
        Span<byte> space = SpaceFor(buffer, doneBytes, BinaryPrimitives.ReadInt64BigEndian(offset), lengthBytes - 8);
        peer.ReadExactly(space, What);
        return space.Length;
    }

    private int ReadHole(Span<byte> buffer, long doneBytes, uint lengthBytes)
    {
        Span<byte> hole = stackalloc byte[12];
        if (lengthBytes != hole.Length)
        {
            throw peer.Malformed("a hole");
        }

        peer.ReadExactly(hole, What);
        Span<byte> space = SpaceFor(
            buffer, doneBytes, BinaryPrimitives.ReadInt64BigEndian(hole),
            BinaryPrimitives.ReadUInt32BigEndian(hole[8..]));
        space.Clear();
        return space.Length;
    }

    /// <summary>The part of the buffer that an answer is for: what follows the part before.</summary>
    private Span<byte> SpaceFor(Span<byte> buffer, long doneBytes, long offsetBytes, long lengthBytes) =>
        lengthBytes > 0 && lengthBytes <= buffer.Length - doneBytes && offsetBytes == askedStartBytes + doneBytes
            ? buffer.Slice((int)doneBytes, (int)lengthBytes)
            : throw peer.Malformed($"{lengthBytes} bytes at {offsetBytes} where others were asked for");

    private List<NbdExtent> ReadExtents(uint lengthBytes)
    {
        if (lengthBytes is < 12 or > StatusBytesMax || (lengthBytes - 4) % 8 != 0)
        {
            throw peer.Malformed($"a status of {lengthBytes} bytes");
        }

        byte[] status = new byte[lengthBytes];
        peer.ReadExactly(status, What);
        if (BinaryPrimitives.ReadUInt32BigEndian(status) != contextId)
        {
            throw peer.Malformed("the status of another meta context");
        }

        List<NbdExtent> extents = [];
        long doneBytes = 0;
        for (int at = 4; at < status.Length && doneBytes < askedLengthBytes; at += 8)
        {
            uint told = BinaryPrimitives.ReadUInt32BigEndian(status.AsSpan(at));
            if (told == 0)
            {
                throw peer.Malformed("a status of nothing");
            }

            long length = Math.Min(told, askedLengthBytes - doneBytes);
            extents.Add(new NbdExtent(
                askedStartBytes + doneBytes, length, BinaryPrimitives.ReadUInt32BigEndian(status.AsSpan(at + 4))));
            doneBytes += length;
        }

        return extents;
    }

    /// <summary>What the server says instead of an answer.</summary>
    private DiskImageException Refused(ushort type, uint lengthBytes)
    {
        if ((type & NbdWords.ChunkErrorBit) == 0 || lengthBytes is < 6 or > NbdWords.OptionBytesMax)
        {
            return peer.Malformed($"a chunk of type {type} with {lengthBytes} bytes");
        }

        byte[] error = new byte[lengthBytes];
        peer.ReadExactly(error, What);
        int length = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(error.AsSpan(4)), error.Length - 6);
        return peer.Malformed(
            $"error {BinaryPrimitives.ReadUInt32BigEndian(error)} at byte {askedStartBytes} "
            + $"({Encoding.UTF8.GetString(error, 6, length)})");
    }
}
