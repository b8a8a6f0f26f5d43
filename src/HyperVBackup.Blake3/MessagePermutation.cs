using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HyperVBackup.Blake3;

/// <summary>
/// How one round's message words become the next one's in <see cref="Avx512Quads"/>, the same way after every round.
/// The words of a round stand in four vectors: X and Y, the first and second word of each column, and the same of each
/// diagonal, of which diagonal i stands at place i + 1. A permutation takes words of two vectors; seven are enough.
/// </summary>
internal sealed class MessagePermutation
{
    private const int PlaceCount = 4;
    private const int ColumnsX = 0;
    private const int ColumnsY = 1;
    private const int DiagonalsX = 2;
    private const int DiagonalsY = 3;

    private readonly Vector512<uint> columnsX = Indices(ColumnsX, ColumnsX, ColumnsY);
    private readonly Vector512<uint> columnsYOfDiagonals = Indices(ColumnsY, DiagonalsX, DiagonalsY);
    private readonly Vector512<uint> columnsY = Indices(ColumnsY, null, ColumnsX);
    private readonly Vector512<uint> diagonalsXOfDiagonals = Indices(DiagonalsX, DiagonalsX, DiagonalsY);
    private readonly Vector512<uint> diagonalsX = Indices(DiagonalsX, null, ColumnsY);
    private readonly Vector512<uint> diagonalsYOfDiagonals = Indices(DiagonalsY, DiagonalsX, DiagonalsY);
    private readonly Vector512<uint> diagonalsY = Indices(DiagonalsY, null, ColumnsY);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply(
        ref Vector512<uint> cx, ref Vector512<uint> cy, ref Vector512<uint> dx, ref Vector512<uint> dy)
    {
        Vector512<uint> nextCx = Avx512F.PermuteVar16x32x2(cx, columnsX, cy);
        Vector512<uint> nextCy = Avx512F.PermuteVar16x32x2(dx, columnsYOfDiagonals, dy);
        nextCy = Avx512F.PermuteVar16x32x2(nextCy, columnsY, cx);
        Vector512<uint> nextDx = Avx512F.PermuteVar16x32x2(dx, diagonalsXOfDiagonals, dy);
        nextDx = Avx512F.PermuteVar16x32x2(nextDx, diagonalsX, cy);
        dy = Avx512F.PermuteVar16x32x2(dx, diagonalsYOfDiagonals, dy);
        dy = Avx512F.PermuteVar16x32x2(dy, diagonalsY, cy);
        cx = nextCx;
        cy = nextCy;
        dx = nextDx;
    }

    /// <summary>
    /// The indices that take those words of <paramref name="vector"/> that come from one of two others. Words that are
    /// in neither stay where they are in the first, which is meant where there is no first.
    /// </summary>
    private static Vector512<uint> Indices(int vector, int? first, int second)
    {
        Span<uint> indices = stackalloc uint[Vector512<uint>.Count];
        for (int i = 0; i < indices.Length; i++)
        {
            int turn = TurnAt(vector, i % PlaceCount);
            (int source, int place) = PlaceOf(Definition.MessageSchedule[Definition.WordsPerBlock + turn]);
            int quarterStart = i / PlaceCount * PlaceCount;
            int index = source == second ? Vector512<uint>.Count + quarterStart + place
                : source == first ? quarterStart + place
                : i;
            indices[i] = (uint)index;
        }
        return Vector512.Create<uint>(indices);
    }

    /// <summary>Whose turn it is, of the sixteen words of a round, at one place of one of the four vectors.</summary>
    private static int TurnAt(int vector, int place)
    {
        int mixing = vector < DiagonalsX ? place : PlaceCount + ((place + PlaceCount - 1) % PlaceCount);
        return (2 * mixing) + (vector % 2);
    }

    /// <summary>Where the word with this turn stands; the other way round.</summary>
    private static (int Vector, int Place) PlaceOf(int turn)
    {
        int mixing = turn / 2;
        return mixing < PlaceCount
            ? (ColumnsX + (turn % 2), mixing)
            : (DiagonalsX + (turn % 2), (mixing + 1) % PlaceCount);
    }
}
