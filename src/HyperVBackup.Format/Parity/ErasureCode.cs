namespace HyperVBackup.Format.Parity;

/// <summary>
/// A systematic Reed–Solomon code for erasures, as in repo-format/parity.md: k data blocks and m parity blocks make a
/// codeword, and any k of its k + m blocks tell all others.
/// <para>Parity block p is the sum over all data blocks d of block d divided by (255 − p) + d in
/// <see cref="GaloisField"/>. That is a Cauchy matrix, of which every square part can be inverted.</para>
/// Immutable and thread-safe.
/// </summary>
internal sealed class ErasureCode
{
    /// <summary>Data and parity blocks of a codeword together.</summary>
    public const int BlockCountMax = GaloisField.Size;

    private readonly byte[] coefficients;

    /// <param name="dataCount">At least 1.</param>
    /// <param name="parityCount">At least 1; with the data at most <see cref="BlockCountMax"/>.</param>
    public ErasureCode(int dataCount, int parityCount)
        : this(dataCount, parityCount, GaloisField.Best)
    {
    }

    internal ErasureCode(int dataCount, int parityCount, GaloisInstructions instructions)
    {
        Invariant.Check(dataCount > 0 && parityCount > 0 && dataCount + parityCount <= BlockCountMax);
        Invariant.Check(GaloisField.IsSupported(instructions));
        (DataCount, ParityCount, Instructions) = (dataCount, parityCount, instructions);
        coefficients = new byte[dataCount * parityCount];
        for (int data = 0; data < dataCount; data++)
        {
            for (int parity = 0; parity < parityCount; parity++)
            {
                coefficients[(data * parityCount) + parity] = CoefficientOf(parity, data);
            }
        }
    }

    public int DataCount { get; }

    public int ParityCount { get; }

    internal GaloisInstructions Instructions { get; }

    /// <summary>What data block <paramref name="data"/> is multiplied with in parity block
    /// <paramref name="parity"/>.</summary>
    public static byte CoefficientOf(int parity, int data) =>
        GaloisField.Invert((byte)(BlockCountMax - 1 - parity ^ data));

    /// <summary>Adds one data block to all parity blocks of its codeword, which begin as zeros.</summary>
    /// <param name="data">The block's number.</param>
    /// <param name="block">A multiple of <see cref="GaloisRows.UnitBytes"/> long.</param>
    /// <param name="parity">All parity blocks side by side.</param>
    public void Add(int data, ReadOnlySpan<byte> block, Span<byte> parity) => GaloisRows.MultiplyAdd(
        coefficients.AsSpan(data * ParityCount, ParityCount), block, parity, Instructions);
}
