using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Parity;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using Xunit;

namespace HyperVBackup.Format.Tests.Pages;

/// <summary>The pages of repo-format/ say what the code does.</summary>
public static class PageTests
{
    /// <summary>Page, which of its tables, where each field begins, and where the last ends (0: it varies).</summary>
    public static TheoryData<string, int, int[], int> Layouts => new()
    {
        {
            "file-header.md",
            0,
            [
                FileHeader.MagicAt, FileHeader.VersionAt, FileHeader.KindAt, FileHeader.NameLengthAt,
                FileHeader.ReservedAt, FileHeader.RepositoryAt, FileHeader.NameAt, FileHeader.ChecksumAt,
            ],
            FileHeader.SizeBytes
        },
        {
            "record.md",
            0,
            [
                RecordHeader.ChecksumAt, RecordHeader.MagicAt, RecordHeader.TypeAt, RecordHeader.CodecAt,
                RecordHeader.FlagsAt, RecordHeader.PlainLengthAt, RecordHeader.StoredLengthAt, RecordHeader.KeyIdAt,
                RecordHeader.ExtensionLengthAt, RecordHeader.ReservedAt, RecordHeader.IdAt,
            ],
            RecordHeader.SizeBytes
        },
        {
            "chunk-record.md",
            0,
            [ChunkRecord.TagAt, ChunkRecord.TagReservedAt, ChunkRecord.TagLengthAt, ChunkRecord.BitmapAt],
            0
        },
        {
            "delta-record.md",
            0,
            [Recipe.SourceCountAt, Recipe.ReservedAt, Recipe.PageCountAt, Recipe.SourcesAt],
            0
        },
        { "delta-record.md", 1, [Recipe.SourceIdAt, Recipe.SourceHintAt], Recipe.SourceSizeBytes },
        {
            "pack.md",
            0,
            [
                PackEntry.IdAt, PackEntry.OffsetAt, PackEntry.LengthAt, PackEntry.TypeAt, PackEntry.CodecAt,
                PackEntry.StoredPageCountAt, PackEntry.PlainLengthAt, PackEntry.HookAt,
            ],
            PackEntry.SizeBytes
        },
        {
            "pack.md",
            1,
            [
                PackTrailer.MagicAt, PackTrailer.PageSectionStartAt, PackTrailer.PageSectionLengthAt,
                PackTrailer.RecipeSectionStartAt, PackTrailer.RecipeSectionLengthAt, PackTrailer.TableStartAt,
                PackTrailer.EntryCountAt, PackTrailer.PagesPerChunkAt, PackTrailer.ReservedAt,
                PackTrailer.PageSectionChecksumAt, PackTrailer.RecipeSectionChecksumAt, PackTrailer.TableChecksumAt,
                PackTrailer.ChecksumAt,
            ],
            PackTrailer.SizeBytes
        },
        {
            "parity.md",
            0,
            [
                0, ParityHead.SessionAt, ParityHead.RowsPerStripeAt, ParityHead.PercentAt, ParityHead.PackCountAt,
                ParityHead.ReservedAt, ParityHead.PacksAt, ParityHead.PaddingAt, ParityHead.ChecksumAt,
            ],
            ParityHead.SizeBytes
        },
        { "parity.md", 1, [0, ParityHead.PackLengthAt], ParityHead.PackSizeBytes },
        { "parity.md", 2, [0, ChecksumPages.ChecksumAt], ChecksumPages.SizeBytes },
        { "map-node.md", 0, [MapNode.LevelAt, MapNode.ReservedAt, MapNode.BitmapAt, MapNode.ChildrenAt], 0 },
        { "map-node.md", 1, [NodeHints.SessionAt, NodeHints.NumberAt], NodeHints.PackSizeBytes },
        { "map-node.md", 2, [NodeHints.FormAt, NodeHints.RestAt], 0 },
        {
            "lists.md",
            0,
            [ListHeader.KindAt, ListHeader.SegmentKindAt, ListHeader.ReservedAt, ListHeader.EntryCountAt],
            ListHeader.SizeBytes
        },
        {
            "lists.md",
            1,
            [ChangeListSegment.RunStartAt, ChangeListSegment.RunCountAt, ChangeListSegment.RunIdsAt],
            0
        },
        {
            "lists.md",
            2,
            [RangeListSegment.RangeStartAt, RangeListSegment.RangeLengthAt],
            RangeListSegment.RangeSizeBytes
        },
        {
            "lists.md",
            3,
            [
                ListHead.SegmentIdAt, ListHead.FirstKeyAt, ListHead.EntryCountAt, ListHead.PlaceAt,
                ListHead.ReservedAt,
            ],
            ListHead.SegmentSizeBytes
        },
        {
            "lists.md",
            4,
            [StoredPlace.SessionAt, StoredPlace.NumberAt, StoredPlace.OffsetAt, StoredPlace.LengthAt],
            StoredPlace.SizeBytes
        },
        {
            "lists.md",
            5,
            [ListReference.KindAt, ListReference.HeadAt, ListReference.EntryCountAt, ListReference.PlaceAt],
            ListReference.SizeBytes
        },
        {
            "repository-settings.md",
            0,
            [
                RepositorySettings.ChunkSizeAt, RepositorySettings.FanOutAt, RepositorySettings.CodecAt,
                RepositorySettings.LevelAt, RepositorySettings.ParityPercentAt, RepositorySettings.RequiredFeaturesAt,
                RepositorySettings.OptionalFeaturesAt, RepositorySettings.CreatedAt,
                RepositorySettings.KeySlotCountAt,
            ],
            RepositorySettings.SizeBytes
        },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public static void A_table_has_the_offsets_and_sizes_of_the_code(string page, int table, int[] starts, int end)
    {
        ArgumentNullException.ThrowIfNull(starts);
        IReadOnlyList<PageTable.Row> rows = PageTable.ReadAll(page)[table].Rows;
        Assert.Equal(starts, rows.Select(row => row.Offset));
        IEnumerable<int?> ends = starts.Skip(1).Append(end).Select(value => (int?)value);
        int?[] sizes = [.. ends.Zip(starts, (next, start) => next == 0 ? null : next - start)];
        Assert.Equal(sizes, rows.Select(row => row.Size));
    }

    [Fact]
    public static void Every_table_of_fixed_places_is_held_against_the_code()
    {
        IEnumerable<string> expected = Directory.EnumerateFiles(PageTable.PathOf(""), "*.md")
            .Select(file => Path.GetFileName(file))
            .SelectMany(page => PageTable.ReadAll(page).Select((_, table) => $"{page} {table}"))
            .Order(StringComparer.Ordinal);
        IEnumerable<string> compared = Layouts.Select(layout => $"{layout.Data.Item1} {layout.Data.Item2}");
        Assert.Equal(expected, compared.Order(StringComparer.Ordinal));
    }

    [Fact]
    public static void The_page_of_limits_lists_the_limits_of_the_code()
    {
        IEnumerable<string> ofCode = typeof(FormatLimits).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field =>
                string.Create(CultureInfo.InvariantCulture, $"{field.Name} {field.GetRawConstantValue()}"));
        IEnumerable<string> ofPage = File.ReadLines(PageTable.PathOf("limits.md"))
            .Select(line => line.Split('|').Select(cell => cell.Trim()).ToArray())
            .Where(cells => cells.Length > 3 && cells[2].All(char.IsAsciiDigit))
            .Select(cells => $"{cells[1]} {cells[2]}");
        Assert.Equal(ofCode.Order(StringComparer.Ordinal), ofPage.Order(StringComparer.Ordinal));
    }

    [Fact]
    public static void Every_link_of_a_page_leads_somewhere()
    {
        foreach (string file in Directory.EnumerateFiles(PageTable.PathOf(""), "*.md"))
        {
            foreach (Match link in Regex.Matches(File.ReadAllText(file), @"\]\(([^)]+)\)"))
            {
                string target = PageTable.PathOf(link.Groups[1].Value);
                Assert.True(Path.Exists(target), $"{Path.GetFileName(file)} links to {link.Groups[1].Value}");
            }
        }
    }

    [Fact]
    public static void The_page_of_ids_names_the_contexts_of_the_code()
    {
        string page = File.ReadAllText(PageTable.PathOf("ids.md"));
        string[] contexts =
        [
            ContentHasher.ChunkContext, ContentHasher.NodeContext, ContentHasher.ListContext,
            ContentHasher.RootContext,
        ];
        Assert.All(contexts, context => Assert.Contains($"`{context}`", page, StringComparison.Ordinal));
    }
}
