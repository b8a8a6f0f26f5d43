namespace HyperVBackup.Blake3.Tests;

/// <summary>The three modes, as test parameters.</summary>
internal enum ModeKind
{
    Plain,
    Keyed,
    DeriveKey,
}
