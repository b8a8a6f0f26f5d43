using System.Globalization;
using System.Security.Cryptography;
using HyperVBackup.Qemu;

namespace HyperVBackup.RealParts.Qemu;

/// <summary>Machines to back up as tests need them.</summary>
internal static class Machines
{
    /// <param name="serverPath">Null has the hypervisor start a server.</param>
    /// <param name="isProcessAlive">Null for all that are not said to be dead.</param>
    /// <param name="isDead">As if the process that takes the backup were gone afterwards.</param>
    public static QemuMachine Open(
        string monitorPath, string? serverPath, string scratchFolder, int diskCount = 1, bool isDead = false,
        Action<string>? warn = null, Func<uint, bool>? isProcessAlive = null) => new(
        new QemuOptions
        {
            Monitor = PeerAddress.Parse(monitorPath),
            Server = serverPath is null ? null : PeerAddress.Parse(serverPath),
            ScratchFolder = scratchFolder,
            Nodes = [.. Enumerable.Range(0, diskCount)
                .Select(disk => string.Create(CultureInfo.InvariantCulture, $"d{disk}"))],
        },
        new QemuEnvironment
        {
            Clock = TimeProvider.System,
            Randomness = RandomNumberGenerator.Fill,
            ProcessId = isDead ? uint.MaxValue : (uint)Environment.ProcessId,
            IsProcessAlive = isProcessAlive ?? (id => id != uint.MaxValue),
            Warn = warn ?? (_ => { }),
        });
}
