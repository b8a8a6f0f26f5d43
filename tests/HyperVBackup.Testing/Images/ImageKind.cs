namespace HyperVBackup.Testing.Images;

/// <summary>A way to keep a disk in a file, as qemu-img names it.</summary>
/// <param name="Format">"raw", "vhdx" or, for VHD, "vpc".</param>
/// <param name="Options">What qemu-img takes after -o; "" for none.</param>
public sealed record ImageKind(string Format, string Options)
{
    public static ImageKind Raw { get; } = new("raw", "");

    public static ImageKind FixedVhdx { get; } = new("vhdx", "subformat=fixed");

    public static ImageKind FixedVhd { get; } = new("vpc", "subformat=fixed,force_size=on");

    public static ImageKind DynamicVhd { get; } = new("vpc", "subformat=dynamic,force_size=on");

    /// <summary>What files of this kind are called by.</summary>
    public string Extension => Format switch { "raw" => "img", "vpc" => "vhd", _ => Format };

    public static ImageKind DynamicVhdx(int blockSizeMiB) =>
        new("vhdx", $"subformat=dynamic,block_size={blockSizeMiB}M");

    public override string ToString() => Options.Length == 0 ? Format : $"{Format} {Options}";
}
