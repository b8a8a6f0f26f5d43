using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>A sum over ids, the same in whatever order they come and go, by which it is seen that none is missing and
/// none is there twice.</summary>
/// <param name="Words">The sum of each of their four words, as far as it fits.</param>
internal readonly record struct MarkSum(long Count, Digest Words)
{
    public MarkSum With(Digest id) => new(Count + 1, FromWords(ToWords(Words) + ToWords(id)));

    public MarkSum Without(Digest id) => new(Count - 1, FromWords(ToWords(Words) - ToWords(id)));

    private static Vector256<ulong> ToWords(Digest id) => Unsafe.BitCast<Digest, Vector256<ulong>>(id);

    private static Digest FromWords(Vector256<ulong> words) => Unsafe.BitCast<Vector256<ulong>, Digest>(words);
}
