using HyperVBackup.Disks;
using HyperVBackup.Qemu.Nbd;
using HyperVBackup.Qemu.Tests.Kit;
using Xunit;

namespace HyperVBackup.Qemu.Tests.Nbd;

public sealed class NbdConnectionTests
{
    private static readonly byte[] Conversation =
    [
        .. Scripts.Negotiation,
        .. Scripts.Data(0, 1, 4096, Bytes(1000)), .. Scripts.Hole(0, 1, 5096, 24), .. Scripts.Chunk(1, 0, 1, []),
        .. Scripts.Status(2, (65536, 1), (131072, 0), (1 << 30, 1)),
    ];

    public static TheoryData<string, byte[], string> WrongReads => new()
    {
        { "wrong magic", [1, 2, 3, 4, .. new byte[16]], "no NBD reply" },
        { "wrong cookie", Scripts.Data(1, 2, 4096, Bytes(1024)), "another request" },
        { "other place", Scripts.Data(1, 1, 8192, Bytes(1024)), "where others were asked for" },
        { "too long", Scripts.Data(1, 1, 4096, Bytes(1025)), "where others were asked for" },
        { "length of a giant", [.. Scripts.Chunk(1, 1, 1, [])[..16], 0xff, 0xff, 0xff, 0xff, .. new byte[64]],
            "where others were asked for" },
        { "too short", Scripts.Data(1, 1, 4096, Bytes(1023)), "1023 of 1024" },
        { "no data", Scripts.Chunk(1, 1, 1, Scripts.U64(4096)), "data without data" },
        { "overlap", [.. Scripts.Data(0, 1, 4096, Bytes(1024)), .. Scripts.Data(1, 1, 4096, Bytes(1024))],
            "where others were asked for" },
        { "hole too long", Scripts.Hole(1, 1, 4096, 1025), "where others were asked for" },
        { "half a hole", Scripts.Chunk(1, 2, 1, Scripts.U64(4096)), "a hole" },
        { "unknown type", Scripts.Chunk(1, 99, 1, []), "type 99" },
        { "status", Scripts.Status(1, (4096, 1)), "type 5" },
        { "error", Scripts.Error(1, 5, "disk on fire"), "error 5 at byte 4096 (disk on fire)" },
        { "giant error", [.. Scripts.Chunk(1, 0x8001, 1, [])[..16], 0x7f, 0xff, 0xff, 0xff], "type 32769" },
        { "simple error", [0x67, 0x44, 0x66, 0x98, .. Scripts.U32(5), .. Scripts.U64(1)], "simple reply with error 5" },
    };

    public static TheoryData<string, byte[], string> WrongStatus => new()
    {
        { "nothing", Scripts.Chunk(1, 0, 1, []), "no status" },
        { "no extent", Scripts.Chunk(1, 5, 1, Scripts.U32(7)), "a status of 4 bytes" },
        { "zero progress", Scripts.Status(1, (0, 1)), "a status of nothing" },
        { "half an extent", Scripts.Chunk(1, 5, 1, [.. Scripts.U32(7), 0, 0, 0, 1]), "a status of 8 bytes" },
        { "other context", Scripts.Chunk(1, 5, 1, [.. Scripts.U32(8), .. Scripts.U64(1UL << 32)]),
            "another meta context" },
        { "giant", [.. Scripts.Chunk(1, 5, 1, [])[..16], 0xff, 0xff, 0xff, 0xf4], "a status of 4294967284 bytes" },
        { "twice", [.. Scripts.Chunk(0, 5, 1, [.. Scripts.U32(7), .. Scripts.U64(1UL << 32)]),
            .. Scripts.Status(1, (1, 0))], "type 5" },
    };

    public static TheoryData<string, byte[], string> WrongNegotiations => new()
    {
        { "no greeting", "HTTP/1.1 400 Bad Request"u8.ToArray(), "greeting" },
        { "old style", [.. "NBDMAGIC"u8, 0, 0, 0x42, 0x02, 0x81, 0x86, 0x12, 0x53, .. new byte[16]], "greeting" },
        { "no structured replies", [.. Scripts.Greeting, .. Scripts.Option(8, 0x80000001, "no"u8.ToArray())],
            "refusal of structured replies: no" },
        { "no such context", [.. Scripts.Greeting, .. Scripts.Option(8, 1, []), .. Scripts.Option(10, 1, [])],
            "no offer of the meta context" },
        { "other context", [.. Scripts.Greeting, .. Scripts.Option(8, 1, []),
            .. Scripts.Option(10, 4, [0, 0, 0, 1, .. "qemu:dirty-bitmap:c"u8])], "another meta context" },
        { "other option", [.. Scripts.Greeting, .. Scripts.Option(9, 1, [])], "a reply to another option" },
        { "giant option", [.. Scripts.Greeting, .. Scripts.Option(8, 1, [])[..16], 0xff, 0xff, 0xff, 0xff],
            "one of 4294967295 bytes" },
        { "no size", [.. Scripts.Negotiation[..^(20 + 34 + 32)], .. Scripts.Option(7, 1, [])], "no size" },
        { "block size of 0", [.. Scripts.Negotiation[..^(20 + 34)],
            .. Scripts.Option(7, 3, [.. Scripts.U16(3), .. new byte[12]])], "block sizes from 0 to 0" },
    };

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1)]
    [InlineData(7)]
    public void A_conversation_gives_data_holes_and_status(int pieceBytes)
    {
        using NbdConnection connection = Scripts.Connect(Conversation, pieceBytes);
        Assert.Equal(Scripts.SizeBytes, connection.SizeBytes);
        Assert.Equal(512, connection.BlockBytesMin);
        byte[] read = Bytes(1024);
        connection.SendRead(4096, read.Length);
        connection.ReceiveRead(read);
        Assert.Equal([.. Bytes(1000), .. new byte[24]], read);
        connection.SendStatus(0, Scripts.SizeBytes);
        Assert.Equal(
            [new NbdExtent(0, 65536, 1), new NbdExtent(65536, 131072, 0), new NbdExtent(196608, 851968, 1)],
            connection.ReceiveStatus());
    }

    [Fact]
    public void An_answer_cut_at_any_byte_is_said_in_a_sentence()
    {
        for (int length = 0; length < Conversation.Length; length++)
        {
            DiskImageException failure = Assert.Throws<DiskImageException>(() => Converse(Conversation[..length]));
            Assert.Matches("^The server ended the connection in the middle \\(.*\\)\\.$", failure.Message);
        }
    }

    /// <summary>Whatever a changed byte makes of the answer, it is an answer or a sentence, and at once.</summary>
    [Fact]
    public void An_answer_with_any_byte_changed_is_read_or_refused()
    {
        int refused = 0;
        for (int at = 0; at < Conversation.Length; at++)
        {
            byte[] script = [.. Conversation];
            script[at] ^= 0x81;
            try
            {
                Converse(script);
            }
            catch (DiskImageException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 200, Conversation.Length - 1000); // the rest is the disk's data
    }

    [Theory]
    [MemberData(nameof(WrongReads))]
    public void A_wrong_answer_to_a_read_is_refused(string what, byte[] answer, string complaint)
    {
        using NbdConnection connection = Scripts.Connect([.. Scripts.Negotiation, .. answer]);
        connection.SendRead(4096, 1024);
        RequireRefused(what, complaint, () => connection.ReceiveRead(new byte[1024]));
        Assert.True(connection.IsBroken);
    }

    [Theory]
    [MemberData(nameof(WrongStatus))]
    public void A_wrong_status_is_refused(string what, byte[] answer, string complaint)
    {
        using NbdConnection connection = Scripts.Connect([.. Scripts.Negotiation, .. answer]);
        connection.SendStatus(0, Scripts.SizeBytes);
        RequireRefused(what, complaint, () => connection.ReceiveStatus());
    }

    [Theory]
    [MemberData(nameof(WrongNegotiations))]
    public void A_wrong_negotiation_is_refused(string what, byte[] script, string complaint) =>
        RequireRefused(what, complaint, () => Scripts.Connect(script));

    private static void RequireRefused(string what, string complaint, Action act)
    {
        DiskImageException failure = Assert.Throws<DiskImageException>(act);
        Assert.True(
            failure.Message.Contains(complaint, StringComparison.Ordinal) && failure.Message.EndsWith('.'),
            $"{what}: {failure.Message}");
    }

    private static void Converse(byte[] script)
    {
        using NbdConnection connection = Scripts.Connect(script);
        connection.SendRead(4096, 1024);
        connection.ReceiveRead(new byte[1024]);
        connection.SendStatus(0, Scripts.SizeBytes);
        connection.ReceiveStatus();
    }

    private static byte[] Bytes(int count) => [.. Enumerable.Range(0, count).Select(i => (byte)((i % 250) + 1))];
}
