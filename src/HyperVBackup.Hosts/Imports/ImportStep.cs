namespace HyperVBackup.Hosts.Imports;

/// <summary>One step of an import.</summary>
/// <param name="Stage">What is noted before it begins.</param>
/// <param name="After">The stages it may follow.</param>
/// <param name="Durable">What is there, whatever happens, from its beginning on.</param>
/// <param name="Remains">What has to be looked for if the import ends in it.</param>
internal sealed record ImportStep(
    ImportStage Stage, IReadOnlyList<ImportStage> After, string Durable, ImportRemains Remains);
