using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>
/// Goes forward over sorted values, one after the other or from id to id. To an id that is far away it jumps: ids are
/// hashes, so where one lies can be told from what it is, and a look-up reads a piece or two. Whatever the ids are, a
/// jump among n pieces reads about log n of them at most. One thread at a time.
/// </summary>
internal sealed class SortedCursor<T>
    where T : unmanaged, IIdentified
{
    private const int WindowPiecesMax = 64;
    private const int JumpPieces = 8; // less is read through
    private const int GuessCountMax = 4;
    private readonly ISortedSource<T> source;
    private readonly long pieceCount;
    private T[] window = [];
    private long startPiece;
    private int windowPieces;
    private int count;
    private int position;

    public SortedCursor(ISortedSource<T> source)
    {
        this.source = source;
        pieceCount = (source.Count + source.PieceCount - 1) / source.PieceCount;
        ReadOn();
    }

    /// <summary>False behind the last value.</summary>
    public bool HasCurrent => position < count;

    public ref readonly T Current => ref window[position];

    private long NextPiece => startPiece + windowPieces;

    public void MoveNext()
    {
        if (++position >= count)
        {
            ReadOn();
        }
    }

    /// <summary>To the first value, from here on, whose id is not below this one.</summary>
    public void SkipTo(Digest id)
    {
        while (HasCurrent)
        {
            if (window[count - 1].Id.CompareTo(id) >= 0)
            {
                position = FirstNotBelow(id);
                return;
            }

            if (PiecesTo(id, window[count - 1].Id, ulong.MaxValue, pieceCount - NextPiece) < JumpPieces)
            {
                ReadOn();
            }
            else
            {
                JumpTo(id);
                return;
            }
        }
    }

    /// <summary>The window after this one, twice as large: who goes on reads all.</summary>
    private void ReadOn() =>
        Fill(NextPiece, Math.Clamp(2 * windowPieces, 1, WindowPiecesMax));

    private void Fill(long piece, int wantedPieces)
    {
        (startPiece, windowPieces) = (piece, (int)Math.Min(wantedPieces, pieceCount - piece));
        long first = piece * source.PieceCount;
        count = (int)Math.Min((long)windowPieces * source.PieceCount, Math.Max(0, source.Count - first));
        window = window.Length < count ? new T[windowPieces * source.PieceCount] : window;
        position = 0;
        if (count > 0)
        {
            source.Read(first, window.AsSpan(0, count));
        }
    }

    /// <summary>Looks for the first piece that does not end below the id.</summary>
    private void JumpTo(Digest id)
    {
        (Digest below, ulong above) = (window[count - 1].Id, ulong.MaxValue);
        (long low, long high) = (NextPiece, pieceCount);
        for (int tries = 0; low < high; tries++)
        {
            long guess = tries < GuessCountMax
                ? low + Math.Min(PiecesTo(id, below, above, high - low), high - low - 1)
                : low + ((high - low) / 2);
            Fill(guess, 1);
            if (window[count - 1].Id.CompareTo(id) < 0)
            {
                (low, below) = (guess + 1, window[count - 1].Id);
            }
            else
            {
                (high, above) = (guess, window[0].Id.Prefix);
                low = window[0].Id.CompareTo(id) < 0 ? guess : low;
            }
        }

        if (startPiece != low)
        {
            Fill(low, 1);
        }

        position = count == 0 ? 0 : FirstNotBelow(id);
    }

    /// <summary>How many pieces on an id may lie, if the ids up to another are spread evenly.</summary>
    private static long PiecesTo(Digest id, Digest below, ulong above, long pieces)
    {
        double share = ((double)id.Prefix - below.Prefix) / Math.Max(1.0, (double)above - below.Prefix);
        return (long)(Math.Clamp(share, 0, 1) * pieces);
    }

    private int FirstNotBelow(Digest id)
    {
        (int low, int high) = (position, count);
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = window[middle].Id.CompareTo(id) < 0 ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
