using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>Writes bytes of a table.</summary>
/// <exception cref="IOException">There is no room.</exception>
internal delegate void TableWrite(SafeFileHandle file, ReadOnlySpan<byte> bytes, long atBytes);
