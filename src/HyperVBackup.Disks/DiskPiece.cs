namespace HyperVBackup.Disks;

/// <summary>A range of a disk, all of whose bytes an image has from the same source.</summary>
internal readonly record struct DiskPiece(PieceSource Source, ByteRange Range);
