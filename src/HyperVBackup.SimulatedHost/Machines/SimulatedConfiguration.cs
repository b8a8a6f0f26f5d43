using System.Text.Json;
using HyperVBackup.Hosts.Configurations;

namespace HyperVBackup.SimulatedHost.Machines;

/// <summary>The files of a machine's configuration. What defines it is of this simulation's own making, as the real
/// one's is Hyper-V's.</summary>
internal static class SimulatedConfiguration
{
    public const string Folder = "Snapshots";
    public const string DefinitionExtension = ".vmcx";
    public const string StateExtension = ".VMRS";
    public const string GuestStateExtension = ".vmgs";

    public static string PathOf(SimulatedMachine machine, Guid settings, string extension) =>
        Path.Join(
            (extension == GuestStateExtension ? machine.GuestStateFolder : null) ?? machine.Folder,
            Folder,
            SimulatedObjects.Text(settings) + extension);

    /// <summary>Writes the files of a checkpoint.</summary>
    public static void Write(SimulatedMachine machine, SimulatedCheckpoint checkpoint)
    {
        SimulatedDefinition definition = new(
            machine.Id, machine.Name, machine.Version, machine.GuestState is not null,
            [.. checkpoint.Frozen.Select(frozen => new SimulatedAttachment(frozen.Key.Slot, frozen.Value.Path))],
            machine.Checkpoints.Where(other => !other.IsRecovery).Select(other => other.Id).ToArray());
        Write(
            DefinitionExtension,
            JsonSerializer.SerializeToUtf8Bytes(definition, SimulatedDefinitionJson.Default.SimulatedDefinition));
        Write(StateExtension, machine.RuntimeState);
        if (machine.GuestState is byte[] state)
        {
            Write(GuestStateExtension, state);
        }

        void Write(string extension, byte[] content)
        {
            string path = PathOf(machine, checkpoint.Id, extension);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, content);
            checkpoint.KeptFiles.Add(Path.GetFileName(path), content);
        }
    }

    /// <summary>They go with their checkpoint.</summary>
    public static void Delete(SimulatedMachine machine, SimulatedCheckpoint checkpoint)
    {
        foreach (string name in checkpoint.KeptFiles.Keys)
        {
            new HostFiles().Delete(PathOf(machine, checkpoint.Id, Path.GetExtension(name)));
        }
    }
}
