using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Packs;

public sealed class RecordReaderTests
{
    private static readonly SessionId Nobody = new("nobody's session"u8);

    public static TheoryData<string> HintKinds => ["unknown", "gone", "elsewhere", "length", "another"];

    [Theory]
    [MemberData(nameof(HintKinds))]
    public async Task A_wrong_hint_is_a_miss_and_never_an_error(string kind)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2, 3]);
        RestorePoint point = await sample.BackUpAsync([4, 5, 6], vm: "other");
        DiskPoint disk = point.Disks[0];
        RecordReader reader = New(sample);
        MapNode node = await reader.ReadNodeAsync(disk.TopNode, 1, Wrong(disk.TopPlace, kind), default);
        Assert.Equal(disk.TopNode, node.IdOf(ContentHasher.Plain));
        byte[] chunk = new byte[SampleRepository.ChunkSizeBytes];
        await reader.ReadChunkAsync(new ChunkId(node.GetChild(1)), Wrong(node.GetPlace(1), kind), chunk, default);
        Assert.Equal(SampleRepository.Chunk(5), chunk);
        ListReference file = point.ConfigurationFiles[0];
        byte[] list = await reader.ReadListAsync(file.Head, Wrong(file.Place, kind), default);
        Assert.Equal(file.Head, ContentHasher.Plain.IdOfList(list));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task The_other_copy_of_a_map_pack_serves_with_and_without_a_hint(bool isFirstLost, bool hasHint)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        DiskPoint disk = (await sample.BackUpAsync([1, 2])).Disks[0];
        PackName pack = disk.TopPlace.Pack;
        string lost = isFirstLost ? pack.BlobName : pack.MirrorBlobName;
        RecordPlace hint = hasHint ? disk.TopPlace : default;
        byte[] whole = [.. sample.Store[new BlobName(lost)]];

        sample.Store[new BlobName(lost)][disk.TopPlace.OffsetBytes + 100] ^= 1;
        await New(sample).ReadNodeAsync(disk.TopNode, 1, hint, default);
        sample.Store[new BlobName(lost)] = [.. whole[..^1], (byte)(whole[^1] ^ 1)];
        await New(sample).ReadNodeAsync(disk.TopNode, 1, hint, default);
        await sample.Store.DeleteAsync(new BlobName(lost), default);
        await New(sample).ReadNodeAsync(disk.TopNode, 1, hint, default);
    }

    [Fact]
    public async Task A_place_that_the_store_fails_to_read_for_a_moment_is_not_lost()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        DiskPoint disk = (await sample.BackUpAsync([1, 2])).Disks[0];
        RecordReader reader = New(sample);
        MapNode node = await reader.ReadNodeAsync(disk.TopNode, 1, disk.TopPlace, default);
        bool isAway = true;
        sample.Store.Before = call =>
        {
            bool fails = isAway && call.Kind == StoreCallKind.Read;
            isAway = false;
            _ = fails ? throw new StoreException("the store is away") : 0;
        };
        byte[] chunk = new byte[SampleRepository.ChunkSizeBytes];
        await reader.ReadChunkAsync(new ChunkId(node.GetChild(1)), node.GetPlace(1), chunk, default);
        Assert.Equal(SampleRepository.Chunk(2), chunk);
    }

    [Fact]
    public async Task What_has_no_good_copy_is_named()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1]);
        DiskPoint disk = point.Disks[0];
        MapNode node = await New(sample).ReadNodeAsync(disk.TopNode, 1, disk.TopPlace, default);
        foreach (BlobName name in sample.NamesIn("maps/").Concat(sample.NamesIn("mirror/maps/")))
        {
            sample.Store[name][disk.TopPlace.OffsetBytes + 90] ^= 1;
            sample.Store[name][point.ConfigurationFiles[0].Place.OffsetBytes + 90] ^= 1;
        }

        await sample.Store.DeleteAsync(sample.NamesIn("packs/")[0], default);
        RecordReader reader = New(sample);
        await AssertNamedAsync<CorruptDataException>(
            disk.TopNode.ToString(), () => reader.ReadNodeAsync(disk.TopNode, 1, disk.TopPlace, default).AsTask());
        ListReference file = point.ConfigurationFiles[0];
        await AssertNamedAsync<CorruptDataException>(
            file.Head.ToString(), () => reader.ReadListAsync(file.Head, file.Place, default).AsTask());
        ChunkId id = new(node.GetChild(0));
        byte[] chunk = new byte[SampleRepository.ChunkSizeBytes];
        await AssertNamedAsync<RepositoryDamagedException>(
            id.ToString(), () => reader.ReadChunkAsync(id, node.GetPlace(0), chunk, default).AsTask());
    }

    [Fact]
    public async Task A_node_of_another_level_is_refused()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        DiskPoint disk = (await sample.BackUpAsync([1])).Disks[0];
        await Assert.ThrowsAsync<CorruptDataException>(
            () => New(sample).ReadNodeAsync(disk.TopNode, 2, disk.TopPlace, default).AsTask());
    }

    [Fact]
    public async Task Rows_of_many_nodes_are_right_whatever_their_hints_and_first_copies_are()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        Random random = new(1);
        List<NodeReference> references = [];
        List<MapNode> nodes = [];
        for (int session = 0; session < 3; session++)
        {
            int[] disk = [.. Enumerable.Range(0, 400).Select(_ => random.Next(1, 200))];
            DiskPoint made = (await sample.BackUpAsync(disk, vm: $"vm{session}")).Disks[0];
            MapNode top = await New(sample).ReadNodeAsync(made.TopNode, 3, made.TopPlace, default);
            for (int slot = 0; slot < 2; slot++)
            {
                MapNode inner = await New(sample).ReadNodeAsync(
                    new NodeId(top.GetChild(slot)), 2, top.GetPlace(slot), default);
                for (int child = 0; child < 16 && !inner.GetChild(child).IsZero; child++)
                {
                    references.Add(new NodeReference(new NodeId(inner.GetChild(child)), inner.GetPlace(child)));
                    nodes.Add(await New(sample).ReadNodeAsync(references[^1].Id, 1, references[^1].Place, default));
                }
            }
        }

        int[] order = [.. Enumerable.Range(0, references.Count)];
        random.Shuffle(order);
        NodeReference[] asked = [.. order.Select((at, position) => references[at] with
        {
            Place = HintKinds.Count > position
                ? Wrong(references[at].Place, HintKinds.ElementAt(position).Data)
                : references[at].Place,
        })];
        foreach (NodeReference damaged in asked.Skip(20).Take(10))
        {
            byte[] file = sample.Store[new BlobName(damaged.Place.Pack.BlobName)];
            file[damaged.Place.OffsetBytes + random.Next(72, 120)] ^= 1;
        }

        byte[] rows = new byte[asked.Length * NodeRows.SizeBytes];
        await New(sample).ReadRowsAsync(1, asked, rows, default);
        byte[] expected = new byte[NodeRows.SizeBytes];
        for (int position = 0; position < asked.Length; position++)
        {
            NodeRows.Write(nodes[order[position]], expected);
            Assert.Equal(expected, rows.AsSpan(position * NodeRows.SizeBytes, NodeRows.SizeBytes).ToArray());
        }

        await Assert.ThrowsAsync<CorruptDataException>(
            () => New(sample).ReadRowsAsync(2, asked.AsMemory(..1), rows, default).AsTask());
        await AssertReadTogetherAsync(New(sample), asked, [.. order.Select(at => nodes[at])], references);
    }

    /// <summary>Of the first nodes the hints are wrong, then come 10 damaged ones; the others are good.</summary>
    private static async Task AssertReadTogetherAsync(
        RecordReader reader, NodeReference[] asked, MapNode[] expected, List<NodeReference> stored)
    {
        MapNode?[] read = await reader.TryReadNodesAsync(1, asked, default);
        for (int position = 0; position < asked.Length; position++)
        {
            bool isGood = stored.Contains(asked[position]) && position is < 20 or >= 30;
            Assert.Equal(isGood ? asked[position].Id : default, read[position]?.IdOf(ContentHasher.Plain) ?? default);
            Assert.Equal(isGood ? expected[position].GetPlace(1) : default, read[position]?.GetPlace(1) ?? default);
        }

        Assert.All(await reader.TryReadNodesAsync(2, asked, default), Assert.Null);
    }

    [Fact]
    public async Task A_damaged_chunk_is_read_from_another_pack()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RecordPlace first = await StoreAsync(sample, 1, [1]);
        RecordPlace second = await StoreAsync(sample, 2, [2, 1]);
        byte[] chunk = new byte[SampleRepository.ChunkSizeBytes];
        sample.Store[new BlobName(first.Pack.BlobName)][first.OffsetBytes + 90] ^= 1;
        await New(sample).ReadChunkAsync(SampleRepository.IdOf(1), first, chunk, default);
        Assert.Equal(SampleRepository.Chunk(1), chunk);
        await sample.Store.DeleteAsync(new BlobName(first.Pack.BlobName), default);
        await New(sample).ReadChunkAsync(SampleRepository.IdOf(1), first, chunk, default);
        Assert.Equal(SampleRepository.Chunk(1), chunk);
        await sample.Store.DeleteAsync(new BlobName(second.Pack.BlobName), default);
        await Assert.ThrowsAsync<RepositoryDamagedException>(
            () => New(sample).ReadChunkAsync(SampleRepository.IdOf(1), first, chunk, default).AsTask());
    }

    [Fact]
    public async Task A_damaged_chunk_is_read_from_another_record_of_its_pack()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RecordPlace last = await StoreAsync(sample, 1, [1, 2, 1]);
        byte[] chunk = new byte[SampleRepository.ChunkSizeBytes];
        byte[] file = sample.Store[new BlobName(last.Pack.BlobName)];
        foreach (int damagedAt in (int[])[FileHeader.SizeBytes + 90, (int)last.OffsetBytes + 90])
        {
            file[damagedAt] ^= 1;
            RecordPlace[] hints = [default, last, last with { OffsetBytes = FileHeader.SizeBytes }];
            foreach (RecordPlace hint in hints)
            {
                await New(sample).ReadChunkAsync(SampleRepository.IdOf(1), hint, chunk, default);
                Assert.Equal(SampleRepository.Chunk(1), chunk);
            }

            file[damagedAt] ^= 1;
        }
    }

    /// <returns>The place of the last of the chunks, all of which are stored, known or not.</returns>
    private static async Task<RecordPlace> StoreAsync(SampleRepository sample, byte session, int[] numbers)
    {
        PackName name = new(PackKind.Chunks, new SessionId([session, .. new byte[SessionId.SizeBytes - 1]]), 0);
        await using PackBuilder pack = await PackBuilder.CreateAsync(
            sample.Store, sample.Repository.Id, name, SampleRepository.ChunkSizeBytes / 4096, default);
        RecordPlace place = default;
        foreach (int number in numbers)
        {
            EncodedRecord encoded = SampleRepository.Encode(number, out byte[] record);
            place = pack.Note(encoded.Entry, encoded.PageHashes.Span);
            await pack.AppendAsync(record, default);
        }

        await pack.PublishAsync(default);
        return place;
    }

    private static RecordPlace Wrong(RecordPlace place, string kind) => kind switch
    {
        "unknown" => default,
        "gone" => place with { Pack = place.Pack with { Session = Nobody } },
        "elsewhere" => place with { OffsetBytes = place.OffsetBytes + 1 },
        "length" => place with { LengthBytes = place.LengthBytes - 1 },
        _ => place with { OffsetBytes = FileHeader.SizeBytes },
    };

    private static async Task AssertNamedAsync<TException>(string name, Func<Task> read)
        where TException : Exception =>
        Assert.Contains(name, (await Assert.ThrowsAsync<TException>(read)).Message, StringComparison.Ordinal);

    private static RecordReader New(SampleRepository sample) =>
        new(sample.Store, ContentHasher.Plain, new PackTables(sample.Store, sample.Repository.Id, 4 << 10));
}
