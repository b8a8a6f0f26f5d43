using System.CommandLine;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Qemu;

namespace HyperVBackup.Cli;

/// <summary>Reads <c>--qemu ADDRESS</c> with <c>--disk [NAME=]NODE…</c> and what goes with it.</summary>
internal static class QemuArguments
{
    private const string AddressName = "PATH|unix:PATH|tcp:HOST:PORT";

    private static readonly Option<string?> Monitor = new("--qemu")
    {
        Description = "Back up a machine that runs in QEMU, or disks of its storage daemon, through its monitor (QMP); "
            + "--disk then names block nodes.",
        HelpName = AddressName,
    };

    private static readonly Option<string?> Server = new("--nbd")
    {
        Description = "The NBD server that runs in this QEMU; without it one is started for the backup.",
        HelpName = AddressName,
    };

    private static readonly Option<string?> Agent = new("--guest-agent")
    {
        Description = "The guest agent's socket: the guest's file systems are frozen while the view is taken.",
        HelpName = AddressName,
    };

    private static readonly Option<bool> RequireConsistent = new("--require-consistent")
    {
        Description = "Fail where the guest's file systems cannot be frozen, instead of a crash-consistent backup.",
    };

    private static readonly Option<string?> ScratchFolder = new("--scratch")
    {
        Description = "A folder that QEMU may write, with room for what the guest overwrites during the backup; else "
            + "the folder for temporary files.",
        HelpName = "FOLDER",
    };

    public static void AddTo(Command command)
    {
        foreach (Option option in new Option[] { Monitor, Server, Agent, RequireConsistent, ScratchFolder })
        {
            command.Add(option);
        }
    }

    /// <summary>Whether a machine that runs in QEMU is meant.</summary>
    public static bool IsAsked(ParseResult parsed) => parsed.GetValue(Monitor) is not null;

    /// <summary>The machine to back up; null where none was named.</summary>
    /// <exception cref="UsageException">Options do not fit together.</exception>
    public static QemuMachine? MachineOf(CommandContext context, string[] disks, string[] changes)
    {
        ParseResult parsed = context.Parsed;
        string? monitor = parsed.GetValue(Monitor);
        Option? alone = new Option[] { Server, Agent, RequireConsistent, ScratchFolder }
            .FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
        if (monitor is null)
        {
            return alone is null ? null : throw new UsageException($"{alone.Name} needs --qemu.");
        }

        if (changes.Length > 0)
        {
            throw new UsageException("--changes and --qemu exclude each other: QEMU tracks the changes itself.");
        }

        return new QemuMachine(
            new QemuOptions
            {
                Monitor = Address(monitor)!,
                Server = Address(parsed.GetValue(Server)),
                GuestAgent = Address(parsed.GetValue(Agent)),
                RequireConsistent = parsed.GetValue(RequireConsistent),
                ScratchFolder = Path.GetFullPath(parsed.GetValue(ScratchFolder) ?? Path.GetTempPath()),
                Nodes = [.. Named(disks).Select(disk => disk.Node)],
            },
            new QemuEnvironment
            {
                Clock = context.Environment.Clock,
                Randomness = context.Environment.Randomness.Invoke,
                ProcessId = context.Environment.ProcessId,
                IsProcessAlive = context.Environment.IsProcessAlive,
                Warn = context.Environment.Warn,
            });
    }

    public static List<DiskRequest> DisksOf(QemuMachine machine, string[] disks) =>
        [.. Named(disks).Zip(machine.Sources, (disk, source) => new DiskRequest(disk.Name, source))];

    private static List<(string Name, string Node)> Named(string[] disks)
    {
        List<(string Name, string Node)> named = [];
        foreach (string text in disks)
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            (string name, string node) = (equals < 0 ? text : text[..equals], text[(equals + 1)..]);
            if (node.Length == 0 || !DiskName.IsValid(name))
            {
                throw new UsageException($"--disk '{text}' names no block node; write NODE or NAME=NODE.");
            }

            if (named.Exists(other =>
                other.Node == node || string.Equals(other.Name, name, StringComparison.OrdinalIgnoreCase)))
            {
                throw new UsageException($"--disk '{text}' stands twice: name each block node once.");
            }

            named.Add((name, node));
        }

        return named;
    }

    private static PeerAddress? Address(string? text)
    {
        try
        {
            return text is null ? null : PeerAddress.Parse(text);
        }
        catch (FormatException failure)
        {
            throw new UsageException(failure.Message);
        }
    }
}
