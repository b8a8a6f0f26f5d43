using System.Buffers;
using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>Writes a session's map nodes and lists into map packs. Each record is decoded and hashed again before it
/// is appended. One thread at a time.</summary>
internal sealed class SessionMaps(
    IBlobStore store, RepositoryId repository, SessionId session, ContentHasher hasher, Compression compression,
    long packTargetBytes = FormatLimits.MapPackTargetBytes) : IMapSink, IAsyncDisposable
{
    private readonly ArrayBufferWriter<byte> buffer = new(SessionLimits.MapBufferBytes);
    private readonly byte[] nodePlain = new byte[MapNode.SizeMaxBytes];
    private PackBuilder? open;
    private uint nextNumber;

    /// <summary>Changes what was encoded before it is decoded again; for tests.</summary>
    internal BufferFault? Fault { get; init; }

    /// <summary>Bytes of map records written, one copy counted.</summary>
    public long BytesWritten { get; private set; }

    public ValueTask<RecordPlace> WriteNodeAsync(NodeId id, MapNode node, CancellationToken token)
    {
        int lengthBytes = node.WriteTo(nodePlain);
        return WriteAsync(RecordType.Node, id.Value, nodePlain.AsMemory(0, lengthBytes), Compression.None, token);
    }

    /// <summary>Lists of ids do not get smaller; configuration files, which are mostly empty, do.</summary>
    public ValueTask<RecordPlace> WriteListAsync(ListId id, ReadOnlyMemory<byte> body, CancellationToken token) =>
        WriteAsync(
            RecordType.List, id.Value, body,
            body.Span[0] == (byte)ListKind.ConfigurationFile ? compression : Compression.None, token);

    /// <summary>Publishes what is open: from then on all that was written is durable.</summary>
    public async Task FlushAsync(CancellationToken token)
    {
        if (open is null)
        {
            return;
        }

        await AppendBufferAsync(token);
        await open.PublishAsync(token);
        await open.DisposeAsync();
        open = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (open is not null)
        {
            await open.DisposeAsync();
            open = null;
        }
    }

    private async ValueTask<RecordPlace> WriteAsync(
        RecordType type, Digest id, ReadOnlyMemory<byte> plain, Compression compression, CancellationToken token)
    {
        open ??= await PackBuilder.CreateAsync(
            store, repository, new PackName(PackKind.Maps, session, nextNumber++), pagesPerChunk: 0, token);
        PackEntry entry = Encode(type, id, plain.Span, compression);
        RecordPlace place = open.Note(entry, []);
        BytesWritten += entry.LengthBytes;
        if (open.LengthBytes >= packTargetBytes)
        {
            await FlushAsync(token);
        }
        else if (buffer.WrittenCount >= SessionLimits.MapBufferBytes)
        {
            await AppendBufferAsync(token);
        }

        return place;
    }

    private PackEntry Encode(RecordType type, Digest id, ReadOnlySpan<byte> plain, Compression compression)
    {
        Span<byte> output = buffer.GetSpan(PlainRecord.WrittenSizeMax(plain.Length));
        int lengthBytes = PlainRecord.Write(type, id, plain, compression, output);
        Fault?.Invoke(output[..lengthBytes]);
        string what = type == RecordType.Node ? "map node" : "list";
        try
        {
            Record written = Record.Read(output[..lengthBytes]);
            byte[] decoded = PlainRecord.Read(written);
            Digest found = type == RecordType.Node
                ? hasher.IdOfNode(MapNode.HashedPartOf(decoded)).Value
                : hasher.IdOfList(decoded).Value;
            Corrupt.Unless(found == id && written.Id == id, "another id");
            buffer.Advance(lengthBytes);
            return PackEntry.Of(written, offsetBytes: 0);
        }
        catch (CorruptDataException complaint)
        {
            throw new MemoryFaultException(
                $"What was encoded of {what} {id} does not decode to it ({complaint.Message})", complaint);
        }
    }

    private async Task AppendBufferAsync(CancellationToken token)
    {
        await open!.AppendAsync(buffer.WrittenMemory, token);
        buffer.ResetWrittenCount();
    }
}
