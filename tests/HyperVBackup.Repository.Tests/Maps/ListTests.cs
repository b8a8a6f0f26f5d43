using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Maps;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maps;

public sealed class ListTests
{
    private readonly MemoryMaps maps = new();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(24_999, 1)]
    [InlineData(25_000, 1)]
    [InlineData(25_001, 2)]
    [InlineData(60_000, 3)]
    public async Task Changes_come_back_as_they_were_added_in_full_segments(int count, int segmentCount)
    {
        List<ChangedChunk> changes = [.. Enumerable.Range(0, count)
            .Select(index => new ChangedChunk((index * 3L) + (index % 3), Disk.Id(index)))];
        ListReference list = await Changes.StoreAsync(maps, changes);
        Assert.Equal((ListKind.Changes, (long)count), (list.Kind, list.EntryCount));
        Assert.Equal(segmentCount + 1, maps.ListCount);
        Assert.Equal(changes, await Changes.ReadAsync(maps, list));
        Assert.Equal(segmentCount + 1, maps.ListReadCount);
    }

    [Fact]
    public async Task A_list_of_nothing_is_not_stored_and_reads_as_empty()
    {
        ListReference list = await Changes.StoreAsync(maps, []);
        Assert.Equal(new ListReference(ListKind.Changes, default, 0, default), list);
        Assert.Equal(0, maps.ListCount);
        Assert.Empty(await Changes.ReadAsync(maps, list));
    }

    [Fact]
    public async Task A_segment_is_read_only_when_it_is_needed()
    {
        ListReference list = await Changes.StoreAsync(
            maps, Enumerable.Range(0, 60_000).Select(index => new ChangedChunk(index, Disk.Id(1))));
        var reader = new ChangeListReader(list, maps);
        Assert.True(await reader.MoveNextAsync(default));
        Assert.Equal(2, maps.ListReadCount);
    }

    [Fact]
    public async Task Ranges_come_back_as_they_were_added()
    {
        List<ListedRange> ranges = [.. Enumerable.Range(0, 30_000)
            .Select(index => new ListedRange(index * 10L, 5 + (index % 6)))];
        var writer = new RangeListWriter(ListKind.AuditedRanges, maps, ContentHasher.Plain);
        foreach (ListedRange range in ranges)
        {
            await writer.AddAsync(range, default);
        }

        ListReference list = await writer.FinishAsync(default);
        Assert.Equal((ListKind.AuditedRanges, 30_000L), (list.Kind, list.EntryCount));
        var reader = new RangeListReader(list, maps);
        List<ListedRange> read = [];
        while (await reader.MoveNextAsync(default))
        {
            read.Add(reader.Current);
        }

        Assert.Equal(ranges, read);
    }

    [Fact]
    public async Task Entries_out_of_order_are_refused_at_once()
    {
        var changes = new ChangeListWriter(maps, ContentHasher.Plain);
        await changes.AddAsync(new ChangedChunk(7, Disk.Id(1)), default);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            async () => await changes.AddAsync(new ChangedChunk(7, Disk.Id(1)), default));
        var ranges = new RangeListWriter(ListKind.ReportedRanges, maps, ContentHasher.Plain);
        await ranges.AddAsync(new ListedRange(10, 10), default);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            async () => await ranges.AddAsync(new ListedRange(19, 10), default));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            async () => await ranges.AddAsync(new ListedRange(20, 0), default));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_head_that_disagrees_with_its_segments_is_refused(int wrong)
    {
        byte[] body = ChangeListSegment.Write([new ChangedChunk(5, Disk.Id(1)), new ChangedChunk(9, Disk.Id(2))]);
        ListId id = ContentHasher.Plain.IdOfList(body);
        var segment = new ListSegment(
            id, wrong == 0 ? 4 : 5, wrong == 1 ? 3 : 2, await maps.WriteListAsync(id, body, default));
        ListSegment[] segments = wrong == 2 ? [segment, segment with { FirstKey = 6 }] : [segment];
        ListReference list = await StoreHeadAsync(segments);
        await Assert.ThrowsAsync<CorruptDataException>(() => Changes.ReadAsync(maps, list));
    }

    [Fact]
    public async Task Segments_that_overlap_are_refused()
    {
        byte[] first = ChangeListSegment.Write([new ChangedChunk(5, Disk.Id(1)), new ChangedChunk(9, Disk.Id(2))]);
        byte[] second = ChangeListSegment.Write([new ChangedChunk(9, Disk.Id(3))]);
        ListId firstId = ContentHasher.Plain.IdOfList(first);
        ListId secondId = ContentHasher.Plain.IdOfList(second);
        ListReference list = await StoreHeadAsync([
            new ListSegment(firstId, 5, 2, await maps.WriteListAsync(firstId, first, default)),
            new ListSegment(secondId, 9, 1, await maps.WriteListAsync(secondId, second, default))]);
        await Assert.ThrowsAsync<CorruptDataException>(() => Changes.ReadAsync(maps, list));
    }

    [Theory]
    [InlineData(20, true)]
    [InlineData(19, false)]
    public async Task Ranges_may_touch_across_segments_but_not_overlap(long secondStart, bool isGood)
    {
        ListSegment[] segments = new ListSegment[2];
        ListedRange[] ranges = [new(10, 10), new(secondStart, 10)];
        for (int index = 0; index < ranges.Length; index++)
        {
            byte[] body = RangeListSegment.Write(ListKind.ReportedRanges, [ranges[index]]);
            ListId id = ContentHasher.Plain.IdOfList(body);
            RecordPlace place = await maps.WriteListAsync(id, body, default);
            segments[index] = new ListSegment(id, ranges[index].StartBytes, 1, place);
        }

        var reader = new RangeListReader(await StoreHeadAsync(segments, ListKind.ReportedRanges), maps);
        Assert.True(await reader.MoveNextAsync(default));
        Exception? refusal = await Record.ExceptionAsync(async () => await reader.MoveNextAsync(default));
        Assert.Equal(isGood ? null : typeof(CorruptDataException), refusal?.GetType());
    }

    [Fact]
    public async Task A_reference_that_counts_other_than_the_head_is_refused()
    {
        ListReference list = await Changes.StoreAsync(maps, [new ChangedChunk(5, Disk.Id(1))]);
        await Assert.ThrowsAsync<CorruptDataException>(() => Changes.ReadAsync(maps, list with { EntryCount = 2 }));
    }

    [Fact]
    public async Task A_list_of_another_kind_is_refused()
    {
        var ranges = new RangeListWriter(ListKind.ReportedRanges, maps, ContentHasher.Plain);
        await ranges.AddAsync(new ListedRange(10, 10), default);
        ListReference list = await ranges.FinishAsync(default);
        Assert.Throws<ArgumentException>(() => new ChangeListReader(list, maps));
        await Assert.ThrowsAsync<CorruptDataException>(
            () => Changes.ReadAsync(maps, list with { Kind = ListKind.Changes }));
    }

    [Fact]
    public async Task A_configuration_file_comes_back()
    {
        var file = new ConfigurationFile("Virtual Machines/vm.vmcx", new byte[] { 1, 2, 3 });
        ListReference list = await ConfigurationFiles.WriteAsync(file, maps, ContentHasher.Plain, default);
        Assert.Equal((ListKind.ConfigurationFile, 1L), (list.Kind, list.EntryCount));
        ConfigurationFile read = await ConfigurationFiles.ReadAsync(list, maps, default);
        Assert.Equal(file.Name, read.Name);
        Assert.Equal(file.Content.ToArray(), read.Content.ToArray());
    }

    private async Task<ListReference> StoreHeadAsync(
        ListSegment[] segments, ListKind kind = ListKind.Changes)
    {
        byte[] head = ListHead.Write(kind, segments);
        ListId id = ContentHasher.Plain.IdOfList(head);
        return new ListReference(
            kind,
            id,
            segments.Sum(segment => (long)segment.EntryCount),
            await maps.WriteListAsync(id, head, default));
    }
}
