using HyperVBackup.Format;

namespace HyperVBackup.Operations.Restore;

/// <summary>What to write, and where.</summary>
public sealed record RestoreRequest
{
    public required SessionId Point { get; init; }

    /// <summary>One disk by its name; null for all.</summary>
    public string? Disk { get; init; }

    /// <summary>The image to make; with several disks the folder to make them in, each named as its disk.</summary>
    public required string OutputPath { get; init; }

    /// <summary>Makes one disk too in a folder, named as it is.</summary>
    public bool IntoFolder { get; init; }

    public ImageFormat Format { get; init; } = ImageFormat.Vhdx;

    /// <summary>Replaces an image that stands there.</summary>
    public bool Force { get; init; }

    /// <summary>Gives a VHDX the identity that its source had; otherwise it gets a fresh one.</summary>
    public bool KeepIdentity { get; init; }
}
