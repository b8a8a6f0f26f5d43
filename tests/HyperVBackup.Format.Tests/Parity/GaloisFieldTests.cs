using HyperVBackup.Format.Parity;
using Xunit;

namespace HyperVBackup.Format.Tests.Parity;

public static class GaloisFieldTests
{
    public static TheoryData<int> Ways => [.. Enum.GetValues<GaloisInstructions>().Select(way => (int)way)];

    [Fact]
    public static void Products_and_inverses_are_those_of_the_definition()
    {
        for (int left = 0; left < GaloisField.Size; left++)
        {
            for (int right = 0; right < GaloisField.Size; right++)
            {
                Assert.Equal(
                    GaloisField.MultiplyByDefinition((byte)left, (byte)right),
                    GaloisField.Multiply((byte)left, (byte)right));
            }

            Assert.True(left == 0 || GaloisField.Multiply((byte)left, GaloisField.Invert((byte)left)) == 1);
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public static void Every_way_to_multiply_gives_every_product(int way)
    {
        GaloisInstructions instructions = (GaloisInstructions)way;
        Assert.SkipUnless(GaloisField.IsSupported(instructions), $"this machine has no {instructions}");
        byte[] coefficients = [.. Enumerable.Range(0, GaloisField.Size).Select(value => (byte)value)];
        byte[] source = [.. coefficients, .. coefficients.Reverse()];
        byte[] rows = new byte[coefficients.Length * source.Length];
        new Random(1).NextBytes(rows);
        byte[] before = [.. rows];

        GaloisRows.MultiplyAdd(coefficients, source, rows, instructions);

        for (int index = 0; index < rows.Length; index++)
        {
            byte product = GaloisField.MultiplyByDefinition(
                coefficients[index / source.Length], source[index % source.Length]);
            Assert.Equal((byte)(before[index] ^ product), rows[index]);
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public static void Every_length_is_multiplied_as_the_plainest_way_does(int way)
    {
        GaloisInstructions instructions = (GaloisInstructions)way;
        Assert.SkipUnless(GaloisField.IsSupported(instructions), $"this machine has no {instructions}");
        Random random = new(2);
        for (int lengthBytes = GaloisRows.UnitBytes; lengthBytes <= 3072; lengthBytes += GaloisRows.UnitBytes)
        {
            byte[] coefficients = Bytes(random, 1 + (lengthBytes / GaloisRows.UnitBytes % 5));
            byte[] source = Bytes(random, lengthBytes);
            byte[] expected = Bytes(random, coefficients.Length * lengthBytes);
            byte[] rows = [.. expected];
            GaloisRows.MultiplyAdd(coefficients, source, expected, GaloisInstructions.Scalar);
            GaloisRows.MultiplyAdd(coefficients, source, rows, instructions);
            Assert.Equal(expected, rows);
        }
    }

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
