using HyperVBackup.Format.Packs;

namespace HyperVBackup.Format.Records;

/// <summary>A record that a recipe takes pages from.</summary>
/// <param name="DataId">The id of the whole record: the chunk id of just the pages it holds.</param>
/// <param name="Hint">Where such a record lay when the recipe was written; <c>default</c> where that is not known. Only
/// a hint.</param>
public readonly record struct RecipeSource(Digest DataId, RecordPlace Hint);
