using System.Buffers.Binary;
using HyperVBackup.Format;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Collect.Marks;
using HyperVBackup.Testing.Tools;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect.Marks;

/// <summary>Going over sorted values from id to id, against going over all of them.</summary>
public sealed class SortedCursorTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)] // where one lies cannot be told from what it is
    public void A_cursor_stops_at_the_first_that_is_not_below(bool areSpread)
    {
        for (int seed = 0; seed < 60; seed++)
        {
            Random random = new(seed);
            Mark[] marks = MakeMarks(random, random.Next(1, seed % 3 == 0 ? 8_000 : 600), areSpread);
            SortedCursor<Mark> cursor = new(new Watched(marks));
            int at = 0;
            for (int count = random.Next(1, 200); count > 0; count--)
            {
                if (random.Next(3) == 0 && cursor.HasCurrent)
                {
                    cursor.MoveNext();
                    at++;
                }
                else
                {
                    Digest id = random.Next(2) == 0 && at < marks.Length
                        ? marks[random.Next(at, Math.Min(marks.Length, at + random.Next(1, 2000)))].Id
                        : IdOf(random.Next(), areSpread);
                    cursor.SkipTo(id);
                    while (at < marks.Length && marks[at].Id.CompareTo(id) < 0)
                    {
                        at++;
                    }
                }

                Assert.True(cursor.HasCurrent == (at < marks.Length), $"seed {seed}");
                Assert.True(!cursor.HasCurrent || cursor.Current == marks[at], $"seed {seed}");
            }
        }
    }

    [Fact]
    public void A_look_up_far_away_reads_a_few_pieces()
    {
        Random random = new(1);
        Mark[] marks = MakeMarks(random, 100_000, areSpread: true);
        Watched watched = new(marks);
        SortedCursor<Mark> cursor = new(watched);
        Digest[] wanted = [.. Enumerable.Range(0, 30).Select(_ => marks[random.Next(marks.Length)].Id).Order()];
        foreach (Digest id in wanted)
        {
            cursor.SkipTo(id);
            Assert.Equal(id, cursor.Current.Id);
        }

        Assert.InRange(watched.ReadCount, 30 * Watched.PieceOf, 180 * Watched.PieceOf);
    }

    [Fact]
    public void Values_that_were_sorted_in_files_are_found_as_well()
    {
        using TestFolder folder = new();
        Mark[] marks = MakeMarks(new Random(2), 10_000, areSpread: true);
        using Sorter<Mark> sorter = new(new ScratchFolder(folder.Path, processId: 1), heldBytesMax: 64 << 10, Mark.Add);
        foreach (Mark mark in marks.OrderBy(mark => mark.Count))
        {
            sorter.Add(mark with { Count = mark.Count - 5 });
        }

        foreach (Mark mark in marks)
        {
            sorter.Add(mark with { Count = 5 });
        }

        sorter.Settle();
        Assert.Equal(marks, sorter.Read());
        SortedCursor<Mark> cursor = new(sorter);
        foreach (Mark mark in marks.Where((_, index) => index % 777 == 5))
        {
            cursor.SkipTo(mark.Id);
            Assert.Equal(mark, cursor.Current);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(101)]
    [InlineData(102)]
    [InlineData(1_000)]
    public void A_table_gives_what_was_written_and_notices_any_byte_that_changes(int count)
    {
        using TestFolder folder = new();
        Mark[] marks = MakeMarks(new Random(count), count, areSpread: true);
        string path = folder.File("table");
        Digest id = IdOf(7, areSpread: true);
        using MarkTableWriter writer = new(Open(path, FileMode.CreateNew), id);
        Array.ForEach(marks, mark => writer.Add(mark));
        using (MarkTable table = writer.Finish())
        {
            Assert.Equal(marks, ReadAll(table));
        }

        byte[] content = File.ReadAllBytes(path);
        Assert.Equal(MarkTable.LengthOf(count), content.Length);
        Random random = new(3);
        for (int tries = 0; tries < 100; tries++)
        {
            byte[] damaged = [.. content];
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path, damaged);
            using MarkTable table = new(Open(path, FileMode.Open), id, count);
            Assert.Throws<MarksUnusableException>(() => ReadAll(table));
        }

        File.WriteAllBytes(path, content);
        using MarkTable other = new(Open(path, FileMode.Open), IdOf(8, areSpread: true), count);
        Assert.Throws<MarksUnusableException>(() => ReadAll(other));
    }

    private static List<Mark> ReadAll(MarkTable table)
    {
        List<Mark> found = [];
        for (SortedCursor<Mark> cursor = new(table); cursor.HasCurrent; cursor.MoveNext())
        {
            found.Add(cursor.Current);
        }

        return found;
    }

    private static SafeFileHandle Open(string path, FileMode mode) =>
        File.OpenHandle(path, mode, FileAccess.ReadWrite);

    private static Mark[] MakeMarks(Random random, int count, bool areSpread) =>
    [
        .. Enumerable.Range(0, count).Select(_ => random.Next()).Distinct()
            .Select(number => IdOf(number, areSpread)).Order()
            .Select((id, index) => new Mark(id, index + 1)),
    ];

    private static Digest IdOf(int number, bool areSpread)
    {
        byte[] bytes = new byte[Digest.SizeBytes];
        ulong spread = unchecked(areSpread ? (ulong)number * 0x9E3779B97F4A7C15 : (ulong)number << (number % 32));
        BinaryPrimitives.WriteUInt64BigEndian(bytes, spread);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(Digest.SizeBytes - sizeof(int)), number);
        return new Digest(bytes);
    }

    private sealed class Watched(Mark[] marks) : ISortedSource<Mark>
    {
        public const int PieceOf = 101;

        public long Count => marks.Length;

        public int PieceCount => PieceOf;

        public long ReadCount { get; private set; }

        public void Read(long first, Span<Mark> output)
        {
            Assert.Equal(0, first % PieceOf);
            ReadCount += output.Length;
            marks.AsSpan((int)first, output.Length).CopyTo(output);
        }
    }
}
