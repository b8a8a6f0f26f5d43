using System.ComponentModel;
using System.Diagnostics;

namespace HyperVBackup.Blake3.Tests;

/// <summary>
/// The hashes that Debian's b3sum gives for prefixes of the test pattern: files of these lengths are written once, and
/// each mode hashes all of them in one run.
/// </summary>
public sealed class B3Sum : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hyperv-backup-b3sum-");
    private readonly int[] lengths;

    public B3Sum()
    {
        Seed = TestData.NewSeed();
        lengths = TestData.AroundPowersOfTwo()
            .Concat(TestData.AroundMultiples(1 << 10, 64 << 10))
            .Concat(TestData.AroundMultiples(64 << 10, TestData.LengthMax))
            .Concat(TestData.Random(40, Seed))
            .Distinct().Order().ToArray();
        foreach (int length in lengths)
        {
            using FileStream file = File.Create(Path.Combine(folder.FullName, $"{length}"));
            file.Write(TestData.Prefix(length));
        }
        Plain = Run([], []);
        Keyed = Run(["--keyed"], TestData.Key);
        DeriveKey = Run(["--derive-key", TestData.Context], []);
    }

    /// <summary>Where the random lengths came from.</summary>
    public int Seed { get; }

    public IReadOnlyDictionary<int, string> Plain { get; }

    public IReadOnlyDictionary<int, string> Keyed { get; }

    public IReadOnlyDictionary<int, string> DeriveKey { get; }

    public void Dispose() => folder.Delete(recursive: true);

    private Dictionary<int, string> Run(string[] options, ReadOnlySpan<byte> standardInput)
    {
        string[] names = lengths.Select(length => $"{length}").ToArray();
        ProcessStartInfo start = new("b3sum", [.. options, "--no-names", .. names])
        {
            WorkingDirectory = folder.FullName,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using Process process = Start(start);
        process.StandardInput.BaseStream.Write(standardInput);
        process.StandardInput.Close();
        string[] hashes = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        if (process.ExitCode != 0 || hashes.Length != lengths.Length)
        {
            throw new InvalidOperationException(
                $"b3sum {string.Join(' ', options)} ended with {process.ExitCode} and {hashes.Length} hashes");
        }
        return lengths.Zip(hashes).ToDictionary(pair => pair.First, pair => pair.Second);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException("b3sum did not start");
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException(
                "these tests need the program b3sum: install Debian's package b3sum", missing);
        }
    }
}
