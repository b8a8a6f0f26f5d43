using System.Text.Json;

namespace HyperVBackup.Testing.Images;

/// <summary>Writes ranges files.</summary>
public static class RangesText
{
    /// <summary>Writes a ranges file; an id that is null stands as null in it.</summary>
    public static void Write(
        string path, string? since, string? id, IEnumerable<(long OffsetBytes, long LengthBytes)> ranges)
    {
        var listed = ranges.Select(r => new { offset = r.OffsetBytes, length = r.LengthBytes });
        var content = new { since, id, ranges = listed };
        File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(content));
    }
}
