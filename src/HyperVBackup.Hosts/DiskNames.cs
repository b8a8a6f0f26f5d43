using System.Text;

namespace HyperVBackup.Hosts;

/// <summary>Names a machine's disks by their files, each differently and so that a restore point can hold it.</summary>
internal static class DiskNames
{
    /// <summary>With what may come behind it, as long as a restore point allows.</summary>
    private const int LengthMax = 180;

    private const int IdentityShown = 8;

    /// <param name="disks">Each disk's identity, and the path of its base image.</param>
    public static IReadOnlyList<string> Of(IReadOnlyList<(string Identity, string File)> disks)
    {
        string[] names = [.. disks.Select(disk => NameOf(disk.Identity, disk.File))];
        return [.. disks.Select((disk, position) => Apart(
            names[position], disk.Identity, position,
            [.. disks.Where((_, other) => IsSame(names[other], names[position])).Select(other => other.Identity)]))];
    }

    private static string Apart(string name, string identity, int position, List<string> same)
    {
        if (same.Count == 1)
        {
            return name;
        }

        bool isTold = same.Distinct().Count() == same.Count;
        string told = $"{name}-{identity[..IdentityShown]}";
        return isTold ? told : $"{told}-{position}";
    }

    /// <summary>The file's without extension; the disk's identity where that can be no disk's.</summary>
    private static string NameOf(string identity, string file)
    {
        string name = Path.GetFileNameWithoutExtension(HostPath.FileName(file));
        return name.Length is > 0 and <= LengthMax && name is not ("." or "..") && IsPlain(name) ? name : identity;
    }

    /// <summary>No control character, and no half of one that takes two.</summary>
    private static bool IsPlain(string name)
    {
        for (ReadOnlySpan<char> rest = name; !rest.IsEmpty;)
        {
            bool isWhole = Rune.DecodeFromUtf16(rest, out Rune rune, out int length)
                == System.Buffers.OperationStatus.Done;
            if (!isWhole || Rune.IsControl(rune))
            {
                return false;
            }

            rest = rest[length..];
        }

        return true;
    }

    private static bool IsSame(string one, string other) =>
        string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
