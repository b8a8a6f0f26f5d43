using System.Diagnostics;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Format.Tests.Vectors;
using Xunit;

namespace HyperVBackup.Format.Tests;

/// <summary>The reader in repo-format/reference/, which shares no code with this one, agrees with it.</summary>
public static class ReferenceReaderTests
{
    [Fact]
    public static void The_reference_reader_agrees_on_every_vector()
    {
        (int exitCode, string output) = Run("vectors", VectorFolder.Folder);
        Assert.Equal((0, ""), (exitCode, exitCode == 0 ? "" : output));
        int goodCount = VectorSet.All.Count(vector => vector.Fields is not null);
        Assert.StartsWith(
            $"{goodCount} good vectors, {VectorSet.All.Count - goodCount} bad ones", output, StringComparison.Ordinal);
    }

    [Fact]
    public static void The_reference_reader_refuses_a_vector_that_is_not_what_the_manifest_says()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("hyperv-backup-vectors-");
        try
        {
            string manifest = File.ReadAllText(Path.Combine(VectorFolder.Folder, VectorFolder.ManifestName));
            foreach (Vector vector in VectorSet.All)
            {
                string path = Path.Combine(folder.FullName, vector.File);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllBytes(path, vector.Bytes);
            }

            Vector fence = VectorSet.All[0];
            string changed = manifest.Replace(fence.Fields!["name"], "points/another", StringComparison.Ordinal);
            File.WriteAllText(Path.Combine(folder.FullName, VectorFolder.ManifestName), changed);
            (int exitCode, string output) = Run("vectors", folder.FullName);
            Assert.Equal(1, exitCode);
            Assert.Contains($"{fence.File}: differs in name", output, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public static void The_reference_reader_restores_a_disk_and_finds_a_flipped_bit()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("hyperv-backup-repository-");
        try
        {
            SampleRepository repository = new(folder.FullName, new Sample(21));
            repository.Write();
            string output = Path.Combine(folder.FullName, ".restored");
            Assert.Equal((0, ""), Run("restore", folder.FullName, repository.Session.ToString(), "system", output));
            Assert.Equal(repository.Disk, File.ReadAllBytes(output));
            (int exitCode, string counts) = Run("check", folder.FullName);
            Assert.Equal((0, "6 files, 36 records, 0 left out, 1 points\n"), (exitCode, counts));

            byte[] pack = File.ReadAllBytes(repository.ChunkPackPath);
            pack[1000] ^= 1;
            File.WriteAllBytes(repository.ChunkPackPath, pack);
            (exitCode, string damage) = Run("check", folder.FullName);
            Assert.Equal(1, exitCode);
            Assert.Contains("record: checksum", damage, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A chunk of which one recipe's sources are gone and another's are there is read; when those go too it is
    /// not, and the complaint names what is missing.</summary>
    [Fact]
    public static void The_reference_reader_puts_chunks_together_from_any_complete_copy()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("hyperv-backup-repository-");
        try
        {
            SampleRepository repository = new(folder.FullName, new Sample(22));
            repository.Write();
            SamplePack pack = SamplePack.Read(File.ReadAllBytes(repository.DeltaPackPath));
            PackEntry[] deltas = [.. pack.EntriesByOffset.Where(entry => entry.Type == RecordType.Delta)];
            Assert.Equal(deltas[0].Id, deltas[1].Id);
            string output = Path.Combine(folder.FullName, ".restored");
            Assert.Equal((0, ""), Run("restore", folder.FullName, repository.Session.ToString(), "system", output));
            Assert.Equal(repository.Disk, File.ReadAllBytes(output));

            File.Delete(repository.ChunkPackPath);
            (int exitCode, string damage) = Run("check", folder.FullName);
            Assert.Equal(1, exitCode);
            Assert.Contains("disk system: no pack holds the chunk", damage, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(FileNames.Repository, false)]
    [InlineData(FileNames.Repository, true)]
    [InlineData(FileNames.RepositoryMirror, false)]
    public static void The_reference_reader_needs_one_copy_of_the_settings_and_checks_both(string name, bool isMissing)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("hyperv-backup-repository-");
        try
        {
            SampleRepository repository = new(folder.FullName, new Sample(21));
            repository.Write();
            string path = repository.PathOf(name);
            byte[] bytes = File.ReadAllBytes(path);
            bytes[^1] ^= 1;
            File.WriteAllBytes(path, bytes);
            if (isMissing)
            {
                File.Delete(path);
            }

            (int exitCode, string points) = Run("list", folder.FullName);
            Assert.Equal(0, exitCode);
            Assert.Contains(repository.Session.ToString(), points, StringComparison.Ordinal);
            Assert.Equal(
                name == FileNames.Repository, points.Contains("second copy is used", StringComparison.Ordinal));
            (exitCode, string damage) = Run("check", folder.FullName);
            Assert.Equal(1, exitCode);
            Assert.Contains($"\n{name}: {(isMissing ? "" : "record: checksum")}", damage, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public static void The_reference_reader_finds_copies_of_the_settings_that_differ()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("hyperv-backup-repository-");
        try
        {
            SampleRepository repository = new(folder.FullName, new Sample(21));
            repository.Write();
            repository.WriteSettings(
                FileNames.RepositoryMirror, new RepositorySettings { Created = DateTimeOffset.UnixEpoch });
            (int exitCode, string damage) = Run("check", folder.FullName);
            Assert.Equal(1, exitCode);
            Assert.Contains("the copies differ", damage, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static (int ExitCode, string Output) Run(params string[] arguments)
    {
        string reader = Path.Combine(
            VectorFolder.RepositoryRoot, "repo-format", "reference", "read_repository.py");
        ProcessStartInfo start = new("python3", ["-B", reader, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.GetAwaiter().GetResult());
    }
}
