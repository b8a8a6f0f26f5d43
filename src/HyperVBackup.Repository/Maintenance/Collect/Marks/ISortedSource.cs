namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>Values in ascending order that can be read at any place. One thread at a time.</summary>
internal interface ISortedSource<T>
    where T : unmanaged
{
    long Count { get; }

    /// <summary>Values in a piece, the least that is read at once.</summary>
    int PieceCount { get; }

    /// <param name="first">The first of a piece.</param>
    /// <param name="output">Whole pieces, or all up to the last value.</param>
    void Read(long first, Span<T> output);
}
