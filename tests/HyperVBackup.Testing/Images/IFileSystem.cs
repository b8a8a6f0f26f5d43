using HyperVBackup.Testing.Tools;

namespace HyperVBackup.Testing.Images;

/// <summary>A real file system in a raw image, made, changed and checked by its own tools, without mounting.</summary>
public interface IFileSystem
{
    /// <summary>Makes the image, with real files in about half of it.</summary>
    void Create(string rawPath, long sizeBytes, int seed);

    /// <summary>Adds, replaces and removes files in place.</summary>
    void Change(string rawPath, int seed);

    /// <summary>Judges the file system.</summary>
    /// <exception cref="ToolException">It is damaged.</exception>
    void RequireSound(string rawPath);

    /// <summary>Judges that the files that <see cref="Change"/> added are there, byte by byte, as 7-Zip reads them.
    /// </summary>
    /// <exception cref="ToolException">One is missing or differs.</exception>
    void RequireFiles(string rawPath, int seed);
}
