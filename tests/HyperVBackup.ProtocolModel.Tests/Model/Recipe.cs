namespace HyperVBackup.ProtocolModel.Tests.Model;

/// <summary>How a chunk is made of data records: <paramref name="Chunk"/> is one bit, <paramref name="Ids"/> the
/// data ids it names, its own literals among them.</summary>
internal sealed record Recipe(int Chunk, int Ids)
{
    internal static Recipe BFromZA { get; } = new(Data.B, Data.Z | Data.A);

    internal static Recipe BFromZC { get; } = new(Data.B, Data.Z | Data.C);

    internal static Recipe BFromZY { get; } = new(Data.B, Data.Z | Data.Y);

    internal static Recipe AFromYC { get; } = new(Data.A, Data.Y | Data.C);

    internal static Recipe AFromYB { get; } = new(Data.A, Data.Y | Data.B);

    internal static Recipe CFromVA { get; } = new(Data.C, Data.V | Data.A);

    internal static IReadOnlyList<Recipe> All { get; } = [BFromZA, BFromZC, BFromZY, AFromYC, AFromYB, CFromVA];

    public override string ToString() =>
        $"{Data.NamesOf(Chunk).ToLowerInvariant()}:={string.Join('+', Data.NamesOf(Ids).Reverse())}";
}
