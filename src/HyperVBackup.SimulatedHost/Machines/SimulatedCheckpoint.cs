using HyperVBackup.SimulatedHost.Images;

namespace HyperVBackup.SimulatedHost.Machines;

/// <summary>A checkpoint of a machine, whoever made it.</summary>
public sealed class SimulatedCheckpoint
{
    internal SimulatedCheckpoint(Guid id, string name, bool isRecovery, DateTimeOffset created) =>
        (Id, Name, IsRecovery, Created) = (id, name, isRecovery, created);

    public Guid Id { get; }

    public string Name { get; set; }

    /// <summary>Whether it was made for a backup, and not by a user.</summary>
    public bool IsRecovery { get; }

    public DateTimeOffset Created { get; }

    public bool IsApplicationConsistent { get; internal set; } = true;

    /// <summary>What each disk held when it was made, whatever becomes of it.</summary>
    public IReadOnlyDictionary<Guid, byte[]> Contents => Kept;

    /// <summary>The files of its configuration when it was made, by name.</summary>
    public IReadOnlyDictionary<string, byte[]> Files => KeptFiles;

    internal Dictionary<Guid, byte[]> Kept { get; } = [];

    internal Dictionary<string, byte[]> KeptFiles { get; } = [];

    /// <summary>It is listed from then on.</summary>
    internal DateTimeOffset ListedFrom { get; set; }

    internal Dictionary<SimulatedDisk, SimulatedImage> Frozen { get; } = [];

    internal Dictionary<SimulatedDisk, string> TrackingIds { get; } = [];
}
