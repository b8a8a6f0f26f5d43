using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Parity;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>Vectors of the heads of parity files.</summary>
internal static class ParityVectors
{
    public static void Add(VectorSet.Good good, VectorSet.Bad bad)
    {
        const string Of = Structures.ParityHead;
        Sample sample = new(77);
        RepositoryId repository = sample.Repository();
        string name = new PackName(PackKind.Parity, sample.Session(), 4).BlobName;
        SessionId session = sample.Session();
        good.Add(Of, "smallest", ParityHead.Write(repository, name, new ParityGroup(session, [new(0, 1)], 1)));
        ProtectedPack[] most = 
            [.. Enumerable.Range(0, 32).Select(pack => new ProtectedPack((uint)(7 * pack), 1 << 30))];
        good.Add(Of, "largest", ParityHead.Write(repository, name, new ParityGroup(session, most, 100)));
        byte[] head = good.Add(Of, "usual", ParityHead.Write(
            repository, name, new ParityGroup(session, [new(0, 67_108_901), new(1, 67_200_000), new(5, 99)], 10)));
        bad.Add(Of, "checksum", "parity head: checksum", head, ParityHead.PacksAt, 9);
        bad.Add(Of, "short", "parity head: length", head[..^1]);
        Bad("session", "no group is like that", [.. Enumerable.Range(ParityHead.SessionAt, 16)], 0);
        Bad("no-rows", "no group is like that", [.. Enumerable.Range(ParityHead.RowsPerStripeAt, 4)], 0);
        Bad("rows-huge", "rows per stripe", [ParityHead.RowsPerStripeAt + 3], 0xFF);
        Bad("rows-too-many", "no group is like that", [ParityHead.RowsPerStripeAt + 1], 0xF0);
        Bad("percent-0", "no group is like that", [ParityHead.PercentAt], 0);
        Bad("percent-101", "no group is like that", [ParityHead.PercentAt], 101);
        Bad("no-pack", "pack count", [ParityHead.PackCountAt], 0);
        Bad("33-packs", "pack count", [ParityHead.PackCountAt], 33);
        Bad("fewer-packs", "padding", [ParityHead.PackCountAt], 2);
        Bad("reserved", "reserved", [ParityHead.ReservedAt], 1);
        Bad("padding", "padding", [ParityHead.ChecksumAt - 1], 1);
        Bad("packs-descend", "no group is like that", [ParityHead.PacksAt], 8);
        Bad("pack-too-long", "pack length", [ParityHead.PacksAt + ParityHead.PackLengthAt + 3], 0x80);

        void Bad(string fault, string complaint, int[] at, byte value)
        {
            byte[] bytes = [.. head];
            Array.ForEach(at, index => bytes[index] = value);
            Checksum.Write(bytes.AsSpan(0, ParityHead.ChecksumAt), bytes.AsSpan(ParityHead.ChecksumAt));
            bad.Add(Of, fault, "parity head: " + complaint, bytes);
        }
    }
}
