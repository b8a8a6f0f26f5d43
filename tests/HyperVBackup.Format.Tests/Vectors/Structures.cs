namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>The names under which vectors are read; the manifest and the reference reader use them too.</summary>
internal static class Structures
{
    public const string FileHeader = "file-header";
    public const string ChunkRecord = "chunk-record";
    public const string DeltaRecord = "delta-record";
    public const string PlainRecord = "plain-record";
    public const string MapNode = "map-node";
    public const string ChangeList = "change-list";
    public const string RangeList = "range-list";
    public const string ListHead = "list-head";
    public const string ConfigurationFile = "configuration-file";
    public const string RestorePoint = "restore-point";
    public const string Settings = "repository-settings";
    public const string Lease = "lease";
    public const string Pack = "pack";
    public const string RestorePointFile = "restore-point-file";
    public const string RepositoryFile = "repository-file";
    public const string LeaseFile = "lease-file";
    public const string PruneMark = "prune-mark";
    public const string CollectionSet = "collection-set";
    public const string SignOfLife = "sign-of-life";
    public const string PruneMarkFile = "prune-mark-file";
    public const string CondemnedFile = "condemned-file";
    public const string RetiredFile = "retired-file";
    public const string SignOfLifeFile = "sign-of-life-file";
    public const string Pin = "pin";
    public const string PinFile = "pin-file";
    public const string ParityHead = "parity-head";
    public const string VerifiedNote = "verified-note";
    public const string VerifiedNoteFile = "verified-note-file";
    public const string DamageNote = "damage-note";
    public const string DamageNoteFile = "damage-note-file";

    /// <summary>Chunk records are read as chunks of this size.</summary>
    public const int ChunkSizeBytes = 16 * 1024;

    /// <summary>The id under which restore points are read that lie outside a file.</summary>
    public static SessionId PointId { get; } = new(Enumerable.Range(1, 16).Select(value => (byte)value).ToArray());
}
