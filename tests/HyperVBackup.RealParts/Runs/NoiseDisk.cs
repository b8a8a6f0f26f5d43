using HyperVBackup.Testing.Images;

namespace HyperVBackup.RealParts.Runs;

/// <summary>Raw images of noise, which neither compresses nor repeats.</summary>
internal static class NoiseDisk
{
    public static void Create(string path, int sizeBytes, int seed)
    {
        RawImage.Create(path, sizeBytes);
        Write(path, 0, sizeBytes, seed);
    }

    public static void Write(string path, long offsetBytes, int lengthBytes, int seed)
    {
        byte[] noise = new byte[lengthBytes];
        new Random(seed).NextBytes(noise);
        RawImage.Write(path, offsetBytes, noise);
    }
}
