namespace HyperVBackup.Testing.Images;

/// <summary>A way to keep a disk in a file, as qemu-img names it.</summary>
/// <param name="Format">"raw" or "vhdx".</param>
/// <param name="Options">What qemu-img takes after -o; "" for none.</param>
public sealed record ImageKind(string Format, string Options)
{
    public static ImageKind Raw { get; } = new("raw", "");

    public static ImageKind FixedVhdx { get; } = new("vhdx", "subformat=fixed");

    public static ImageKind DynamicVhdx(int blockSizeMiB) =>
        new("vhdx", $"subformat=dynamic,block_size={blockSizeMiB}M");

    public override string ToString() => Options.Length == 0 ? Format : $"{Format} {Options}";
}
