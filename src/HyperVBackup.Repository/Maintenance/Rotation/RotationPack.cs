using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Rotation;

namespace HyperVBackup.Repository.Maintenance.Rotation;

/// <summary>A chunk pack in the order of the rotation.</summary>
internal readonly record struct RotationPack(ulong Position, PackName Name, long LengthBytes)
{
    public static RotationPack Of(PackName name, long lengthBytes) =>
        new(VerifiedNote.PositionOf(name), name, lengthBytes);
}
