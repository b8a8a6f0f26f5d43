namespace HyperVBackup.Format.Records;

/// <summary>Where a recipe takes one page of its chunk from.</summary>
/// <param name="Source">The source's number; <see cref="ZeroPage"/> where the page is all zeros.</param>
/// <param name="Slot">The page's number within the chunk that the source's record holds pages of; 0 for zeros.</param>
public readonly record struct RecipePage(byte Source, ushort Slot)
{
    public const byte ZeroPage = byte.MaxValue;

    /// <summary>A page of zeros, which no record holds.</summary>
    public static RecipePage Zero { get; } = new(ZeroPage, Slot: 0);

    public bool IsZero => Source == ZeroPage;
}
