using System.Buffers.Binary;
using System.Globalization;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Index;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

/// <summary>Sessions by number, each with one pack; all that is in them follows from the number.</summary>
internal static class IndexSample
{
    public const long SmallBudgetBytes = IndexSizes.BudgetBytesMin;

    public static IndexSizes SmallSizes => IndexSizes.For(SmallBudgetBytes);

    /// <summary>Sizes with which few entries are settled already, on a save or while more are added.</summary>
    public static IndexSizes SettlingSizes(int saveCount, int addCount) =>
        SmallSizes with { SettleCountMin = saveCount, TailCountMax = addCount };

    public static RepositoryId Repository(int number) => new(Bytes(RepositoryId.SizeBytes, 1, number, 0));

    public static SessionId Session(int number) => new(Bytes(SessionId.SizeBytes, 2, number, 0));

    public static PackName Pack(int number) => new(PackKind.Chunks, Session(number), (uint)number % 7);

    public static ChunkId Chunk(int session, int index) => new(new Digest(Bytes(Digest.SizeBytes, 3, session, index)));

    public static ChunkId[] Chunks(int session, int count) =>
        [.. Enumerable.Range(0, count).Select(index => Chunk(session, index))];

    public static RecordPlace Place(int session, int index) =>
        new(Pack(session), checked((uint)(index * 4096) + 144), (uint)(index % 1000) + 100);

    public static IndexEntry[] Entries(int session, int count) =>
        [.. Enumerable.Range(0, count).Select(index => Entry(session, index))];

    public static IndexEntry Entry(int session, int index)
    {
        RecordPlace place = Place(session, index);
        return new IndexEntry(Chunk(session, index), place.OffsetBytes, place.LengthBytes);
    }

    public static RecordPlace[] Find(this IChunkIndex index, ChunkId[] ids)
    {
        RecordPlace[] places = new RecordPlace[ids.Length];
        index.Find(ids, places);
        return places;
    }

    /// <summary>Adds the sessions, covers them and saves.</summary>
    public static async Task SaveSessionsAsync(this IChunkIndex index, int first, int count, int chunkCount)
    {
        foreach (int session in Enumerable.Range(first, count))
        {
            index.Add(Pack(session), Entries(session, chunkCount));
            index.Cover(Session(session));
        }

        await index.SaveAsync(CancellationToken.None);
    }

    /// <summary>The promise: what is covered is found whole; and nothing is ever found at a wrong place.</summary>
    /// <returns>How many sessions are covered.</returns>
    public static int RequireRight(this IChunkIndex index, int sessionCount, int chunkCount, string context = "")
    {
        int coveredCount = 0;
        foreach (int session in Enumerable.Range(0, sessionCount))
        {
            RecordPlace[] places = index.Find(Chunks(session, chunkCount));
            bool isCovered = index.Covers(Session(session)); // after it: what is noticed only there covers nothing
            coveredCount += isCovered ? 1 : 0;
            for (int chunk = 0; chunk < chunkCount; chunk++)
            {
                bool isRight = places[chunk] == Place(session, chunk);
                bool isUnknown = places[chunk].IsUnknown && !isCovered;
                Assert.True(isRight || isUnknown, string.Create(
                    CultureInfo.InvariantCulture,
                    $"{context}: chunk {chunk} of session {session} (covered: {isCovered}) at {places[chunk]}"));
            }
        }

        return coveredCount;
    }

    private static byte[] Bytes(int count, int kind, int number, int index)
    {
        byte[] bytes = new byte[Digest.SizeBytes];
        for (int word = 0; word < bytes.Length / sizeof(ulong); word++)
        {
            ulong value = unchecked((((ulong)kind << 60) ^ ((ulong)(uint)number << 30) ^ (uint)index)
                + ((ulong)word * 0xD1B5_4A32_D192_ED03) + 0x9E37_79B9_7F4A_7C15);
            value = unchecked((value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9);
            value = unchecked((value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB);
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(word * sizeof(ulong)), value ^ (value >> 31));
        }

        return bytes[..count];
    }
}
