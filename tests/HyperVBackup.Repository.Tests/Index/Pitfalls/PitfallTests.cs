using System.Reflection;
using HyperVBackup.Repository.Index;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index.Pitfalls;

/// <summary>The pitfalls of FASTER by number, each with the test that reproduces it and those that show that an index
/// does not fall into it.</summary>
public sealed class PitfallTests
{
    private const int PitfallCount = 10;

    private static readonly (int Number, string What, string Reproduced, string[] Harmless)[] Pitfalls =
    [
        (1, "a hash table of 2 GiB is not written, and lost without a word",
            nameof(FasterTests) + "." + nameof(FasterTests.Two_gibibytes_are_not_written_and_no_exception_says_so),
            [nameof(PitfallTests) + "." + nameof(The_hash_table_is_small_and_never_saved)]),
        (2, "failed reads and writes are swallowed, and what was there is absent then",
            nameof(FasterTests) + "." + nameof(FasterTests.A_log_that_is_gone_is_read_as_if_nothing_had_been_in_it),
            [
                nameof(IndexDamageTests) + "." + nameof(IndexDamageTests.A_damaged_file_gives_right_answers_or_none),
                nameof(IndexDamageTests) + "."
                    + nameof(IndexDamageTests.A_log_cut_off_while_open_is_noticed_where_it_is_read),
                nameof(IndexFaultTests) + "."
                    + nameof(IndexFaultTests.The_device_answers_every_call_counts_faults_and_spares_saved_bytes),
            ]),
        (3, "on a full disk it waits for ever",
            nameof(FasterTests) + "." + nameof(FasterTests.A_disk_that_takes_nothing_more_makes_it_wait_for_ever),
            [
                nameof(IndexFaultTests) + "." + nameof(IndexFaultTests.A_full_disk_gives_the_index_up),
                nameof(IndexFaultTests) + "." + nameof(IndexFaultTests.A_log_that_cannot_be_written_gives_the_index_up),
                nameof(FasterChunkIndexTests) + "."
                    + nameof(FasterChunkIndexTests.An_index_abandoned_for_a_hang_finds_nothing_and_is_discarded),
            ]),
        (4, "it recovers from a half-deleted checkpoint in place of the good one",
            nameof(FasterTests) + "."
                + nameof(FasterTests.A_half_deleted_checkpoint_is_recovered_in_place_of_a_good_one),
            [
                nameof(IndexCrashTests) + "."
                    + nameof(IndexCrashTests.A_kill_at_any_moment_of_a_save_loses_no_save_before),
                nameof(PitfallTests) + "." + nameof(The_hash_table_is_small_and_never_saved),
            ]),
        (5, "an incremental snapshot says the cookie of an older one",
            nameof(FasterTests) + "." + nameof(FasterTests.An_incremental_snapshot_says_the_cookie_of_an_older_one),
            [
                nameof(IndexDamageTests) + "."
                    + nameof(IndexDamageTests.An_older_copy_of_all_files_covers_what_it_did),
                nameof(IndexCrashTests) + "."
                    + nameof(IndexCrashTests.A_kill_at_any_moment_of_a_save_loses_no_save_before),
            ]),
        (6, "two processes open one store",
            nameof(FasterTests) + "." + nameof(FasterTests.Two_open_one_log_and_neither_hears_of_it),
            [nameof(IndexCrashTests) + "." + nameof(IndexCrashTests.A_second_process_reads_beside_one_that_saves)]),
        (7, "its hash table grows beyond its size, up to a limit at which it throws",
            nameof(FasterTests) + "." + nameof(FasterTests.The_size_of_the_hash_table_is_no_limit),
            [nameof(PitfallTests) + "." + nameof(No_budget_lets_the_hash_table_overflow)]),
        (8, "its defaults take all memory",
            nameof(FasterTests) + "." + nameof(FasterTests.Its_defaults_take_sixteen_gibibytes),
            [nameof(IndexSizesTests) + "." + nameof(IndexSizesTests.The_parts_are_no_more_than_the_budget)]),
        (9, "a checkpoint waits for every session that is inside an operation",
            nameof(FasterTests) + "." + nameof(FasterTests.A_checkpoint_waits_for_whoever_is_inside_an_operation),
            [
                nameof(FasterChunkIndexTests) + "."
                    + nameof(FasterChunkIndexTests.An_index_abandoned_for_a_hang_finds_nothing_and_is_discarded),
            ]),
        (10, "a recovery changes entries that follow, in their page, what it does not look after",
            nameof(FasterTests) + "." + nameof(FasterTests.What_lies_before_its_entries_in_their_page_costs_entries),
            [nameof(IndexDamageTests) + "." + nameof(IndexDamageTests.Settled_entries_that_are_zeroed_cost_no_others)]),
    ];

    [Fact]
    public void Each_is_reproduced_and_shown_harmless()
    {
        Assert.Equal(Enumerable.Range(1, PitfallCount), Pitfalls.Select(pitfall => pitfall.Number));
        Assert.All(Pitfalls, pitfall =>
        {
            Assert.NotEmpty(pitfall.What);
            Assert.NotEmpty(pitfall.Harmless);
            Assert.All([pitfall.Reproduced, .. pitfall.Harmless], RequireTest);
        });
    }

    /// <summary>Nothing of FASTER's is saved but its account of the log, which says where that ends.</summary>
    [Fact]
    public void The_hash_table_is_small_and_never_saved()
    {
        Assert.InRange(IndexSizes.For(1L << 50).HashTableBytes, 1, 1 << 30);
        using MarkKeeper keeper = new(default, []);
        Assert.Throws<NotSupportedException>(() => keeper.CommitIndexCheckpoint(default, []));
        Assert.Throws<NotSupportedException>(() => keeper.GetIndexDevice(default));
        Assert.Throws<NotSupportedException>(() => keeper.GetSnapshotLogDevice(default));
        Assert.Empty(keeper.GetIndexCheckpointTokens());
    }

    [Theory]
    [InlineData(16L << 20)]
    [InlineData(1L << 30)]
    [InlineData(1L << 40)]
    public void No_budget_lets_the_hash_table_overflow(long budgetBytes)
    {
        IndexSizes sizes = IndexSizes.For(budgetBytes);
        const int BucketBytes = 64;
        const int BucketEntryCount = 7;
        Assert.InRange(sizes.TailCountMax, 1, sizes.HashTableBytes / BucketBytes * BucketEntryCount);
    }

    private static void RequireTest(string name)
    {
        string[] parts = name.Split('.');
        MethodInfo method = Assert.Single(
            typeof(PitfallTests).Assembly.GetTypes().Where(type => type.Name == parts[0])
                .SelectMany(type => type.GetMethods()),
            method => method.Name == parts[1]);
        Assert.NotEmpty(method.GetCustomAttributes<FactAttribute>());
    }
}
