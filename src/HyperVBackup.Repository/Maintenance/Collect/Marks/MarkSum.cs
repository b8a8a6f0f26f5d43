using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>A sum over ids, the same in whatever order they come and go, by which it is seen that none is missing and
/// none is there twice.</summary>
/// <param name="Words">The sum of each of their four words, as far as it fits.</param>
/// <param name="Named">Over them as often as each is named.</param>
internal readonly record struct MarkSum(long Count, Digest Words, WeighedSum Named)
{
    /// <summary>With one more that is needed.</summary>
    public MarkSum With(in Mark mark) => With(mark.Id) with { Named = Named.With(mark) };

    /// <summary>As above, but for how often it is named.</summary>
    public MarkSum With(Digest id) =>
        this with { Count = Count + 1, Words = FromWords(ToWords(Words) + ToWords(id)) };

    /// <inheritdoc cref="With(Digest)"/>
    public MarkSum Without(Digest id) =>
        this with { Count = Count - 1, Words = FromWords(ToWords(Words) - ToWords(id)) };

    private static Vector256<ulong> ToWords(Digest id) => Unsafe.BitCast<Digest, Vector256<ulong>>(id);

    private static Digest FromWords(Vector256<ulong> words) => Unsafe.BitCast<Vector256<ulong>, Digest>(words);
}
