using System.Globalization;
using HyperVBackup.Format.Parity;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>The part of <see cref="VectorReader"/> for the heads of parity files.</summary>
internal static class ParityFields
{
    public static void Add(Dictionary<string, string> fields, byte[] bytes)
    {
        FileHeader header = FileHeader.Read(bytes);
        ParityGroup group = ParityHead.Read(bytes, header.Repository, header.Name);
        fields["repository"] = header.Repository.ToString();
        fields["name"] = header.Name;
        fields["session"] = group.Session.ToString();
        fields["percent"] = Number(group.ParityPercent);
        fields["rows per stripe"] = Number(group.RowsPerStripe);
        fields["rows"] = Number(group.RowCount);
        fields["data columns"] = Number(group.DataColumnCount);
        fields["parity columns"] = Number(group.ParityColumnCount);
        fields["file length"] = Number(group.FileLengthBytes);
        for (int pack = 0; pack < group.Packs.Count; pack++)
        {
            fields[$"pack {pack}"] = $"{Number(group.Packs[pack].Number)} {Number(group.Packs[pack].LengthBytes)}";
        }
    }

    public static byte[] Rewrite(byte[] bytes)
    {
        FileHeader header = FileHeader.Read(bytes);
        return ParityHead.Write(
            header.Repository, header.Name, ParityHead.Read(bytes, header.Repository, header.Name));
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
