using System.Diagnostics;

namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>The disks that benchmarks/make-corpus.sh makes, as files of one folder.</summary>
internal sealed class Corpus(string folder)
{
    private const string Maker = "benchmarks/make-corpus.sh";
    private const int WindowBytes = 4 << 20;

    /// <summary>The generations, in the order they are made in; the last one is there only when all are.</summary>
    private static readonly string[] names = ["a0", "a1", "a2", "b0", "b1"];

    public string Folder { get; } = Path.GetFullPath(folder);

    public string DiskOf(string name) => Path.Combine(Folder, name + ".vhdx");

    public string RawOf(string name) => Path.Combine(Folder, name + ".raw");

    public string RangesOf(string name) => Path.Combine(Folder, name + ".json");

    /// <summary>Makes the disks if one is missing, which takes a Debian mirror, root, and some ten minutes.</summary>
    /// <exception cref="InvalidOperationException">They could not be made.</exception>
    public void Require()
    {
        if (Array.TrueForAll(names, name => File.Exists(DiskOf(name)) && File.Exists(RangesOf(name))))
        {
            return;
        }

        Console.Error.WriteLine($"making the corpus in {Folder}");
        using Process maker = Process.Start(new ProcessStartInfo(Maker, [Folder]))
            ?? throw new InvalidOperationException($"{Maker} did not start.");
        maker.WaitForExit();
        if (maker.ExitCode != 0)
        {
            throw new InvalidOperationException($"{Maker} failed.");
        }
    }

    /// <summary>Reads a disk's file once, so that whoever is measured finds it in the page cache.</summary>
    public void Warm(string name)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(DiskOf(name));
        byte[] window = new byte[WindowBytes];
        for (long offsetBytes = 0; ;)
        {
            int count = RandomAccess.Read(file, window, offsetBytes);
            if (count == 0)
            {
                return;
            }

            offsetBytes += count;
        }
    }
}
