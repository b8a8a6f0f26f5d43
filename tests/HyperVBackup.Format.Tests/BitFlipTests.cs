using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Format.Rotation;
using Xunit;

namespace HyperVBackup.Format.Tests;

/// <summary>No single flipped bit in anything stored goes unnoticed.</summary>
public static class BitFlipTests
{
    [Fact]
    public static void Every_flipped_bit_of_a_restore_point_file_is_noticed()
    {
        RestorePoint point = new Sample(11).Point() with { Disks = [] };
        FileHeader header = new(FileKind.RestorePoint, new Sample(12).Repository(), FileNames.RestorePoint(point.Id));
        byte[] file = RecordFile.Write(header, point.Write(), Compression.Lz4);
        RequireEveryFlipNoticed(
            file, flipped => RecordFile.Read(flipped, header.Kind, header.Repository, header.Name), step: 1);
    }

    [Fact]
    public static void Every_flipped_bit_of_a_chunk_record_is_noticed()
    {
        byte[] chunk = new byte[FormatLimits.ChunkSizeMinBytes];
        chunk.AsSpan(5000, 3000).Fill(3);
        Digest[] hashes = new Digest[chunk.Length / FormatLimits.PageSizeBytes];
        ChunkId id = ContentHasher.Plain.IdOfChunk(chunk, hashes);
        byte[] record = new byte[ChunkRecord.EncodedSizeMax(chunk.Length)];
        record = record[..ChunkRecord.Encode(id, chunk, hashes, Compression.Lz4, record)];
        RequireEveryFlipNoticed(record, flipped => ChunkRecord.Decode(flipped, chunk), step: 1);
    }

    [Fact]
    public static void Every_flipped_bit_of_a_pack_is_noticed()
    {
        Sample sample = new(13);
        RequireFlipsOfPackNoticed(sample.MapPack(sample.Pack(PackKind.Maps), 1), step: 5);
        RequireFlipsOfPackNoticed(sample.ChunkPack(sample.Pack(PackKind.Chunks), 2, 16384), step: 397);
        RequireFlipsOfPackNoticed(new SampleDeltas(sample).Pack(sample.Pack(PackKind.Chunks), 1, 16384), step: 397);
        RequireFlipsOfPackNoticed(Vectors.DeltaPackVectors.SmallPack(sample), step: 1);
    }

    [Fact]
    public static void A_footer_of_random_bytes_under_right_checksums_never_fails_in_another_way()
    {
        byte[] pack = new Sample(14).MapPack(new Sample(15).Pack(PackKind.Maps), 3);
        Sample sample = new(16);
        for (int round = 0; round < 2000; round++)
        {
            byte[] bytes = [.. pack];
            int trailerAt = bytes.Length - PackTrailer.SizeBytes;
            int at = trailerAt - 200 + sample.Below(200 + PackTrailer.PageSectionChecksumAt);
            bytes[at] = (byte)sample.Below(256);
            Vectors.Reseal.Trailer(bytes);
            Exception? failure = Xunit.Record.Exception(() => SamplePack.Read(bytes));
            Assert.True(failure is null or CorruptDataException, failure?.ToString());
        }
    }

    [Fact]
    public static void Random_bodies_under_right_checksums_never_fail_in_another_way()
    {
        Sample sample = new(17);
        for (int round = 0; round < 3000; round++)
        {
            byte[] body = sample.Bytes(sample.Below(400));
            RequireOnlyRefusals(
                () => BodyCodec.Decode(Codec.Lz4, body, new byte[4096]),
                () => BodyCodec.Decode(Codec.Zstd, body, new byte[4096]),
                () => Recipe.Read(body),
                () => MapNode.Read(body),
                () => ChangeListSegment.Read(body),
                () => RangeListSegment.Read(ListKind.AuditedRanges, body),
                () => ListHead.Read(ListKind.Changes, body),
                () => ConfigurationFile.Read(body),
                () => RestorePoint.Read(Vectors.Structures.PointId, body),
                () => RepositorySettings.Read(body),
                () => Lease.Read(body),
                () => PruneMark.Read(body),
                () => CollectionSet.Read(body),
                () => SignOfLife.Read(body),
                () => Pin.Read(body),
                () => VerifiedNote.Read(body),
                () => DamageNote.Read(body));
        }
    }

    /// <summary>A point's body has no checksum of its own; changed, it is refused or reads as what it says.</summary>
    [Fact]
    public static void A_changed_point_is_refused_or_writes_back_as_it_was_read()
    {
        RestorePoint point = new Sample(18).Point();
        byte[] good = point.Write();
        for (int bit = 0; bit < good.Length * 8; bit++)
        {
            byte[] bytes = [.. good];
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Exception? failure = Xunit.Record.Exception(
                () => Assert.Equal(bytes, RestorePoint.Read(point.Id, bytes).Write()));
            Assert.True(failure is null or CorruptDataException, failure?.ToString());
        }
    }

    private static void RequireOnlyRefusals(params ReadOnlySpan<Action> readers)
    {
        foreach (Action read in readers)
        {
            Exception? failure = Xunit.Record.Exception(read);
            Assert.True(failure is null or CorruptDataException, failure?.ToString());
        }
    }

    private static void RequireFlipsOfPackNoticed(byte[] pack, int step)
    {
        FileHeader header = FileHeader.Read(pack);
        RequireEveryFlipNoticed(pack, flipped => SamplePack.Read(flipped).Header.Expect(
            header.Kind, header.Repository, header.Name), step);
    }

    private static void RequireEveryFlipNoticed(byte[] bytes, Action<byte[]> read, int step)
    {
        read(bytes);
        for (int bit = 0; bit < bytes.Length * 8; bit += step)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<CorruptDataException>(() => read(bytes));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }
}
