using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.VirtualDisks;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.Repository;

namespace HyperVBackup.Cli.Hosting;

/// <summary>What work on a machine takes from outside, when a command does it.</summary>
internal static class HostEnvironments
{
    /// <summary>Where a host keeps what it must know of its machines from one backup to the next.</summary>
    /// <exception cref="HostException">It has no such place.</exception>
    public static string NotesFolderOf(RepositoryEnvironment environment, params ReadOnlySpan<string> names) =>
        environment.StateFolder is { } state
            ? Path.Join([state, "hosts", .. names])
            : throw new HostException("There is no state folder for the notes about the host's checkpoints.");

    public static HostEnvironment For(
        CommandContext context, HostAccess host, HostTarget target, Func<string, bool> isRecorded)
    {
        SharedDisks? shared = host.IsThis(target.Node) ? null : new SharedDisks(host.Disks, host.Images, target.Node);
        return new HostEnvironment
        {
            Cim = host.CimOf(target.Node),
            Disks = shared ?? host.Disks,
            Images = shared ?? host.Images,
            Files = shared is null ? host.Files : new SharedFiles(host.Files, target.Node),
            Journals = host.Journals ?? new FileJournals(NotesFolderOf(context.Environment, "notes")),
            Waiter = host.Waiter,
            Randomness = bytes => context.Environment.Randomness(bytes),
            IsRecorded = isRecorded,
            Warn = warning => context.Live.Warn($"'{target.Name}': {warning}"),
        };
    }
}
