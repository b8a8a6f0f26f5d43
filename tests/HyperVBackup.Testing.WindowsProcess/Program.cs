using System.Globalization;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.VirtualDisks;
using HyperVBackup.HyperV.VirtualDisks;
using HyperVBackup.HyperV.Volumes;
using HyperVBackup.Storage;

namespace HyperVBackup.Testing.WindowsProcess;

/// <summary>What tests have Windows do beside the command line. Exit code: 0 done, 1 the host or the store failed (its
/// sentence is on standard error).</summary>
internal static class Program
{
    private const int PieceBytes = 3 * 64 * 1024;

    private static async Task<int> Main(string[] arguments)
    {
        if (!OperatingSystem.IsWindows())
        {
            return 2;
        }

        try
        {
            await RunAsync(arguments);
            return 0;
        }
        catch (HostException failure)
        {
            await Console.Error.WriteLineAsync($"{failure.Code:X8} {failure.Message}");
            return 1;
        }
        catch (StoreException failure)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }

    [SupportedOSPlatform("windows")]
    private static async Task RunAsync(string[] arguments)
    {
        switch (arguments)
        {
            case ["look", string path]:
                Look(path);
                break;
            case ["ask", string path]:
                Console.WriteLine(new WindowsDiskHost().Look(path));
                break;
            case ["volume", string path]:
                Console.WriteLine(WindowsVolumes.VolumeOf(path));
                break;
            case ["base", string path]:
                Console.WriteLine(new WindowsDiskHost().BasePathOf(path));
                break;
            case ["changes", string path, string id]:
                TellChanges(path, id);
                break;
            case ["read", string path]:
                Read(path);
                break;
            case ["allocated", string path]:
                TellAllocated(path);
                break;
            case ["claim", string root, string claimant]:
                await ClaimAsync(new FolderStore(root), byte.Parse(claimant, CultureInfo.InvariantCulture));
                break;
            case ["replace", string root]:
                await ReplaceAsync(root);
                break;
            default:
                throw new ArgumentException("Unknown command.", nameof(arguments));
        }
    }

    [SupportedOSPlatform("windows")]
    private static void Look(string path)
    {
        using IVirtualDisk disk = new WindowsDiskHost().Open(path);
        Console.WriteLine(disk.Look());
    }

    [SupportedOSPlatform("windows")]
    private static void TellChanges(string path, string id)
    {
        using IVirtualDisk disk = new WindowsDiskHost().Open(path);
        long sizeBytes = disk.Look().VirtualSizeBytes;
        for (long atBytes = 0; atBytes < sizeBytes;)
        {
            ChangePage page = disk.QueryChanges(id, atBytes, sizeBytes - atBytes);
            IEnumerable<string> ranges = page.OffsetsBytes.ToArray().Zip(
                page.LengthsBytes.ToArray(), (offset, length) => FormattableString.Invariant($"{offset}+{length}"));
            Console.WriteLine(FormattableString.Invariant($"{page.ProcessedBytes}: {string.Join(' ', ranges)}"));
            atBytes += (long)page.ProcessedBytes;
        }
    }

    /// <summary>Tells a hash of all that the disk holds.</summary>
    [SupportedOSPlatform("windows")]
    private static void Read(string path)
    {
        using IVirtualDisk disk = new WindowsDiskHost().Open(path);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long sizeBytes = disk.Look().VirtualSizeBytes;
        byte[] buffer = new byte[PieceBytes];
        for (long atBytes = 0; atBytes < sizeBytes; atBytes += PieceBytes)
        {
            Span<byte> piece = buffer.AsSpan(0, (int)Math.Min(PieceBytes, sizeBytes - atBytes));
            disk.ReadAt(atBytes, piece);
            hash.AppendData(piece);
        }

        Console.WriteLine(Convert.ToHexStringLower(hash.GetHashAndReset()));
        disk.ReadAt(sizeBytes, buffer.AsSpan(0, 512));
    }

    [SupportedOSPlatform("windows")]
    private static void TellAllocated(string path)
    {
        using IVirtualDisk disk = new WindowsDiskHost().Open(path);
        foreach (ByteRange range in disk.AllocatedRanges(new ByteRange(0, disk.Look().VirtualSizeBytes)))
        {
            Console.WriteLine(FormattableString.Invariant($"{range.StartBytes}+{range.LengthBytes}"));
        }
    }

    /// <summary>Deletes a blob that is open, says what others see of it, and puts another one of its name.</summary>
    private static async Task ReplaceAsync(string root)
    {
        BlobName name = new("packs/aa/one");
        byte[] content = new byte[100_000];
        using FolderStore reading = new(root);
        using FolderStore other = new(root);
        await other.TryPutAsync(name, content, CancellationToken.None);
        Console.WriteLine(await reading.TryReadAsync(name, 0, content, CancellationToken.None)); // and keeps it open
        await other.DeleteAsync(name, CancellationToken.None);
        Console.WriteLine(await other.TryGetLengthAsync(name, CancellationToken.None) is null ? "gone" : "there");
        Console.WriteLine(await other.ListAsync("", CancellationToken.None).CountAsync());
        Console.WriteLine(await other.TryPutAsync(name, new byte[70_000], CancellationToken.None));
        Console.WriteLine(await reading.TryReadAsync(name, 0, content, CancellationToken.None));
        await other.DeleteTemporariesAsync(_ => true, CancellationToken.None);
    }

    /// <summary>For each name on standard input: puts a blob holding the claimant's number, answers 1 or 0.</summary>
    private static async Task ClaimAsync(FolderStore store, byte claimant)
    {
        while (await Console.In.ReadLineAsync() is { } name)
        {
            bool isOurs = await store.TryPutAsync(new BlobName(name), new[] { claimant }, CancellationToken.None);
            Console.WriteLine(isOurs ? "1" : "0");
        }
    }
}
