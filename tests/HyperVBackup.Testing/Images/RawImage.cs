namespace HyperVBackup.Testing.Images;

/// <summary>Raw images as plain files. Zeros are left out of what is written, so that files stay sparse.</summary>
public static class RawImage
{
    private const int StepBytes = 1024 * 1024;

    /// <summary>Makes a file of zeros, in place of what was there.</summary>
    public static void Create(string path, long sizeBytes)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
        file.SetLength(sizeBytes);
    }

    /// <summary>Makes <paramref name="to"/> the same bytes as <paramref name="from"/>.</summary>
    public static void Copy(string from, string to)
    {
        long sizeBytes = new FileInfo(from).Length;
        Create(to, sizeBytes);
        CopyRange(from, 0, to, 0, sizeBytes);
    }

    /// <summary>Copies bytes into an image that is there and whose range holds zeros.</summary>
    public static void CopyRange(string from, long fromBytes, string to, long toBytes, long lengthBytes)
    {
        using FileStream source = File.OpenRead(from);
        using FileStream target = File.OpenWrite(to);
        byte[] buffer = new byte[StepBytes];
        source.Position = fromBytes;
        for (long done = 0; done < lengthBytes;)
        {
            Span<byte> step = buffer.AsSpan(0, (int)Math.Min(StepBytes, lengthBytes - done));
            source.ReadExactly(step);
            if (step.ContainsAnyExcept((byte)0))
            {
                target.Position = toBytes + done;
                target.Write(step);
            }
            done += step.Length;
        }
    }

    public static byte[] Read(string path, long offsetBytes, int lengthBytes)
    {
        using FileStream file = File.OpenRead(path);
        byte[] bytes = new byte[lengthBytes];
        file.Position = offsetBytes;
        file.ReadExactly(bytes);
        return bytes;
    }

    public static void Write(string path, long offsetBytes, ReadOnlySpan<byte> bytes)
    {
        using FileStream file = File.OpenWrite(path);
        file.Position = offsetBytes;
        file.Write(bytes);
    }

    /// <summary>Where two images of one size differ: ascending, in whole grains (the last one cut at the end),
    /// touching ones merged.</summary>
    public static IReadOnlyList<(long OffsetBytes, long LengthBytes)> Differences(
        string oldPath, string newPath, int grainBytes = 4096)
    {
        using FileStream oldFile = File.OpenRead(oldPath);
        using FileStream newFile = File.OpenRead(newPath);
        if (oldFile.Length != newFile.Length)
        {
            throw new ArgumentException($"'{oldPath}' and '{newPath}' differ in size.", nameof(newPath));
        }
        List<(long OffsetBytes, long LengthBytes)> found = [];
        byte[] oldGrain = new byte[grainBytes];
        byte[] newGrain = new byte[grainBytes];
        for (long at = 0; at < newFile.Length; at += grainBytes)
        {
            int length = (int)Math.Min(grainBytes, newFile.Length - at);
            oldFile.ReadExactly(oldGrain, 0, length);
            newFile.ReadExactly(newGrain, 0, length);
            if (!oldGrain.AsSpan(0, length).SequenceEqual(newGrain.AsSpan(0, length)))
            {
                AddTo(found, at, length);
            }
        }
        return found;
    }

    private static void AddTo(List<(long OffsetBytes, long LengthBytes)> found, long offsetBytes, int lengthBytes)
    {
        if (found.Count > 0 && found[^1].OffsetBytes + found[^1].LengthBytes == offsetBytes)
        {
            found[^1] = (found[^1].OffsetBytes, found[^1].LengthBytes + lengthBytes);
            return;
        }
        found.Add((offsetBytes, lengthBytes));
    }
}
