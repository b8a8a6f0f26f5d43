using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HyperVBackup.ProtocolModel.Tests.Model;

/// <summary>All of a moment: what the store holds and how far each process has come.</summary>
/// <remarks>Sets of packs and of sessions are bytes, one bit each. What is gone leaves zeros, so that moments that
/// differ only in what is over are equal.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct State
{
    internal const int PackCountMax = 8;
    internal const int SessionCountMax = 8;
    internal const int ProcessCountMax = 10;
    internal const int CollectionCountMax = 6;

    /// <summary>Of the state's 64-bit words, the first ones: the store without its collections.</summary>
    internal const int StoreWordCount = 4;

    private const int NibbleBits = 4;

    /// <summary>The packs that exist.</summary>
    internal byte Packs;

    /// <summary>The sessions that have a lease, a restore point, a fence, a prune mark, a pin.</summary>
    internal byte Leases;
    internal byte Points;
    internal byte Fences;
    internal byte Marks;
    internal byte Pins;

    /// <summary>The highest n of <c>condemned/n</c>; 0 if there is none.</summary>
    internal byte Highest;

    /// <summary>Bit n: <c>retired/n</c> exists.</summary>
    internal byte Retired;

    private PackContents contents;
    private uint pointChunks;
    private uint leaseNumbers;
    private ProcessWords processes;
    private CollectionWords collections;

    /// <summary>The chunks of all points.</summary>
    internal readonly int ChunksOfAllPoints
    {
        get
        {
            uint folded = pointChunks | pointChunks >> 16;
            folded |= folded >> 8;
            return (int)((folded | folded >> NibbleBits) & Data.Chunks);
        }
    }

    internal readonly bool IsDecided(int session) => Bits.Has(Points | Fences, session);

    internal readonly int ChunksOf(int session) => Nibble(pointChunks, session);

    /// <summary>The highest collection that the session's lease names.</summary>
    internal readonly int LeaseNumberOf(int session) => Nibble(leaseNumbers, session);

    internal readonly int ChunksOfPoints(int points)
    {
        int chunks = 0;
        for (int left = points & Points; left != 0; left &= left - 1)
        {
            chunks |= ChunksOf(Bits.Lowest(left));
        }

        return chunks;
    }

    /// <summary>What a pack holds, or what its writer has put into it so far.</summary>
    internal readonly int ContentOf(int pack) => contents[pack];

    /// <summary>What these packs hold together.</summary>
    internal readonly int ContentOfPacks(int packs)
    {
        int content = 0;
        for (int left = packs & Packs; left != 0; left &= left - 1)
        {
            content |= contents[Bits.Lowest(left)];
        }

        return content;
    }

    internal readonly Collection CollectionOf(int number) => collections[number - 1];

    internal readonly bool IsRetired(int number) => Bits.Has(Retired, number);

    /// <summary>Whether everything that <c>retired/number</c> names is gone. Names are what is looked for: a fence
    /// that was put where a point was deleted goes as well.</summary>
    internal readonly bool IsExecuted(int number)
    {
        Collection collection = CollectionOf(number);
        return IsRetired(number)
            && (collection.RetiredPacks & Packs) == 0
            && (collection.RetiredPoints & (Points | Fences)) == 0;
    }

    /// <summary>How far a process has come, as its kind keeps it.</summary>
    internal readonly T Read<T>(int process)
        where T : unmanaged => Unsafe.BitCast<ulong, T>(processes[process]);

    internal void Write<T>(int process, T fields)
        where T : unmanaged => processes[process] = Unsafe.BitCast<T, ulong>(fields);

    internal void PutLease(int session, int number)
    {
        Leases = Bits.With(Leases, session);
        leaseNumbers = WithNibble(leaseNumbers, session, number);
    }

    internal void DeleteLease(int session)
    {
        Leases = Bits.Without(Leases, session);
        leaseNumbers = WithNibble(leaseNumbers, session, 0);
    }

    /// <returns>Whether nothing stood at the session's name.</returns>
    internal bool TryPutPoint(int session, int chunks)
    {
        bool isFirst = !IsDecided(session);
        if (isFirst)
        {
            Points = Bits.With(Points, session);
            pointChunks = WithNibble(pointChunks, session, chunks);
        }

        return isFirst;
    }

    internal void TryPutFence(int session) =>
        Fences = IsDecided(session) ? Fences : Bits.With(Fences, session);

    /// <summary>Deletes what stands at the session's name.</summary>
    internal void DeletePoint(int session)
    {
        Fences = Bits.Without(Fences, session);
        Points = Bits.Without(Points, session);
        pointChunks = WithNibble(pointChunks, session, 0);
    }

    /// <summary>Adds to a pack that is not published yet.</summary>
    internal void Add(int pack, int content) => contents[pack] = (ushort)(contents[pack] | content);

    internal void Publish(int pack) => Packs = Bits.With(Packs, pack);

    internal void DeletePack(int pack)
    {
        Packs = Bits.Without(Packs, pack);
        contents[pack] = 0;
    }

    internal void SetCollection(int number, Collection collection) => collections[number - 1] = collection;

    /// <summary>Forgets collections that are all executed: what comes next is number 1 again, and every lease is
    /// older.</summary>
    internal void ForgetCollections()
    {
        (Highest, Retired, leaseNumbers) = (0, 0, 0);
        collections = default;
    }

    private static int Nibble(uint nibbles, int index) => (int)(nibbles >> NibbleBits * index & 15);

    private static uint WithNibble(uint nibbles, int index, int value) =>
        nibbles & ~(15u << NibbleBits * index) | (uint)value << NibbleBits * index;

    [InlineArray(PackCountMax)]
    private struct PackContents
    {
        private ushort first;
    }

    [InlineArray(ProcessCountMax)]
    private struct ProcessWords
    {
        private ulong first;
    }

    [InlineArray(CollectionCountMax)]
    private struct CollectionWords
    {
        private Collection first;
    }
}
