namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>All vectors, made anew: always the same ones.</summary>
internal static class VectorSet
{
    private static readonly Lazy<IReadOnlyList<Vector>> Set = new(Make);

    public static IReadOnlyList<Vector> All => Set.Value;

    private static List<Vector> Make()
    {
        List<Vector> vectors = [];
        Good good = new(vectors);
        FileVectors.Add(good, new Bad(vectors));
        RecordVectors.Add(good, new Bad(vectors));
        DeltaVectors.Add(good, new Bad(vectors));
        PackVectors.Add(good, new Bad(vectors));
        DeltaPackVectors.Add(good, new Bad(vectors));
        MapVectors.Add(good, new Bad(vectors));
        PointVectors.Add(good, new Bad(vectors));
        CollectionVectors.Add(good, new Bad(vectors));
        ParityVectors.Add(good, new Bad(vectors));
        VerifiedNoteVectors.Add(good, new Bad(vectors));
        NoteVectors.Add(good, new Bad(vectors));
        return vectors;
    }

    /// <summary>Adds vectors that read well.</summary>
    internal sealed class Good(List<Vector> vectors)
    {
        public byte[] Add(string structure, string name, byte[] bytes)
        {
            string file = $"{structure}/good-{name}.bin";
            vectors.Add(new Vector(file, structure, bytes, VectorReader.Describe(structure, bytes), Complaint: null));
            return bytes;
        }
    }

    /// <summary>Adds good bytes with one thing wrong.</summary>
    internal sealed class Bad(List<Vector> vectors)
    {
        public void Add(string structure, string name, string complaint, byte[] bytes) =>
            vectors.Add(new Vector($"{structure}/bad-{name}.bin", structure, bytes, Fields: null, complaint));

        /// <summary>Overwrites the byte at <paramref name="at"/>, then makes checksums right again.</summary>
        public void Add(
            string structure,
            string name,
            string complaint,
            byte[] good,
            int at,
            byte value,
            Action<byte[]>? reseal = null)
        {
            byte[] bytes = [.. good];
            bytes[at] = value;
            (reseal ?? Reseal.Nothing)(bytes);
            Add(structure, name, complaint, bytes);
        }
    }
}
