using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>Makes checksums right again after a change, so that a reader must find the fault itself.</summary>
internal static class Reseal
{
    public static void Nothing(byte[] bytes) => ArgumentNullException.ThrowIfNull(bytes);

    public static void Header(byte[] bytes) =>
        Checksum.Write(bytes.AsSpan(0, FileHeader.ChecksumAt), bytes.AsSpan(FileHeader.ChecksumAt));

    public static void Record(byte[] bytes) => Checksum.Write(bytes.AsSpan(RecordHeader.MagicAt), bytes);

    public static void RecordInFile(byte[] bytes)
    {
        Span<byte> record = bytes.AsSpan(FileHeader.SizeBytes);
        Checksum.Write(record[RecordHeader.MagicAt..], record);
    }

    public static void Trailer(byte[] bytes)
    {
        Span<byte> trailer = bytes.AsSpan(bytes.Length - PackTrailer.SizeBytes);
        Checksum.Write(trailer[..PackTrailer.ChecksumAt], trailer[PackTrailer.ChecksumAt..]);
    }

    /// <summary>Page section, recipe section, table and trailer of a pack whose trailer still says where they are.
    /// </summary>
    public static void Footer(byte[] bytes)
    {
        Span<byte> trailer = bytes.AsSpan(bytes.Length - PackTrailer.SizeBytes);
        int pagesAt = BitConverter.ToInt32(trailer[PackTrailer.PageSectionStartAt..]);
        int recipesAt = BitConverter.ToInt32(trailer[PackTrailer.RecipeSectionStartAt..]);
        int tableAt = BitConverter.ToInt32(trailer[PackTrailer.TableStartAt..]);
        Checksum.Write(bytes.AsSpan(pagesAt, recipesAt - pagesAt), trailer[PackTrailer.PageSectionChecksumAt..]);
        Checksum.Write(bytes.AsSpan(recipesAt, tableAt - recipesAt), trailer[PackTrailer.RecipeSectionChecksumAt..]);
        Checksum.Write(bytes.AsSpan()[tableAt..^PackTrailer.SizeBytes], trailer[PackTrailer.TableChecksumAt..]);
        Trailer(bytes);
    }
}
