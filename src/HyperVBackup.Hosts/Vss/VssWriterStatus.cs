namespace HyperVBackup.Hosts.Vss;

/// <summary>How a writer fares.</summary>
/// <param name="State">A number of VSS_WRITER_STATE.</param>
/// <param name="Failure">The number that the writer failed with; 0 for none.</param>
public sealed record VssWriterStatus(Guid WriterId, string Name, int State, uint Failure)
{
    private const int FirstFailed = 6;
    private const int LastFailed = 15;

    /// <summary>Whether it has failed, at whatever.</summary>
    public bool IsFailed => State is >= FirstFailed and <= LastFailed || Failure != 0;
}
