using System.Buffers.Binary;
using System.Text;
using HyperVBackup.Qemu.Nbd;

namespace HyperVBackup.Qemu.Tests.Kit;

/// <summary>What an NBD server says, field by field, written from the protocol and not from our client.</summary>
internal static class Scripts
{
    public const long SizeBytes = 1 << 20;
    public const string Export = "disk";
    public const string Context = "qemu:dirty-bitmap:b";
    private const uint ContextNumber = 7;

    public static byte[] Greeting { get; } = [.. "NBDMAGICIHAVEOPT"u8, 0, 3];

    public static byte[] Negotiation { get; } =
    [
        .. Greeting,
        .. Option(8, 1, []),
        .. Option(10, 4, [.. U32(ContextNumber), .. Encoding.UTF8.GetBytes(Context)]),
        .. Option(10, 1, []),
        .. Option(7, 3, [.. U16(0), .. U64(SizeBytes), .. U16(3)]),
        .. Option(7, 3, [.. U16(3), .. U32(512), .. U32(4096), .. U32(32 << 20)]),
        .. Option(7, 1, []),
    ];

    public static byte[] Option(uint option, uint type, byte[] data) =>
        [.. U64(0x3e889045565a9), .. U32(option), .. U32(type), .. U32((uint)data.Length), .. data];

    public static byte[] Chunk(ushort flags, ushort type, ulong cookie, byte[] data) =>
        [.. U32(0x668e33ef), .. U16(flags), .. U16(type), .. U64(cookie), .. U32((uint)data.Length), .. data];

    public static byte[] Data(ushort flags, ulong cookie, long offsetBytes, byte[] bytes) =>
        Chunk(flags, 1, cookie, [.. U64((ulong)offsetBytes), .. bytes]);

    public static byte[] Hole(ushort flags, ulong cookie, long offsetBytes, uint lengthBytes) =>
        Chunk(flags, 2, cookie, [.. U64((ulong)offsetBytes), .. U32(lengthBytes)]);

    public static byte[] Status(ulong cookie, params (uint LengthBytes, uint Flags)[] extents) =>
        Chunk(1, 5, cookie, [
            .. U32(ContextNumber),
            .. extents.SelectMany(extent => U32(extent.LengthBytes).Concat(U32(extent.Flags)))]);

    public static byte[] Error(ulong cookie, uint number, string text) =>
        Chunk(1, 0x8001, cookie, [.. U32(number), .. U16((ushort)text.Length), .. Encoding.UTF8.GetBytes(text)]);

    public static NbdConnection Connect(byte[] script, int pieceBytes = int.MaxValue) =>
        new(PeerOf(new ScriptedStream(script, pieceBytes)), Export, Context);

    public static Peer PeerOf(Stream stream) => new(stream, "The server", new ManualClock(), TimeSpan.FromSeconds(5));

    public static byte[] U16(ushort value)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        return bytes;
    }

    public static byte[] U32(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    public static byte[] U64(ulong value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return bytes;
    }
}
