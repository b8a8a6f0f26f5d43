using FASTER.core;

namespace HyperVBackup.Repository.Index;

/// <summary>
/// FASTER's checkpoints without checkpoint files: the only thing a fold-over log checkpoint has to say beside the log
/// is a few hundred bytes, kept here and saved in our own manifest. So there is no folder in which FASTER could pick
/// the wrong checkpoint, or delete a good one.
/// </summary>
internal sealed class MarkKeeper(Guid token, byte[] metadata) : ICheckpointManager
{
    public Guid Token { get; private set; } = token;

    public byte[] Metadata { get; private set; } = metadata;

    public void CommitLogCheckpoint(Guid logToken, byte[] commitMetadata) =>
        (Token, Metadata) = (logToken, commitMetadata);

    public byte[] GetLogCheckpointMetadata(Guid logToken, DeltaLog deltaLog, bool scanDelta, long recoverTo) =>
        logToken == Token ? Metadata : throw new FasterException("unknown checkpoint");

    public IEnumerable<Guid> GetLogCheckpointTokens() => [Token];

    public IEnumerable<Guid> GetIndexCheckpointTokens() => [];

    public void InitializeIndexCheckpoint(Guid indexToken)
    {
    }

    public void InitializeLogCheckpoint(Guid logToken)
    {
    }

    public void CheckpointVersionShift(long oldVersion, long newVersion)
    {
    }

    public void Purge(Guid token)
    {
    }

    public void PurgeAll()
    {
    }

    public void OnRecovery(Guid indexToken, Guid logToken)
    {
    }

    public void Dispose()
    {
    }

    /// <summary>None: there are no incremental snapshots. FASTER takes null for that.</summary>
    public IDevice GetDeltaLogDevice(Guid token) => null!;

    public void CommitIndexCheckpoint(Guid indexToken, byte[] commitMetadata) => throw Unused();

    public void CommitLogIncrementalCheckpoint(Guid logToken, long version, byte[] commitMetadata, DeltaLog deltaLog) =>
        throw Unused();

    public byte[] GetIndexCheckpointMetadata(Guid indexToken) => throw Unused();

    public IDevice GetIndexDevice(Guid indexToken) => throw Unused();

    public IDevice GetSnapshotLogDevice(Guid token) => throw Unused();

    public IDevice GetSnapshotObjectLogDevice(Guid token) => throw Unused();

    private static NotSupportedException Unused() => new("Only fold-over checkpoints of the log are taken.");
}
