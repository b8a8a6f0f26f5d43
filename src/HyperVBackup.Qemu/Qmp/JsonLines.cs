using System.Text.Json;
using System.Text.Json.Nodes;
using HyperVBackup.Disks;

namespace HyperVBackup.Qemu.Qmp;

/// <summary>JSON objects, one a line, in both directions. Not thread-safe.</summary>
internal sealed class JsonLines(Peer peer)
{
    /// <summary>More than a description of every node of a large machine takes.</summary>
    private const int LineBytesMax = 64 << 20;
    private const int StepBytes = 64 << 10;

    /// <summary>What a guest agent puts before an answer, so that it is found among remains.</summary>
    private const byte Delimiter = 0xFF;

    private byte[] buffer = new byte[StepBytes];
    private int startBytes;
    private int endBytes;

    public void Write(JsonObject message, string what)
    {
        ArgumentNullException.ThrowIfNull(message);
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes))
        {
            message.WriteTo(writer);
        }

        bytes.WriteByte((byte)'\n');
        peer.Write(bytes.GetBuffer().AsSpan(0, (int)bytes.Length), what);
    }

    /// <summary>The next object.</summary>
    /// <exception cref="DiskImageException">The connection ends inside it, or it is none.</exception>
    public JsonElement Read(string what)
    {
        ReadOnlyMemory<byte> line = ReadLine(what);
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw peer.Malformed($"{what}: not a JSON object");
        }
        catch (JsonException)
        {
            throw peer.Malformed($"{what}: not JSON");
        }
    }

    private ReadOnlyMemory<byte> ReadLine(string what)
    {
        int looked = 0;
        while (true)
        {
            int length = buffer.AsSpan(startBytes + looked, endBytes - startBytes - looked).IndexOf((byte)'\n');
            if (length >= 0)
            {
                ReadOnlyMemory<byte> line = buffer.AsMemory(startBytes, looked + length);
                startBytes += looked + length + 1;
                if (line.Span.IndexOfAnyExcept((byte)'\r', (byte)' ', Delimiter) >= 0)
                {
                    return line.TrimStart(Delimiter);
                }

                looked = 0;
                continue;
            }

            looked = endBytes - startBytes;
            MakeRoom(what);
            endBytes += peer.Read(buffer.AsSpan(endBytes), what);
        }
    }

    private void MakeRoom(string what)
    {
        if (startBytes > 0)
        {
            buffer.AsSpan(startBytes, endBytes - startBytes).CopyTo(buffer);
            (startBytes, endBytes) = (0, endBytes - startBytes);
        }

        if (buffer.Length - endBytes >= StepBytes / 2)
        {
            return;
        }

        if (buffer.Length >= LineBytesMax)
        {
            throw peer.Malformed($"{what}: a line of more than {LineBytesMax} bytes");
        }

        Array.Resize(ref buffer, buffer.Length * 2);
    }
}
