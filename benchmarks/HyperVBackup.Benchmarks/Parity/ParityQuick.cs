using System.Diagnostics;
using System.Globalization;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Parity;

namespace HyperVBackup.Benchmarks.Parity;

/// <summary>Speed of making and using parity on one core, beside a copy of the same bytes, within seconds: the best of
/// many short samples, as others use the machine too.</summary>
internal static class ParityQuick
{
    private const int SampleCount = 101;
    private const int ScalarPercent = 10;

    // Small, so that on a busy machine most samples fall within one time slice; large enough for the second cache.
    private const long PackBytes = 2 << 20;

    public static void Run(TextWriter output)
    {
        output.WriteLine(Blake3Quick.Machine());
        output.WriteLine("GB/s of data of one core, and the share of a copy's speed");
        foreach (int percent in (int[])[1, 5, 10, 20, 50, 100])
        {
            foreach (GaloisInstructions way in Enum.GetValues<GaloisInstructions>().Where(GaloisField.IsSupported))
            {
                if (way != GaloisInstructions.Scalar || percent == ScalarPercent)
                {
                    Run(output, percent, way);
                }
            }
        }
    }

    private static void Run(TextWriter output, int percent, GaloisInstructions way)
    {
        ParityGroup group = new(
            new SessionId("a session of me."u8), [new ProtectedPack(0, PackBytes)], percent);
        ParityStripe stripe = new(group, way);
        Random random = new(percent);
        for (int column = 0; column < group.DataColumnCount; column++)
        {
            random.NextBytes(stripe.Column(column).Span);
        }

        byte[] copy = new byte[group.DataColumnCount * stripe.RowCount * FormatLimits.ParityBlockSizeBytes];
        double copied = Best(copy.Length, () => { }, () => Copy(stripe, copy));
        double made = Best(copy.Length, () => { }, stripe.Encode);
        stripe.Checksums.CopyTo(stripe.SecondChecksums);
        double checkedOnly = Best(copy.Length, () => { }, () => stripe.FindDamage((_, _) => { }));
        double sectors = Best(copy.Length, () => Damage(stripe, random), () => Heal(stripe));
        double worst = Best(copy.Length, () => DamageAll(stripe), () => Heal(stripe));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{percent,3} % {way,-7} copy {copied,6:F2}  make {made,6:F2} ({made / copied:P0})  "
            + $"check {checkedOnly,6:F2} ({checkedOnly / copied:P0})  check and heal one block in a hundred "
            + $"{sectors,6:F2} ({sectors / copied:P0}), all that can be {worst,6:F2} ({worst / copied:P0})"));
    }

    private static void Copy(ParityStripe stripe, byte[] copy)
    {
        int columnBytes = stripe.Column(0).Length;
        for (int column = 0; column < stripe.Group.DataColumnCount; column++)
        {
            stripe.Column(column).Span.CopyTo(copy.AsSpan(column * columnBytes));
        }
    }

    private static void Heal(ParityStripe stripe)
    {
        stripe.FindDamage((_, _) => { });
        stripe.Heal();
    }

    private static void Damage(ParityStripe stripe, Random random)
    {
        const int OneIn = 100;
        int count = stripe.Group.DataColumnCount * stripe.RowCount / OneIn;
        for (int damaged = 0; damaged < count; damaged++)
        {
            stripe.Block(random.Next(stripe.Group.DataColumnCount), random.Next(stripe.RowCount)).Span[0] ^= 1;
        }
    }

    /// <summary>As many columns as there is parity, as when a pack is lost.</summary>
    private static void DamageAll(ParityStripe stripe)
    {
        for (int column = 0; column < Math.Min(stripe.Group.ParityColumnCount, stripe.Group.DataColumnCount); column++)
        {
            stripe.Column(column).Span.Clear();
        }
    }

    private static double Best(long bytes, Action prepare, Action work)
    {
        List<double> speeds = [];
        for (int sample = 0; sample < SampleCount; sample++)
        {
            prepare();
            long start = Stopwatch.GetTimestamp();
            work();
            speeds.Add(bytes / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }

        return speeds.Max();
    }
}
