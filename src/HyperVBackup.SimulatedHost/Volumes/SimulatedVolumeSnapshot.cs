using HyperVBackup.Hosts.Configurations;
using HyperVBackup.SimulatedHost.Images;
using HyperVBackup.SimulatedHost.Machines;

namespace HyperVBackup.SimulatedHost.Volumes;

/// <summary>What the files of a volume held at one moment.</summary>
internal sealed class SimulatedVolumeSnapshot
{
    private readonly List<string> files = [];

    /// <param name="place">Where the copy of a file is.</param>
    public SimulatedVolumeSnapshot(IEnumerable<SimulatedMachine> machines, Func<string, string> place)
    {
        foreach (SimulatedMachine machine in machines)
        {
            foreach (SimulatedImage image in machine.Disks
                .SelectMany(disk => disk.Images).Where(image => image.Parent is null))
            {
                Images.Add(image.CopyTo(place(image.Path)));
            }

            foreach (string file in machine.Checkpoints.SelectMany(checkpoint => checkpoint.Files.Keys)
                .Select(name => Path.Join(machine.Folder, SimulatedConfiguration.Folder, name)))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(place(file))!);
                File.Copy(file, place(file));
                files.Add(place(file));
            }
        }
    }

    public List<SimulatedImage> Images { get; } = [];

    public void Delete()
    {
        Images.ForEach(image => image.Delete());
        files.ForEach(new HostFiles().Delete);
    }
}
