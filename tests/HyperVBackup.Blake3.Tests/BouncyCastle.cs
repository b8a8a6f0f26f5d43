using System.Text;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Parameters;

namespace HyperVBackup.Blake3.Tests;

/// <summary>BouncyCastle's BLAKE3: the second opinion on the prefixes of the test pattern.</summary>
internal static class BouncyCastle
{
    /// <summary>The hashes of the prefixes of these lengths, which must ascend, in their order.</summary>
    public static byte[][] HashPrefixes(ModeKind kind, IReadOnlyList<int> lengths)
    {
        Blake3Digest all = Create(kind);
        byte[][] hashes = new byte[lengths.Count][];
        int doneBytes = 0;
        for (int i = 0; i < hashes.Length; i++)
        {
            all.BlockUpdate(TestData.Pattern(doneBytes, lengths[i] - doneBytes));
            doneBytes = lengths[i];
            Blake3Digest prefix = new(all);
            hashes[i] = new byte[Blake3Mode.DigestSizeBytes];
            prefix.DoFinal(hashes[i]);
        }
        return hashes;
    }

    private static Blake3Digest Create(ModeKind kind)
    {
        Blake3Digest digest = new();
        digest.Init(kind switch
        {
            ModeKind.Keyed => Blake3Parameters.Key(TestData.Key.ToArray()),
            ModeKind.DeriveKey => Blake3Parameters.Context(Encoding.UTF8.GetBytes(TestData.Context)),
            _ => null,
        });
        return digest;
    }
}
