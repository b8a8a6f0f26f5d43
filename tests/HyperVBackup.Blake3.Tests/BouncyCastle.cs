using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Parameters;

namespace HyperVBackup.Blake3.Tests;

/// <summary>BouncyCastle's BLAKE3: the second opinion. Not thread-safe.</summary>
internal sealed class BouncyCastle
{
    private readonly Blake3Digest digest = new();

    public BouncyCastle(ModeKind kind)
    {
        switch (kind)
        {
            case ModeKind.Keyed:
                digest.Init(Blake3Parameters.Key(TestData.Key.ToArray()));
                break;
            case ModeKind.DeriveKey:
                digest.Init(Blake3Parameters.Context(System.Text.Encoding.UTF8.GetBytes(TestData.Context)));
                break;
        }
    }

    public byte[] Hash(ReadOnlySpan<byte> input)
    {
        byte[] output = new byte[Blake3Mode.DigestSizeBytes];
        digest.BlockUpdate(input);
        digest.DoFinal(output);
        return output;
    }
}
