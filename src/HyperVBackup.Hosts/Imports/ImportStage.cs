namespace HyperVBackup.Hosts.Imports;

/// <summary>How far an import may have got, as noted before each step; what each means stands in
/// <see cref="ImportSteps"/>.</summary>
internal enum ImportStage
{
    Idle,
    Writing,
    Importing,
    Attaching,
    Realizing,
}
