using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Parity;
using Xunit;

namespace HyperVBackup.Format.Tests.Parity;

public static class ParityStripeTests
{
    private static readonly SessionId session = new("a session of me."u8);

    [Fact]
    public static void Any_share_and_size_gives_a_code_that_can_be_and_costs_its_share()
    {
        for (int percent = 1; percent <= 100; percent++)
        {
            foreach (long lengthBytes in (long[])[1, 513, 8000, 102_400, 1_000_003, 70_000_000, 1L << 30])
            {
                ParityGroup group = new(session, [new ProtectedPack(3, lengthBytes)], percent);
                Assert.InRange(group.ColumnCount, 2, ErasureCode.BlockCountMax);
                Assert.InRange(group.DataColumnCount, 1, FormatLimits.ParityColumnCountMax);
                Assert.True((long)group.DataColumnCount * group.RowCount >= group.BlockCount);
                Assert.True(((long)group.DataColumnCount - 1) * group.RowCount < group.BlockCount);
                double share = group.ParityColumnCount * (double)group.RowCount / group.BlockCount;
                Assert.True(share * 100 > percent - 1e-6, $"{percent} % of {lengthBytes}: {share}");
                Assert.True(lengthBytes < 102_400 || share * 100 < percent + 1.5, $"{percent} %: {share}");
                Assert.True(
                    group.ColumnCount * group.RowsPerStripe <= FormatLimits.ParityStripeBlockCountMax);
            }
        }
    }

    [Fact]
    public static void The_parts_of_all_columns_are_all_bytes_of_all_packs_once()
    {
        ParityGroup group = new(
            session, [new(0, 70_000), new(1, 1), new(4, 512), new(5, 123_456)], 10, stripeBlockCountMax: 240);
        Assert.True(group.StripeCount > 1);
        bool[][] isSeen = [.. group.Packs.Select(pack => new bool[pack.LengthBytes])];
        for (int stripe = 0; stripe < group.StripeCount; stripe++)
        {
            for (int column = 0; column < group.DataColumnCount; column++)
            {
                foreach (ParitySpan span in group.SpansOf(column, stripe))
                {
                    int row = (stripe * group.RowsPerStripe) + (span.AtBytes / FormatLimits.ParityBlockSizeBytes);
                    Assert.Equal(
                        (span.Pack, span.OffsetBytes),
                        (group.PlaceOf(column, row).Pack, group.PlaceOf(column, row).OffsetBytes));
                    for (long at = span.OffsetBytes; at < span.OffsetBytes + span.LengthBytes; at++)
                    {
                        Assert.False(isSeen[span.Pack][at]);
                        isSeen[span.Pack][at] = true;
                    }
                }
            }
        }

        Assert.All(isSeen, pack => Assert.DoesNotContain(false, pack));
    }

    [Fact]
    public static void Each_row_heals_up_to_its_parity_and_not_one_block_more()
    {
        ParityGroup group = new(session, [new ProtectedPack(0, 300_001)], 4);
        ParityStripe made = Made(group, new Random(5));
        Random random = new(6);
        for (int turn = 0; turn < 50; turn++)
        {
            ParityStripe found = Copy(made);
            int[] lostCounts = new int[group.RowCount];
            for (int row = 0; row < group.RowCount; row++)
            {
                lostCounts[row] = random.Next(group.ParityColumnCount + 2);
                Damage(found, row, lostCounts[row], random);
            }

            found.FindDamage((_, _) => Assert.Fail("no page is damaged"));
            found.Heal();
            for (int row = 0; row < group.RowCount; row++)
            {
                bool isHealed = lostCounts[row] <= group.ParityColumnCount;
                for (int column = 0; column < group.ColumnCount; column++)
                {
                    bool isLost = found.StateOf(column, row) == BlockState.Lost;
                    Assert.True(isHealed ? !isLost : found.StateOf(column, row) != BlockState.Healed);
                    Assert.True(
                        isLost || found.Block(column, row).Span.SequenceEqual(made.Block(column, row).Span));
                }
            }
        }
    }

    [Fact]
    public static void A_damaged_page_of_checksums_costs_nothing_and_both_copies_of_one_little()
    {
        ParityGroup group = new(session, [new ProtectedPack(0, 300_001)], 4);
        ParityStripe made = Made(group, new Random(7));
        ParityStripe found = Copy(made);
        found.Checksums.Span[700] ^= 1;
        Damage(found, row: 1, group.ParityColumnCount, new Random(8));
        List<(bool, int)> damaged = [];
        found.FindDamage((isSecond, page) => damaged.Add((isSecond, page)));
        found.Heal();
        Assert.Equal([(false, 1)], damaged);
        RequireSame(made, found);

        found = Copy(made);
        found.Checksums.Span[700] ^= 1;
        found.SecondChecksums.Span[900] ^= 1;
        found.FindDamage((_, _) => { });
        Assert.Equal(BlockState.Unsure, found.StateOf(ChecksumPages.EntryCount / group.RowCount + 1, 0));
        found.Heal();
        RequireSame(made, found);
        found.WriteChecksums();
        Assert.True(found.Checksums.Span.SequenceEqual(made.Checksums.Span));
    }

    [Fact]
    public static void A_head_reads_back_as_it_was_written()
    {
        RepositoryId repository = new("repository of me"u8);
        const string Name = "parity/aa/x-0";
        ParityGroup group = new(
            session, [.. Enumerable.Range(0, 32).Select(number => new ProtectedPack((uint)number, 1 + number))], 100);
        ParityGroup read = ParityHead.Read(ParityHead.Write(repository, Name, group), repository, Name);
        Assert.Equal(group.Packs, read.Packs);
        Assert.Equal(
            (group.Session, group.ParityPercent, group.RowsPerStripe, group.FileLengthBytes),
            (read.Session, read.ParityPercent, read.RowsPerStripe, read.FileLengthBytes));
        byte[] bytes = ParityHead.Write(repository, Name, group);
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.Throws<CorruptDataException>(() => ParityHead.Read(bytes, repository, Name));
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    private static ParityStripe Made(ParityGroup group, Random random)
    {
        ParityStripe stripe = new(group);
        for (int column = 0; column < group.DataColumnCount; column++)
        {
            foreach (ParitySpan span in group.SpansOf(column, 0))
            {
                random.NextBytes(stripe.Column(column).Span.Slice(span.AtBytes, span.LengthBytes));
            }
        }

        stripe.Encode();
        return stripe;
    }

    private static ParityStripe Copy(ParityStripe made)
    {
        ParityStripe copy = new(made.Group);
        for (int column = 0; column < made.Group.ColumnCount; column++)
        {
            made.Column(column).CopyTo(copy.Column(column));
        }

        made.Checksums.CopyTo(copy.Checksums);
        made.Checksums.CopyTo(copy.SecondChecksums);
        return copy;
    }

    private static void Damage(ParityStripe stripe, int row, int count, Random random)
    {
        int[] columns = [.. Enumerable.Range(0, stripe.Group.ColumnCount).Where(
            column => column >= stripe.Group.DataColumnCount || stripe.Group.HasBlock(column, row))];
        random.Shuffle(columns);
        foreach (int column in columns[..count])
        {
            stripe.Block(column, row).Span[random.Next(FormatLimits.ParityBlockSizeBytes)] ^= 0x40;
        }
    }

    private static void RequireSame(ParityStripe expected, ParityStripe found)
    {
        for (int column = 0; column < expected.Group.ColumnCount; column++)
        {
            Assert.True(found.Column(column).Span.SequenceEqual(expected.Column(column).Span));
        }
    }
}
