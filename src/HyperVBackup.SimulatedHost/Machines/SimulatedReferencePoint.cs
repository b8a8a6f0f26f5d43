using HyperVBackup.SimulatedHost.Images;

namespace HyperVBackup.SimulatedHost.Machines;

/// <summary>A reference point of a machine, whoever made it.</summary>
public sealed class SimulatedReferencePoint
{
    internal SimulatedReferencePoint(Guid id, IReadOnlyDictionary<SimulatedDisk, string> trackingIds) =>
        (Id, TrackingIds) = (id, trackingIds);

    public Guid Id { get; }

    /// <summary>It is listed from then on.</summary>
    internal DateTimeOffset ListedFrom { get; set; }

    internal IReadOnlyDictionary<SimulatedDisk, string> TrackingIds { get; }
}
