namespace HyperVBackup.Blake3;

/// <summary>
/// The ways this hash can be computed, from the plainest to the widest. Each may use those before it.
/// </summary>
internal enum InstructionSet
{
    Scalar,
    Vector128,
    Avx2,
    Avx512,
}
