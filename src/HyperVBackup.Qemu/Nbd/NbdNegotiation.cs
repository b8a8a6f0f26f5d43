using System.Buffers.Binary;
using System.Text;
using HyperVBackup.Disks;

namespace HyperVBackup.Qemu.Nbd;

/// <summary>The fixed newstyle negotiation of one connection: structured replies, at most one meta context, and one
/// export. Used once.</summary>
internal sealed class NbdNegotiation(Peer peer)
{
    private const string What = "NBD negotiation";

    /// <summary>Set once the export's size was told.</summary>
    public long SizeBytes { get; private set; } = -1;

    /// <summary>What requests must be aligned to, a power of two.</summary>
    public int BlockBytesMin { get; private set; } = 1;

    /// <summary>The longest that may be read at once.</summary>
    public int ReadBytesMax { get; private set; } = 32 << 20;

    /// <summary>The number under which the meta context is told.</summary>
    public uint ContextId { get; private set; }

    /// <param name="context">The meta context to ask for, or null for none.</param>
    /// <exception cref="DiskImageException">The server does not know what is asked for, or is none.</exception>
    public void Run(string export, string? context)
    {
        peer.Expect();
        Greet();
        Option(NbdWords.OptionStructuredReply, []);
        Require(NbdWords.OptionStructuredReply, NbdWords.ReplyAcknowledged, "structured replies");
        if (context is not null)
        {
            AgreeOnContext(export, context);
        }

        Go(export);
        peer.Done();
    }

    private void Greet()
    {
        Span<byte> greeting = stackalloc byte[18];
        peer.ReadExactly(greeting, What);
        ushort flags = BinaryPrimitives.ReadUInt16BigEndian(greeting[16..]);
        if (BinaryPrimitives.ReadUInt64BigEndian(greeting) != NbdWords.InitialMagic
            || BinaryPrimitives.ReadUInt64BigEndian(greeting[8..]) != NbdWords.OptionMagic
            || (flags & NbdWords.FixedNewstyle) == 0)
        {
            throw peer.Malformed("not the greeting of a fixed newstyle NBD server");
        }

        Span<byte> answer = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(
            answer, (uint)(flags & (NbdWords.FixedNewstyle | NbdWords.NoZeroes)));
        peer.Write(answer, What);
    }

    private void AgreeOnContext(string export, string context)
    {
        byte[] name = Encoding.UTF8.GetBytes(export);
        byte[] query = Encoding.UTF8.GetBytes(context);
        byte[] data = new byte[12 + name.Length + query.Length];
        BinaryPrimitives.WriteInt32BigEndian(data, name.Length);
        name.CopyTo(data, 4);
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(4 + name.Length), 1);
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(8 + name.Length), query.Length);
        query.CopyTo(data, 12 + name.Length);
        Option(NbdWords.OptionSetMetaContext, data);
        byte[] reply = Require(
            NbdWords.OptionSetMetaContext, NbdWords.ReplyMetaContext, $"the meta context '{context}'");
        if (reply.Length < 4 || !reply.AsSpan(4).SequenceEqual(query))
        {
            throw peer.Malformed($"another meta context than '{context}'");
        }

        ContextId = BinaryPrimitives.ReadUInt32BigEndian(reply);
        Require(NbdWords.OptionSetMetaContext, NbdWords.ReplyAcknowledged, $"the meta context '{context}'");
    }

    private void Go(string export)
    {
        byte[] name = Encoding.UTF8.GetBytes(export);
        byte[] data = new byte[8 + name.Length];
        BinaryPrimitives.WriteInt32BigEndian(data, name.Length);
        name.CopyTo(data, 4);
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(4 + name.Length), 1);
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(6 + name.Length), NbdWords.ToldBlockSize);
        Option(NbdWords.OptionGo, data);
        // Each kind of information comes at most once or a few times; a server that goes on is none.
        for (int told = 0; told < 16; told++)
        {
            (uint type, byte[] reply) = Reply(NbdWords.OptionGo, $"the export '{export}'");
            if (type == NbdWords.ReplyAcknowledged)
            {
                if (SizeBytes < 0)
                {
                    throw peer.Malformed($"no size of the export '{export}'");
                }

                return;
            }

            Take(type, reply);
        }

        throw peer.Malformed("information about an export without end");
    }

    private void Take(uint type, ReadOnlySpan<byte> reply)
    {
        if (type != NbdWords.ReplyTold || reply.Length < 2)
        {
            throw peer.Malformed($"reply {type} of {reply.Length} bytes about an export");
        }

        ushort told = BinaryPrimitives.ReadUInt16BigEndian(reply);
        if (told == NbdWords.ToldExport)
        {
            TakeExport(reply[2..]);
        }
        else if (told == NbdWords.ToldBlockSize)
        {
            TakeBlockSize(reply[2..]);
        }
    }

    private void TakeExport(ReadOnlySpan<byte> told)
    {
        ulong size = told.Length == 10 ? BinaryPrimitives.ReadUInt64BigEndian(told) : ulong.MaxValue;
        if (size > long.MaxValue || (BinaryPrimitives.ReadUInt16BigEndian(told[8..]) & NbdWords.HasFlags) == 0)
        {
            throw peer.Malformed("an export's size or flags");
        }

        SizeBytes = (long)size;
    }

    private void TakeBlockSize(ReadOnlySpan<byte> told)
    {
        uint min = told.Length == 12 ? BinaryPrimitives.ReadUInt32BigEndian(told) : 0;
        uint max = told.Length == 12 ? BinaryPrimitives.ReadUInt32BigEndian(told[8..]) : 0;
        if (min is 0 or > 64 << 10 || (min & (min - 1)) != 0 || max < min)
        {
            throw peer.Malformed($"block sizes from {min} to {max}");
        }

        BlockBytesMin = (int)min;
        ReadBytesMax = (int)(Math.Min(max, (uint)ReadBytesMax) / min * min);
    }

    private void Option(uint option, ReadOnlySpan<byte> data)
    {
        byte[] message = new byte[16 + data.Length];
        BinaryPrimitives.WriteUInt64BigEndian(message, NbdWords.OptionMagic);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(8), option);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(12), data.Length);
        data.CopyTo(message.AsSpan(16));
        peer.Write(message, What);
    }

    private byte[] Require(uint option, uint type, string what)
    {
        (uint got, byte[] data) = Reply(option, what);
        return got == type ? data : throw peer.Malformed($"no offer of {what}");
    }

    private (uint Type, byte[] Data) Reply(uint option, string what)
    {
        Span<byte> header = stackalloc byte[20];
        peer.ReadExactly(header, What);
        uint type = BinaryPrimitives.ReadUInt32BigEndian(header[12..]);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(header[16..]);
        if (BinaryPrimitives.ReadUInt64BigEndian(header) != NbdWords.OptionReplyMagic
            || BinaryPrimitives.ReadUInt32BigEndian(header[8..]) != option
            || length > NbdWords.OptionBytesMax)
        {
            throw peer.Malformed($"a reply to another option than {option}, or one of {length} bytes");
        }

        byte[] data = new byte[length];
        peer.ReadExactly(data, What);
        return (type & NbdWords.ReplyErrorBit) == 0
            ? (type, data)
            : throw peer.Malformed($"a refusal of {what}: {Encoding.UTF8.GetString(data)}");
    }
}
