using System.Buffers.Binary;
using System.Text;
using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>A sum over names, the same in whatever order they come: each one's hash is added to it.</summary>
internal sealed class ListingSum
{
    private readonly ulong[] words = new ulong[Digest.SizeBytes / sizeof(ulong)];

    /// <param name="what">Tells equal names of different kinds apart.</param>
    public void Add<T>(string what, IEnumerable<T> names)
    {
        Span<byte> hash = stackalloc byte[Digest.SizeBytes];
        foreach (T name in names)
        {
            ContentHasher.Plain.IdOfList(Encoding.UTF8.GetBytes($"{what} {name}")).Value.WriteTo(hash);
            for (int index = 0; index < words.Length; index++)
            {
                ulong word = BinaryPrimitives.ReadUInt64LittleEndian(hash[(index * sizeof(ulong))..]);
                words[index] = unchecked(words[index] + word);
            }
        }
    }

    public Digest ToDigest()
    {
        Span<byte> bytes = stackalloc byte[Digest.SizeBytes];
        for (int index = 0; index < words.Length; index++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[(index * sizeof(ulong))..], words[index]);
        }

        return new Digest(bytes);
    }
}
