using System.Runtime.Intrinsics.X86;

namespace HyperVBackup.Format.Parity;

/// <summary>
/// The field of 256 elements with the polynomial x^8 + x^4 + x^3 + x + 1: adding is exclusive or. It is the one that
/// instructions of current CPUs multiply in. Thread-safe; nothing here allocates.
/// </summary>
internal static class GaloisField
{
    public const int Size = 256;
    private const int Polynomial = 0x11B;
    private const byte Generator = 3;
    private static readonly byte[] powers = MakePowers();
    private static readonly byte[] logarithms = MakeLogarithms();

    /// <summary>The widest way that this machine has.</summary>
    public static GaloisInstructions Best { get; } =
        Enum.GetValues<GaloisInstructions>().Where(IsSupported).Max();

    public static bool IsSupported(GaloisInstructions instructions) => instructions switch
    {
        GaloisInstructions.Scalar => true,
        GaloisInstructions.Avx2 => Avx2.IsSupported,
        GaloisInstructions.Avx512 => Avx512BW.IsSupported && Gfni.V512.IsSupported,
        _ => throw new ArgumentOutOfRangeException(nameof(instructions), instructions, "unknown instructions"),
    };

    public static byte Multiply(byte left, byte right) =>
        left == 0 || right == 0 ? (byte)0 : powers[logarithms[left] + logarithms[right]];

    /// <summary>What gives 1 multiplied with <paramref name="value"/>, which is not 0.</summary>
    public static byte Invert(byte value)
    {
        Invariant.Check(value != 0);
        return powers[Size - 1 - logarithms[value]];
    }

    /// <summary>The definition: a product of polynomials over the field of two, reduced.</summary>
    internal static byte MultiplyByDefinition(byte left, byte right)
    {
        int product = 0;
        for (int shifted = left, rest = right; rest != 0; rest >>= 1)
        {
            product ^= (rest & 1) != 0 ? shifted : 0;
            shifted <<= 1;
            shifted ^= shifted >= Size ? Polynomial : 0;
        }

        return (byte)product;
    }

    /// <summary>Twice over, so that a sum of two logarithms needs no reduction.</summary>
    private static byte[] MakePowers()
    {
        byte[] made = new byte[2 * (Size - 1)];
        byte power = 1;
        for (int exponent = 0; exponent < made.Length; exponent++)
        {
            made[exponent] = power;
            power = MultiplyByDefinition(power, Generator);
        }

        return made;
    }

    private static byte[] MakeLogarithms()
    {
        byte[] made = new byte[Size];
        for (int exponent = 0; exponent < Size - 1; exponent++)
        {
            made[powers[exponent]] = (byte)exponent;
        }

        return made;
    }
}
