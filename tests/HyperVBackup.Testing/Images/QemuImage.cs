using System.Globalization;
using System.Text;
using System.Text.Json;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.Testing.Images;

/// <summary>Disk images made, changed and compared by QEMU's tools.</summary>
public static class QemuImage
{
    private const int WriteBytesMax = 8 * 1024 * 1024;

    /// <summary>Makes an image of zeros.</summary>
    public static void Create(string path, ImageKind kind, long sizeBytes)
    {
        ArgumentNullException.ThrowIfNull(kind);
        string[] options = kind.Options.Length == 0 ? [] : ["-o", kind.Options];
        string size = sizeBytes.ToString(CultureInfo.InvariantCulture);
        Tool.Run("qemu-img", ["create", "-q", "-f", kind.Format, .. options, path, size]);
    }

    /// <summary>Makes an image of another kind that holds the same disk.</summary>
    public static void Convert(string from, string fromFormat, string to, ImageKind kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        string[] options = kind.Options.Length == 0 ? [] : ["-o", kind.Options];
        Tool.Run("qemu-img", ["convert", "-f", fromFormat, "-O", kind.Format, .. options, from, to]);
    }

    /// <summary>Writes ranges of a raw image into another image in place, which keeps its identity.</summary>
    public static void WriteRanges(
        string path, string format, string rawPath, IEnumerable<(long OffsetBytes, long LengthBytes)> ranges)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        using var folder = new TestFolder();
        var commands = new StringBuilder();
        int count = 0;
        foreach ((long offsetBytes, long lengthBytes) in ranges)
        {
            for (long done = 0; done < lengthBytes; done += WriteBytesMax)
            {
                int length = (int)Math.Min(WriteBytesMax, lengthBytes - done);
                string part = folder.File($"{count++}");
                File.WriteAllBytes(part, RawImage.Read(rawPath, offsetBytes + done, length));
                commands.Append(CultureInfo.InvariantCulture, $"write -q -s {part} {offsetBytes + done} {length}\n");
            }
        }
        Tool.RunWithInput("qemu-io", commands.ToString(), "-f", format, "-t", "unsafe", path);
    }

    public static long VirtualSizeBytes(string path, string format)
    {
        using JsonDocument said = JsonDocument.Parse(
            Tool.Run("qemu-img", "info", "--output=json", "-f", format, path));
        return said.RootElement.GetProperty("virtual-size").GetInt64();
    }

    /// <summary>Judges that two images hold the same disk, of the same size.</summary>
    /// <exception cref="ToolException">They differ; the message says where.</exception>
    public static void RequireSame(string onePath, string oneFormat, string otherPath, string otherFormat)
    {
        (long one, long other) = (VirtualSizeBytes(onePath, oneFormat), VirtualSizeBytes(otherPath, otherFormat));
        if (one != other)
        {
            throw new ToolException($"'{onePath}' holds a disk of {one} bytes, '{otherPath}' one of {other}.");
        }
        Tool.Run("qemu-img", "compare", "-f", oneFormat, "-F", otherFormat, onePath, otherPath);
    }

    /// <summary>Judges the structure of an image that is not raw.</summary>
    /// <exception cref="ToolException">QEMU finds errors.</exception>
    public static void RequireSound(string path, string format) =>
        Tool.Run("qemu-img", "check", "-q", "-f", format, path);
}
