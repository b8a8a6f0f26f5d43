using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>Is told what a <see cref="DiskMapWalker"/> comes by.</summary>
public interface IMapVisitor
{
    /// <summary>True to read a node and go on below it; false for one that was seen before. Who needs to know every
    /// disk that damage hits says true for damaged nodes each time.</summary>
    bool Enter(MapPart part);

    /// <summary>A node was read, and is good; its children follow.</summary>
    ValueTask VisitNodeAsync(MapPart part, MapNode node, CancellationToken token);

    /// <summary>A chunk that is not zeros.</summary>
    ValueTask VisitChunkAsync(long chunkIndex, MapChunk chunk, CancellationToken token);

    /// <summary>A node cannot be read: what the part covers is not known. The walk goes on after it.</summary>
    ValueTask ReportDamageAsync(MapPart part, CorruptDataException damage, CancellationToken token);
}
