namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Reads the file of facts at ascending places, a piece at a time. One thread at a time.</summary>
internal sealed class NamesReader(FactsFile facts)
{
    private const int PieceBytes = 256 << 10;
    private byte[] piece = new byte[PieceBytes];
    private long startBytes;
    private int pieceLength;

    /// <returns>Good until the next call.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public ReadOnlySpan<byte> Read(in NamesPlace place)
    {
        bool isHeld = place.AtBytes >= startBytes && place.AtBytes + place.LengthBytes <= startBytes + pieceLength;
        if (!isHeld)
        {
            Fill(place);
        }

        return piece.AsSpan((int)(place.AtBytes - startBytes), place.LengthBytes);
    }

    private void Fill(in NamesPlace place)
    {
        long leftBytes = facts.LengthBytes - place.AtBytes;
        pieceLength = (int)Math.Min(leftBytes, Math.Max(PieceBytes, place.LengthBytes));
        if (pieceLength < place.LengthBytes)
        {
            throw new FactsDamagedException("The file of facts ends too early.");
        }

        piece = piece.Length < pieceLength ? new byte[pieceLength] : piece;
        startBytes = place.AtBytes;
        facts.Read(startBytes, piece.AsSpan(0, pieceLength));
    }
}
