namespace HyperVBackup.Format.Parity;

/// <summary>The ways to multiply blocks in <see cref="GaloisField"/>, from the plainest to the widest.</summary>
internal enum GaloisInstructions
{
    Scalar,

    /// <summary>Two look-ups of four bits each, in vectors of 32 bytes.</summary>
    Avx2,

    /// <summary>One instruction for 64 products, in this very field.</summary>
    Avx512,
}
