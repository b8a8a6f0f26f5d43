namespace HyperVBackup.Testing.Stores;

/// <summary>What a crash may leave of a file system.</summary>
/// <param name="OperationCount">After how many operations it comes.</param>
/// <param name="Number">Which of the states after these, from 0: a kill; from 1: power losses.</param>
/// <param name="What">In words.</param>
/// <param name="Key">The same for equal states.</param>
/// <param name="Open">Makes an independent file system of it.</param>
public sealed record CrashState(
    int OperationCount, int Number, string What, string Key, Func<RecordingFiles> Open);
