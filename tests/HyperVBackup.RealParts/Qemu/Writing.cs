using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace HyperVBackup.RealParts.Qemu;

/// <summary>A process that writes to a disk without pause until it is disposed.</summary>
internal sealed class Writing : IDisposable
{
    private const int WriteCount = 20_000;
    private readonly Process process;

    public Writing(string address, int seed)
    {
        process = Process.Start(new ProcessStartInfo("qemu-io", ["-f", "raw", address])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        Random random = new(seed);
        StringBuilder commands = new();
        for (int count = 0; count < WriteCount; count++)
        {
            // Within the first MiBs, so that most of the disk stays as it is.
            commands.Append(
                CultureInfo.InvariantCulture,
                $"write -q -P {random.Next(1, 255)} {random.Next(512) * 4096L} {random.Next(1, 8) * 512}\n");
        }

        Task feeding = process.StandardInput.WriteAsync(commands.ToString());
        feeding.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}
