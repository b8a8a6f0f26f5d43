namespace HyperVBackup.Repository.Sessions;

/// <summary>Changes bytes that were just written, as bad memory does; for tests alone.</summary>
internal delegate void BufferFault(Span<byte> bytes);
