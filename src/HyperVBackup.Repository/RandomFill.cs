namespace HyperVBackup.Repository;

/// <summary>Fills <paramref name="bytes"/> with randomness.</summary>
public delegate void RandomFill(Span<byte> bytes);
