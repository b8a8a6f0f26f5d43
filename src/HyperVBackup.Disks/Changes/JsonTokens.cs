using System.Text.Json;

namespace HyperVBackup.Disks.Changes;

/// <summary>Reads a JSON text of any length through a small buffer.</summary>
internal static class JsonTokens
{
    internal const int ValueBytesMax = 1024 * 1024;
    private const int BufferBytes = 64 * 1024;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <exception cref="MalformedJsonException">Not one whole JSON value, or one longer than 1 MiB.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    internal static void Read(Stream json, IJsonTokenSink sink)
    {
        byte[] buffer = new byte[BufferBytes];
        var state = new JsonReaderState();
        int filled = json.ReadAtLeast(buffer.AsSpan(0, ByteOrderMark.Length), ByteOrderMark.Length, false);
        // Editors and shells on Windows begin a UTF-8 file with this mark.
        int start = buffer.AsSpan(0, filled).StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0;
        bool isEnd = false;
        while (!isEnd)
        {
            int count = json.Read(buffer, filled, buffer.Length - filled);
            filled += count;
            isEnd = count == 0;
            start += Feed(buffer.AsSpan(start, filled - start), isEnd, ref state, sink);
            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            (start, filled) = (0, filled - start);
            if (filled == buffer.Length)
            {
                buffer = Enlarge(buffer);
            }
        }
    }

    private static int Feed(ReadOnlySpan<byte> bytes, bool isEnd, ref JsonReaderState state, IJsonTokenSink sink)
    {
        var reader = new Utf8JsonReader(bytes, isEnd, state);
        try
        {
            while (reader.Read())
            {
                sink.Take(ref reader);
            }
        }
        catch (JsonException e)
        {
            throw new MalformedJsonException(
                $"it is no JSON text, at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
        }
        state = reader.CurrentState;
        return checked((int)reader.BytesConsumed);
    }

    private static byte[] Enlarge(byte[] buffer)
    {
        if (buffer.Length >= ValueBytesMax)
        {
            throw new MalformedJsonException($"a single value in it is longer than {ValueBytesMax} bytes");
        }
        byte[] larger = new byte[buffer.Length * 2];
        buffer.CopyTo(larger, 0);
        return larger;
    }
}
