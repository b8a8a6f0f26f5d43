using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Explain;

/// <summary>What keeps a chunk, or the records of a pack, as of the points and packs listed.</summary>
/// <param name="Records">Of a chunk, all there are; of a pack, none are named.</param>
/// <param name="RecordCount">Records with an id of their own that are explained.</param>
/// <param name="NeededCount">How many of them a point that is not pruned needs.</param>
/// <param name="ElsewhereCount">How many of them stand in other packs too.</param>
/// <param name="Takers">The first chunks whose recipes take pages from them.</param>
/// <param name="TakerCount">How many of these there are.</param>
/// <param name="HasMoreTakers">Whether there are still more, which were not looked for in points.</param>
/// <param name="Points">Those that need anything of it.</param>
/// <param name="UnreadablePacks">Packs whose footer cannot be read: recipes in them are not known.</param>
public sealed record RecordExplanation(
    IReadOnlyList<StoredRecord> Records, int RecordCount, long RecordBytes, int NeededCount, long NeededBytes,
    int ElsewhereCount, IReadOnlyList<Digest> Takers, int TakerCount, bool HasMoreTakers,
    IReadOnlyList<PointUse> Points, int UnreadablePacks);
