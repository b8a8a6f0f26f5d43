using System.Diagnostics;
using System.Security.Cryptography;
using HyperVBackup.Disks.Vhdx;
using HyperVBackup.Testing.Tools;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Cli.Tests;

/// <summary>Runs hvbackup as a process of its own, with a repository and a state folder of its own.</summary>
internal sealed class HvBackup : IDisposable
{
    private const int MiB = 1 << 20;

    private readonly TestFolder? own;
    private readonly string folder;
    private int imageCount;

    public HvBackup()
    {
        own = new TestFolder();
        folder = own.Path;
    }

    /// <summary>In a folder that somebody else removes.</summary>
    public HvBackup(string folder) => this.folder = folder;

    public static string Executable => ProgramUnderTest.Path;

    public string Repository => PathOf("repository");

    public string PathOf(string name) => Path.Join(folder, name);

    /// <summary>Files under a folder of the repository; none where it is not there.</summary>
    public IReadOnlyList<string> Stored(string subfolder) => Directory.Exists(Path.Join(Repository, subfolder))
        ? Directory.GetFiles(Path.Join(Repository, subfolder), "*", SearchOption.AllDirectories)
        : [];

    /// <summary>A raw image of random bytes, different from every other of this test, the same each time.</summary>
    public string NewRaw(string name, int sizeBytes = MiB)
    {
        Random random = new(++imageCount);
        byte[] piece = new byte[Math.Min(sizeBytes, MiB)];
        using FileStream file = File.Create(PathOf(name));
        for (int done = 0; done < sizeBytes; done += piece.Length)
        {
            random.NextBytes(piece);
            file.Write(piece, 0, Math.Min(piece.Length, sizeBytes - done));
        }

        return PathOf(name);
    }

    /// <summary>A dynamic VHDX of 8 MiB with 1 MiB of random bytes in it.</summary>
    public string NewVhdx(string name)
    {
        byte[] bytes = new byte[MiB];
        new Random(++imageCount).NextBytes(bytes);
        using SafeFileHandle file = File.OpenHandle(PathOf(name), FileMode.CreateNew, FileAccess.ReadWrite);
        using VhdxWriter disk = new(file, new VhdxWriterOptions
        {
            VirtualSizeBytes = 8 * MiB,
            FillRandom = RandomNumberGenerator.Fill,
        });
        disk.Write(2 * MiB, bytes);
        disk.Complete();
        return PathOf(name);
    }

    public async Task InitAsync() => (await RunAsync("init")).Json();

    /// <summary>Runs a command to its end; JSON unless it is told otherwise.</summary>
    public Task<CommandResult> RunAsync(params string[] arguments) => RunPlainAsync([.. arguments, "--json"]);

    public Task<CommandResult> RunPlainAsync(params string[] arguments) => FinishAsync(Start(Executable, arguments));

    public Process Start(string executable, params IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(executable, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HVBACKUP_REPOSITORY"] = Repository;
        start.Environment["HVBACKUP_STATE"] = PathOf("state");
        start.Environment["TERM"] = "xterm";
        return Process.Start(start)!;
    }

    public static async Task<CommandResult> FinishAsync(Process process)
    {
        using (process)
        {
            process.StandardInput.Close();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return new CommandResult(process.ExitCode, output, await errors);
        }
    }

    public void Dispose() => own?.Dispose();
}
