using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>A sum over ids, each as often as it weighs, as far as it fits: the same in whatever order they come, and
/// however their weights are put together. By it is seen that no weight has changed.</summary>
/// <param name="Weights">Their sum.</param>
/// <param name="Words">The sums of weight by word for each of the four words of an id.</param>
internal readonly record struct WeighedSum(long Weights, Digest Words)
{
    public WeighedSum With<T>(in T value)
        where T : unmanaged, IWeighed =>
        new(
            unchecked(Weights + value.Weight),
            FromWords(ToWords(Words) + (ToWords(value.Id) * unchecked((ulong)value.Weight))));

    public WeighedSum With(in WeighedSum other) =>
        new(unchecked(Weights + other.Weights), FromWords(ToWords(Words) + ToWords(other.Words)));

    private static Vector256<ulong> ToWords(Digest id) => Unsafe.BitCast<Digest, Vector256<ulong>>(id);

    private static Digest FromWords(Vector256<ulong> words) => Unsafe.BitCast<Vector256<ulong>, Digest>(words);
}
