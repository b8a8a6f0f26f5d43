using HyperVBackup.Disks;
using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Hosts.Machines;

namespace HyperVBackup.Hosts.Configurations;

/// <summary>Finds the files of a checkpoint's configuration: what defines the machine, its runtime state, and its
/// guest's own state. None of them is looked into. They are read where they lie, as having the host export them has
/// locked chains of images.</summary>
internal sealed class CheckpointFiles(CycleContext context)
{
    /// <summary>Runtime state that is larger holds the memory of a saved machine, which belongs to no backup.</summary>
    public const long RuntimeStateMaxBytes = 64 << 20;

    /// <summary>Empty, with a warning, where they are not found and that is allowed.</summary>
    /// <exception cref="HostException">They are not found, and have to be.</exception>
    public IReadOnlyList<MachineFile> Of(VirtualMachine machine, MachineSettings checkpoint)
    {
        try
        {
            return Find(machine, checkpoint.Files);
        }
        catch (HostException failure) when (context.Options.AllowWithoutConfiguration)
        {
            context.Environment.Warn(
                $"The restore point of '{machine.Name}' has no configuration, which was allowed: {failure.Message}");
            return [];
        }
    }

    /// <summary>The same file, read from elsewhere.</summary>
    public MachineFile Moved(MachineFile file, string path) => At(file.Path, path);

    private MachineFile At(string path, string readPath) =>
        new(HostPath.FileName(path), () => Open(readPath)) { Path = path };

    private List<MachineFile> Find(VirtualMachine machine, ConfigurationPlace place)
    {
        if (place.Definition.Length == 0)
        {
            throw new HostException($"The host does not say where the configuration of '{machine.Name}' is.");
        }

        List<string> paths = [.. context.Environment.Files.FilesLike(place.Definition)];
        Require(paths, place.Definition);
        if (place.GuestState.Length > 0 && !paths.Exists(path => IsSame(path, place.GuestState)))
        {
            // Another of that name, beside the definition, is not the machine's.
            paths.RemoveAll(path => IsSame(HostPath.FileName(path), HostPath.FileName(place.GuestState)));
            paths.AddRange(context.Environment.Files.FilesLike(place.GuestState)
                .Where(path => IsSame(path, place.GuestState)));
            Require(paths, place.GuestState);
        }

        return [.. from path in paths
                   where IsTaken(machine, place, path)
                   select At(path, path)];
    }

    private bool IsTaken(VirtualMachine machine, ConfigurationPlace place, string path)
    {
        long lengthBytes = context.Environment.Files.LengthOf(path);
        bool isTaken = lengthBytes <= RuntimeStateMaxBytes || IsSame(path, place.Definition)
            || IsSame(path, place.GuestState);
        if (!isTaken)
        {
            context.Environment.Warn(
                $"'{path}' of '{machine.Name}' is not in the restore point: with {lengthBytes} bytes it holds the "
                + "memory of a saved machine, and the restored one starts anew.");
        }

        return isTaken;
    }

    private Stream Open(string path)
    {
        try
        {
            return context.Environment.Files.Open(path);
        }
        catch (HostException failure)
        {
            throw new DiskImageException(failure.Message, failure);
        }
    }

    private static void Require(List<string> paths, string needed)
    {
        if (!paths.Exists(path => IsSame(path, needed)))
        {
            throw new HostException($"'{needed}', which is part of the machine's configuration, is not there.");
        }
    }

    /// <summary>Hosts do not tell upper from lower case in paths.</summary>
    private static bool IsSame(string one, string other) =>
        string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
