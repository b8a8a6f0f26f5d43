using System.CommandLine;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>host</c>: what there is to know of the Hyper-V host that this is.</summary>
internal static class HostCommand
{
    public static Command Create() => new("host", "Ask the Hyper-V host that this is; its machines are backed up with "
        + "'backup --host'.")
    {
        HostListCommand.Create(), HostRestoreCommand.Create(), HostProbeCommand.Create(),
    };
}
