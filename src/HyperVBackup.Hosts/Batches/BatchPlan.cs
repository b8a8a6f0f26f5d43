using HyperVBackup.Hosts.VolumeSnapshots;

namespace HyperVBackup.Hosts.Batches;

/// <summary>Cuts a job's machines into waves: as few as the limits allow when each goes into the first that has room.
/// </summary>
public static class BatchPlan
{
    /// <param name="machines">Each with the volumes that it is on.</param>
    /// <returns>The machines' positions, wave by wave; each once.</returns>
    public static IReadOnlyList<IReadOnlyList<int>> Of(
        IReadOnlyList<IReadOnlyCollection<HostVolume>> machines, BatchOptions options)
    {
        ArgumentNullException.ThrowIfNull(machines);
        ArgumentNullException.ThrowIfNull(options);
        List<Wave> waves = [];
        for (int position = 0; position < machines.Count; position++)
        {
            Wave? wave = waves.Find(candidate => candidate.HasRoom(machines[position], options));
            if (wave is null)
            {
                waves.Add(wave = new Wave());
            }

            wave.Add(position, machines[position]);
        }

        return [.. waves.Select(wave => wave.Machines)];
    }

    private sealed class Wave
    {
        private readonly Dictionary<HostVolume, int> counts = [];

        public List<int> Machines { get; } = [];

        public bool HasRoom(IReadOnlyCollection<HostVolume> volumes, BatchOptions options) =>
            Machines.Count < options.MachinesPerHostMax
            && volumes.All(volume => counts.GetValueOrDefault(volume)
                < (volume.IsShared ? options.MachinesPerSharedVolumeMax : options.MachinesPerVolumeMax))
            && counts.Keys.Union(volumes).Count(volume => volume.IsShared) <= options.SharedVolumesMax;

        public void Add(int position, IReadOnlyCollection<HostVolume> volumes)
        {
            Machines.Add(position);
            foreach (HostVolume volume in volumes.Distinct())
            {
                counts[volume] = counts.GetValueOrDefault(volume) + 1;
            }
        }
    }
}
